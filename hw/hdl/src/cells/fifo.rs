//! A queue with one clock.
//!
//! First word falls through: what was written into an empty queue is at the output one cycle later, before it is
//! asked for. Any depth from 1, not only powers of two. It takes and gives a word in every cycle, except that
//! a full queue takes none in the cycle in which it gives one: `in_ready` depends on the level alone, so there is
//! no combinational path through it. The words lie in a memory that is read asynchronously, that is in LUT
//! RAM: for depths of thousands use [`crate::cells::ram()`].

use std::sync::Arc;

use num::bits_for_unsigned;

use crate::{Builder, Errors, Module, Signal};

/// A queue of `depth` words of `width` bits.
///
/// Inputs `in_valid`, `in_data`, `out_ready`; outputs `in_ready`, `out_valid`, `out_data`, `level`.
#[track_caller]
pub fn fifo(name: &str, width: u32, depth: u32) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(name, &format!("A queue of {depth} words of {width} bits."));
    let in_valid = b.input("in_valid", 1, "a word is offered");
    let in_data = b.input("in_data", width, "the word offered");
    let out_ready = b.input("out_ready", 1, "the word shown is taken");

    let level = b.reg("level", bits_for_unsigned(u64::from(depth)));
    let in_ready = level.q().ult_lit(u64::from(depth));
    let out_valid = level.q().any();
    let push = (&in_valid & &in_ready).named("push");
    let pop = (&out_valid & &out_ready).named("pop");
    let moved = push.mux(&(level.q() + 1), &(level.q() - 1));
    level.reset(0).enable(&(&push ^ &pop)).next(&moved);

    let words = b.memory("words", width, depth);
    let write_at = position(&b, "write_at", depth, &push);
    let read_at = position(&b, "read_at", depth, &pop);
    words.write(&write_at, &in_data, &push);

    b.output("in_ready", &in_ready, "a word can be taken");
    b.output("out_valid", &out_valid, "a word is shown");
    b.output("out_data", &words.read(&read_at), "the oldest word");
    b.output("level", &level.q(), "number of words held");
    b.finish()
}

/// A place in the ring of `depth` places, one further after every `step`.
fn position(b: &Builder, name: &str, depth: u32, step: &Signal) -> Signal {
    let last = u64::from(depth.saturating_sub(1));
    let place = b.reg(name, bits_for_unsigned(last));
    let next = place.q().uge_lit(last).mux(&b.zero(place.q().width()), &(place.q() + 1));
    place.reset(0).enable(step).next(&next);
    place.q()
}
