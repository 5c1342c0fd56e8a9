//! Runs a module as Verilator's C++: the independent judge of our own simulators and of the printed Verilog.
//!
//! [`Verilated::build`] prints the module, translates and compiles it (seconds to a minute, see `compile`) and
//! keeps the result in a folder under a hash of the Verilog, so that the same module is never built twice. The
//! model is loaded as a shared object. Ports are plain memory to us: setting an input and reading an output
//! are a store and a load, and one call makes one clock cycle.

mod cache;
mod compile;
mod error;
mod model;
mod recording;
mod shim;

pub use compile::{check_tools, FAST, SLOW, VERILATOR};
pub use error::BuildError;
pub use model::Verilated;
pub use recording::Recorded;
