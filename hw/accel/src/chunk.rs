//! A chunk: descriptors, fills, array, reduction and post-processing behind one launch strobe.
//!
//! ```text
//! buffer X --> input fill --\
//!                            array --> reduce --> post --> buffer Y
//! buffer W --> weight fill -/     buffer R --^-------^
//! ```
//! It does not know of instructions or images: at launch it takes a copy of the descriptors and reports when
//! the last result is in the buffer.

use crate::counters::{counter, CHUNK_COUNTERS, COUNTER_BITS};
use crate::wiring::{address_bits, ones, TableWrite};
use crate::{array, compute, drain, fill, nest, pe, post, reduce};
use hdl::{Builder, Errors, InstanceHandle, Module, Signal};
use num::requant::ACC_BITS;
use spec::accelerator::{Accelerator, Chunk};
use spec::isa::table::{NestKind, Queue, BUFFER_BITS, EXECUTE, LANE_BITS};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The buffer's read ports of a chunk: name and purpose.
pub const READ_PORTS: [(&str, &str); 3] =
    [("x", "inputs"), ("w", "weights"), ("r", "residuals, stored sums and parameters")];

/// One definition of every nest, shared by all chunks.
pub struct Nests(Vec<Arc<Module>>);

impl Nests {
    /// Builds the four nests.
    pub fn new(accelerator: &Accelerator) -> Result<Nests, Errors> {
        let modules = NestKind::ALL.iter().map(|kind| nest::module(accelerator, *kind));
        Ok(Nests(modules.collect::<Result<_, _>>()?))
    }

    fn of(&self, kind: NestKind) -> &Arc<Module> {
        &self.0[kind as usize]
    }
}

/// The chunk `chunk` of `accelerator`.
pub fn module(accelerator: &Accelerator, chunk: &Chunk, nests: &Nests) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        &format!("{}_chunk", chunk.name()),
        &format!(
            "{} by {} {} PEs with fills, reduction and post-processing.",
            chunk.rows,
            chunk.cols,
            chunk.op.name()
        ),
    );
    let launch = b.input("launch", 1, "takes the descriptors and starts; only while idle");
    let flip = b.input("flip", 1, "with launch: the shadow page of the nest tables becomes live");
    let table = TableWrite::inputs(&b);
    let live: BTreeMap<&str, Signal> =
        EXECUTE.iter().map(|r| (r.name, live_register(&b, &launch, r))).collect();

    let page = b.reg("page", 1);
    page.reset(0).enable(&(&launch & &flip)).next(&!&page.q());
    let start = b.delay_reset("start", &launch, 0);
    let busy = b.reg("busy", 1);
    b.output("idle", &!&busy.q(), "ready to launch");

    let kinds = [NestKind::Input, NestKind::Weight];
    let fills = kinds.map(|kind| fill::module(accelerator, chunk, kind, nests.of(kind)));
    let [x_fill, w_fill] = fills;
    let x_fill = b.instance("x_fill", &x_fill?);
    let w_fill = b.instance("w_fill", &w_fill?);
    let compute = b.instance("compute", &compute::module(chunk, nests.of(NestKind::Compute))?);
    let array = b.instance("array", &array::module(chunk, &pe::module(chunk)?)?);
    let reduce = b.instance("reduce", &reduce::module(chunk)?);
    let drain = b.instance("drain", &drain::module(chunk, nests.of(NestKind::Drain))?);
    let post = b.instance("post", &post::module(chunk)?);

    for (engine, registers) in [
        (&x_fill, fill::registers(NestKind::Input)),
        (&w_fill, fill::registers(NestKind::Weight)),
        (&compute, compute::REGISTERS),
        (&drain, drain::REGISTERS),
    ] {
        engine.connect("start", &start).connect("page", &page.q());
        table.connect(engine);
        registers.iter().for_each(|name| {
            engine.connect(name, &live[name]);
        });
    }
    busy.reset(0).enable(&(&launch | &drain.out("done"))).next(&launch);

    fills_to_array(&b, accelerator, chunk, [&x_fill, &w_fill], &compute, &array);
    array_to_post(&b, accelerator, chunk, &live, &compute, &array, &reduce, &drain, &post);
    let register_files = register_files(&b, &live, [&x_fill, &w_fill], &compute, &drain);
    counters(&b, &live, &busy.q(), [&x_fill, &w_fill], &compute, &drain, &register_files);
    b.output("active", &activity(&[&x_fill, &w_fill], &compute, &drain), "something moves, for the watchdog");
    b.finish()
}

