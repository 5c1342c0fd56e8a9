//! The control port: registers behind an AXI4-Lite slave, and the life of a run.
//!
//! ```text
//! idle -> clearing -> header -> running -> closing -> idle   (done)
//!                          \--------\----> stopping -> idle  (error or abort)
//! ```
//! Closing and stopping let every burst under way finish, so the memory system never sees a broken transaction
//! and the next run no beat of this one: streams fetch ahead, so bursts may be under way when the last queue
//! reaches END. Byte strobes of register writes are ignored: registers are written whole.

use crate::core::ERRORS;
use crate::counters::{selected, CHUNK_COUNTERS, COUNTER_BITS};
use crate::queue::PC_BITS;
use crate::wiring::{any_of, one_hot};
use hdl::{Builder, Errors, Module, Signal};
use spec::accelerator::Accelerator;
use spec::isa::table::DRAM_BITS;
use std::sync::Arc;

/// A register of the control port.
pub struct ControlRegister {
    /// As the C header and the documentation name it.
    pub name: &'static str,
    /// Byte offset.
    pub offset: u32,
    /// `r`, `rw`, `w` or `w1c`.
    pub access: &'static str,
    /// What it holds.
    pub meaning: &'static str,
}

const fn register(
    name: &'static str,
    offset: u32,
    access: &'static str,
    meaning: &'static str,
) -> ControlRegister {
    ControlRegister { name, offset, access, meaning }
}

/// What `ID` reads: "NASA".
pub const ID: u32 = 0x4e41_5341;
/// What `VERSION` reads.
pub const VERSION: u32 = 1;
/// Cause code of a run without progress; the core's own errors are 1 and up, in the order of `core::ERRORS`.
pub const CAUSE_DEADLOCK: u32 = ERRORS.len() as u32 + 1;
/// Cause code of an abort.
pub const CAUSE_ABORTED: u32 = ERRORS.len() as u32 + 2;
/// Bits inside a page; programs start at pages.
const PAGE_BITS: u32 = 12;
/// Offset of chunk 0's counters; chunks follow at this distance.
pub const COUNTERS: u32 = 0x100;
/// Distance between the counters of two chunks.
pub const COUNTERS_STRIDE: u32 = 0x40;

/// Every register but the chunks' counters.
pub const REGISTERS: &[ControlRegister] = &[
    register("ID", 0x00, "r", "0x4e415341"),
    register("VERSION", 0x04, "r", "version of this register map"),
    register("HASH_LO", 0x08, "r", "configuration hash, bits 31..0"),
    register("HASH_HI", 0x0c, "r", "configuration hash, bits 63..32"),
    register("CONTROL", 0x10, "w", "bit 0 starts a run (only while idle), bit 1 aborts it"),
    register("STATUS", 0x14, "r", "bit 0 running, bit 1 the last run ended well, bit 2 it was stopped"),
    register("CAUSE", 0x18, "r", "why the last run was stopped, 0 if it was not"),
    register("CAUSE_QUEUES", 0x1c, "r", "queues at an illegal instruction, a bit a queue"),
    register("CAUSE_PC", 0x20, "r", "its word index in the program"),
    register("IRQ_MASK", 0x24, "rw", "bit 0: a run ended well, bit 1: a run was stopped"),
    register("IRQ_STATUS", 0x28, "w1c", "the same bits, pending"),
    register(
        "PROGRAM_LO",
        0x30,
        "rw",
        "address of the program's header, bits 31..0; bits 11..0 are always 0",
    ),
    register("PROGRAM_HI", 0x34, "rw", "bits 39..32"),
    register("READ_FIRST_LO", 0x40, "rw", "first address that may be read, bits 31..0"),
    register("READ_FIRST_HI", 0x44, "rw", "bits 39..32"),
    register("READ_END_LO", 0x48, "rw", "address behind the last that may be read, bits 31..0"),
    register("READ_END_HI", 0x4c, "rw", "bits 39..32"),
    register("WRITE_FIRST_LO", 0x50, "rw", "first address that may be written, bits 31..0"),
    register("WRITE_FIRST_HI", 0x54, "rw", "bits 39..32"),
    register("WRITE_END_LO", 0x58, "rw", "address behind the last that may be written, bits 31..0"),
    register("WRITE_END_HI", 0x5c, "rw", "bits 39..32"),
    register("WATCHDOG", 0x60, "rw", "cycles without any progress after which a run is stopped"),
    register("CYCLES", 0x64, "r", "cycles of the last run, from the header's arrival to the end"),
    register("DRAM_READ", 0x68, "r", "bytes read by the DMA in the last run"),
    register("DRAM_WRITTEN", 0x6c, "r", "bytes that the DMA wrote in the last run"),
    register("OVERLAP", 0x70, "r", "cycles of the last run in which two chunks or more computed"),
];

