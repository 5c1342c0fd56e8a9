//! Weights as the integers that are stored: rounded, with the scale that gives their real values back.
//!
//! A flat tensor may hold its output channels in any order: `channel_of` says to which one a weight belongs.

use std::ops::RangeInclusive;

/// Integer weights of a layer, in the order of its real ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// As the file holds them: numbers, or codes of shift weights.
    pub codes: Vec<i8>,
    /// What each code stands for.
    pub values: Vec<i32>,
    /// Real value of one step, one an output channel.
    pub scales: Vec<f64>,
}

/// Symmetric integers, the largest weight of each channel, which `largest` names, at the end of the range.
pub fn linear(weights: &[f32], largest: &[f32], channel_of: impl Fn(usize) -> usize, bits: u32) -> Stored {
    let most = f64::from((1i32 << (bits - 1)) - 1);
    let scales: Vec<f64> = largest.iter().map(|largest| f64::from(largest.max(1e-12)) / most).collect();
    let code = |(i, w): (usize, &f32)| round(f64::from(*w) / scales[channel_of(i)], -most, most);
    let codes: Vec<i8> = weights.iter().enumerate().map(code).collect();
    Stored { values: codes.iter().map(|code| i32::from(*code)).collect(), codes, scales }
}

/// Integers on the grid of the input, whose step is `step`: the only one on which `|x - w|` means anything.
pub fn uniform(weights: &[f32], channels: usize, step: f64, bits: u32) -> Stored {
    let most = f64::from(1i32 << (bits - 1));
    let codes: Vec<i8> = weights.iter().map(|w| round(f64::from(*w) / step, -most, most - 1.0)).collect();
    let values = codes.iter().map(|code| i32::from(*code)).collect();
    Stored { codes, values, scales: vec![step; channels] }
}

/// The exponents that have a code of `bits` bits, where `top` is that of the largest weight.
pub fn exponents(bits: u32, top: i32) -> RangeInclusive<i32> {
    let codes = ((1i32 << (bits - 1)) - 1).min(16);
    top - (codes - 1)..=top
}

/// `sign(w) * 2^round(log2|w|)`, held to `exponents`; zero stays zero.
pub fn powers_of_two(weights: &[f32], channels: usize, exponents: RangeInclusive<i32>) -> Stored {
    let (lowest, top) = exponents.into_inner();
    let exponent = |w: f32| (f64::from(w.abs()).log2().round() as i32).clamp(lowest, top);
    // Starting at the least exponent in use keeps accumulators small.
    let base = weights.iter().filter(|w| **w != 0.0).map(|w| exponent(*w)).min().unwrap_or(lowest);
    let code = |w: &f32| match *w {
        0.0 => 0i8,
        w => (exponent(w) - base + 1) as i8 * if w < 0.0 { -1 } else { 1 },
    };
    let codes: Vec<i8> = weights.iter().map(code).collect();
    let value = |code: &i8| match *code {
        0 => 0,
        code => i32::from(code.signum()) << (code.unsigned_abs() - 1),
    };
    Stored {
        values: codes.iter().map(value).collect(),
        codes,
        scales: vec![f64::from(base).exp2(); channels],
    }
}

/// Rounds half up and holds to the range, which lies within that of `i8`.
fn round(value: f64, least: f64, most: f64) -> i8 {
    (value + 0.5).floor().clamp(least, most) as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_round_in_the_logarithm_and_keep_zero() {
        let stored = powers_of_two(&[0.0, 1.5, -0.3, 0.25, -1e-9], 1, exponents(5, 0));
        assert_eq!(stored.codes, [0, 15, -13, 13, -1]);
        assert_eq!(stored.values, [0, 1 << 14, -(1 << 12), 1 << 12, -1]);
        assert_eq!(stored.scales, [2f64.powi(-14)]);
    }

    #[test]
    fn unused_low_exponents_cost_no_accumulator_bits() {
        let stored = powers_of_two(&[0.5, -0.25], 1, exponents(5, 0));
        assert_eq!((stored.codes, stored.scales), (vec![2, -1], vec![0.25]));
    }

    #[test]
    fn linear_weights_fill_each_channel_and_adder_weights_share_the_step() {
        let stored = linear(&[1.0, -4.0, -0.5, 2.0], &[1.0, 4.0], |i| i % 2, 8);
        assert_eq!(stored.codes, [127, -127, -63, 64]);
        let stored = linear(&[1.0, -0.5, -4.0, 2.0], &[1.0, 4.0], |i| i / 2, 8);
        assert_eq!(stored.codes, [127, -63, -127, 64]);
        assert_eq!(uniform(&[0.5, -9.0, 0.06], 1, 0.05, 8).codes, [10, -128, 1]);
    }
}
