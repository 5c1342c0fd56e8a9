//! Fill: brings inputs or weights from the global buffer to the register files, a beat a cycle.
//!
//! A beat serves consecutive rows from PE row `row` on, each with a byte of its own or all with the same one, and
//! each column decides by the beat's tag whether, and at which tap of its window, it takes it. Tiles go to the
//! slots of the register file in turn; a tile starts only when a slot is free, so fills run ahead of the
//! computation exactly as far as the register file allows.
//!
//! What it does not do: it never looks at data, and it never waits for the buffer (there is no arbitration).

use crate::compute::slot_base;
use crate::wiring::{address_bits, credits, delayed, delayed_strobe, remaining, TableWrite};
use hdl::{Builder, Errors, InstanceHandle, Module, Signal};
use spec::accelerator::{Accelerator, Chunk};
use spec::isa::table::{NestKind, COORDINATE_BITS, FLAG_TILE, LANE_BITS, RF_BITS, TAP_BITS};
use spec::timing::BUFFER_READ;
use std::sync::Arc;

/// The descriptor registers that the fill of `kind` reads.
pub fn registers(kind: NestKind) -> &'static [&'static str] {
    match kind {
        NestKind::Input => &[
            "x_base",
            "x_y",
            "x_x",
            "x_height",
            "x_width",
            "x_channels",
            "x_fy",
            "x_fx",
            "x_lanes",
            "x_spread",
            "x_halves",
            "x_stride",
            "x_window",
            "x_tag",
            "x_slide",
            "x_tile",
            "x_slots",
            "x_clear",
            "x_depth",
        ],
        _ => &["w_base", "w_lanes", "w_spread", "w_stride", "w_window", "w_tile", "w_slots", "w_depth"],
    }
}

/// The row buses of an operand, with a byte for every row: one for all columns, or one for each half of them.
pub fn data_ports(chunk: &Chunk, kind: NestKind) -> &'static [&'static str] {
    if kind == NestKind::Input && chunk.halves() == 2 {
        &["row_data", "row_data_right"]
    } else {
        &["row_data"]
    }
}

