//! Recorded inputs: what the executor set in every cycle of a run, and the same again, from Rust.

use hdl::Module;
use num::Bits;
use sim::{InputId, OutputId, Simulator};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Inputs of the top in the order in which `plain.cpp` declares them.
const INPUTS: [&str; 19] = [
    "aresetn",
    "s_axi_awaddr",
    "s_axi_awvalid",
    "s_axi_wdata",
    "s_axi_wvalid",
    "s_axi_bready",
    "s_axi_wstrb",
    "s_axi_araddr",
    "s_axi_arvalid",
    "s_axi_rready",
    "m_axi_arready",
    "m_axi_rvalid",
    "m_axi_rdata",
    "m_axi_rresp",
    "m_axi_awready",
    "m_axi_wready",
    "m_axi_bvalid",
    "m_axi_bresp",
    "m_axi_rlast",
];

/// The inputs of a cycle.
pub type Cycle = [u64; INPUTS.len()];

/// What a replay saw.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Clock cycles.
    pub cycles: u64,
    /// What they took.
    pub time: Duration,
    /// A sum over the outputs of the master port.
    pub sum: u64,
}

impl Seen {
    /// Cycles a second.
    pub fn speed(&self) -> f64 {
        self.cycles as f64 / self.time.as_secs_f64()
    }
}

/// A simulator that notes its inputs in every cycle.
pub struct Recorder<'a> {
    inner: &'a mut dyn Simulator,
    now: Cycle,
    /// Every cycle so far.
    pub cycles: Vec<Cycle>,
}

impl<'a> Recorder<'a> {
    /// Nothing recorded yet.
    pub fn new(inner: &'a mut dyn Simulator) -> Recorder<'a> {
        let names: Vec<&str> = inner.module().inputs().iter().map(|port| port.name.as_str()).collect();
        assert_eq!(names, INPUTS, "the top's inputs, as plain.cpp drives them");
        Recorder { inner, now: [0; INPUTS.len()], cycles: Vec::new() }
    }
}

impl Simulator for Recorder<'_> {
    fn module(&self) -> &Arc<Module> {
        self.inner.module()
    }

    fn set(&mut self, input: InputId, value: u64) {
        self.now[input.0] = value;
        self.inner.set(input, value);
    }

    fn get(&mut self, output: OutputId) -> u64 {
        self.inner.get(output)
    }

    fn set_bits(&mut self, input: InputId, value: &Bits) {
        assert!(value.width() <= 64, "a record holds 64 bits of each input");
        self.set(input, value.to_u64());
    }

    fn get_bits(&mut self, output: OutputId) -> Bits {
        self.inner.get_bits(output)
    }

    fn step(&mut self, cycles: u64) {
        (0..cycles).for_each(|_| self.cycles.push(self.now));
        self.inner.step(cycles);
    }
}

/// Drives `engine` with `cycles` as `plain.cpp` does.
pub fn replay(engine: &mut dyn Simulator, cycles: &[Cycle]) -> Seen {
    let output = |name: &str| engine.output(name).unwrap_or_else(|error| panic!("{error}"));
    let irq = output("irq");
    let channels = [
        ("m_axi_arvalid", "m_axi_araddr"),
        ("m_axi_awvalid", "m_axi_awaddr"),
        ("m_axi_wvalid", "m_axi_wdata"),
    ];
    let channels = channels.map(|(valid, value)| (output(valid), output(value)));
    let mut sum = 0u64;
    let start = Instant::now();
    for cycle in cycles {
        for (i, value) in cycle.iter().enumerate() {
            engine.set(InputId(i), *value);
        }
        engine.step(1);
        let mut add = |value: u64| sum = sum.wrapping_mul(31).wrapping_add(value);
        add(engine.get(irq));
        for (valid, value) in channels {
            add(if engine.get(valid) == 1 { engine.get(value) } else { 0 });
        }
    }
    Seen { cycles: cycles.len() as u64, time: start.elapsed(), sum }
}
