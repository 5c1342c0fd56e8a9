//! Runs modules of the hardware language, cycle by cycle.
//!
//! [`Sim`] is what a test bench starts. Behind it is one of three engines: [`Interpreter`] is the definition, slow,
//! obvious, two-state; [`Native`] is the fast one, which evaluates what changes alone, equal instances side by side,
//! as machine code or, where there is none, through arrays. Whatever else runs a module (a foreign simulator
//! elsewhere) implements the same [`Simulator`], is driven by the same [`Drive`] and is compared with the first, as in
//! [`lockstep`].
//!
//! ```
//! use sim::{Drive, Sim, Simulator};
//! let b = hdl::Builder::new("twice", "Doubles.");
//! let x = b.input("x", 8, "a number");
//! b.output("y", &b.delay("y", &(&x + &x)), "twice the number, a cycle later");
//! let mut twice = Sim::new(&b.finish()?)?;
//! twice.poke("x", 21)?;
//! twice.step(1);
//! assert_eq!(twice.peek::<u8>("y")?, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod drive;
mod flat;
mod interpreter;
pub mod lockstep;
mod native;
mod sim;
mod simulator;
mod value;
mod watch;

pub use drive::Drive;
pub use interpreter::Interpreter;
pub use native::{dump_after, Native, Pass};
pub use sim::{Engine, Sim};
pub use simulator::{check, Error, InputId, Inside, OutputId, Simulator};
pub use value::Value;
pub use watch::{Watch, Watched};
