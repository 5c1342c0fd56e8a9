//! The core: chunks with their queues and engines around the shared buffer, DMA and tokens.
//!
//! This file only connects; every decision is in the block that it connects.

use crate::chunk::{Nests, READ_PORTS};
use crate::counters::{counter, CHUNK_COUNTERS, COUNTER_BITS};
use crate::queue::PC_BITS;
use crate::transfer::BURST_BITS;
use crate::wiring::{any_of, TableWrite};
use crate::{buffer, chunk, dma_read, dma_write, header, queue, stream, tokens, transfer};
use hdl::{Builder, Errors, InstanceHandle, Module, Signal};
use spec::accelerator::Accelerator;
use spec::isa::table::{Queue, DRAM_BITS, FETCH_WORDS};
use std::sync::Arc;

/// Kinds of errors that the core reports, in the order of its `errors` port and of the cause codes from 1.
pub const ERRORS: &[&str] = &[
    "illegal instruction",
    "program for another configuration",
    "read outside the window",
    "write outside the window",
    "error response to a read",
    "error response to a write",
    "two ports met in a buffer bank",
    "token signalled too often",
];

/// The core of `accelerator`.
pub fn module(accelerator: &Accelerator) -> Result<Arc<Module>, Errors> {
    let b = Builder::new("core", "Chunks, queues and engines around the shared buffer, DMA and tokens.");
    b.reset_from(&b.input("reset", 1, "synchronous, also between runs"));
    let start = b.input("start", 1, "a run begins");
    let stop = b.input("stop", 1, "the run is being stopped");
    let base = b.input("program_address", DRAM_BITS, "address of the program");

    let parts = Parts::new(&b, accelerator)?;
    let units: Vec<Unit> = (0..accelerator.queues()).map(|i| Unit::new(&b, &parts, i)).collect();
    parts.header.connect("start", &start).connect("stop", &stop);
    for (i, unit) in units.iter().enumerate() {
        unit.connect_stream(&parts, i, &stop);
        unit.connect_engine(&parts, &stop);
    }
    connect_fetches(&b, &parts, accelerator, &units, &base);
    connect_buffer(&parts, accelerator);
    axi(&b, &parts, &stop);

    let illegal = any_of(&b, 1, units.iter().map(|unit| unit.queue.out("illegal")));
    let errors = [
        illegal,
        parts.header.out("wrong_hash"),
        parts.reads.out("outside"),
        parts.writes.out("outside"),
        parts.reads.out("bad_response"),
        parts.writes.out("bad_response"),
        parts.buffer.out("conflict"),
        parts.tokens.out("overflow"),
    ];
    b.output("errors", &Signal::join(&errors), "strobes of what went wrong");
    status(&b, &parts, &units);
    traces(&b, &parts, &units);
    b.finish()
}

/// The shared blocks and the chunks.
struct Parts {
    chunks: Vec<InstanceHandle>,
    buffer: InstanceHandle,
    reads: InstanceHandle,
    writes: InstanceHandle,
    tokens: InstanceHandle,
    header: InstanceHandle,
    queues: [Arc<Module>; 3],
    stream: Arc<Module>,
    transfer: Arc<Module>,
}

impl Parts {
    fn new(b: &Builder, accelerator: &Accelerator) -> Result<Parts, Errors> {
        let nests = Nests::new(accelerator)?;
        let chunk =
            |c| Ok(b.instance(spec::accelerator::Chunk::name(c), &chunk::module(accelerator, c, &nests)?));
        let chunks = accelerator.chunks.iter().map(chunk).collect::<Result<Vec<_>, Errors>>()?;
        let names = accelerator.chunks.iter().map(|c| c.name());
        let read_ports = names.clone().flat_map(|c| READ_PORTS.iter().map(move |(p, _)| format!("{c}_{p}")));
        let readers: Vec<String> = read_ports.chain(["store".to_string()]).collect();
        let writers: Vec<String> = names.map(|c| format!("{c}_y")).chain(["load".to_string()]).collect();
        let count = chunks.len() as u32;
        Ok(Parts {
            buffer: b.instance("buffer", &buffer::module(accelerator, &readers, &writers)?),
            // The header is one more stream.
            reads: b.instance("reads", &dma_read::module(accelerator, count, 3 * count + 1)?),
            writes: b.instance("writes", &dma_write::module(accelerator, count)?),
            tokens: b.instance("tokens", &tokens::module(accelerator, 3 * count)?),
            header: b.instance("header", &header::module(accelerator, 3 * count)?),
            queues: [
                queue::module(Queue::Load)?,
                queue::module(Queue::Execute)?,
                queue::module(Queue::Store)?,
            ],
            stream: stream::module(accelerator)?,
            transfer: transfer::module(accelerator)?,
            chunks,
        })
    }
}

