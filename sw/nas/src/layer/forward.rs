//! Forward passes of a layer: in training, which records a [`Tape`], and in evaluation.

use super::norm::statistics;
use super::{Layer, EPSILON};
use crate::kernels::{batch, Tap};
use crate::maps::Maps;
use crate::plan::Tail;
use rayon::prelude::*;
use spec::op::Op;

/// Share of the newest batch in running statistics.
const MOMENTUM: f32 = 0.1;
/// Share of the newest batch in the range of the output.
const RANGE_MOMENTUM: f32 = 0.05;

/// What the forward pass rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Shift weights only.
    Float,
    /// All weights, and outputs to int8.
    Rounded,
}

/// What a backward pass needs of the forward pass before it.
#[derive(Clone, Debug)]
pub struct Tape {
    /// Rounding of that pass.
    pub(super) phase: Phase,
    /// Sums of the operation.
    pub(super) z: Maps,
    /// Outputs before the clamp.
    pub(super) u: Maps,
    /// Weights that were used.
    pub(super) weights: Vec<f32>,
    /// Of the batch; empty without a norm.
    pub(super) mean: Vec<f32>,
    /// `1 / sqrt(variance + EPSILON)`; empty without a norm.
    pub(super) inverse: Vec<f32>,
    /// What each channel of `z` was multiplied with.
    pub(super) slope: Vec<f32>,
}

impl Layer {
    /// The tap of its op.
    pub fn tap(&self) -> Tap {
        match self.plan.op {
            Op::Conv | Op::Shift => Tap::Product,
            Op::Adder => Tap::Distance,
        }
    }

    /// A training pass over `x`, one step of whose int8 form is worth `step`; updates running statistics.
    pub fn forward(&mut self, x: &Maps, residual: Option<&Maps>, step: f32, phase: Phase) -> (Maps, Tape) {
        let weights = self.effective_weights(step, phase == Phase::Rounded);
        let z = self.sums(x, &weights);
        let (mut mean, mut inverse) = (Vec::new(), Vec::new());
        if self.plan.tail == Tail::Norm {
            let (batch_mean, variance) = statistics(&z);
            self.update_statistics(&batch_mean, &variance, z.data.len() / z.channels());
            inverse = variance.iter().map(|variance| 1.0 / (variance + EPSILON).sqrt()).collect();
            mean = batch_mean;
        }
        let (slope, offset) = self.affine(&mean, &inverse);
        let u = affine(&z, &slope, &offset, residual);
        self.update_range(&u);
        let y = self.clamped(&u, phase);
        (y, Tape { phase, z, u, weights, mean, inverse, slope })
    }

    /// An evaluation pass: running statistics, nothing rounded but shift weights.
    pub fn evaluate(&self, x: &Maps, residual: Option<&Maps>) -> Maps {
        let z = self.sums(x, &self.effective_weights(1.0, false));
        let (slope, offset) = self.running_affine();
        self.clamped(&affine(&z, &slope, &offset, residual), Phase::Float)
    }

    /// Slope and offset of evaluation, one a channel.
    pub fn running_affine(&self) -> (Vec<f32>, Vec<f32>) {
        let inverse: Vec<f32> = self.variance.iter().map(|v| 1.0 / (v + EPSILON).sqrt()).collect();
        self.affine(&self.mean, &inverse)
    }

    fn sums(&self, x: &Maps, weights: &[f32]) -> Maps {
        let data = batch::forward(self.tap(), &self.plan.window, &x.data, weights);
        Maps { shape: self.plan.window.output, data }
    }

    fn affine(&self, mean: &[f32], inverse: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let channels = self.plan.window.output[2];
        match self.plan.tail {
            Tail::Bias => (vec![1.0; channels], self.beta.value.clone()),
            Tail::Mean => (vec![1.0 / self.plan.window.terms() as f32; channels], vec![0.0; channels]),
            Tail::Norm => {
                let slope: Vec<f32> = self.gamma.value.iter().zip(inverse).map(|(g, i)| g * i).collect();
                let shifted = self.beta.value.iter().zip(mean).zip(&slope);
                let offset = shifted.map(|((beta, mean), slope)| beta - mean * slope).collect();
                (slope, offset)
            }
        }
    }

    fn update_statistics(&mut self, mean: &[f32], variance: &[f32], count: usize) {
        let unbiased = count as f32 / (count as f32 - 1.0).max(1.0);
        for (running, new) in self.mean.iter_mut().zip(mean) {
            *running += MOMENTUM * (new - *running);
        }
        for (running, new) in self.variance.iter_mut().zip(variance) {
            *running += MOMENTUM * (new * unbiased - *running);
        }
    }

    fn update_range(&mut self, u: &Maps) {
        let relu = self.plan.relu;
        let channels = u.channels();
        let most = |group: &[f32]| {
            let mut most = vec![0.0f32; channels];
            for row in group.chunks_exact(channels) {
                for (most, u) in most.iter_mut().zip(row) {
                    let size = if relu { *u } else { u.abs() };
                    *most = if size > *most { size } else { *most };
                }
            }
            most.into_iter().fold(0.0, f32::max)
        };
        let most = u.data.par_chunks(u.group_len()).map(most).reduce(|| 0.0, f32::max);
        self.range = match self.range {
            0.0 => most,
            range => range + RANGE_MOMENTUM * (most - range),
        };
    }

    fn clamped(&self, u: &Maps, phase: Phase) -> Maps {
        let (lo, hi) = self.clamp();
        let (step, inverse) = (self.scale(), 1.0 / self.scale());
        let relu = self.plan.relu;
        let clamp = |u: &f32| match phase {
            Phase::Float if relu => u.max(0.0),
            Phase::Float => *u,
            Phase::Rounded => (u * inverse + 0.5).floor().clamp(lo, hi) * step,
        };
        let mut data = vec![0.0; u.data.len()];
        data.par_chunks_mut(u.group_len()).zip(u.data.par_chunks(u.group_len())).for_each(|(y, u)| {
            y.iter_mut().zip(u).for_each(|(y, u)| *y = clamp(u));
        });
        Maps { shape: u.shape, data }
    }
}

/// `z * slope + offset`, plus the residual.
fn affine(z: &Maps, slope: &[f32], offset: &[f32], residual: Option<&Maps>) -> Maps {
    let channels = z.channels();
    let mut data = vec![0.0; z.data.len()];
    data.par_chunks_mut(z.group_len()).zip(z.data.par_chunks(z.group_len())).for_each(|(u, z)| {
        for (u, z) in u.chunks_exact_mut(channels).zip(z.chunks_exact(channels)) {
            for (((u, z), slope), offset) in u.iter_mut().zip(z).zip(slope).zip(offset) {
                *u = z * slope + offset;
            }
        }
    });
    let mut u = Maps { shape: z.shape, data };
    if let Some(residual) = residual {
        u.add(residual);
    }
    u
}
