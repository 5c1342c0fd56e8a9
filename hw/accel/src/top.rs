//! The top: AXI4 master, AXI4-Lite slave, interrupt and trace ports around control and core.

use crate::counters::{CHUNK_COUNTERS, COUNTER_BITS};
use crate::{control, core, interfaces};
use hdl::{Builder, Errors, Module, Signal};
use spec::accelerator::Accelerator;
use spec::isa::table::DRAM_BITS;
use std::sync::Arc;

/// Name of the top module.
pub const NAME: &str = "nasa_top";

/// The whole accelerator.
pub fn module(accelerator: &Accelerator) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        NAME,
        "Chunk-based accelerator: AXI4 master to DRAM, AXI4-Lite control, interrupt, traces.",
    );
    let resetn = b.input("aresetn", 1, "synchronous reset, active low");
    let reset = (!&resetn).named("reset");
    b.reset_from(&reset);
    let control = b.instance("control", &control::module(accelerator)?);
    let core = b.instance("core", &core::module(accelerator)?);

    core.connect("reset", &(&reset | &control.out("clear")));
    for port in ["start", "stop", "program_address"] {
        core.connect(port, &control.out(port));
    }
    for side in ["read", "write"] {
        for bound in ["first", "end"] {
            let port = format!("{side}_window_{bound}");
            core.connect(&port, &control.out(&port));
        }
    }
    for port in ["errors", "checked", "running", "dma_busy", "progress", "illegal_pc", "run_counters"] {
        control.connect(port, &core.out(port));
    }
    control.connect("illegal_queues", &core.out("illegal_queues").zext(9));
    let width = COUNTER_BITS * CHUNK_COUNTERS.len() as u32;
    for i in 0..accelerator.chunks.len() as u32 {
        control.connect(&format!("counters_{i}"), &core.out("trace_counters").slice(width * i, width));
    }
    lite(&b, &control);
    master(&b, accelerator, &core);
    b.output("irq", &control.out("irq"), "level; see IRQ_STATUS");
    interfaces::describe(&b);
    for port in ["trace_launch", "trace_end", "trace_pc", "trace_counters"] {
        b.output(port, &core.out(port), "for test benches and logic analysers; leave open otherwise");
    }
    b.finish()
}

fn lite(b: &Builder, control: &hdl::InstanceHandle) {
    for (port, width) in [("awaddr", 12), ("awvalid", 1), ("wdata", 32), ("wvalid", 1), ("bready", 1)] {
        let name = format!("s_axi_{port}");
        control.connect(&name, &b.input(&name, width, "AXI4-Lite slave"));
    }
    b.input("s_axi_wstrb", 4, "AXI4-Lite slave; ignored, registers are written whole");
    for (port, width) in [("araddr", 12), ("arvalid", 1), ("rready", 1)] {
        let name = format!("s_axi_{port}");
        control.connect(&name, &b.input(&name, width, "AXI4-Lite slave"));
    }
    for port in ["awready", "wready", "bvalid", "bresp", "arready", "rvalid", "rdata", "rresp"] {
        let name = format!("s_axi_{port}");
        b.output(&name, &control.out(&name), "AXI4-Lite slave");
    }
}

fn master(b: &Builder, accelerator: &Accelerator, core: &hdl::InstanceHandle) {
    let bits = accelerator.axi_bits;
    for (port, width) in [
        ("arready", 1),
        ("rvalid", 1),
        ("rdata", bits),
        ("rresp", 2),
        ("awready", 1),
        ("wready", 1),
        ("bvalid", 1),
        ("bresp", 2),
    ] {
        let name = format!("m_axi_{port}");
        core.connect(&name, &b.input(&name, width, "AXI4 master"));
    }
    b.input("m_axi_rlast", 1, "AXI4 master; not needed, the length is known");
    let size = i64::from(accelerator.axi_bytes().trailing_zeros());
    let constant = |port: &str, width: u32, value: i64| {
        b.output(&format!("m_axi_{port}"), &b.lit(width, value), "AXI4 master; constant");
    };
    for channel in ["ar", "aw"] {
        constant(&format!("{channel}size"), 3, size);
        constant(&format!("{channel}burst"), 2, 1);
        constant(&format!("{channel}cache"), 4, 3);
        constant(&format!("{channel}prot"), 3, 0);
    }
    for port in
        ["arvalid", "araddr", "arlen", "awvalid", "awaddr", "awlen", "wvalid", "wdata", "wstrb", "wlast"]
    {
        let name = format!("m_axi_{port}");
        let signal: Signal = core.out(&name);
        debug_assert!(signal.width() <= DRAM_BITS.max(bits));
        b.output(&name, &signal, "AXI4 master");
    }
    b.output("m_axi_rready", &b.one(), "AXI4 master; data is never refused");
    b.output("m_axi_bready", &b.one(), "AXI4 master; responses are never refused");
}
