//! A register stage for a `valid`/`ready` stream that cuts every combinational path, `ready` included, at full
//! throughput.
//!
//! It holds up to two words: one at the output, and one that arrived in the cycle in which the output stopped
//! ("skidded"). A word takes one cycle through it. It is no queue: see [`crate::cells::fifo()`].

use std::sync::Arc;

use crate::{Builder, Errors, Module};

/// A skid buffer of `width` bits.
///
/// Inputs `in_valid`, `in_data`, `out_ready`; outputs `in_ready`, `out_valid`, `out_data`, all from registers.
#[track_caller]
pub fn skid(name: &str, width: u32) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(name, &format!("A register stage of {width} bits with registered valid and ready."));
    let in_valid = b.input("in_valid", 1, "a word is offered");
    let in_data = b.input("in_data", width, "the word offered");
    let out_ready = b.input("out_ready", 1, "the word shown is taken");

    let (front_full, front) = (b.reg("front_full", 1), b.reg("front", width));
    let (spare_full, spare) = (b.reg("spare_full", 1), b.reg("spare", width));
    let in_ready = !spare_full.q();
    let push = (&in_valid & &in_ready).named("push");
    let moves = (&out_ready | !front_full.q()).named("moves");

    // The front takes the spare word first: words leave in the order in which they came.
    front_full.reset(0).enable(&moves).next(&(spare_full.q() | &push));
    front.enable(&moves).next(&spare_full.q().mux(&spare.q(), &in_data));
    spare_full.reset(0).next(&(!&moves & (spare_full.q() | &push)));
    spare.enable(&in_ready).next(&in_data);

    b.output("in_ready", &in_ready, "a word can be taken");
    b.output("out_valid", &front_full.q(), "a word is shown");
    b.output("out_data", &front.q(), "the oldest word");
    b.finish()
}