/// A stream, its queue, and the engine that the queue launches.
struct Unit {
    kind: Queue,
    chunk: usize,
    stream: InstanceHandle,
    queue: InstanceHandle,
    /// The transfer engine; the execute queue's engine is the chunk itself.
    transfer: Option<InstanceHandle>,
}

impl Unit {
    fn new(b: &Builder, parts: &Parts, index: usize) -> Unit {
        let (chunk, kind) = (index / 3, Queue::ALL[index % 3]);
        let name = |what: &str| format!("{what}_{index}_{}", kind.name());
        Unit {
            kind,
            chunk,
            stream: b.instance(&name("stream"), &parts.stream),
            queue: b.instance(&name("queue"), &parts.queues[kind as usize]),
            transfer: (kind != Queue::Execute).then(|| b.instance(&name("transfer"), &parts.transfer)),
        }
    }

    fn connect_stream(&self, parts: &Parts, index: usize, stop: &Signal) {
        let start = parts.header.out(&format!("start_{index}"));
        self.stream
            .connect("start", &start)
            .connect("start_pc", &parts.header.out(&format!("start_pc_{index}")))
            .connect("stop", stop)
            .connect("jump", &self.queue.out("jump"))
            .connect("jump_pc", &self.queue.out("jump_pc"))
            .connect("pop", &self.queue.out("pop"));
        self.queue
            .connect("start", &start)
            .connect("word", &self.stream.out("word"))
            .connect("word_valid", &self.stream.out("word_valid"))
            .connect("pc", &self.stream.out("pc"))
            .connect("token_there", &parts.tokens.out(&format!("there_{index}")));
        for (port, from) in [("token", "token"), ("give", "give"), ("take", "take")] {
            parts.tokens.connect(&format!("{port}_{index}"), &self.queue.out(from));
        }
    }

    fn connect_engine(&self, parts: &Parts, stop: &Signal) {
        let chunk = &parts.chunks[self.chunk];
        let engine = self.transfer.as_ref().unwrap_or(chunk);
        engine.connect("launch", &self.queue.out("launch"));
        for register in self.kind.registers() {
            engine.connect(register.name, &self.queue.out(register.name));
        }
        self.queue.connect("idle", &engine.out("idle"));
        let Some(transfer) = &self.transfer else {
            chunk.connect("flip", &self.queue.out("flip"));
            TableWrite::from_instance(&self.queue).connect(chunk);
            return;
        };
        transfer.connect("stop", stop);
        let dma = if self.kind == Queue::Load { &parts.reads } else { &parts.writes };
        let port = |name: &str| format!("{name}_{}", self.chunk);
        dma.connect(&port("request"), &transfer.out("offers"))
            .connect(&port("address"), &transfer.out("offered_address"))
            .connect(&port("bytes"), &transfer.out("offered_bytes"))
            .connect(&port("buffer"), &transfer.out("offered_buffer"));
        transfer
            .connect("granted", &dma.out(&port("granted")))
            .connect("completed", &dma.out(&port("completed")));
    }
}