/// The offset of the register `name`. Panics where there is none: that is our own mistake.
pub fn offset_of(name: &str) -> u32 {
    let found = REGISTERS.iter().find(|register| register.name == name);
    found.unwrap_or_else(|| panic!("no control register is called {name}")).offset
}

/// The control port of `accelerator`.
pub fn module(accelerator: &Accelerator) -> Result<Arc<Module>, Errors> {
    let b = Builder::new("control", "Registers behind an AXI4-Lite slave, and the life of a run.");
    let bus = WriteBus::new(&b);
    let control = bus.writes("CONTROL");
    let starts = &control & &bus.data.bit(0);
    let aborts = &control & &bus.data.bit(1);
    let watchdog = bus.register(&b, "WATCHDOG", 32, 0x000f_ffff);
    let run = Run::new(&b, &starts, &aborts, &watchdog);

    let pair = |name: &str| {
        let low = match name {
            "PROGRAM" => bus.page(&b, &format!("{name}_LO")),
            _ => bus.register(&b, &format!("{name}_LO"), 32, 0),
        };
        bus.register(&b, &format!("{name}_HI"), DRAM_BITS - 32, 0).cat(&low)
    };
    let mut shown = vec![];
    for (name, port) in [
        ("PROGRAM", "program_address"),
        ("READ_FIRST", "read_window_first"),
        ("READ_END", "read_window_end"),
        ("WRITE_FIRST", "write_window_first"),
        ("WRITE_END", "write_window_end"),
    ] {
        let value = pair(name);
        b.output(port, &value, "for the core");
        shown.push((format!("{name}_LO"), value.slice(0, 32)));
        shown.push((format!("{name}_HI"), value.slice(32, DRAM_BITS - 32)));
    }
    let mask = bus.register(&b, "IRQ_MASK", 2, 0);
    let pending = b.reg("irq_status", 2);
    let cleared = bus.data.trunc(2).gate(&bus.writes("IRQ_STATUS"));
    pending.reset(0).next(&(&(&pending.q() & &!&cleared) | &run.failed.cat(&run.ended)));
    b.output("irq", &(&pending.q() & &mask).any(), "level, until IRQ_STATUS is cleared");

    let counters =
        b.input("run_counters", 3 * COUNTER_BITS, "bytes read, bytes of beats written, cycles of overlap");
    let hash = accelerator.hash;
    shown.extend([
        ("ID".to_string(), b.lit(32, i64::from(ID))),
        ("VERSION".to_string(), b.lit(32, i64::from(VERSION))),
        ("HASH_LO".to_string(), b.lit(32, hash as u32 as i64)),
        ("HASH_HI".to_string(), b.lit(32, (hash >> 32) as i64)),
        ("STATUS".to_string(), run.status.clone()),
        ("CAUSE".to_string(), run.cause.clone()),
        ("CAUSE_QUEUES".to_string(), run.queues.clone()),
        ("CAUSE_PC".to_string(), run.pc.clone()),
        ("IRQ_MASK".to_string(), mask),
        ("IRQ_STATUS".to_string(), pending.q()),
        ("WATCHDOG".to_string(), watchdog),
        ("CYCLES".to_string(), run.cycles.clone()),
        ("DRAM_READ".to_string(), counters.slice(0, COUNTER_BITS)),
        ("DRAM_WRITTEN".to_string(), counters.slice(COUNTER_BITS, COUNTER_BITS)),
        ("OVERLAP".to_string(), counters.slice(2 * COUNTER_BITS, COUNTER_BITS)),
    ]);
    read_bus(&b, accelerator, &shown);
    b.finish()
}

