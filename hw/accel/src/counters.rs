//! Counters for what the event model predicts, one set a chunk, in the order of `spec::counters`.

use crate::wiring::one_hot;
use hdl::{Builder, Signal};
pub use spec::counters::CHUNK_COUNTERS;

/// Bits of a counter; it wraps.
pub const COUNTER_BITS: u32 = 32;

/// A counter that gains `amount` in every cycle in which `strobe` holds.
pub fn counter(b: &Builder, name: &str, strobe: &Signal, amount: &Signal) -> Signal {
    let count = b.reg(&format!("count_{name}"), COUNTER_BITS);
    count.reset(0).enable(strobe).next(&(&count.q() + &amount.zext(COUNTER_BITS)));
    count.q()
}

/// The counter chosen by `index` out of a vector of counters.
pub fn selected(b: &Builder, vector: &Signal, index: &Signal, first: u32) -> Signal {
    let count = vector.width() / COUNTER_BITS;
    let options = (0..count)
        .map(|i| (index.eq_lit(i64::from(first + i)), vector.slice(COUNTER_BITS * i, COUNTER_BITS)));
    one_hot(b, COUNTER_BITS, options)
}
