//! Forward passes of a layer: in training, which records a [`Tape`], and in evaluation.

use super::norm::statistics;
use super::{Layer, EPSILON};
use crate::kernels::wide::wide;
use crate::maps::Maps;
use crate::plan::Tail;
use rayon::prelude::*;

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
    /// Outputs before they were rounded and clamped; without rounding the outputs themselves tell enough.
    pub(super) u: Option<Maps>,
    /// Weights that were used.
    pub(super) weights: Vec<f32>,
    /// Of the batch; empty without a norm.
    pub(super) mean: Vec<f32>,
    /// `1 / sqrt(variance + EPSILON)`; empty without a norm.
    pub(super) inverse: Vec<f32>,
    /// What each channel of `z` was multiplied with.
    pub(super) slope: Vec<f32>,
    /// Real value of one step of the output, as it was rounded.
    pub(super) step: f32,
    /// Whether every output is finite.
    pub(super) is_finite: bool,
}

impl Tape {
    /// Real value of one step of the output.
    pub fn step(&self) -> f32 {
        self.step
    }

    /// Whether every output is finite.
    pub fn is_finite(&self) -> bool {
        self.is_finite
    }
}

impl Layer {
    /// A training pass over `x`, one step of whose int8 form is worth `step`; updates running statistics.
    pub fn forward(&mut self, x: &Maps, residual: Option<&Maps>, step: f32, phase: Phase) -> (Maps, Tape) {
        let weights = self.effective_weights(step, phase == Phase::Rounded);
        let z = Maps { shape: self.plan.window.output, data: self.sums(&x.data, &weights) };
        let (mut mean, mut inverse) = (Vec::new(), Vec::new());
        if self.plan.tail == Tail::Norm {
            let (batch_mean, variance) = statistics(&z);
            self.update_statistics(&batch_mean, &variance, z.data.len() / z.channels());
            inverse = variance.iter().map(|variance| 1.0 / (variance + EPSILON).sqrt()).collect();
            mean = batch_mean;
        }
        let (slope, offset) = self.affine(&mean, &inverse);
        let finish = Finish { slope: &slope, offset: &offset, relu: self.plan.relu };
        let (mut y, found) = finish.float(&z, residual);
        self.start_range(found.most);
        let (step, mut u) = (self.scale(), None);
        if phase == Phase::Rounded {
            // `y` is not clamped from above yet, but a ReLU has cut it: gradients stop there either way.
            let rounded = finish.round(&y, step);
            u = Some(std::mem::replace(&mut y, rounded));
        }
        self.range = follow(self.range, found.most);
        (y, Tape { phase, z, u, weights, mean, inverse, slope, step, is_finite: found.is_finite })
    }

    /// An evaluation pass over `x`, one step of whose int8 form is worth `step`: running statistics, and as much rounded as `phase`
    /// says.
    pub fn evaluate(&self, x: &Maps, residual: Option<&Maps>, step: f32, phase: Phase) -> Maps {
        let weights = self.effective_weights(step, phase == Phase::Rounded);
        let z = Maps { shape: self.plan.window.output, data: self.sums(&x.data, &weights) };
        let (slope, offset) = self.running_affine();
        let finish = Finish { slope: &slope, offset: &offset, relu: self.plan.relu };
        let (y, _) = finish.float(&z, residual);
        match phase {
            Phase::Float => y,
            Phase::Rounded => finish.round(&y, self.scale()),
        }
    }

    /// Slope and offset of evaluation, one a channel.
    pub fn running_affine(&self) -> (Vec<f32>, Vec<f32>) {
        let inverse: Vec<f32> = self.variance.iter().map(|v| 1.0 / (v + EPSILON).sqrt()).collect();
        self.affine(&self.mean, &inverse)
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

    /// Takes the statistics of the batch of `tape` for the running ones.
    pub fn settle(&mut self, tape: &Tape) {
        if self.plan.tail == Tail::Norm {
            self.mean = tape.mean.clone();
            self.variance = tape.inverse.iter().map(|inverse| 1.0 / (inverse * inverse) - EPSILON).collect();
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

    /// Before the first batch there is no range, and the batch's own serves.
    fn start_range(&mut self, most: f32) {
        if self.range == 0.0 {
            self.range = most;
        }
    }
}

/// A running maximum after a batch whose greatest magnitude is `most`; 0 before the first.
pub fn follow(range: f32, most: f32) -> f32 {
    let before = if range == 0.0 { most } else { range };
    before + RANGE_MOMENTUM * (most - before)
}

/// From an operation's sums to a layer's output.
struct Finish<'a> {
    slope: &'a [f32],
    offset: &'a [f32],
    relu: bool,
}

/// What is seen of outputs in passing.
#[derive(Clone, Copy)]
struct Found {
    /// The greatest magnitude.
    most: f32,
    is_finite: bool,
}

impl Finish<'_> {
    /// `z * slope + offset`, plus the residual, cut at 0 where there is a ReLU.
    fn float(&self, z: &Maps, residual: Option<&Maps>) -> (Maps, Found) {
        let group = z.group_len();
        let mut data = vec![0.0; z.data.len()];
        let groups = data.par_chunks_mut(group).zip(z.data.par_chunks(group)).enumerate();
        let found = groups.map(|(i, (y, z))| {
            let residual = residual.map(|residual| &residual.data[i * group..][..z.len()]);
            self.float_group(z, residual, y)
        });
        let both =
            |a: Found, b: Found| Found { most: a.most.max(b.most), is_finite: a.is_finite && b.is_finite };
        let found = found.reduce(|| Found { most: 0.0, is_finite: true }, both);
        (Maps { shape: z.shape, data }, found)
    }

    fn float_group(&self, z: &[f32], residual: Option<&[f32]>, y: &mut [f32]) -> Found {
        let channels = self.slope.len();
        let floor = if self.relu { 0.0 } else { f32::NEG_INFINITY };
        // 0 for as long as every number is finite.
        let mut poison = vec![0.0f32; channels];
        let mut most = vec![0.0f32; channels];
        wide(
            #[inline(always)]
            || {
                for (y, z) in y.chunks_exact_mut(channels).zip(z.chunks_exact(channels)) {
                    for c in 0..channels.min(y.len()).min(z.len()) {
                        y[c] = z[c] * self.slope[c] + self.offset[c];
                    }
                }
                if let Some(residual) = residual {
                    y.iter_mut().zip(residual).for_each(|(y, residual)| *y += residual);
                }
                for y in y.chunks_exact_mut(channels) {
                    for ((y, most), poison) in y.iter_mut().zip(&mut most).zip(&mut poison) {
                        *y = if *y < floor { floor } else { *y };
                        *most = if y.abs() > *most { y.abs() } else { *most };
                        *poison += *y * 0.0;
                    }
                }
            },
        );
        let is_finite = poison.iter().all(|sum| *sum == 0.0);
        Found { most: most.into_iter().fold(0.0, f32::max), is_finite }
    }

    /// Rounded half up to whole steps and held to what int8 holds.
    fn round(&self, u: &Maps, step: f32) -> Maps {
        let (lo, hi) = (if self.relu { 0.0 } else { -128.0 }, 127.0);
        let inverse = 1.0 / step;
        let mut data = vec![0.0; u.data.len()];
        data.par_chunks_mut(u.group_len()).zip(u.data.par_chunks(u.group_len())).for_each(|(y, u)| {
            wide(
                #[inline(always)]
                || {
                    for (y, u) in y.iter_mut().zip(u) {
                        *y = (u * inverse + 0.5).floor().clamp(lo, hi) * step;
                    }
                },
            );
        });
        Maps { shape: u.shape, data }
    }
}
