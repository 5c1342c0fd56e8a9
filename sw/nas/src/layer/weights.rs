//! Weights as the integers that are stored: rounded, with the scale that gives their real values back.
//!
//! Training reads them through these integers too (shift layers always, the others once rounding is on), so
//! that what is exported is what was trained.

use super::Layer;
use crate::plan::Tail;
use spec::op::Op;

/// The exponent of the largest shift weight: weights lie within -1..1.
const TOP_EXPONENT: i32 = 0;

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

impl Layer {
    /// The layer's integers; `step` is the real value of one step of its input.
    pub fn stored_weights(&self, step: f32) -> Stored {
        let channels = self.plan.window.output[2];
        match (self.plan.tail, self.plan.op) {
            (Tail::Mean, _) => {
                let count = self.plan.window.weights();
                Stored { codes: vec![1; count], values: vec![1; count], scales: vec![1.0; channels] }
            }
            (_, Op::Conv) => linear(&self.weight.value, &self.largest_by_channel(), self.plan.bits),
            (_, Op::Adder) => uniform(&self.weight.value, channels, step, self.plan.bits),
            (_, Op::Shift) => powers_of_two(&self.weight.value, channels, self.plan.bits),
        }
    }

    /// The weights that the forward pass uses.
    pub fn effective_weights(&self, step: f32, rounded: bool) -> Vec<f32> {
        let exact = self.plan.tail != Tail::Mean && self.plan.op != Op::Shift && !rounded;
        if exact {
            return self.weight.value.clone();
        }
        let stored = self.stored_weights(step);
        let channels = stored.scales.len();
        let real = |(i, value): (usize, &i32)| (f64::from(*value) * stored.scales[i % channels]) as f32;
        stored.values.iter().enumerate().map(real).collect()
    }

    fn largest_by_channel(&self) -> Vec<f32> {
        let mut largest = vec![0.0f32; self.plan.window.output[2]];
        for row in self.weight.value.chunks_exact(largest.len()) {
            largest.iter_mut().zip(row).for_each(|(most, w)| *most = most.max(w.abs()));
        }
        largest
    }
}

/// Symmetric integers, the largest weight of each channel at the end of the range.
fn linear(weights: &[f32], largest: &[f32], bits: u32) -> Stored {
    let most = f64::from((1i32 << (bits - 1)) - 1);
    let scales: Vec<f64> = largest.iter().map(|largest| f64::from(largest.max(1e-12)) / most).collect();
    let code = |(i, w): (usize, &f32)| round(f64::from(*w) / scales[i % scales.len()], -most, most);
    let codes: Vec<i8> = weights.iter().enumerate().map(code).collect();
    Stored { values: codes.iter().map(|code| i32::from(*code)).collect(), codes, scales }
}

/// Integers on the grid of the input, the only one on which `|x - w|` means anything.
fn uniform(weights: &[f32], channels: usize, step: f32, bits: u32) -> Stored {
    let most = f64::from(1i32 << (bits - 1));
    let step = f64::from(step);
    let codes: Vec<i8> = weights.iter().map(|w| round(f64::from(*w) / step, -most, most - 1.0)).collect();
    let values = codes.iter().map(|code| i32::from(*code)).collect();
    Stored { codes, values, scales: vec![step; channels] }
}

/// `sign(w) * 2^round(log2|w|)`, held to the exponents that have a code; zero stays zero.
fn powers_of_two(weights: &[f32], channels: usize, bits: u32) -> Stored {
    let codes = (1i32 << (bits - 1)) - 1;
    let lowest = TOP_EXPONENT - (codes.min(16) - 1);
    let exponent = |w: f32| (f64::from(w.abs()).log2().round() as i32).clamp(lowest, TOP_EXPONENT);
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
        let stored = powers_of_two(&[0.0, 1.5, -0.3, 0.25, -1e-9], 1, 5);
        assert_eq!(stored.codes, [0, 15, -13, 13, -1]);
        assert_eq!(stored.values, [0, 1 << 14, -(1 << 12), 1 << 12, -1]);
        assert_eq!(stored.scales, [2f64.powi(-14)]);
    }

    #[test]
    fn unused_low_exponents_cost_no_accumulator_bits() {
        let stored = powers_of_two(&[0.5, -0.25], 1, 5);
        assert_eq!((stored.codes, stored.scales), (vec![2, -1], vec![0.25]));
    }

    #[test]
    fn linear_weights_fill_each_channel_and_adder_weights_share_the_step() {
        let stored = linear(&[1.0, -4.0, -0.5, 2.0], &[1.0, 4.0], 8);
        assert_eq!(stored.codes, [127, -127, -63, 64]);
        assert_eq!(uniform(&[0.5, -9.0, 0.06], 1, 0.05, 8).codes, [10, -128, 1]);
    }
}
