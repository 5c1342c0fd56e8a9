//! The hardware language: synchronous circuits described by Rust functions, at run-time widths.
//!
//! A [`Builder`] collects one module; [`Builder::finish`] checks it and gives an immutable [`Module`], which
//! keeps the hierarchy (instances are never flattened), registers and memories as objects, and everything
//! else as a directed acyclic graph of explicitly sized operations. [`verilog::print`] writes it as
//! Verilog-2001; the crate `sim` runs it.
//!
//! ```
//! use hdl::Builder;
//! let b = Builder::new("counter", "Counts the cycles in which `tick` is high.");
//! let tick = b.input("tick", 1, "counts while high");
//! let count = b.reg("count", 8);
//! count.reset(0).enable(&tick).next(&(count.q() + 1));
//! b.output("count", &count.q(), "cycles counted, modulo 256");
//! let module = b.finish().expect("a correct description");
//! assert!(hdl::verilog::print(&module)[0].text.contains("count <= count + 8'd1"));
//! ```
//!
//! Verilog that was written elsewhere takes part as a module of its own kind, see [`ForeignBuilder`].
//!
//! There is one clock, `aclk`, and one synchronous active-high reset, `rst`; both are implicit. The crate knows
//! no neural networks, runs no tools and opens no files.

mod assemble;
mod attribute;
mod builder;
pub mod cells;
mod check;
mod choose;
mod compare;
mod error;
mod finish;
mod fold;
mod foreign;
mod graph;
mod instance;
mod listing;
mod meaning;
mod module;
mod naming;
mod narrow;
mod number;
mod op;
mod operators;
pub mod random;
mod rewire;
pub mod shrink;
mod signal;
mod state;
pub mod verilog;

pub use attribute::Attribute;
pub use builder::Builder;
pub use check::nearest;
pub use error::{Error, Errors};
pub use foreign::{Foreign, ForeignBuilder};
pub use instance::InstanceHandle;
pub use listing::listing;
pub use meaning::meaning;
pub use module::{Instance, Memory, Module, Output, Port, ReadPort, Register, WritePort};
pub use op::{Binary, Node, NodeId, Op, Reduction};
pub use signal::Signal;
pub use state::{MemoryHandle, Reg, Wire};
