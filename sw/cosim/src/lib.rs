//! Co-simulation: programs on the generated hardware, in a simulator, against a memory model.
//!
//! Any [`sim::Simulator`] of the top module serves ([`verilator`] is the independent judge); [`memory`] is DRAM
//! behind AXI4, and [`protocol`] sees what the master must not do; [`executor`] drives a run as a driver on a
//! real board would, with `bench`, `ports` and `trace` as its hands and eyes; [`compare`] holds what came out against the reference. How a program came about is not
//! known here.

mod bench;
pub mod compare;
pub mod dram;
pub mod executor;
pub mod memory;
mod ports;
pub mod protocol;
mod trace;
pub mod verilator;
pub mod waves;