/// The write half of the slave: address and data are accepted together.
struct WriteBus {
    write: Signal,
    address: Signal,
    data: Signal,
}

impl WriteBus {
    fn new(b: &Builder) -> WriteBus {
        let address = b.input("s_axi_awaddr", 12, "AXI4-Lite");
        let address_valid = b.input("s_axi_awvalid", 1, "AXI4-Lite");
        let data = b.input("s_axi_wdata", 32, "AXI4-Lite");
        let data_valid = b.input("s_axi_wvalid", 1, "AXI4-Lite");
        let taken = b.input("s_axi_bready", 1, "AXI4-Lite");
        let answer = b.reg("b_valid", 1);
        let write = &(&address_valid & &data_valid) & &!&answer.q();
        answer.reset(0).enable(&(&write | &taken)).next(&write);
        b.output("s_axi_awready", &write, "AXI4-Lite");
        b.output("s_axi_wready", &write, "AXI4-Lite");
        b.output("s_axi_bvalid", &answer.q(), "AXI4-Lite");
        b.output("s_axi_bresp", &b.zero(2), "AXI4-Lite");
        WriteBus { write, address, data }
    }

    fn writes(&self, name: &str) -> Signal {
        &self.write & &self.address.slice(2, 10).eq_lit(i64::from(offset_of(name) / 4))
    }

    fn register(&self, b: &Builder, name: &str, width: u32, reset: i64) -> Signal {
        let register = b.reg(&name.to_lowercase(), width);
        register.reset(reset).enable(&self.writes(name)).next(&self.data.trunc(width));
        register.q()
    }

    /// A register whose lowest bits are always 0: no burst of a fetch may cross a page.
    fn page(&self, b: &Builder, name: &str) -> Signal {
        let register = b.reg(&name.to_lowercase(), 32 - PAGE_BITS);
        register.reset(0).enable(&self.writes(name)).next(&self.data.slice(PAGE_BITS, 32 - PAGE_BITS));
        register.q().cat(&b.zero(PAGE_BITS))
    }
}

/// The read half of the slave.
fn read_bus(b: &Builder, accelerator: &Accelerator, shown: &[(String, Signal)]) {
    let address = b.input("s_axi_araddr", 12, "AXI4-Lite");
    let asked = b.input("s_axi_arvalid", 1, "AXI4-Lite");
    let taken = b.input("s_axi_rready", 1, "AXI4-Lite");
    let word = address.slice(2, 10);
    let registers =
        shown.iter().map(|(name, value)| (word.eq_lit(i64::from(offset_of(name) / 4)), value.zext(32)));
    let mut value = one_hot(b, 32, registers);
    for i in 0..accelerator.chunks.len() as u32 {
        let width = COUNTER_BITS * CHUNK_COUNTERS.len() as u32;
        let counters = b.input(&format!("counters_{i}"), width, "counters of a chunk");
        value = &value | &selected(b, &counters, &word, (COUNTERS + COUNTERS_STRIDE * i) / 4);
    }
    let valid = b.reg("r_valid", 1);
    let data = b.reg("r_data", 32);
    let accepted = &asked & &!&valid.q();
    valid.reset(0).enable(&(&accepted | &taken)).next(&accepted);
    data.enable(&accepted).next(&value);
    b.output("s_axi_arready", &accepted, "AXI4-Lite");
    b.output("s_axi_rvalid", &valid.q(), "AXI4-Lite");
    b.output("s_axi_rdata", &data.q(), "AXI4-Lite");
    b.output("s_axi_rresp", &b.zero(2), "AXI4-Lite");
}

