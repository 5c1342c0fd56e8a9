//! Drain control: reads parameters, then takes every finished tile of partial sums to the buffer.
//!
//! A beat is one vector of results, or of what still has to be added up to results. The strobes and addresses of
//! its later stages are made here, delayed to the cycle in which the reduction and the requantiser need them; so this
//! file is the pipeline's one timetable:
//!
//! ```text
//! 0 nest   1 partial-sum address   2 PE results   2+R sums over rows   3+R sums over beats, parameters, residual
//! 7+R to the buffer
//! ```
//! where R is the depth of the reduction.

use crate::wiring::{address_bits, credits, delayed, delayed_strobe, remaining, unsigned_min, TableWrite};
use hdl::{Builder, Errors, Module, Signal};
use num::requant::STAGES;
use spec::accelerator::Chunk;
use spec::isa::table::{BUFFER_BITS, COORDINATE_BITS, FLAG_TILE, LANE_BITS, PARAMETER_BYTES};
use spec::timing::{drain_latency, reduction, BUFFER_READ};
use std::sync::Arc;

/// The descriptor registers that it reads.
pub const REGISTERS: &[&str] = &[
    "a_tile",
    "a_slots",
    "d_depth",
    "d_rows",
    "d_lanes",
    "d_channels",
    "d_groups",
    "d_width",
    "d_height",
    "y_base",
    "r_base",
    "residual",
    "p_base",
    "p_rows",
];

/// The drain control of `chunk`.
pub fn module(chunk: &Chunk, nest: &Arc<Module>) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        &format!("{}_drain", chunk.name()),
        "Reads parameters, then takes finished partial sums through the requantiser to the buffer.",
    );
    let start = b.input("start", 1, "starts the nest");
    let page = b.input("page", 1, "the live page of the nest table");
    let table = TableWrite::inputs(&b);
    let summed = b.input("summed", 1, "a tile of partial sums is complete");
    let register = |name: &str| {
        let width = spec::isa::table::EXECUTE.iter().find(|r| r.name == name).map_or(1, |r| r.width);
        b.input(name, width, "descriptor register")
    };
    let parameters = Parameters::new(&b, chunk, &start, &register("p_base"), &register("p_rows"));

    let walk = b.instance("nest", nest);
    table.connect(&walk);
    walk.connect("start", &start).connect("page", &page).connect("depth", &register("d_depth"));
    let step_wire = b.wire("step", 1);
    let step = step_wire.signal();
    let tile_end = (&step & &walk.out("crossed").bit(FLAG_TILE.trailing_zeros())).named("tile_end");
    let waiting = credits(&b, "waiting_tiles", LANE_BITS, &summed, &tile_end).any();
    step_wire.drive(&(&(&walk.out("valid") & &waiting) & &!&parameters.busy));
    walk.connect("step", &step);
    b.output("drained", &b.delay_reset("drained_q", &tile_end, 0), "a slot of partial sums is free again");
    let base =
        crate::compute::slot_base(&b, "a", &start, &tile_end, &register("a_slots"), &register("a_tile"));

    // Stage 1.
    let depth = reduction(chunk);
    b.output("drain_entry", &b.delay("entry", &(&base + &walk.out("at_acc"))), "partial sum to read");
    let lanes = remaining(
        &register("d_channels").zext(COORDINATE_BITS + 1),
        &walk.out("at_k"),
        &unsigned_min(&register("d_lanes"), &b.lit(LANE_BITS, i64::from(chunk.post_lanes))),
    );
    let limits = [("at_x", "d_width"), ("at_y", "d_height"), ("at_g", "d_groups")];
    let inside = limits.map(|(position, limit)| walk.out(position).ult(&register(limit)));
    let summing = &(&step & &Signal::join(&inside).all()) & &lanes.any();
    let result = b.delay_reset("result", &(&summing & &walk.out("last")), 0);
    b.output("beat", &b.delay_reset("beat_q", &summing, 0), "a beat leaves the PEs, for the counters");
    let lanes = b.delay("lanes", &lanes);
    b.output("beat_lanes", &lanes, "its lanes");

    // Later stages.
    let column = delayed(&b, "column", &walk.out("at_line"), 2);
    b.output("column", &column, "the column that is kept");
    let count = register("d_rows");
    let summed_rows = (0..chunk.rows).map(|row| {
        let behind = &b.lit(LANE_BITS, i64::from(row)) - &walk.out("at_line");
        behind.ult(&count)
    });
    let summed_rows = delayed(&b, "summed_rows", &Signal::join(&summed_rows.collect::<Vec<_>>()), 2);
    b.output("rows", &summed_rows, "the rows that are summed");
    let lane = delayed(&b, "lane", &walk.out("at_lane"), 2 + depth);
    b.output("lane", &lane, "the first lane");
    b.output("first", &delayed(&b, "first", &walk.out("first"), 2 + depth), "nothing comes before this beat");
    let row = delayed(&b, "row", &walk.out("at_param").trunc(address_bits(chunk.post_rows)), 2 + depth);
    b.output("row", &row, "parameter row");
    b.output("row_re", &delayed_strobe(&b, "row_re", &result, 1 + depth), "reads the parameter row");

    // The residual's line and the sums meet at stage 3 + R.
    let residual_delay = 2 + depth - BUFFER_READ;
    let residual = &result & &register("residual");
    let asks = delayed_strobe(&b, "residual_asks", &residual, residual_delay);
    let residual_address = b.delay("residual_address", &(&register("r_base") + &walk.out("at_r_addr")));
    let residual_address = delayed(&b, "residual_address_there", &residual_address, residual_delay);
    let residual_lanes = delayed(&b, "residual_lanes", &lanes, residual_delay);
    b.output("read", &(&asks | &parameters.read), "asks the buffer for a line");
    b.output("read_address", &parameters.read.mux(&parameters.address, &residual_address), "first byte");
    let plane_bytes = b.lit(LANE_BITS, i64::from(chunk.post_lanes));
    b.output("read_bytes", &parameters.read.mux(&plane_bytes, &residual_lanes), "bytes");
    b.output(
        "residual_there",
        &delayed_strobe(&b, "residual_there", &asks, BUFFER_READ),
        "the line is the residual",
    );

    let last = 2 + depth + STAGES;
    b.output("write", &delayed_strobe(&b, "write", &result, last), "writes the results");
    let address = b.delay("y_address", &(&register("y_base") + &walk.out("at_y_addr")));
    b.output("write_address", &delayed(&b, "write_address", &address, last), "first byte");
    b.output("write_bytes", &delayed(&b, "write_bytes", &lanes, last), "bytes");

    let finished = &step & &walk.out("crossed").all();
    b.output(
        "done",
        &delayed_strobe(&b, "done", &finished, drain_latency(chunk)),
        "the last result is in the buffer",
    );
    parameters.outputs(&b);
    b.finish()
}

