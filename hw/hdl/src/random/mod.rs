//! Random netlists, for tests of whatever prints or runs modules: every kind of operation at widths of 1 to 256 bits,
//! registers, memories of all kinds, and instances of modules that are random themselves. One seed gives the same
//! netlist everywhere.
//!
//! `module` makes the logic of one module, `operation` and `memory` are what it consists of; `array` puts equal
//! instances beside each other, and `hierarchy` makes one netlist of all that.

mod array;
mod hierarchy;
mod memory;
mod module;
mod operation;

use num::Bits;

pub use self::hierarchy::{hierarchy, side_by_side};
pub use self::module::module;

use crate::Signal;

/// A small generator of random numbers (xorshift), the same everywhere for one seed.
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// 64 random bits.
    pub fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        ((self.word() >> 32) as usize) % limit
    }

    /// Whether something happens that does so once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Mostly narrow, often next to a limit of machine words.
    pub fn width(&mut self) -> u32 {
        match self.below(8) {
            0 => 1,
            1..=3 => 1 + self.below(12) as u32,
            4 => 7 + self.below(11) as u32,
            5 => 30 + self.below(5) as u32,
            6 => 62 + self.below(5) as u32,
            _ => 1 + self.below(256) as u32,
        }
    }

    /// Uniform, or with long runs of equal bits, or at the limits.
    pub fn bits(&mut self, width: u32) -> Bits {
        let words: Vec<u64> = (0..width.div_ceil(64)).map(|_| self.word()).collect();
        let uniform = Bits::from_words(width, &words);
        match self.below(6) {
            0 => Bits::zero(width),
            1 => Bits::ones(width),
            2 => Bits::from_i64(width, self.below(16) as i64 - 8),
            3 => uniform.ashr(self.below(width as usize) as u32),
            _ => uniform,
        }
    }
}

/// One of the values, a recent one half of the time.
fn any(random: &mut Random, pool: &[Signal]) -> Signal {
    let recent = pool.len().min(10);
    match random.below(2) {
        0 => pool[random.below(pool.len())].clone(),
        _ => pool[pool.len() - 1 - random.below(recent)].clone(),
    }
}

/// One of the values, extended or cut to a width.
fn of_width(random: &mut Random, pool: &[Signal], width: u32) -> Signal {
    let signal = any(random, pool);
    match (random.below(3), signal.width() > width) {
        (0, _) => signal.zext(width),
        (1, true) => {
            let low = random.below((signal.width() - width) as usize) as u32;
            signal.slice(low, width)
        }
        _ => signal.sext(width),
    }
}

/// All bits of a value in 64.
fn fold64(signal: &Signal) -> Signal {
    let parts = (0..signal.width().div_ceil(64)).map(|i| {
        let low = 64 * i;
        signal.slice(low, 64.min(signal.width() - low)).zext(64)
    });
    parts.reduce(|a, b| a ^ b).expect("a part")
}
