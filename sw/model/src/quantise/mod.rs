//! From real numbers to the integers of a layer: weights as they are stored, and the factors of the requantise
//! step. Training and the importer of other programs' networks both round by these rules, and only by these.

mod factors;
mod weights;

pub use factors::Factors;
pub use weights::{exponents, linear, powers_of_two, uniform, Stored};
