//! Drain control: reads parameters, then takes every tile of partial sums to the buffer, as results or as sums.
//!
//! A beat is one vector of results, or of what still has to be added up to results. The strobes and addresses of
//! its later stages are made here, delayed to the cycle in which the reduction and the requantiser need them; so this
//! file is the pipeline's one timetable:
//!
//! ```text
//! 0 nest   1 partial-sum address   2 PE results   2+R sums over rows, stored sums
//! 3+R sums over beats, to the buffer if they stay sums; parameters, residual   7+R results to the buffer
//! ```
//! where R is the depth of the reduction.
//!
//! Stored sums are read for the first beat of a result, the residual for the last, a cycle later in the table and through
//! the same port: where both are read, a beat that ends a result is followed by a pause. Sums overtake results on
//! their way to the buffer, and a tile may read what the one before wrote: so a tile that reads or writes sums begins
//! `SETTLE` cycles after the last beat. Inside a tile every sum is met once.

use crate::wiring::{
    address_bits, any_of, credits, delayed, delayed_strobe, remaining, unsigned_min, TableWrite,
};
use hdl::{Builder, Errors, Module, Signal};
use num::requant::STAGES;
use spec::accelerator::Chunk;
use spec::isa::table::{BUFFER_BITS, COORDINATE_BITS, FLAG_TILE, LANE_BITS, PARAMETER_BYTES, SUM_BYTES};
use spec::timing::{drain_latency, reduction, BUFFER_READ, SETTLE};
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
    "s_base",
    "s_read",
    "s_write",
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
    let goes_on = (&register("s_read") | &!&walk.out("first_pass")).named("goes_on");
    let stays_sums = (&register("s_write") | &!&walk.out("last_pass")).named("stays_sums");
    let held = &settling(&b, &start, &step, &tile_end) & &(&goes_on | &stays_sums);
    let residual = register("residual");
    let reads_both = &(&goes_on & &!&stays_sums) & &residual;
    let pauses = b.delay_reset("pauses", &(&(&step & &walk.out("last")) & &reads_both), 0);
    let may_step = !&(&(&held | &pauses) | &parameters.busy);
    step_wire.drive(&(&(&walk.out("valid") & &waiting) & &may_step));
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
    let ends = &summing & &walk.out("last");
    let result = b.delay_reset("result", &(&ends & &!&stays_sums), 0);
    let stores = b.delay_reset("stores", &(&ends & &stays_sums), 0);
    let adds_stored = b.delay_reset("adds_stored", &(&(&summing & &walk.out("first")) & &goes_on), 0);
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
    b.output("first", &delayed(&b, "first", &walk.out("first"), 2 + depth), "the first beat of a sum");
    let row = delayed(&b, "row", &walk.out("at_param").trunc(address_bits(chunk.post_rows)), 2 + depth);
    b.output("row", &row, "parameter row");
    b.output("row_re", &delayed_strobe(&b, "row_re", &result, 1 + depth), "reads the parameter row");

    // Stored sums and the sums over rows meet at stage 2 + R, the residual and the sums over beats at stage 3 + R.
    let (stored_delay, residual_delay) = (1 + depth - BUFFER_READ, 2 + depth - BUFFER_READ);
    let asks_stored = delayed_strobe(&b, "stored_asks", &adds_stored, stored_delay);
    let asks = delayed_strobe(&b, "residual_asks", &(&result & &residual), residual_delay);
    let residual_address = b.delay("residual_address", &(&register("r_base") + &walk.out("at_r_addr")));
    let residual_address = delayed(&b, "residual_address_there", &residual_address, residual_delay);
    let to_sums = b.zero(SUM_BYTES.trailing_zeros());
    let position = walk.out("at_y_addr").trunc(BUFFER_BITS - to_sums.width()).cat(&to_sums);
    let sum_address = b.delay("sum_address", &(&register("s_base") + &position));
    let sum_address = delayed(&b, "stored_address_there", &sum_address, stored_delay);
    let stored_lanes = delayed(&b, "stored_lanes", &lanes, stored_delay);
    let residual_lanes = delayed(&b, "residual_lanes", &stored_lanes, residual_delay - stored_delay);
    let in_sums = |lanes: &Signal| lanes.trunc(LANE_BITS - to_sums.width()).cat(&to_sums);
    b.output("read", &(&(&asks | &asks_stored) | &parameters.read), "asks the buffer for a line");
    let address = asks_stored.mux(&sum_address, &residual_address);
    b.output("read_address", &parameters.read.mux(&parameters.address, &address), "first byte");
    let plane_bytes = b.lit(LANE_BITS, i64::from(chunk.post_lanes));
    let bytes = asks_stored.mux(&in_sums(&stored_lanes), &residual_lanes);
    b.output("read_bytes", &parameters.read.mux(&plane_bytes, &bytes), "bytes");
    let arrived = |name: &str, asked: &Signal| delayed_strobe(&b, name, asked, BUFFER_READ);
    b.output("residual_there", &arrived("residual_there", &asks), "the line is the residual");
    b.output("stored_there", &arrived("stored_there", &asks_stored), "the line is stored sums");

    let writes_sums = delayed_strobe(&b, "writes_sums", &stores, 2 + depth);
    let sum_address = delayed(&b, "sum_write_address", &sum_address, 2 + depth - stored_delay);
    let sum_lanes = delayed(&b, "sum_lanes", &residual_lanes, 2 + depth - residual_delay);
    let last = 2 + depth + STAGES;
    let writes_results = delayed_strobe(&b, "writes_results", &result, last);
    b.output("write", &(&writes_results | &writes_sums), "writes results or sums");
    b.output("write_sums", &writes_sums, "they are sums");
    let address = b.delay("y_address", &(&register("y_base") + &walk.out("at_y_addr")));
    let address = delayed(&b, "y_address_there", &address, last);
    b.output("write_address", &writes_sums.mux(&sum_address, &address), "first byte");
    let result_lanes = delayed(&b, "result_lanes", &sum_lanes, STAGES);
    b.output("write_bytes", &writes_sums.mux(&in_sums(&sum_lanes), &result_lanes), "bytes");

    let finished = &step & &walk.out("crossed").all();
    b.output(
        "done",
        &delayed_strobe(&b, "done", &finished, drain_latency(chunk)),
        "the last result is in the buffer",
    );
    parameters.outputs(&b);
    b.finish()
}

/// Whether a tile is about to begin and the last beat of another is less than `SETTLE` cycles ago.
fn settling(b: &Builder, start: &Signal, step: &Signal, tile_end: &Signal) -> Signal {
    let begins = b.reg("tile_begins", 1);
    begins.reset(0).enable(&(start | step)).next(&(start | tile_end));
    let recent = (1..=SETTLE).scan(step.clone(), |stepped, i| {
        *stepped = b.delay_reset(&format!("stepped_{i}"), stepped, 0);
        Some(stepped.clone())
    });
    &begins.q() & &any_of(b, 1, recent)
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
