//! Compute control: the nest whose every step is one term in every PE.
//!
//! It steps whenever an input tile and a weight tile are filled and a slot of partial sums is free; nothing
//! else can hold it, so its cycles follow from the tiles alone.

use crate::wiring::{credits, delayed_strobe, TableWrite};
use hdl::{Builder, Errors, Module, Signal};
use spec::accelerator::Chunk;
use spec::isa::table::{FLAG_A_NEXT, FLAG_W_NEXT, FLAG_X_NEXT, FLAG_X_ROLL, LANE_BITS, RF_BITS};
use spec::timing::COMPUTE_LATENCY;
use std::sync::Arc;

/// The descriptor registers that it reads.
pub const REGISTERS: &[&str] =
    &["c_depth", "x_tile", "x_slots", "x_more", "x_ring", "w_tile", "w_slots", "a_tile", "a_slots"];

/// Counter strobes that it gives: name and meaning.
pub const STROBES: &[(&str, &str)] = &[
    ("step", "a compute step"),
    ("stall_x", "no input tile was there"),
    ("stall_w", "an input tile was there, but no weight tile"),
    ("stall_a", "operands were there, but all partial sums were still being drained"),
];

/// The compute control of `chunk`.
pub fn module(chunk: &Chunk, nest: &Arc<Module>) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        &format!("{}_compute", chunk.name()),
        "Steps the PEs through the compute nest as tiles become available.",
    );
    let start = b.input("start", 1, "starts the nest");
    let page = b.input("page", 1, "the live page of the nest table");
    let table = TableWrite::inputs(&b);
    let x_filled = b.input("x_filled", 1, "an input tile is there");
    let w_filled = b.input("w_filled", 1, "a weight tile is there");
    let a_drained = b.input("a_drained", 1, "a slot of partial sums is free again");
    let register = |name: &str| {
        let width = spec::isa::table::EXECUTE.iter().find(|r| r.name == name).map_or(1, |r| r.width);
        b.input(name, width, "descriptor register")
    };

    let walk = b.instance("nest", nest);
    table.connect(&walk);
    walk.connect("start", &start).connect("page", &page).connect("depth", &register("c_depth"));
    let step_wire = b.wire("stepping", 1);
    let step = step_wire.signal();
    let crosses = |flag: u32| &step & &walk.out("crossed").bit(flag.trailing_zeros());
    let (x_next, w_next, a_next) = (
        crosses(FLAG_X_NEXT).named("x_next"),
        crosses(FLAG_W_NEXT).named("w_next"),
        crosses(FLAG_A_NEXT).named("a_next"),
    );

    // Where a step reads several tiles of inputs they are released one a cycle, and no step is taken meanwhile.
    let x_more = register("x_more");
    let leaving = b.reg("x_leaving", LANE_BITS);
    let leaves = leaving.q().any();
    leaving.reset(0).enable(&(&x_next | &leaves)).next(&x_next.mux(&x_more, &(&leaving.q() - 1)));
    let x_release = (&(&x_next | &crosses(FLAG_X_ROLL)) | &leaves).named("x_releases");
    let x_tiles = credits(&b, "x_tiles", LANE_BITS, &x_filled, &x_release);
    let x_there = &x_more.ult(&x_tiles) & &!&leaves;
    let w_there = credits(&b, "w_tiles", LANE_BITS, &w_filled, &w_next).any();
    let a_slots = register("a_slots");
    let a_free = credits(&b, "a_tiles", LANE_BITS, &a_next, &a_drained).ult(&a_slots);
    let valid = walk.out("valid");
    step_wire.drive(&(&(&valid & &x_there) & &(&w_there & &a_free)));
    walk.connect("step", &step);
    b.output("step", &b.delay_reset("step_q", &step, 0), STROBES[0].1);
    b.output("stall_x", &(&valid & &!&x_there), STROBES[1].1);
    b.output("stall_w", &(&(&valid & &x_there) & &!&w_there), STROBES[2].1);
    b.output("stall_a", &(&(&valid & &x_there) & &(&w_there & &!&a_free)), STROBES[3].1);

    b.output("x_release", &b.delay_reset("x_release_q", &x_release, 0), "gives an input slot back");
    b.output("w_release", &b.delay_reset("w_release_q", &w_next, 0), "gives a weight slot back");
    let summed = delayed_strobe(&b, "summed", &a_next, COMPUTE_LATENCY - 1);
    b.output("summed", &summed, "a tile of partial sums is complete");

    let entry = |name: &str, slots: &Signal, moves: &Signal, offset: &str| {
        let base = slot_base(&b, name, &start, moves, slots, &register(&format!("{name}_tile")));
        &base + &walk.out(offset)
    };
    let x = entry("x", &register("x_slots"), &x_release, "at_x");
    let ring = register("x_ring");
    let x = x.ult(&ring).mux(&x, &(&x - &ring));
    let w = entry("w", &register("w_slots"), &w_next, "at_w");
    let a = entry("a", &a_slots, &a_next, "at_acc");
    for (name, entry) in [("x", x), ("w", w), ("a", a)] {
        b.output(
            &format!("{name}_entry"),
            &b.delay(&format!("{name}_entry_q"), &entry),
            "register-file entry",
        );
    }
    b.output("first", &b.delay("first_q", &walk.out("first")), "the partial sum starts from 0");

    b.finish()
}

/// Where the current tile's slot starts: slots are used in turn, as the producer does.
pub fn slot_base(
    b: &Builder,
    name: &str,
    start: &Signal,
    moves: &Signal,
    slots: &Signal,
    tile: &Signal,
) -> Signal {
    let slot = b.reg(&format!("{name}_slot"), LANE_BITS);
    let base = b.reg(&format!("{name}_slot_base"), RF_BITS);
    let next = &slot.q() + 1;
    let restarts = start | &next.eq(slots);
    let enable = start | moves;
    slot.enable(&enable).next(&next.gate(&!&restarts));
    base.enable(&enable).next(&(&base.q() + tile).gate(&!&restarts));
    base.q()
}
