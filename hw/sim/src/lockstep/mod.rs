//! Simulators side by side on the same inputs, and where they first differ: what every test asks that compares one
//! engine with another.
//!
//! The random inputs of a port follow from the seed and its name alone, so that a netlist from which other ports have
//! been taken away still sees the same.

mod report;

use std::fmt;

use hdl::random::Random;
use hdl::Module;
use num::Bits;

pub use self::report::report;

use crate::simulator::{InputId, OutputId, Simulator};

/// The inputs of a module, cycle by cycle: which ports change, and to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stimulus {
    /// By cycle: ports and their new values.
    pub changes: Vec<Vec<(InputId, Bits)>>,
}

impl Stimulus {
    /// Random inputs: in some cycles most of them change, in others few, so that parts of the module fall asleep; a
    /// reset in the first cycle and then now and then.
    pub fn random(module: &Module, seed: u64, cycles: usize) -> Stimulus {
        let random = &mut Random::new(seed);
        let busy: Vec<usize> = (0..cycles).map(|_| 1 + random.below(8)).collect();
        let mut changes = vec![Vec::new(); cycles];
        for (index, port) in module.inputs().iter().enumerate() {
            let random = &mut Random::new(seed ^ hash(&port.name));
            for (cycle, changes) in changes.iter_mut().enumerate() {
                let is_reset = port.width == 1 && port.name.ends_with("rst");
                let value = match is_reset {
                    true => Bits::from_u64(1, u64::from(cycle == 0 || random.once_in(15))),
                    false => random.bits(port.width),
                };
                if cycle == 0 || is_reset || random.below(8) < busy[cycle] {
                    changes.push((InputId(index), value));
                }
            }
        }
        Stimulus { changes }
    }

    /// The first cycles of it.
    pub fn first(&self, cycles: usize) -> Stimulus {
        Stimulus { changes: self.changes[..cycles.min(self.changes.len())].to_vec() }
    }

    /// As text, a cycle a line.
    pub fn describe(&self, module: &Module) -> String {
        let change = |(port, value): &(InputId, Bits)| format!("{} = {value}", module.inputs()[port.0].name);
        let line = |(cycle, changes): (usize, &Vec<(InputId, Bits)>)| {
            let changes: Vec<String> = changes.iter().map(change).collect();
            format!("cycle {cycle}: {}\n", changes.join(", "))
        };
        self.changes.iter().enumerate().map(line).collect()
    }
}

/// A number out of a name (FNV-1a).
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The first difference between a simulator and the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which of the simulators.
    pub simulator: usize,
    /// The cycle.
    pub cycle: usize,
    /// The output.
    pub output: String,
    /// What the reference gives.
    pub expected: Bits,
    /// What the simulator gives.
    pub found: Bits,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { cycle, output, expected, found, .. } = self;
        write!(f, "{output} in cycle {cycle} is {found}, expected {expected}")
    }
}

/// Runs simulators of one module side by side; the first output of the first cycle in which one of them differs from
/// the reference. In every fourth cycle outputs are looked at before the inputs change as well, and in every fifth the
/// inputs are held for three edges.
pub fn difference(
    reference: &mut dyn Simulator,
    simulators: &mut [&mut dyn Simulator],
    stimulus: &Stimulus,
) -> Option<Difference> {
    for (cycle, changes) in stimulus.changes.iter().enumerate() {
        if cycle % 4 == 1 {
            if let Some(found) = look(reference, simulators, cycle) {
                return Some(found);
            }
        }
        for (port, value) in changes {
            reference.set_bits(*port, value);
            simulators.iter_mut().for_each(|simulator| simulator.set_bits(*port, value));
        }
        if let Some(found) = look(reference, simulators, cycle) {
            return Some(found);
        }
        let edges = if cycle % 5 == 3 { 3 } else { 1 };
        reference.step(edges);
        simulators.iter_mut().for_each(|simulator| simulator.step(edges));
    }
    None
}

/// A difference in an output as it is now.
fn look(
    reference: &mut dyn Simulator,
    simulators: &mut [&mut dyn Simulator],
    cycle: usize,
) -> Option<Difference> {
    for index in 0..reference.module().outputs().len() {
        let expected = reference.get_bits(OutputId(index));
        for (number, simulator) in simulators.iter_mut().enumerate() {
            let found = simulator.get_bits(OutputId(index));
            if found != expected {
                let output = reference.module().outputs()[index].port.name.clone();
                return Some(Difference { simulator: number, cycle, output, expected, found });
            }
        }
    }
    None
}
