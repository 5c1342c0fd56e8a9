//! Weights as the integers that are stored: rounded, with the scale that gives their real values back.
//!
//! Training reads them through these integers too (shift layers always, the others once rounding is on), so
//! that what is exported is what was trained.

use super::Layer;
use crate::plan::Tail;
use model::quantise::{exponents, linear, powers_of_two, uniform, Stored};
use spec::op::Op;

/// The exponent of the largest shift weight: weights lie within -1..1.
const TOP_EXPONENT: i32 = 0;

impl Layer {
    /// The layer's integers; `step` is the real value of one step of its input.
    pub fn stored_weights(&self, step: f32) -> Stored {
        let channels = self.plan.window.output[2];
        match (self.plan.tail, self.plan.op) {
            (Tail::Mean, _) => {
                let count = self.plan.window.weights();
                Stored { codes: vec![1; count], values: vec![1; count], scales: vec![1.0; channels] }
            }
            (_, Op::Conv) => {
                linear(&self.weight.value, &self.largest_by_channel(), |i| i % channels, self.plan.bits)
            }
            (_, Op::Adder) => uniform(&self.weight.value, channels, f64::from(step), self.plan.bits),
            (_, Op::Shift) => {
                powers_of_two(&self.weight.value, channels, exponents(self.plan.bits, TOP_EXPONENT))
            }
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
