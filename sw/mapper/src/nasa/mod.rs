//! The paper's own simulator: the cost model and auto-mapper that NASA was evaluated with, beside ours.
//!
//! It knows arrays by their number of PEs, four fixed dataflows, exact factorisations of the loops, and access
//! counts in closed form; bandwidth, fills and stalls do not occur in it. So its figures cannot be compared with
//! hardware. They can be compared with the paper's, which is what they are here for (docs/paper-model.md).
//!
//! * [`tiling`]: how the loops of a layer are divided among register files, array, buffer and DRAM.
//! * [`dataflow`]: the four dataflows, a row of data each.
//! * [`accesses`]: how often each operand is moved at each level.
//! * [`energy`]: what operations and accesses cost.
//! * [`enumeration`]: every tiling of a layer.
//! * [`search`]: the best one for whatever room the buffer has.
//! * [`space`]: the tilings of all layers, of a network or a table.
//! * [`schedule`]: the chunks take turns; the dataflows of all chunks together are chosen.
//! * [`allocate`]: how many PEs each chunk gets.
//! * [`layer`]: layers of networks and of tables as this model sees them.
//!
//! Dimensions have the names of the rest of the mapper; the paper's M C E F R S are K C OY OX FY FX.

pub mod accesses;
pub mod allocate;
pub mod dataflow;
pub mod energy;
pub mod enumeration;
pub mod layer;
pub mod schedule;
pub mod search;
pub mod space;
pub mod tiling;

pub use dataflow::{Dataflow, DATAFLOWS};
pub use layer::Layer;
pub use tiling::Tiling;

/// Words of the global buffer that the chunks share; tiles stay below it.
pub const BUFFER_WORDS: u64 = 131_070;

/// Words of a PE's input register file; tiles stay below it.
pub const INPUT_WORDS: u64 = 48;

/// Words of a PE's weight register file; tiles stay below it.
pub const WEIGHT_WORDS: u64 = 112;

/// Partial sums of a PE, which its tile may reach.
pub const PSUMS: u32 = 16;

/// The clock, MHz.
pub const CLOCK_MHZ: f64 = 250.0;