/// The reader of parameters: plane after plane, row after row.
struct Parameters {
    busy: Signal,
    read: Signal,
    address: Signal,
    plane: Signal,
    row: Signal,
}

impl Parameters {
    fn new(b: &Builder, chunk: &Chunk, start: &Signal, base: &Signal, rows: &Signal) -> Parameters {
        let reading = b.reg("reading", 1);
        let plane = b.reg("plane", 4);
        let row = b.reg("plane_row", 16);
        let address = b.reg("plane_address", BUFFER_BITS);
        let last_plane = plane.q().eq_lit(PARAMETER_BYTES as i64 - 1);
        let last = &last_plane & &(&row.q() + 1).eq(rows);
        reading.reset(0).next(&start.mux(&rows.any(), &(&reading.q() & &!&last)));
        let moves = start | &reading.q();
        plane.enable(&moves).next(&(&plane.q() + 1).gate(&!&(start | &last_plane)));
        row.enable(&(start | &(&reading.q() & &last_plane))).next(&(&row.q() + 1).gate(&!start));
        let step = b.lit(BUFFER_BITS, i64::from(chunk.post_lanes));
        address.enable(&moves).next(&start.mux(base, &(&address.q() + &step)));
        // Drains wait until the last plane is in its memory.
        let arriving = delayed_strobe(b, "planes_arriving", &reading.q(), BUFFER_READ + 1);
        let busy = &reading.q() | &arriving;
        Parameters { busy, read: reading.q(), address: address.q(), plane: plane.q(), row: row.q() }
    }

    /// The write side, at the time of the line.
    fn outputs(&self, b: &Builder) {
        b.output(
            "plane_we",
            &delayed_strobe(b, "plane_we", &self.read, BUFFER_READ),
            "the line is a plane of parameters",
        );
        b.output("plane", &delayed(b, "plane_there", &self.plane, BUFFER_READ), "the plane");
        b.output("plane_row", &delayed(b, "plane_row_there", &self.row, BUFFER_READ), "its row");
    }
}
