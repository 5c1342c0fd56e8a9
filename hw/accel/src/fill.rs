//! Fill: brings inputs or weights from the global buffer to the register files, a beat a cycle.
//!
//! A beat is up to a line of consecutive bytes; byte i goes to PE row `row + i`, and each column decides by
//! the beat's tag whether, and at which tap of its window, it takes it. Tiles go to the slots of the register
//! file in turn; a tile starts only when a slot is free, so fills run ahead of the computation exactly as
//! far as the register file allows.
//!
//! What it does not do: it never looks at data, and it never waits for the buffer (there is no arbitration).

use crate::compute::slot_base;
use crate::wiring::{address_bits, credits, delayed, delayed_strobe, remaining, TableWrite};
use hdl::{Builder, Errors, InstanceHandle, Module, Signal};
use spec::accelerator::{Accelerator, Chunk};
use spec::isa::table::{NestKind, COORDINATE_BITS, FLAG_TILE, LANE_BITS, RF_BITS};
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
            "x_lanes",
            "x_stride",
            "x_window",
            "x_tile",
            "x_slots",
            "x_depth",
        ],
        _ => &["w_base", "w_lanes", "w_stride", "w_tile", "w_slots", "w_depth"],
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
    step_wire.drive(&(&walk.out("valid") & &occupied.ult(&slots)));
    walk.connect("step", &step);
    let slot_base = slot_base(&b, "fill", &start, &tile_end, &slots, &tile);

    // Stage 1: the request. Padding needs no read; lanes beyond the last channel are not delivered.
    let beat = b.delay_reset("beat", &step, 0);
    let address = b.delay("address", &(&register("base") + &walk.out("at_addr")));
    let lanes_register = register("lanes");
    let (in_image, lanes) = match kind {
        NestKind::Input => input_limits(&walk, &register, &lanes_register),
        _ => (b.one(), lanes_register.clone()),
    };
    let in_image = b.delay("in_image", &in_image);
    let lanes = b.delay("lanes", &lanes);
    b.output("read", &(&(&beat & &in_image) & &lanes.any()), "asks the buffer for a line");
    b.output("read_address", &address, "first byte");
    b.output("read_bytes", &lanes, "bytes");
    b.output("beat", &beat, "a beat on the bus, for the counters");

    // Stage 1 + BUFFER_READ: the line is here; the buses are registered once more.
    let there =
        |name: &str, signal: &Signal| delayed(&b, name, &b.delay(&format!("{name}_0"), signal), BUFFER_READ);
    let arrived = delayed_strobe(&b, "arrived", &beat, BUFFER_READ);
    let bytes = line.gate(&delayed(&b, "in_image_there", &in_image, BUFFER_READ));
    let first_row = there("row", &walk.out("at_row"));
    let lanes = delayed(&b, "lanes_there", &lanes, BUFFER_READ);
    row_buses(&b, accelerator, chunk, &arrived, &bytes, &first_row, &lanes);

    let entry = there("entry", &(&slot_base + &walk.out("at_rf")));
    let tag = there("tag", &walk.out("at_tag"));
    let window = if kind == NestKind::Input { register("window") } else { b.lit(LANE_BITS, 1) };
    let depth = if kind == NestKind::Input { chunk.input_rf } else { chunk.weight_rf };
    column_takes(&b, chunk, depth, &arrived, &register("stride"), &window, &tag, &entry);

    let tile_there = delayed_strobe(&b, "tile_there", &tile_end, BUFFER_READ + 2);
    b.output("filled", &tile_there, "the last beat of a tile is in the register files");
    b.finish()
}

/// Whether the beat is inside the image, and how many of its lanes are channels of it.
fn input_limits(
    walk: &InstanceHandle,
    register: &impl Fn(&str) -> Signal,
    lanes: &Signal,
) -> (Signal, Signal) {
    let y = (&register("y") + &walk.out("at_y")).named("y");
    let x = (&register("x") + &walk.out("at_x")).named("x");
    // A negative coordinate is a huge unsigned one, so one comparison serves both edges.
    let in_image = &y.ult(&register("height")) & &x.ult(&register("width"));
    (in_image, remaining(&register("channels"), &walk.out("at_c"), lanes))
}

/// Registers that put the line on the row buses.
fn row_buses(
    b: &Builder,
    accelerator: &Accelerator,
    chunk: &Chunk,
    arrived: &Signal,
    bytes: &Signal,
    first_row: &Signal,
    lanes: &Signal,
) {
    let bits = 8 * chunk.rows;
    let shifts = chunk.rows > accelerator.buffer.line_bytes;
    let placed =
        if shifts { bytes.zext(bits).shift_left(&first_row.cat(&b.zero(3))) } else { bytes.zext(bits) };
    b.output("row_data", &b.delay("row_data_q", &placed), "a byte for every PE row");
    let takes = (0..chunk.rows).map(|row| {
        let lane = if shifts {
            &b.lit(LANE_BITS, i64::from(row)) - first_row
        } else {
            b.lit(LANE_BITS, i64::from(row))
        };
        &lane.ult(lanes) & arrived
    });
    let takes = Signal::join(&takes.collect::<Vec<_>>());
    b.output("row_takes", &b.delay_reset("row_takes_q", &takes, 0), "rows that take their byte");
}

/// Registers that tell every column whether it takes the beat, and where it goes in its register files.
#[allow(clippy::too_many_arguments)] // The wires of one pipeline stage.
fn column_takes(
    b: &Builder,
    chunk: &Chunk,
    depth: u32,
    arrived: &Signal,
    stride: &Signal,
    window: &Signal,
    tag: &Signal,
    entry: &Signal,
) {
    let bits = address_bits(depth);
    let mut takes = Vec::new();
    let mut addresses = Vec::new();
    for column in 0..chunk.cols {
        // The stride holds still long before the first beat, so its multiples are registered on their own.
        let multiple =
            stride.zext(COORDINATE_BITS).mul_u(&b.lit(LANE_BITS, i64::from(column))).trunc(COORDINATE_BITS);
        let position = b.delay(&format!("column_{column}_tag"), &multiple);
        let tap = &tag.zext(COORDINATE_BITS) - &position;
        takes.push(&tap.ult(&window.zext(COORDINATE_BITS)) & arrived);
        addresses.push((entry + &tap.trunc(RF_BITS)).trunc(bits));
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
