//! What a channel's output is made of, as integers: each real factor is scaled by `2^shift` and rounded, with the
//! largest shift for which multiplier, bias, residual multiplier and residual shift all fit.
//!
//! With steps `s_x`, `s_w`, `s_y`, `s_r` of input, weights, output and residual, a layer computes
//!
//! ```text
//! y = (acc * s_x * s_w * slope + offset + r * s_r) / s_y
//! ```
//!
//! (an adder's sum has the one step `s_x`).

use crate::graph::Parameters;
use num::requant::{Channel, BIAS_BITS, MAX_RESIDUAL_SHIFT, MAX_SHIFT};

/// The real factors of a channel, in steps of its output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factors {
    /// Of one unit of the accumulator.
    pub sum: f64,
    /// Added.
    pub offset: f64,
    /// Of one unit of the residual; 0 without one.
    pub residual: f64,
}

impl Factors {
    /// The integers with the largest shift for which all fit; `None` where they fit at none.
    pub fn fit(&self) -> Option<Channel<i64>> {
        (0..=MAX_SHIFT).rev().find_map(|shift| self.at(shift))
    }

    fn at(&self, shift: u32) -> Option<Channel<i64>> {
        let unit = f64::from(shift).exp2();
        let bias_limit = f64::from(BIAS_BITS - 1).exp2();
        let bias = (self.offset * unit).round();
        let multiplier = sixteen_bits(self.sum * unit)?;
        let (residual_multiplier, residual_shift) = (0..=MAX_RESIDUAL_SHIFT).find_map(|by| {
            sixteen_bits(self.residual * unit / f64::from(by).exp2()).map(|factor| (factor, by))
        })?;
        (bias.abs() < bias_limit).then_some(Channel {
            multiplier,
            bias: bias as i64,
            shift: i64::from(shift),
            residual_multiplier,
            residual_shift: i64::from(residual_shift),
        })
    }
}

impl Parameters {
    /// Adds the integers of one more output channel, those of a residual where the layer has one.
    pub fn push(&mut self, channel: &Channel<i64>, with_residual: bool) {
        self.multiplier.push(channel.multiplier as i16);
        self.bias.push(channel.bias);
        self.shift.push(channel.shift as u8);
        if with_residual {
            self.residual_multiplier.push(channel.residual_multiplier as i16);
            self.residual_shift.push(channel.residual_shift as u8);
        }
    }
}

/// `value` rounded, if it fits.
fn sixteen_bits(value: f64) -> Option<i64> {
    let rounded = value.round();
    (rounded >= f64::from(i16::MIN) && rounded <= f64::from(i16::MAX)).then_some(rounded as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Factors of sum, offset and residual; multiplier, bias, shift, residual multiplier, residual shift.
    const ROWS: &[([f64; 3], [i64; 5])] = &[
        ([0.5, 0.0, 0.0], [16384, 0, 15, 0, 0]),
        ([-0.5, 1.0, 0.0], [-32768, 65536, 16, 0, 0]),
        ([0.0, 0.25, 0.0], [0, 1 << 45, 47, 0, 0]),
        ([0.0, 1000.0, 0.0], [0, 1000 << 36, 36, 0, 0]),
        ([1.0 / (1u64 << 30) as f64, 0.0, 1.0], [1 << 8, 0, 38, 1 << 14, 24]),
        ([1.0, 0.0, 2.0], [1 << 14, 0, 14, 1 << 14, 1]),
    ];

    #[test]
    fn the_largest_shift_for_which_all_fit() {
        for ([sum, offset, residual], [multiplier, bias, shift, by, up]) in ROWS {
            let found = Factors { sum: *sum, offset: *offset, residual: *residual }.fit().expect("fits");
            let found =
                [found.multiplier, found.bias, found.shift, found.residual_multiplier, found.residual_shift];
            assert_eq!(found, [*multiplier, *bias, *shift, *by, *up], "{sum} {offset} {residual}");
        }
    }

    #[test]
    fn what_fits_at_no_shift_is_refused() {
        assert!(Factors { sum: 1e6, offset: 0.0, residual: 0.0 }.fit().is_none());
        assert!(Factors { sum: f64::NAN, offset: 0.0, residual: 0.0 }.fit().is_none());
    }
}
