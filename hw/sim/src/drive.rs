//! `Drive`: what a test bench does with a simulator, whichever it is: ports by name, with Rust's own types, and runs
//! until something happens.

use std::any::type_name;

use num::Bits;

use crate::simulator::{Error, Simulator};
use crate::value::{signed, Value};

/// Test benches' view of a [`Simulator`].
///
/// ```
/// use sim::{Drive, Sim, Simulator};
/// let b = hdl::Builder::new("counter", "Counts up to 100.");
/// let count = b.reg("count", 7);
/// count.next(&(&count.q() + &b.input("by", 7, "what is added")));
/// b.output("full", &count.q().eq_lit(100), "whether it is there");
/// b.output("count", &count.q(), "how far it is");
/// let mut counter = Sim::new(&b.finish()?)?;
/// counter.poke("by", 5)?;
/// assert_eq!(counter.run_until(1000, |counter| counter.peek("full"))?, 20);
/// assert_eq!(counter.peek::<u8>("count")?, 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Drive: Simulator {
    /// Sets the input `port` to a number that fits it, signed or not.
    ///
    /// # Errors
    /// Where there is no such input (the nearest ones are named), or the number does not fit.
    fn poke<T: Value>(&mut self, port: &str, value: T) -> Result<(), Error> {
        let input = self.input(port)?;
        let bits = fit(port, self.module().inputs()[input.0].width, &value)?;
        self.set_bits(input, &bits);
        Ok(())
    }

    /// The output `port` as an unsigned number, given the inputs as they are now.
    ///
    /// # Errors
    /// Where there is no such output (the nearest ones are named), or the type has no room for what is there.
    fn peek<T: Value>(&mut self, port: &str) -> Result<T, Error> {
        let output = self.output(port)?;
        read(port, &self.get_bits(output))
    }

    /// The output `port` as a signed number, given the inputs as they are now.
    ///
    /// # Errors
    /// Where there is no such output (the nearest ones are named), or 64 bits have no room for what is there.
    fn peek_signed(&mut self, port: &str) -> Result<i64, Error> {
        let output = self.output(port)?;
        let bits = self.get_bits(output);
        signed(&bits).ok_or_else(|| too_wide::<i64>(port, &bits))
    }

    /// Steps until `happened`, which is asked before every clock edge; the cycles that this took.
    ///
    /// # Errors
    /// Those of `happened`, and [`Error::NeverHappened`] where it does not within `limit` cycles.
    fn run_until(
        &mut self,
        limit: u64,
        mut happened: impl FnMut(&mut Self) -> Result<bool, Error>,
    ) -> Result<u64, Error> {
        for cycles in 0..=limit {
            if happened(self)? {
                return Ok(cycles);
            }
            self.step(1);
        }
        Err(Error::NeverHappened { cycles: limit })
    }
}

impl<S: Simulator + ?Sized> Drive for S {}

/// `value` as the bits of a port, register or entry.
pub(crate) fn fit<T: Value>(port: &str, width: u32, value: &T) -> Result<Bits, Error> {
    let too_large = || Error::TooLarge { port: port.to_owned(), width, value: value.to_string() };
    value.to_bits(width).ok_or_else(too_large)
}

/// The bits of a port, register or entry as a `T`.
pub(crate) fn read<T: Value>(port: &str, bits: &Bits) -> Result<T, Error> {
    T::from_bits(bits).ok_or_else(|| too_wide::<T>(port, bits))
}

fn too_wide<T>(port: &str, bits: &Bits) -> Error {
    Error::TooWide { port: port.to_owned(), value: bits.to_string(), kind: type_name::<T>() }
}