/// Streams and header as clients of the read channel, behind the loads.
fn connect_fetches(b: &Builder, parts: &Parts, accelerator: &Accelerator, units: &[Unit], base: &Signal) {
    let data = b.input("m_axi_rdata", accelerator.axi_bits, "AXI4");
    parts.reads.connect("m_axi_rdata", &data);
    let bytes = b.lit(BURST_BITS, 8 * FETCH_WORDS as i64);
    let header_pc = b.zero(PC_BITS);
    let clients = units.iter().map(|unit| (&unit.stream, unit.stream.out("request_pc")));
    for (i, (client, pc)) in clients.chain([(&parts.header, header_pc)]).enumerate() {
        let port = |name: &str| format!("{name}_{}", accelerator.chunks.len() + i);
        let address = base + &pc.cat(&b.zero(3)).zext(DRAM_BITS);
        parts
            .reads
            .connect(&port("request"), &client.out("request"))
            .connect(&port("address"), &address)
            .connect(&port("bytes"), &bytes);
        client
            .connect("granted", &parts.reads.out(&port("granted")))
            .connect("data", &data)
            .connect("data_we", &parts.reads.out(&port("data_we")))
            .connect("data_last", &parts.reads.out("data_last"));
    }
}

fn connect_buffer(parts: &Parts, accelerator: &Accelerator) {
    for (chunk, instance) in accelerator.chunks.iter().zip(&parts.chunks) {
        for (port, _) in READ_PORTS {
            let name = format!("{}_{port}", chunk.name());
            for wire in ["read", "address", "bytes"] {
                parts.buffer.connect(&format!("{name}_{wire}"), &instance.out(&format!("{port}_{wire}")));
            }
            instance.connect(&format!("{port}_line"), &parts.buffer.out(&format!("{name}_line")));
        }
        for wire in ["write", "address", "bytes", "line"] {
            parts.buffer.connect(&format!("{}_y_{wire}", chunk.name()), &instance.out(&format!("y_{wire}")));
        }
    }
    for wire in ["write", "write_address", "write_bytes", "write_line"] {
        let to = wire.strip_prefix("write_").unwrap_or(wire);
        parts.buffer.connect(&format!("load_{to}"), &parts.reads.out(wire));
    }
    for wire in ["read", "read_address", "read_bytes"] {
        let to = wire.strip_prefix("read_").unwrap_or(wire);
        parts.buffer.connect(&format!("store_{to}"), &parts.writes.out(wire));
    }
    parts.writes.connect("line", &parts.buffer.out("store_line"));
}

/// The AXI4 ports that belong to one side alone, and the address windows.
fn axi(b: &Builder, parts: &Parts, stop: &Signal) {
    let inputs: [(&InstanceHandle, &[(&str, u32)]); 2] = [
        (&parts.reads, &[("arready", 1), ("rvalid", 1), ("rresp", 2)]),
        (&parts.writes, &[("awready", 1), ("wready", 1), ("bvalid", 1), ("bresp", 2)]),
    ];
    for (side, ports) in inputs {
        for (port, width) in ports {
            let name = format!("m_axi_{port}");
            side.connect(&name, &b.input(&name, *width, "AXI4"));
        }
        side.connect("stop", stop);
    }
    for (side, name) in [(&parts.reads, "read"), (&parts.writes, "write")] {
        for bound in ["window_first", "window_end"] {
            side.connect(bound, &b.input(&format!("{name}_{bound}"), DRAM_BITS, "bound of legal addresses"));
        }
    }
    for port in ["arvalid", "araddr", "arlen"] {
        b.output(&format!("m_axi_{port}"), &parts.reads.out(&format!("m_axi_{port}")), "AXI4");
    }
    for port in ["awvalid", "awaddr", "awlen", "wvalid", "wdata", "wstrb", "wlast"] {
        b.output(&format!("m_axi_{port}"), &parts.writes.out(&format!("m_axi_{port}")), "AXI4");
    }
    let read = counter(b, "dram_read_bytes", &parts.reads.out("beat"), &parts.reads.out("beat_bytes"));
    let write = counter(b, "dram_written_bytes", &parts.writes.out("read"), &parts.writes.out("read_bytes"));
    let overlap = counter(b, "overlap_cycles", &at_least_two(b, &parts.chunks), &b.lit(1, 1));
    let counters = Signal::join(&[read, write, overlap]);
    b.output("run_counters", &counters, "bytes read, bytes written, cycles of overlap");
}

