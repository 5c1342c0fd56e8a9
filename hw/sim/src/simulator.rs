//! `Simulator`: how a running module is driven and watched, whatever runs it.
//!
//! A cycle is: set inputs, look at outputs (which follow the inputs at once), step over the clock edge.

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
    /// The value has more bits than the port.
    TooLarge {
        /// The port.
        port: String,
        /// Its width.
        width: u32,
        /// The value.
        value: String,
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
                write!(f, "error[sim]: {value} does not fit in the {width} bits of `{port}`")
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

    /// One clock edge.
    fn step(&mut self);

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

    /// Sets the input `port` to an unsigned number that fits it.
    fn poke(&mut self, port: &str, value: u64) -> Result<(), Error> {
        self.poke_bits(port, &Bits::from_u64(64, value))
    }

    /// Sets the input `port` to a signed number that fits it.
    fn poke_signed(&mut self, port: &str, value: i64) -> Result<(), Error> {
        let input = self.input(port)?;
        let width = self.module().inputs()[input.0].width;
        if num::bits_for_signed(value) > width {
            return Err(Error::TooLarge { port: port.to_owned(), width, value: value.to_string() });
        }
        self.set_bits(input, &Bits::from_i64(width, value));
        Ok(())
    }

    /// Sets the input `port` to `value`, whose bits beyond the port's width are 0.
    fn poke_bits(&mut self, port: &str, value: &Bits) -> Result<(), Error> {
        let input = self.input(port)?;
        let width = self.module().inputs()[input.0].width;
        let fitted = value.zext(width);
        if width < value.width() && fitted.zext(value.width()) != *value {
            return Err(Error::TooLarge { port: port.to_owned(), width, value: value.to_string() });
        }
        self.set_bits(input, &fitted);
        Ok(())
    }

    /// The low 64 bits of the output `port`, unsigned.
    fn peek(&mut self, port: &str) -> Result<u64, Error> {
        let output = self.output(port)?;
        Ok(self.get(output))
    }

    /// The output `port` as a signed number; its low 64 bits where it is wider.
    fn peek_signed(&mut self, port: &str) -> Result<i64, Error> {
        Ok(self.peek_bits(port)?.to_i64())
    }

    /// The output `port`.
    fn peek_bits(&mut self, port: &str) -> Result<Bits, Error> {
        let output = self.output(port)?;
        Ok(self.get_bits(output))
    }
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
