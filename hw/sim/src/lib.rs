//! Runs modules of the hardware language, cycle by cycle.
//!
//! [`Interpreter`] is the definition: slow, obvious, two-state. [`Native`] is the fast one: machine code, for what
//! changes alone. Whatever else runs a module (a foreign simulator elsewhere) implements the same [`Simulator`] and
//! is compared with the first; [`lockstep`] is how.
//!
//! ```
//! use sim::{Interpreter, Simulator};
//! let b = hdl::Builder::new("twice", "Doubles.");
//! let x = b.input("x", 8, "a number");
//! b.output("y", &b.delay("y", &(&x + &x)), "twice the number, a cycle later");
//! let mut twice = Interpreter::new(&b.finish().expect("a correct description"));
//! twice.poke("x", 21).expect("a port");
//! twice.step();
//! assert_eq!(twice.peek("y").expect("a port"), 42);
//! ```

mod flat;
mod interpreter;
pub mod lockstep;
mod native;
mod simulator;

pub use interpreter::Interpreter;
pub use native::Native;
pub use simulator::{check, Error, InputId, OutputId, Simulator};