/// Whether two chunks or more compute.
fn at_least_two(b: &Builder, chunks: &[InstanceHandle]) -> Signal {
    let busy: Vec<Signal> = chunks.iter().map(|chunk| !&chunk.out("idle")).collect();
    let pairs = (0..busy.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
    any_of(b, 1, pairs.map(|(i, j)| &busy[i] & &busy[j]))
}

/// What the control port wants to know of the run.
fn status(b: &Builder, parts: &Parts, units: &[Unit]) {
    let running = any_of(b, 1, units.iter().map(|unit| unit.queue.out("running")));
    b.output(
        "checked",
        &parts.header.out("checked"),
        "the header has been read and the queues run from now on",
    );
    b.output("running", &running, "a queue has not reached END");
    b.output("dma_busy", &(&parts.reads.out("busy") | &parts.writes.out("busy")), "bursts are under way");
    let pops = units.iter().map(|unit| unit.queue.out("pop"));
    let moves = parts.chunks.iter().map(|chunk| chunk.out("active"));
    let beats = [parts.reads.out("beat"), parts.writes.out("beat")];
    b.output("progress", &any_of(b, 1, pops.chain(moves).chain(beats)), "something moved, for the watchdog");
    let offenders: Vec<Signal> = units.iter().map(|unit| unit.queue.out("illegal")).collect();
    let pcs = units.iter().zip(&offenders).map(|(unit, bad)| (bad.clone(), unit.stream.out("pc")));
    b.output("illegal_queues", &Signal::join(&offenders), "queues at an illegal instruction");
    b.output("illegal_pc", &crate::wiring::one_hot(b, PC_BITS, pcs), "where it is");
}

/// What a test bench or a logic analyser follows: launches and ends of every engine, and all counters.
fn traces(b: &Builder, parts: &Parts, units: &[Unit]) {
    let launches: Vec<Signal> = units.iter().map(|unit| unit.queue.out("launch")).collect();
    let mut ends = Vec::new();
    let mut pcs = Vec::new();
    for (i, (unit, launch)) in units.iter().zip(&launches).enumerate() {
        let idle = unit.transfer.as_ref().unwrap_or(&parts.chunks[unit.chunk]).out("idle");
        let busy = b.delay_reset(&format!("was_busy_{i}"), &!&idle, 0);
        ends.push(&busy & &idle);
        let pc = b.reg(&format!("launch_pc_{i}"), PC_BITS);
        pc.enable(launch).next(&unit.stream.out("pc"));
        pcs.push(launch.mux(&unit.stream.out("pc"), &pc.q()));
    }
    b.output("trace_launch", &Signal::join(&launches), "engines launched in this cycle, a bit a queue");
    b.output("trace_end", &Signal::join(&ends), "engines that became idle before this cycle, a bit a queue");
    b.output("trace_pc", &Signal::join(&pcs), "word of the last launch, for every queue");
    let counters: Vec<Signal> =
        parts.chunks.iter().enumerate().map(|(i, _)| chunk_counters(b, parts, i)).collect();
    debug_assert_eq!(counters[0].width(), COUNTER_BITS * CHUNK_COUNTERS.len() as u32);
    b.output("trace_counters", &Signal::join(&counters), "all counters, chunk by chunk");
}

/// All counters of a chunk: its own, then those of its transfers, in the order of `CHUNK_COUNTERS`.
fn chunk_counters(b: &Builder, parts: &Parts, chunk: usize) -> Signal {
    let [loads, stores] = [(&parts.reads, "beat_bytes"), (&parts.writes, "read_bytes")]
        .map(|(dma, bytes)| (dma.out(&format!("moved_{chunk}")), dma.out(bytes)));
    let transfers = CHUNK_COUNTERS.iter().filter_map(|row| {
        let (strobe, amount) = match row.queue {
            Queue::Load => &loads,
            Queue::Store => &stores,
            Queue::Execute => return None,
        };
        Some(counter(b, &format!("{}_{chunk}", row.name), strobe, amount))
    });
    Signal::join(&[parts.chunks[chunk].out("counters")].into_iter().chain(transfers).collect::<Vec<_>>())
}
