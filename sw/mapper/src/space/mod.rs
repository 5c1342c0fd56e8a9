//! The whole space of mappings, on a neutral architecture: any spatial unrolling of both axes of the array, any
//! order of temporal loops, and boundaries between register files, buffer and DRAM that each operand has for itself.
//! The hardware runs a part of this space ([`crate::mapping`]); here mappings are compared with those of other tools,
//! under one model.
//!
//! * [`layer`]: the eight dimensions, and which operand moves along which.
//! * [`architecture`]: memories, ports and unit energies, from an accelerator's description.
//! * [`mapping`]: a mapping as a plain value.
//! * [`text`]: mappings as a file.
//! * [`check`]: what makes a mapping legal.
//! * [`flow`]: words across a boundary between two memories.
//! * [`ports`]: how long ports hold the array up.
//! * [`cycles`]: how long a mapping takes.
//! * [`cost`]: accesses and energy of a mapping, and all of it at once.
//! * [`search`]: finds the best mapping and proves a bound.
//! * [`lower`]: a mapping of the whole space as one that the hardware runs.

pub mod architecture;
pub mod check;
pub mod cost;
pub mod cycles;
pub mod flow;
pub mod layer;
pub mod lower;
pub mod mapping;
pub mod ports;
pub mod search;
pub mod text;

pub use architecture::Architecture;
pub use cost::{evaluate, Cost};
pub use layer::{Dim, Layer, Operand};
pub use lower::lower;
pub use mapping::{Factor, Hold, Mapping};