/// The fill engine of `kind` (inputs or weights) for `chunk`.
pub fn module(
    accelerator: &Accelerator,
    chunk: &Chunk,
    kind: NestKind,
    nest: &Arc<Module>,
) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        &format!("{}_fill_{}", chunk.name(), kind.name()),
        "Delivers beats from the global buffer to the register files. Never waits for the buffer.",
    );
    let start = b.input("start", 1, "starts the nest");
    let page = b.input("page", 1, "the live page of the nest table");
    let table = TableWrite::inputs(&b);
    let release = b.input("released", 1, "the computation gave a slot back");
    let line = b.input("line", 8 * accelerator.buffer.line_bytes, "bytes of the beat asked for earlier");
    let prefix = registers(kind)[0].split('_').next().unwrap_or_default();
    let register = |name: &str| {
        let name = format!("{prefix}_{name}");
        let width = spec::isa::table::EXECUTE.iter().find(|r| r.name == name).map_or(1, |r| r.width);
        b.input(&name, width, "descriptor register")
    };

    let walk = b.instance("nest", nest);
    table.connect(&walk);
    walk.connect("start", &start).connect("page", &page).connect("depth", &register("depth"));
    let slots = register("slots");
    let tile = register("tile");
    let step_wire = b.wire("step", 1);
    let step = step_wire.signal();
    let tile_end = (&step & &walk.out("crossed").bit(FLAG_TILE.trailing_zeros())).named("tile_end");
    let occupied = credits(&b, "occupied", LANE_BITS, &tile_end, &release);
    let free = &walk.out("valid") & &occupied.ult(&slots);
    let clear = (kind == NestKind::Input).then(|| Clear::new(&b, &start, &register("clear")));
    step_wire.drive(&clear.as_ref().map_or(free.clone(), |clear| &free & &!&clear.runs));
    walk.connect("step", &step);
    let slot_base = slot_base(&b, "fill", &start, &tile_end, &slots, &tile);

    // Stage 1: the request. What lies outside the image, the kernel or the channels is zeros and needs no read.
    let beat = b.delay_reset("beat", &step, 0);
    let address = b.delay("address", &(&register("base") + &walk.out("at_addr")));
    let (lanes, spread) = (register("lanes"), register("spread"));
    let line_bytes = accelerator.buffer.line_bytes;
    let halves = (kind == NestKind::Input).then(|| register("halves"));
    let halves = halves.filter(|_| data_ports(chunk, kind).len() == 2);
    let most = spread.mux(&b.lit(LANE_BITS, 1), &lanes);
    let wanted = match kind {
        NestKind::Input => wanted_inputs(&walk, &register, &most),
        _ => most,
    };
    let wanted = b.delay("wanted", &wanted);
    b.output("read", &(&beat & &wanted.any()), "asks the buffer for a line");
    b.output("read_address", &address, "first byte");
    b.output("read_bytes", &wanted, "bytes");
    b.output("beat", &beat, "a beat on the bus, for the counters");

    // Stage 1 + BUFFER_READ: the line is here; the buses are registered once more.
    let there =
        |name: &str, signal: &Signal| delayed(&b, name, &b.delay(&format!("{name}_0"), signal), BUFFER_READ);
    let arrived = delayed_strobe(&b, "arrived", &beat, BUFFER_READ);
    let bytes = match kind {
        NestKind::Input => cut(&b, &line, &delayed(&b, "wanted_there", &wanted, BUFFER_READ)),
        // Weights beyond the layer are zeros in memory.
        _ => line,
    };
    let rows = Rows { first: there("row", &walk.out("at_row")), lanes, spread, halves: halves.clone() };
    row_buses(&b, line_bytes, chunk, &arrived, &bytes, &rows, clear.as_ref());

    let (slide, first, depth) = match kind {
        NestKind::Input => (register("slide"), register("tag"), chunk.input_rf),
        _ => (b.zero(1), b.zero(1), chunk.weight_rf),
    };
    let columns = Columns {
        stride: register("stride"),
        window: register("window"),
        slide,
        halves,
        first,
        tag: there("tag", &walk.out("at_tag")),
        entry: there("entry", &(&slot_base + &walk.out("at_rf"))),
    };
    column_takes(&b, chunk, depth, &arrived, &columns, clear.as_ref());

    let tile_there = delayed_strobe(&b, "tile_there", &tile_end, BUFFER_READ + 2);
    b.output("filled", &tile_there, "the last beat of a tile is in the register files");
    b.finish()
}

/// How many bytes of the beat lie in the image, in the kernel and among the channels.
fn wanted_inputs(walk: &InstanceHandle, register: &impl Fn(&str) -> Signal, most: &Signal) -> Signal {
    let y = (&register("y") + &walk.out("at_y")).named("y");
    let x = (&register("x") + &walk.out("at_x")).named("x");
    // A negative coordinate is a huge unsigned one, so one comparison serves both edges.
    let in_image = &y.ult(&register("height")) & &x.ult(&register("width"));
    let tap = |low: u32| walk.out("at_tap").slice(low, TAP_BITS);
    let in_kernel = &tap(TAP_BITS).ult(&register("fy")) & &tap(0).ult(&register("fx"));
    remaining(&register("channels"), &walk.out("at_c"), most).gate(&(&in_image & &in_kernel))
}

/// The first `wanted` bytes of a line; zeros behind them.
fn cut(b: &Builder, line: &Signal, wanted: &Signal) -> Signal {
    let byte = |i: u32| line.slice(8 * i, 8).gate(&b.lit(LANE_BITS, i64::from(i)).ult(wanted));
    Signal::join(&(0..line.width() / 8).map(byte).collect::<Vec<_>>())
}

/// Zeros for all PEs, an entry a cycle, before the first beat: the entries of padding that no beat brings.
///
/// Nests do not step meanwhile; what was read for the launch before is in the register files by then.
struct Clear {
    runs: Signal,
    entry: Signal,
}

impl Clear {
    fn new(b: &Builder, start: &Signal, entries: &Signal) -> Clear {
        let left = b.reg("clear_left", RF_BITS);
        let runs = left.q().any().named("clears");
        let entry = &left.q() - 1;
        left.reset(0).enable(&(start | &runs)).next(&start.mux(entries, &entry));
        Clear { runs, entry }
    }
}

