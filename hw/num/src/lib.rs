//! The only integer arithmetic of the project.
//!
//! A formula of the accelerator (an op's term, the requantise step) is written once over [`Num`] and then
//! means three things: on `i64` it is the fast reference, on [`Int`] it is the same with every width checked,
//! and on the hardware language's signals it is the datapath itself. [`Bits`] is the other half: plain
//! two's-complement vectors of any width, which is what a wire carries.
//!
//! This crate knows nothing of hardware descriptions, neural networks or files.

mod bits;
mod int;
mod num;
pub mod requant;

pub use bits::Bits;
pub use int::Int;
pub use num::{bits_for_signed, bits_for_unsigned, Num};
