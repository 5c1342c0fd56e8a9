//! `Sim`: a running module on the best engine that this machine has, or on one of choice, and what is inside it.

use std::ops::Range;
use std::sync::Arc;

use hdl::Module;
use num::Bits;

use crate::drive::{fit, read};
use crate::interpreter::Interpreter;
use crate::native::Native;
use crate::simulator::{check, Error, InputId, Inside, OutputId, Simulator};
use crate::value::Value;

/// What runs a module. All give the same values in every cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The definition: slow and obvious.
    Interpreter,
    /// The native simulator without machine code: equal instances go through arrays side by side. Runs everywhere.
    Lanes,
    /// The native simulator with machine code, for what changes alone, and with vectors for equal instances.
    Compiled,
}

impl Engine {
    /// All of them, the slowest first.
    pub const ALL: [Engine; 3] = [Engine::Interpreter, Engine::Lanes, Engine::Compiled];

    /// As messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Interpreter => "interpreter",
            Engine::Lanes => "lanes",
            Engine::Compiled => "machine code",
        }
    }
}

/// A running module.
///
/// ```
/// use sim::{Drive, Sim, Simulator};
/// let b = hdl::Builder::new("sixteen", "Sixteen numbers.");
/// let numbers = b.memory("numbers", 12, 16);
/// let (at, data) = (b.input("at", 4, "which"), b.input("data", 12, "what is written"));
/// numbers.write(&at, &data, &b.input("writes", 1, "whether it is written"));
/// b.output("number", &numbers.read(&at), "the number there");
/// let mut table = Sim::new(&b.finish()?)?;
/// table.set_memory("numbers", 3, &[7, -1])?;
/// table.poke("at", 4)?;
/// assert_eq!(table.peek_signed("number")?, -1);
/// table.poke("data", 99)?;
/// table.poke("writes", true)?;
/// table.step(1);
/// assert_eq!(table.memory::<u16>("numbers", 2..5)?, [0, 7, 99]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sim {
    running: Box<dyn Inside>,
    engine: Engine,
}

impl Sim {
    /// Starts `module` on the best engine; everything in it is 0.
    ///
    /// # Errors
    /// Where a part of it is Verilog that was written elsewhere, which only a Verilog tool can run.
    pub fn new(module: &Arc<Module>) -> Result<Sim, Error> {
        Sim::on(Engine::Compiled, module)
    }

    /// Starts `module` on an engine of choice, or without machine code where this machine can have none.
    ///
    /// # Errors
    /// Those of [`Sim::new`].
    pub fn on(engine: Engine, module: &Arc<Module>) -> Result<Sim, Error> {
        check(module)?;
        let (running, engine): (Box<dyn Inside>, Engine) = match engine {
            Engine::Interpreter => (Box::new(Interpreter::new(module)), engine),
            Engine::Lanes => (Box::new(Native::portable(module)), engine),
            Engine::Compiled => {
                let native = Native::new(module);
                let engine = if native.is_compiled() { engine } else { Engine::Lanes };
                (Box::new(native), engine)
            }
        };
        Ok(Sim { running, engine })
    }

    /// What runs it.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// What the register at `path` holds: `pe_3.accumulator`.
    ///
    /// # Errors
    /// Where there is no such register (the nearest are named), or the type has no room for what it holds.
    pub fn register<T: Value>(&self, path: &str) -> Result<T, Error> {
        read(path, &self.running.peek_path(path)?)
    }

    /// Entries of the memory at `path`.
    ///
    /// # Errors
    /// Where there is no such memory, it has fewer entries, or the type has no room for one.
    pub fn memory<T: Value>(&self, path: &str, entries: Range<usize>) -> Result<Vec<T>, Error> {
        self.shape(path, &entries)?;
        let entry = |index| self.register(&format!("{path}[{index}]"));
        entries.map(entry).collect()
    }

    /// Writes entries of the memory at `path` from `first` on, outside any cycle.
    ///
    /// # Errors
    /// Where there is no such memory, it has fewer entries, or a number does not fit; then nothing is written.
    pub fn set_memory<T: Value>(&mut self, path: &str, first: usize, entries: &[T]) -> Result<(), Error> {
        let width = self.shape(path, &(first..first + entries.len()))?;
        let named = entries.iter().enumerate().map(|(i, entry)| (format!("{path}[{}]", first + i), entry));
        let fitted = named.map(|(path, entry)| fit(&path, width, entry).map(|bits| (path, bits)));
        let fitted: Vec<(String, Bits)> = fitted.collect::<Result<_, _>>()?;
        fitted.iter().try_for_each(|(path, bits)| self.running.poke_entry(path, bits))
    }

    /// The width of a memory that has these entries.
    fn shape(&self, path: &str, entries: &Range<usize>) -> Result<u32, Error> {
        let (width, depth) = self.running.memory_shape(path)?;
        if entries.end > depth as usize {
            return Err(Error::OutOfMemory { memory: path.to_owned(), depth, end: entries.end });
        }
        Ok(width)
    }
}

impl Simulator for Sim {
    fn module(&self) -> &Arc<Module> {
        self.running.module()
    }

    fn set(&mut self, input: InputId, value: u64) {
        self.running.set(input, value);
    }

    fn get(&mut self, output: OutputId) -> u64 {
        self.running.get(output)
    }

    fn set_bits(&mut self, input: InputId, value: &Bits) {
        self.running.set_bits(input, value);
    }

    fn get_bits(&mut self, output: OutputId) -> Bits {
        self.running.get_bits(output)
    }

    fn step(&mut self, cycles: u64) {
        self.running.step(cycles);
    }
}
