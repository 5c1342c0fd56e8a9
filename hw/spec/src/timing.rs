//! Latencies that both the generator and the event model need: one home for each, so that a pipeline stage
//! more in the hardware is a stage more in the prediction.

use crate::accelerator::Chunk;

/// Cycles from a buffer request on a port to its line: the memory's register and the alignment's.
pub const BUFFER_READ: u32 = 2;

/// Cycles from the launch of an `EXEC` to the first cycle in which its nests may step: descriptors, then one
/// cycle a level to load the bounds.
pub const fn nest_start(nest_depth: u32) -> u32 {
    2 + nest_depth
}

/// Cycles from the launch of an `EXEC` to the first cycle in which its input nest may step. It clears `entries`, one a cycle,
/// while bounds are loaded, so only those beyond the levels of a nest take time.
pub const fn input_start(nest_depth: u32, entries: u32) -> u32 {
    nest_start(nest_depth) + entries.saturating_sub(nest_depth)
}

/// Cycles from the step of a tile's last beat to the first compute step that may use the tile.
pub const FILL_LATENCY: u32 = BUFFER_READ + 3;

/// Cycles from the last compute step of a tile to the first drain step that may read it.
pub const COMPUTE_LATENCY: u32 = 4;

/// Cycles from the compute step that releases a tile to the first beat that may fill its slot again.
pub const RELEASE_LATENCY: u32 = 2;

/// Cycles from the last drain step of a tile to the first compute step that may use its partial sums again.
pub const DRAINED_LATENCY: u32 = 2;

/// Cycles from the launch of an `EXEC` to the first drain step that may follow `rows` rows of parameters.
pub const fn parameters_ready(rows: u32) -> u32 {
    if rows == 0 {
        2
    } else {
        3 + BUFFER_READ + crate::isa::table::PARAMETER_BYTES as u32 * rows
    }
}

/// Cycles between a drain step and the first one of a later tile that reads or writes stored sums. It is as long as the
/// requantiser, which stored sums go past: so none is written together with an earlier result, and all that the tile
/// before has stored are in the buffer when they are read.
pub const SETTLE: u32 = num::requant::STAGES;

/// Registers of the reduction over the rows.
pub fn reduction(chunk: &Chunk) -> u32 {
    chunk.rows.next_power_of_two().trailing_zeros().max(1)
}

/// Cycles from a drain step to the cycle in which its results are in the buffer.
pub fn drain_latency(chunk: &Chunk) -> u32 {
    4 + reduction(chunk) + num::requant::STAGES
}