/// The running copy of a descriptor register.
fn live_register(b: &Builder, launch: &Signal, register: &spec::isa::table::Register) -> Signal {
    let next = b.input(register.name, register.width, register.meaning);
    let live = b.reg(&format!("live_{}", register.name), register.width);
    live.enable(launch).next(&next);
    live.q()
}

fn fills_to_array(
    b: &Builder,
    accelerator: &Accelerator,
    chunk: &Chunk,
    [x_fill, w_fill]: [&InstanceHandle; 2],
    compute: &InstanceHandle,
    array: &InstanceHandle,
) {
    for (name, kind, fill) in [("x", NestKind::Input, x_fill), ("w", NestKind::Weight, w_fill)] {
        read_port(b, name, &fill.out("read"), &fill.out("read_address"), &fill.out("read_bytes"));
        let line =
            b.input(&format!("{name}_line"), 8 * accelerator.buffer.line_bytes, "the line asked for earlier");
        fill.connect("line", &line).connect("released", &compute.out(&format!("{name}_release")));
        compute.connect(&format!("{name}_filled"), &fill.out("filled"));
        let takes = ["row_takes", "column_takes", "column_entry"];
        for port in fill::data_ports(chunk, kind).iter().chain(&takes) {
            array.connect(&format!("{name}_{port}"), &fill.out(port));
        }
    }
    for port in ["x_entry", "w_entry", "a_entry", "step", "first"] {
        array.connect(port, &compute.out(port));
    }
}

#[allow(clippy::too_many_arguments)] // The blocks of one pipeline.
fn array_to_post(
    b: &Builder,
    accelerator: &Accelerator,
    chunk: &Chunk,
    live: &BTreeMap<&str, Signal>,
    compute: &InstanceHandle,
    array: &InstanceHandle,
    reduce: &InstanceHandle,
    drain: &InstanceHandle,
    post: &InstanceHandle,
) {
    drain.connect("summed", &compute.out("summed"));
    compute.connect("a_drained", &drain.out("drained"));
    array.connect("drain_entry", &drain.out("drain_entry"));
    reduce.connect("results", &array.out("results")).connect("keep", &live["keep"]);
    for port in ["column", "rows", "lane", "first"] {
        reduce.connect(port, &drain.out(port));
    }
    let sum_bits = ACC_BITS * chunk.sum_lanes(accelerator.buffer.line_bytes);
    let bits = 8 * accelerator.buffer.line_bytes;

    read_port(b, "r", &drain.out("read"), &drain.out("read_address"), &drain.out("read_bytes"));
    let line = b.input("r_line", bits, "the line asked for earlier");
    let stored = line.trunc(sum_bits).gate(&drain.out("stored_there"));
    reduce.connect("stored", &stored.zext(ACC_BITS * chunk.post_lanes));
    let bytes = line.trunc(8 * chunk.post_lanes);
    let row_bits = address_bits(chunk.post_rows);
    post.connect("plane_we", &drain.out("plane_we"))
        .connect("plane", &drain.out("plane"))
        .connect("plane_row", &drain.out("plane_row").trunc(row_bits))
        .connect("plane_bytes", &bytes)
        .connect("row_re", &drain.out("row_re"))
        .connect("row", &drain.out("row"))
        .connect("sums", &reduce.out("sums"))
        .connect("residual", &bytes.gate(&drain.out("residual_there")))
        .connect("lo", &live["lo"])
        .connect("hi", &live["hi"]);

    b.output("y_write", &drain.out("write"), "writes results, or sums");
    b.output("y_address", &drain.out("write_address"), "first byte");
    b.output("y_bytes", &drain.out("write_bytes"), "bytes");
    let sums = reduce.out("sums").trunc(sum_bits).zext(bits);
    let line = drain.out("write_sums").mux(&sums, &post.out("bytes").zext(bits));
    b.output("y_line", &line, "the bytes");
}

