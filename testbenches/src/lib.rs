//! What the tests that cross crates share: the fuzz campaigns, networks of one layer, an emulator of the instruction set that knows nothing
//! of the generator, the NumPy oracle, access to configurations, built models and the networks of `sw/zoo`. Nothing imports this crate.

pub mod alone;
pub mod emulator;
pub mod fuzz;
pub mod netlists;
pub mod oracle;
pub mod rtl;
pub mod zoo;