/// Which rows take a beat, and what.
struct Rows {
    first: Signal,
    lanes: Signal,
    spread: Signal,
    /// Whether the right half of the columns takes bytes of its own, where the chunk can.
    halves: Option<Signal>,
}

/// Registers that put the bytes of a beat on the row buses.
fn row_buses(
    b: &Builder,
    line_bytes: u32,
    chunk: &Chunk,
    arrived: &Signal,
    bytes: &Signal,
    rows: &Rows,
    clear: Option<&Clear>,
) {
    let first_bits = address_bits(chunk.rows);
    let kept = bytes.trunc(8 * chunk.rows.min(line_bytes)).zext(8 * chunk.rows);
    let moved = kept.shift_left(&rows.first.trunc(first_bits).cat(&b.zero(3)));
    let same = Signal::join(&vec![bytes.trunc(8); chunk.rows as usize]);
    let placed = rows.spread.mux(&same, &moved);
    let placed = clear.map_or(placed.clone(), |clear| placed.gate(&!&clear.runs));
    b.output("row_data", &b.delay("row_data_q", &placed), "a byte for every PE row");
    if let Some(halves) = &rows.halves {
        let behind = bytes.slice(8 * chunk.rows, 8 * chunk.rows);
        let behind = clear.map_or(behind.clone(), |clear| behind.gate(&!&clear.runs));
        let right = b.delay("row_data_right_q", &halves.mux(&behind, &placed));
        b.output("row_data_right", &right, "the same for the right half of the columns");
    }
    let takes = (0..chunk.rows).map(|row| {
        let lane = &b.lit(LANE_BITS, i64::from(row)) - &rows.first;
        or_clears(&(&lane.ult(&rows.lanes) & arrived), clear)
    });
    let takes = Signal::join(&takes.collect::<Vec<_>>());
    b.output("row_takes", &b.delay_reset("row_takes_q", &takes, 0), "rows that take their byte");
}

/// A strobe that fires while entries are cleared, too.
fn or_clears(takes: &Signal, clear: Option<&Clear>) -> Signal {
    clear.map_or(takes.clone(), |clear| takes | &clear.runs)
}

/// Which columns take a beat, and at which entry.
struct Columns {
    stride: Signal,
    window: Signal,
    slide: Signal,
    /// Whether the right half counts columns anew, where the chunk can.
    halves: Option<Signal>,
    first: Signal,
    tag: Signal,
    entry: Signal,
}

/// Registers that tell every column whether it takes the beat, and where it goes in its register files.
fn column_takes(
    b: &Builder,
    chunk: &Chunk,
    depth: u32,
    arrived: &Signal,
    columns: &Columns,
    clear: Option<&Clear>,
) {
    let Columns { stride, window, slide, halves, first, tag, entry } = columns;
    let wide = |signal: &Signal| signal.zext(COORDINATE_BITS);
    // These registers hold still long before the first beat, so what follows from them is registered on its own.
    let ahead = &(&wide(window) - 1).gate(&!slide) + &wide(first);
    let bits = address_bits(depth);
    let mut takes = Vec::new();
    let mut addresses = Vec::new();
    for column in 0..chunk.cols {
        let multiple = |column: u32| {
            let product = stride.zext(COORDINATE_BITS).mul_u(&b.lit(LANE_BITS, i64::from(column)));
            product.trunc(COORDINATE_BITS)
        };
        let multiple = match halves {
            Some(halves) if 2 * column >= chunk.cols => {
                halves.mux(&multiple(column - chunk.cols / 2), &multiple(column))
            }
            _ => multiple(column),
        };
        let position = &multiple - &ahead;
        let position = b.delay(&format!("column_{column}_tag"), &position);
        let tap = &wide(tag) - &position;
        takes.push(or_clears(&(&tap.ult(&wide(window)) & arrived), clear));
        let address = entry + &tap.trunc(RF_BITS).gate(slide);
        let address = clear.map_or(address.clone(), |clear| clear.runs.mux(&clear.entry, &address));
        addresses.push(address.trunc(bits));
    }
    b.output(
        "column_takes",
        &b.delay_reset("column_takes_q", &Signal::join(&takes), 0),
        "columns that take the beat",
    );
    b.output(
        "column_entry",
        &b.delay("column_entry_q", &Signal::join(&addresses)),
        "register-file entry, a column",
    );
}
