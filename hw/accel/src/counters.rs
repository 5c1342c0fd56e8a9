//! Counters for what the cost model predicts, one set a chunk.

use crate::wiring::one_hot;
use hdl::{Builder, Signal};

/// Bits of a counter; it wraps.
pub const COUNTER_BITS: u32 = 32;

/// What a chunk counts, in the order of its counter port and of the register map.
pub const CHUNK_COUNTERS: &[(&str, &str)] = &[
    ("busy", "cycles from launch to the last result"),
    ("steps", "compute steps"),
    ("macs", "terms of PEs that were not masked"),
    ("stall_x", "cycles that waited for an input tile"),
    ("stall_w", "cycles that waited for a weight tile"),
    ("stall_a", "cycles that waited for free partial sums"),
    ("x_beats", "input beats on the NoC"),
    ("w_beats", "weight beats on the NoC"),
    ("x_bytes", "input bytes read from the buffer"),
    ("w_bytes", "weight bytes read from the buffer"),
    ("r_bytes", "residual and parameter bytes read from the buffer"),
    ("y_bytes", "result bytes written to the buffer"),
    ("y_beats", "result beats on the NoC"),
];

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
