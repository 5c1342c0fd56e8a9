//! (under construction)

pub mod emulator;
