//! (under construction)

pub mod emulator;
pub mod rtl;
