//! Random netlists in all engines: every output equals the reference interpreter's in every cycle.
//!
//! `NETLIST_SEED` and `NETLISTS` (how many) choose others and more; a failure is printed as the smallest
//! netlist of its seed that still fails.

use std::sync::Arc;

use hdl::random::{hierarchy, Random};
use hdl::Module;
use num::Bits;

use super::sweep::live;
use super::words::{Netlist, Op};
use super::Native;
use crate::{InputId, Interpreter, OutputId, Simulator};

const CYCLES: usize = 30;

/// Operations of a netlist, about.
const SIZE: usize = 40;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Inputs that often stay as they are, so that parts of the netlist fall asleep, and a reset now and then.
fn drive(random: &mut Random, module: &Module, cycle: usize) -> Vec<(usize, Bits)> {
    let busy = 1 + random.below(8);
    let mut values = Vec::new();
    for (index, port) in module.inputs().iter().enumerate() {
        if port.name == "rst" {
            values.push((index, Bits::from_u64(1, u64::from(cycle == 0 || random.below(15) == 0))));
        } else if cycle == 0 || random.below(8) < busy {
            values.push((index, random.bits(port.width)));
        }
    }
    values
}

/// The first difference between the reference and other engines.
fn difference(module: &Arc<Module>, engines: &mut [Native], seed: u64) -> Option<String> {
    let mut reference = Interpreter::new(module);
    let random = &mut Random::new(seed + 1);
    for cycle in 0..CYCLES {
        // Outputs are looked at after a clock edge as well, before the inputs change.
        for changes in [Vec::new(), drive(random, module, cycle)] {
            for (port, value) in changes {
                reference.set_bits(InputId(port), &value);
                engines.iter_mut().for_each(|engine| engine.set_bits(InputId(port), &value));
            }
            for (index, output) in module.outputs().iter().enumerate() {
                let expected = reference.get_bits(OutputId(index));
                for engine in &mut *engines {
                    let (name, got) = (&output.port.name, engine.get_bits(OutputId(index)));
                    if got != expected {
                        let compiled = engine.is_compiled();
                        return Some(format!(
                            "{name} in cycle {cycle} is {got}, expected {expected}; machine code: {compiled}"
                        ));
                    }
                }
            }
        }
        reference.step(1);
        engines.iter_mut().for_each(|engine| engine.step(1));
    }
    None
}

#[test]
fn random_netlists_agree_with_the_interpreter() {
    let first = setting("NETLIST_SEED", 1);
    let count = setting("NETLISTS", 250);
    println!("NETLIST_SEED={first} NETLISTS={count}");
    for seed in first..first + count {
        let differs = |size: usize| {
            let module = hierarchy(seed, size);
            let found = difference(&module, &mut [Native::new(&module), Native::portable(&module)], seed);
            found.map(|found| (module, found))
        };
        if differs(SIZE).is_some() {
            let (module, found) = (0..=SIZE).find_map(differs).expect("the netlist that has just failed");
            let files = hdl::verilog::print(&module);
            let text: Vec<&str> = files.iter().map(|file| file.text.as_str()).collect();
            panic!("NETLIST_SEED={seed} NETLISTS=1: {found}\n{}", text.join("\n"));
        }
    }
}

/// The netlist with one value whose upper bits are not what they should be: signed for unsigned, or the other way.
fn with_a_wrong_mask(mut netlist: Netlist, seed: u64) -> Netlist {
    let is_live = live(&netlist);
    let other = |op: Op| match op {
        Op::Zext(a) => Some(Op::Sext(a)),
        Op::Sext(a) => Some(Op::Zext(a)),
        Op::Less(a, b) => Some(Op::LessSigned(a, b)),
        Op::LessSigned(a, b) => Some(Op::Less(a, b)),
        Op::Shr(a, by) => Some(Op::Sar(a, by)),
        Op::Sar(a, by) => Some(Op::Shr(a, by)),
        _ => None,
    };
    let faults = (0..netlist.nodes.len()).filter(|id| is_live[*id]);
    let faults: Vec<_> = faults.filter_map(|id| Some((id, other(netlist.nodes[id].op)?))).collect();
    let (id, op) = faults[Random::new(seed).below(faults.len())];
    netlist.nodes[id].op = op;
    netlist
}