/// The life of a run.
struct Run {
    ended: Signal,
    failed: Signal,
    status: Signal,
    cause: Signal,
    queues: Signal,
    pc: Signal,
    cycles: Signal,
}

impl Run {
    fn new(b: &Builder, starts: &Signal, aborts: &Signal, watchdog: &Signal) -> Run {
        let errors = b.input("errors", ERRORS.len() as u32, "strobes of what went wrong");
        let checked = b.input("checked", 1, "the header has been read");
        let queues_run = b.input("running", 1, "a queue has not reached END");
        let dma_busy = b.input("dma_busy", 1, "bursts are under way");
        let progress = b.input("progress", 1, "something moved");
        let illegal = b.input("illegal_queues", 9, "queues at an illegal instruction");
        let illegal_pc = b.input("illegal_pc", PC_BITS, "where it is");

        let [clearing, header, running, closing, stopping] =
            ["clearing", "header", "running_state", "closing", "stopping"].map(|name| b.reg(name, 1));
        let active = &header.q() | &running.q();
        let busy = &(&active | &clearing.q()) | &(&closing.q() | &stopping.q());
        let idle_cycles = b.reg("idle_cycles", 32);
        let moves = &progress | &!&active;
        idle_cycles.next(&(&idle_cycles.q() + 1).gate(&!&moves));
        let hangs = &active & &idle_cycles.q().uge(watchdog);

        let begins = starts & &!&busy;
        let fails = &(&active & &(&errors.any() | &(&hangs | aborts))).named("fails");
        // The queues start in the cycle after the header was checked.
        let started = b.delay_reset("queues_started", &running.q(), 0);
        let ends = (&(&(&running.q() & &started) & &!&queues_run) & &!fails).named("ends");
        let quiet = &!&dma_busy & &b.delay_reset("was_quiet", &!&dma_busy, 0);
        let [closed, stopped] = [&closing, &stopping].map(|state| &state.q() & &quiet);
        clearing.reset(0).next(&begins);
        header.reset(0).next(&(&clearing.q() | &(&header.q() & &!&(&checked | fails))));
        running.reset(0).next(&(&(&(&header.q() & &checked) | &running.q()) & &!&(&ends | fails)));
        closing.reset(0).next(&(&ends | &(&closing.q() & &!&closed)));
        stopping.reset(0).next(&(fails | &(&stopping.q() & &!&stopped)));
        b.output("clear", &(&clearing.q() | &stopped), "resets the core");
        b.output("start", &b.delay_reset("start_q", &clearing.q(), 0), "a run begins");
        b.output("stop", &stopping.q(), "the run is being stopped");

        let cycles = b.reg("cycles", 32);
        cycles.reset(0).enable(&(&clearing.q() | &running.q())).next(&(&cycles.q() + 1).gate(&running.q()));
        let good = b.reg("ended_well", 1);
        good.reset(0).enable(&(&begins | &closed)).next(&closed);
        let bad = b.reg("was_stopped", 1);
        bad.reset(0).enable(&(&begins | fails)).next(fails);

        // The first error that strobes is the cause.
        let mut cause =
            hangs.mux(&b.lit(32, i64::from(CAUSE_DEADLOCK)), &b.lit(32, i64::from(CAUSE_ABORTED)));
        for i in (0..ERRORS.len() as u32).rev() {
            cause = errors.bit(i).mux(&b.lit(32, i64::from(i) + 1), &cause);
        }
        let keep = |name: &str, width: u32, value: &Signal| {
            let register = b.reg(name, width);
            register.reset(0).enable(&(&begins | fails)).next(&value.zext(width).gate(fails));
            register.q()
        };
        Run {
            status: Signal::join(&[any_of(b, 1, [busy.clone()]), good.q(), bad.q()]),
            cause: keep("cause", 32, &cause),
            queues: keep("cause_queues", 9, &illegal),
            pc: keep("cause_pc", PC_BITS, &illegal_pc),
            cycles: cycles.q(),
            ended: closed,
            failed: stopped,
        }
    }
}
