//! The test bench: the hardware with a memory on its master port and a driver on its control port.

use crate::memory::{FromMaster, Memory, Timing};
use crate::ports::Ports;
use crate::trace::Trace;
use num::Bits;
use sim::Simulator;
use spec::accelerator::Accelerator;
use spec::error::{Diagnostic, Report};

/// The hardware on its bench.
pub struct Bench<'a> {
    /// The running top.
    pub engine: &'a mut dyn Simulator,
    /// DRAM.
    pub memory: Memory,
    /// Ports of the top.
    pub ports: Ports,
    /// What the engines did.
    pub trace: Trace,
    /// Cycles since the run was started.
    pub now: u64,
    axi_bits: u32,
}

impl<'a> Bench<'a> {
    /// Puts `engine` on the bench with `bytes` of DRAM.
    ///
    /// # Errors
    /// Where the top lacks a port.
    pub fn new(
        engine: &'a mut dyn Simulator,
        accelerator: &Accelerator,
        bytes: Vec<u8>,
        timing: Timing,
    ) -> Result<Bench<'a>, Report> {
        let ports = Ports::find(engine)?;
        let memory = Memory::new(bytes, accelerator.axi_bits, timing);
        let trace = Trace::new(accelerator.queues());
        Ok(Bench { engine, memory, ports, trace, now: 0, axi_bits: accelerator.axi_bits })
    }

    /// Four cycles of reset.
    pub fn reset(&mut self) {
        self.engine.set(self.ports.aresetn, 0);
        self.engine.step(4);
        self.engine.set(self.ports.aresetn, 1);
        self.tick();
    }

    /// One clock cycle with the memory attached.
    fn tick(&mut self) {
        // The master's outputs are registers, so they are read before this cycle's inputs are set: reading an
        // output afterwards would make the engine settle once more.
        let (engine, ports) = (&mut *self.engine, &self.ports);
        let mut master = FromMaster {
            ar_valid: engine.get(ports.arvalid) == 1,
            aw_valid: engine.get(ports.awvalid) == 1,
            w_valid: engine.get(ports.wvalid) == 1,
            ..FromMaster::default()
        };
        if master.ar_valid {
            master.ar_addr = engine.get(ports.araddr);
            master.ar_len = engine.get(ports.arlen) as u32;
        }
        if master.aw_valid {
            master.aw_addr = engine.get(ports.awaddr);
            master.aw_len = engine.get(ports.awlen) as u32;
        }
        if master.w_valid {
            let data = engine.get_bits(ports.wdata);
            master.w_data.iter_mut().zip(data.words()).for_each(|(to, from)| *to = *from);
            master.w_strb = engine.get(ports.wstrb) as u32;
            master.w_last = engine.get(ports.wlast) == 1;
        }
        let slave = self.memory.drive();
        for (port, value) in [
            (ports.arready, u64::from(slave.ar_ready)),
            (ports.rvalid, u64::from(slave.r_valid)),
            (ports.rresp, u64::from(slave.r_resp)),
            (ports.rlast, u64::from(slave.r_last)),
            (ports.awready, u64::from(slave.aw_ready)),
            (ports.wready, u64::from(slave.w_ready)),
            (ports.bvalid, u64::from(slave.b_valid)),
            (ports.bresp, u64::from(slave.b_resp)),
        ] {
            engine.set(port, value);
        }
        engine.set_bits(ports.rdata, &Bits::from_words(self.axi_bits, &slave.r_data));
        engine.step(1);
        self.memory.clock(&master);
        self.now += 1;
    }

    /// A write to a control register.
    pub fn write(&mut self, offset: u32, value: u32) {
        for (port, value) in [
            (self.ports.s_awaddr, offset),
            (self.ports.s_wdata, value),
            (self.ports.s_awvalid, 1),
            (self.ports.s_wvalid, 1),
            (self.ports.s_bready, 1),
        ] {
            self.engine.set(port, u64::from(value));
        }
        self.tick();
        self.engine.set(self.ports.s_awvalid, 0);
        self.engine.set(self.ports.s_wvalid, 0);
        self.tick();
    }

    /// A read of a control register.
    pub fn read(&mut self, offset: u32) -> u32 {
        self.engine.set(self.ports.s_araddr, u64::from(offset));
        self.engine.set(self.ports.s_arvalid, 1);
        self.engine.set(self.ports.s_rready, 0);
        self.tick();
        self.engine.set(self.ports.s_arvalid, 0);
        let value = self.engine.get(self.ports.s_rdata) as u32;
        self.engine.set(self.ports.s_rready, 1);
        self.tick();
        value
    }

    /// What the hardware did that no memory system has to bear, once it says that the run is over.
    pub fn fault(&mut self) -> Option<String> {
        let left = [self.ports.arvalid, self.ports.awvalid, self.ports.wvalid]
            .iter()
            .any(|valid| self.engine.get(*valid) == 1);
        let unfinished =
            (left || self.memory.busy()).then_some("it ended a run in the middle of a transaction");
        let broken = self.memory.violations().first();
        broken.map(|rule| format!("it broke a rule of AXI4: {rule}")).or(unfinished.map(str::to_string))
    }

    /// Runs until the hardware raises its interrupt or, where the run is to be stopped before, up to the begin of
    /// cycle `stop_at`; notes what the engines do. Gives whether the run is over.
    ///
    /// # Errors
    /// Where it is not after `max_cycles`.
    pub fn until_interrupt(&mut self, max_cycles: u64, stop_at: Option<u64>) -> Result<bool, Report> {
        self.now = 0;
        loop {
            self.trace.note(self.engine, &self.ports, self.now);
            if self.engine.get(self.ports.irq) == 1 {
                return Ok(true);
            }
            if stop_at.is_some_and(|cycle| self.now >= cycle) {
                return Ok(false);
            }
            if self.now > max_cycles {
                let message = format!("the run is not over after {max_cycles} cycles");
                return Err(Report::from(Diagnostic::new("cosim", message).help("raise --max-cycles")));
            }
            self.engine.mark(self.now);
            self.tick();
        }
    }
}