#[test]
fn one_wrong_mask_is_found() {
    for with_code in [true, false] {
        let is_found = |seed: &u64| {
            let module = hierarchy(*seed, SIZE);
            let wrong = Native::with(&module, |netlist| with_a_wrong_mask(netlist, *seed), with_code);
            difference(&module, &mut [wrong], *seed).is_some()
        };
        let found = (1..=20).filter(is_found).count();
        println!("{found} of 20 wrong masks found, with machine code: {with_code}");
        // Some of the bits are never set, or nobody looks at them.
        assert!(found >= 5, "only {found} of 20 wrong masks were found");
    }
}

/// Four counters, and four memories that all take the first counter for their address.
fn counted_memories() -> Arc<Module> {
    let counter = {
        let b = hdl::Builder::new("counter", "Counts.");
        let count = b.reg("count", 4);
        count.enable(&b.input("counts", 1, "counts")).next(&(&count.q() + 1));
        b.output("count", &count.q(), "the count");
        b.finish().expect("a correct description")
    };
    let memory = {
        let b = hdl::Builder::new("cells", "Sixteen numbers.");
        let address = b.input("address", 4, "which");
        let numbers = b.memory("numbers", 8, 16);
        numbers.write(&address, &b.input("data", 8, "what is written"), &b.input("writes", 1, "writes"));
        b.output("number", &numbers.read(&address), "the number");
        b.finish().expect("a correct description")
    };
    let b = hdl::Builder::new("counted", "Memories addressed by one of several counters.");
    let (counts, data) = (b.input("counts", 4, "which count"), b.input("data", 32, "a number each"));
    let writes = b.input("writes", 1, "writes all");
    let counters: Vec<_> = (0..4).map(|i| b.instance(&format!("counter_{i}"), &counter)).collect();
    for (i, counter) in (0..).zip(&counters) {
        counter.connect("counts", &counts.bit(i));
    }
    for i in 0..4 {
        let cells = b.instance(&format!("cells_{i}"), &memory);
        cells.connect("address", &counters[0].out("count")).connect("data", &data.slice(8 * i, 8));
        cells.connect("writes", &writes);
        b.output(&format!("number_{i}"), &cells.out("number"), "the number");
        b.output(&format!("count_{i}"), &counters[i as usize].out("count"), "the count");
    }
    b.finish().expect("a correct description")
}

#[test]
fn an_address_may_be_a_lane_of_something_else() {
    let module = counted_memories();
    for seed in 1..40 {
        let engines = &mut [Native::new(&module), Native::portable(&module)];
        assert_eq!(difference(&module, engines, seed), None, "seed {seed}");
    }
}

/// Four instances of a chain of `length` sums.
fn long_chains(length: usize) -> Arc<Module> {
    let chain = {
        let b = hdl::Builder::new("chain", "A long sum.");
        let (x, kept) = (b.input("x", 8, "added again and again"), b.reg("kept", 8));
        let sum = (0..length).fold(kept.q(), |sum, i| if i % 2 == 0 { &sum + &x } else { &sum ^ &x });
        kept.next(&sum);
        b.output("y", &kept.q(), "the sum");
        b.finish().expect("a correct description")
    };
    let b = hdl::Builder::new("chains", "Chains side by side.");
    for i in 0..4 {
        let one = b.instance(&format!("chain_{i}"), &chain);
        one.connect("x", &b.input(&format!("x_{i}"), 8, "a number"));
        b.output(&format!("y_{i}"), &one.out("y"), "its sum");
    }
    b.finish().expect("a correct description")
}

#[test]
fn logic_may_be_deeper_than_a_stack() {
    let module = long_chains(20_000);
    assert_eq!(difference(&module, &mut [Native::new(&module)], 1), None);
}