/// Output ports of a buffer read port.
fn read_port(b: &Builder, name: &str, read: &Signal, address: &Signal, bytes: &Signal) {
    debug_assert_eq!((address.width(), bytes.width()), (BUFFER_BITS, LANE_BITS));
    b.output(&format!("{name}_read"), read, "asks the buffer for a line");
    b.output(&format!("{name}_address"), address, "first byte");
    b.output(&format!("{name}_bytes"), bytes, "bytes");
}

/// Accesses of register files in a cycle: a term reads two operands and a partial sum and writes the sum; a beat
/// writes the PEs that take a byte of it; a lane of a drain beat reads one partial sum, or one of each row that it sums.
fn register_files(
    b: &Builder,
    live: &BTreeMap<&str, Signal>,
    fills: [&InstanceHandle; 2],
    compute: &InstanceHandle,
    drain: &InstanceHandle,
) -> Signal {
    let terms = terms(live).gate(&compute.out("step")).cat(&b.zero(2));
    let taken = fills.map(|fill| ones(&fill.out("row_takes")).mul_u(&ones(&fill.out("column_takes"))));
    let summed = live["keep"].mux(&b.lit(LANE_BITS, 1), &live["d_rows"]);
    let drained = drain.out("beat_lanes").mul_u(&summed).gate(&drain.out("beat"));
    let [x, w] = taken;
    let parts = [terms, x, w, drained].map(|part| part.zext(COUNTER_BITS));
    b.delay_reset("register_files", &parts.into_iter().reduce(|a, c| &a + &c).expect("four parts"), 0)
}

/// Terms of a step.
fn terms(live: &BTreeMap<&str, Signal>) -> Signal {
    live["rows"].mul_u(&live["cols"])
}

/// Counts everything that the chunk itself knows, in the order of `CHUNK_COUNTERS`.
fn counters(
    b: &Builder,
    live: &BTreeMap<&str, Signal>,
    busy: &Signal,
    fills: [&InstanceHandle; 2],
    compute: &InstanceHandle,
    drain: &InstanceHandle,
    register_files: &Signal,
) {
    let one = b.one();
    let step = compute.out("step");
    let macs = terms(live);
    let [x, w] = fills;
    let amounts = [
        (busy.clone(), one.clone()),
        (step.clone(), one.clone()),
        (step, macs),
        (compute.out("stall_x"), one.clone()),
        (compute.out("stall_w"), one.clone()),
        (compute.out("stall_a"), one.clone()),
        (x.out("beat"), one.clone()),
        (w.out("beat"), one.clone()),
        (x.out("read"), x.out("read_bytes")),
        (w.out("read"), w.out("read_bytes")),
        (drain.out("read"), drain.out("read_bytes")),
        (drain.out("write"), drain.out("write_bytes")),
        (drain.out("beat"), one.clone()),
        (one, register_files.clone()),
    ];
    let mine = CHUNK_COUNTERS.iter().filter(|counter| counter.queue == Queue::Execute);
    debug_assert_eq!(mine.clone().count(), amounts.len());
    let values = mine.zip(&amounts).map(|(row, (strobe, amount))| counter(b, row.name, strobe, amount));
    b.output(
        "counters",
        &Signal::join(&values.collect::<Vec<_>>()),
        "its counters, the first in the lowest bits",
    );
}

/// Whether a fill, a step or a drain is under way.
fn activity(fills: &[&InstanceHandle], compute: &InstanceHandle, drain: &InstanceHandle) -> Signal {
    let beats = fills.iter().map(|fill| fill.out("beat")).reduce(|a, c| &a | &c);
    let moving = &compute.out("step") | &(&drain.out("read") | &drain.out("beat"));
    beats.map_or(moving.clone(), |beats| &beats | &moving)
}
