//! `Simulator`: how a running module is driven and watched, whatever runs it; and `Inside`: how the simulators of
//! this crate show registers and memories as well.
//!
//! A cycle is: set inputs, look at outputs (which follow the inputs at once), step over the clock edge. What a test
//! bench writes, ports by name and with Rust's own types, is [`Drive`](crate::Drive).

use std::fmt;
use std::sync::Arc;

use hdl::Module;
use num::Bits;

/// An input port of a running module, looked up once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputId(pub usize);

/// An output port of a running module, looked up once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputId(pub usize);

/// A wrong question to a simulator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// There is nothing of that name.
    Unknown {
        /// What was looked for: an input, an output, a register.
        kind: &'static str,
        /// The name that was given.
        name: String,
        /// Where it was looked for.
        module: String,
        /// Names that exist and are close, the closest first.
        nearest: Vec<String>,
    },
    /// Only a Verilog tool can run it, because a part of it is Verilog that was written elsewhere.
    Foreign {
        /// Where that part is: `top.core.divider`.
        path: String,
    },
    /// The value has more bits than the port, register or entry.
    TooLarge {
        /// The port.
        port: String,
        /// Its width.
        width: u32,
        /// The value.
        value: String,
    },
    /// The Rust type that was asked for cannot hold what is there.
    TooWide {
        /// The port, register or entry.
        port: String,
        /// What is there.
        value: String,
        /// The type.
        kind: &'static str,
    },
    /// The entries are not all in the memory.
    OutOfMemory {
        /// The memory.
        memory: String,
        /// How many entries it has.
        depth: u32,
        /// The entry after the last that was asked for.
        end: usize,
    },
    /// What a run waited for did not happen.
    NeverHappened {
        /// Cycles that it waited.
        cycles: u64,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unknown { kind, name, module, nearest } => {
                write!(f, "error[sim]: module {module} has no {kind} `{name}`")?;
                match nearest.is_empty() {
                    true => Ok(()),
                    false => write!(f, "\n  = help: nearest: {}", nearest.join(", ")),
                }
            }
            Error::Foreign { path } => {
                write!(f, "error[sim]: {path} is written elsewhere; only Verilator can run it")
            }
            Error::TooLarge { port, width, value } => {
                write!(f, "error[sim]: {value} does not fit in the {width} bits of `{port}`")?;
                write!(f, "\n  = help: cut it to {width} bits first, if that is what is meant")
            }
            Error::TooWide { port, value, kind } => {
                write!(f, "error[sim]: `{port}` is {value}, which is no {kind}")?;
                write!(f, "\n  = help: read it as a wider type, or as num::Bits")
            }
            Error::OutOfMemory { memory, depth, end } => {
                write!(f, "error[sim]: `{memory}` has {depth} entries, and entry {} was asked for", end - 1)?;
                write!(f, "\n  = help: its entries are 0 to {}", depth - 1)
            }
            Error::NeverHappened { cycles } => {
                write!(f, "error[sim]: what the run waited for did not happen within {cycles} cycles")?;
                write!(f, "\n  = help: allow more cycles, or record the run to see what it waits for")
            }
        }
    }
}

impl std::error::Error for Error {}

/// A running module. Everything in it starts at 0.
pub trait Simulator {
    /// What runs.
    fn module(&self) -> &Arc<Module>;

    /// Sets an input of at most 64 bits to the low bits of `value`.
    fn set(&mut self, input: InputId, value: u64);

    /// The low 64 bits of an output, given the inputs as they are now.
    fn get(&mut self, output: OutputId) -> u64;

    /// Sets an input; `value` has its width.
    fn set_bits(&mut self, input: InputId, value: &Bits);

    /// An output, given the inputs as they are now.
    fn get_bits(&mut self, output: OutputId) -> Bits;

    /// Clock edges, with the inputs held.
    fn step(&mut self, cycles: u64);

    /// Says that the next clock edge ends this cycle of a run. Who records runs wants to know; others need not.
    fn mark(&mut self, cycle: u64) {
        let _ = cycle;
    }

    /// Looks up an input port.
    fn input(&self, name: &str) -> Result<InputId, Error> {
        let module = self.module();
        let names = module.inputs().iter().map(|port| port.name.as_str());
        module.input_index(name).map(InputId).ok_or_else(|| unknown("input", name, module, names))
    }

    /// Looks up an output port.
    fn output(&self, name: &str) -> Result<OutputId, Error> {
        let module = self.module();
        let names = module.outputs().iter().map(|output| output.port.name.as_str());
        module.output_index(name).map(OutputId).ok_or_else(|| unknown("output", name, module, names))
    }
}

/// A running module that can be looked into. Registers and memory entries have paths: `pe_3.accumulator`,
/// `bank.words[17]`.
pub trait Inside: Simulator {
    /// What a register or an entry of a memory holds.
    ///
    /// # Errors
    /// Where there is no such register or entry.
    fn peek_path(&self, path: &str) -> Result<Bits, Error>;

    /// Changes an entry of a memory, of which `value` has the width.
    ///
    /// # Errors
    /// Where there is no such entry.
    fn poke_entry(&mut self, path: &str, value: &Bits) -> Result<(), Error>;

    /// Width and depth of a memory.
    ///
    /// # Errors
    /// Where there is no such memory.
    fn memory_shape(&self, path: &str) -> Result<(u32, u32), Error>;
}

/// Whether a simulator of ours can run `module`: one that contains foreign Verilog it cannot.
pub fn check(module: &Module) -> Result<(), Error> {
    module.foreign_path().map_or(Ok(()), |path| Err(Error::Foreign { path }))
}

pub(crate) fn unknown<'a>(
    kind: &'static str,
    name: &str,
    module: &Module,
    known: impl Iterator<Item = &'a str>,
) -> Error {
    let nearest = hdl::nearest(name, known);
    Error::Unknown { kind, name: name.to_owned(), module: module.name().to_owned(), nearest }
}
