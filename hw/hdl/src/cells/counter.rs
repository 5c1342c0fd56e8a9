//! A counter from 0 to a constant limit and over again: loop indices, addresses, beats of a burst.
//!
//! `clear` wins over `step`. It does not count down and its limit is no input.

use std::sync::Arc;

use num::bits_for_unsigned;

use crate::{Builder, Errors, Module};

/// A counter of `limit` values, 0 to `limit - 1`; `limit` of 0 counts as 1.
///
/// Inputs `step`, `clear`; outputs `count` and `last` (the count is `limit - 1`).
#[track_caller]
pub fn counter(name: &str, limit: u64) -> Result<Arc<Module>, Errors> {
    let highest = limit.saturating_sub(1);
    let width = bits_for_unsigned(highest);
    let b = Builder::new(name, &format!("Counts from 0 to {highest} and over again."));
    let step = b.input("step", 1, "counts on");
    let clear = b.input("clear", 1, "back to 0");

    let count = b.reg("count", width);
    let last = count.q().uge_lit(highest);
    let next = (&last | &clear).mux(&b.zero(width), &(count.q() + 1));
    count.reset(0).enable(&(&step | &clear)).next(&next);

    b.output("count", &count.q(), "the count");
    b.output("last", &last, "the next step is back to 0");
    b.finish()
}
