//! The mapper: how a layer becomes the work of a chunk.
//!
//! * [`work`]: a layer, or a part of it, as seven loop dimensions.
//! * [`unroll`]: which dimensions lie along the rows and columns of an array, and how it is served.
//! * [`dataflow`]: the unrollings that the search tries.
//! * [`mapping`]: a mapping as a plain value, and what follows from it.
//! * [`parts`]: what its `EXEC`s compute, in the order of its outer loops.
//! * [`layout`]: what the buffer holds of inputs and outputs, and how it lies there.
//! * [`tiling`]: which part of a layer one `EXEC` computes.
//! * [`cut`]: how the search cuts a layer.
//! * [`search`]: finds the mapping with the fewest predicted cycles, or says what is short.
//! * [`orders`]: the orders of loops that it tries.
//! * [`check`]: what makes a mapping legal.
//! * [`cost`]: the closed form that the search ranks by.
//! * [`nests`]: the four loop nests and the registers of a mapping.
//! * [`exec`]: cycles of an `EXEC` from its nests, tile by tile.
//! * [`counts`]: what an `EXEC` or a transfer makes the hardware's counters gain.
//! * [`class`]: which operand a mapping keeps, by its accesses.
//! * [`energy`]: what the counted accesses cost, and what the search looks for.
//! * [`text`]: mappings as a file.
//! * [`space`]: the whole space of mappings, to compare with other tools; hardware runs a part of it.
//! * [`events`]: begin and end of every instruction of a whole run.
//! * [`explain`]: where a layer's cycles go, which PEs idle, and how often what is fetched is used.
//! * [`stationary`]: fixed dataflows, beside a search that is free to choose.
//! * [`areas`]: areas of PEs, as they were measured.
//! * [`grids`]: arrays for a network under an area.
//! * [`pipeline`]: the mappings that serve all chunks together best.
//! * [`nasa`]: the paper's own simulator, a model apart.
//!
//! Addresses, tokens and the order of instructions are not known here: they are the compiler's.

pub mod areas;
pub mod check;
pub mod class;
pub mod cost;
pub mod counts;
pub mod cut;
pub mod dataflow;
pub mod energy;
pub mod events;
pub mod exec;
pub mod explain;
pub mod grids;
pub mod layout;
pub mod mapping;
pub mod nasa;
pub mod nests;
pub mod orders;
pub mod parts;
pub mod pipeline;
pub mod registers;
pub mod search;
pub mod space;
pub mod stationary;
pub mod text;
pub mod tiling;
pub mod unroll;
pub mod work;

pub use counts::Counts;
pub use dataflow::Dataflow;
pub use mapping::Mapping;
pub use registers::Registers;
pub use work::{Dim, Work};
