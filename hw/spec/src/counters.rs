//! What a chunk counts while it runs: hardware has a counter for each row, the register map and the trace show
//! them in this order, and the event model predicts every one.

use crate::isa::table::Queue;

/// One counter of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// As register map and reports name it.
    pub name: &'static str,
    /// The queue whose launches make it count.
    pub queue: Queue,
    /// What it counts.
    pub meaning: &'static str,
}

const fn load(name: &'static str, meaning: &'static str) -> Counter {
    Counter { name, queue: Queue::Load, meaning }
}

const fn execute(name: &'static str, meaning: &'static str) -> Counter {
    Counter { name, queue: Queue::Execute, meaning }
}

const fn store(name: &'static str, meaning: &'static str) -> Counter {
    Counter { name, queue: Queue::Store, meaning }
}

/// Every counter of a chunk. Those of the execute queue come first.
pub const CHUNK_COUNTERS: &[Counter] = &[
    execute("busy", "cycles from launch to the last result"),
    execute("steps", "compute steps"),
    execute("terms", "terms of the PEs that the mapping takes, with or without work"),
    execute("stall_x", "cycles that waited for an input tile"),
    execute("stall_w", "cycles that waited for a weight tile"),
    execute("stall_a", "cycles that waited for free partial sums"),
    execute("x_beats", "input beats on the NoC"),
    execute("w_beats", "weight beats on the NoC"),
    execute("x_bytes", "input bytes read from the buffer"),
    execute("w_bytes", "weight bytes read from the buffer"),
    execute("r_bytes", "residual and parameter bytes read from the buffer"),
    execute("y_bytes", "result bytes written to the buffer"),
    execute("y_beats", "result beats on the NoC"),
    execute(
        "rf",
        "register-file accesses: 4 a term, 1 a PE that takes a beat's byte, 1 a partial sum that leaves",
    ),
    load("ld_bytes", "bytes loaded from DRAM"),
    store("st_bytes", "bytes stored to DRAM"),
];

/// Where the counter `name` stands. Panics where there is none: that is our own mistake.
pub fn index_of(name: &str) -> usize {
    let index = CHUNK_COUNTERS.iter().position(|counter| counter.name == name);
    index.unwrap_or_else(|| panic!("no counter {name}"))
}
