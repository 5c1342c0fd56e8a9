//! What the tests that cross crates share: the fuzz campaign, an emulator of the instruction set, and access to
//! configurations and built models. Nothing imports this crate.

pub mod emulator;
pub mod fuzz;
pub mod rtl;
