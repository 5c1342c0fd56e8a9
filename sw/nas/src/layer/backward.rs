//! The backward pass of a layer.

use super::norm::{gradient_sums, plain_sums};
use super::{Layer, Phase, Tape};
use crate::kernels::wide::wide;
use crate::maps::Maps;
use crate::plan::Tail;
use rayon::prelude::*;

/// Gradients by what a layer read.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// By its input, if that was asked for.
    pub input: Option<Maps>,
    /// By its residual; the same as by `u`.
    pub residual: Option<Maps>,
}

impl Layer {
    /// From the gradient `g` by the output `y` to those by the inputs; sets the gradients of its parameters, but
    /// of frozen weights.
    pub fn backward(&mut self, x: &Maps, y: &Maps, tape: &Tape, g: Maps, need_input: bool) -> Gradients {
        let du = self.through_clamp(y, tape, g);
        let residual = self.plan.residual.map(|_| du.clone());
        let dz = self.through_tail(tape, du);
        if self.plan.tail != Tail::Mean && !self.frozen {
            self.weight.gradient = self.slopes_by_weights(&x.data, &dz.data, &tape.weights);
        }
        let input = need_input.then(|| Maps {
            shape: self.plan.window.input,
            data: self.slopes_by_input(&x.data, &dz.data, &tape.weights),
        });
        Gradients { input, residual }
    }

    /// Zero where the clamp held the output, unchanged elsewhere: rounding is passed straight through.
    fn through_clamp(&self, y: &Maps, tape: &Tape, mut g: Maps) -> Maps {
        let low = if self.plan.relu { 0.0 } else { -128.0 * tape.step };
        let (seen, low, high) = match (tape.phase, &tape.u, self.plan.relu) {
            (Phase::Rounded, Some(u), _) => (u, low, 127.0 * tape.step),
            (_, _, true) => (y, 0.0, f32::INFINITY),
            (_, _, false) => return g,
        };
        let group = g.group_len();
        g.data.par_chunks_mut(group).zip(seen.data.par_chunks(group)).for_each(|(g, u)| {
            wide(
                #[inline(always)]
                || {
                    for (g, u) in g.iter_mut().zip(u) {
                        *g = if (*u > low) & (*u <= high) { *g } else { 0.0 };
                    }
                },
            );
        });
        g
    }

    /// From the gradient by `u` to that by the sums `z`.
    fn through_tail(&mut self, tape: &Tape, mut du: Maps) -> Maps {
        match self.plan.tail {
            Tail::Norm => {
                let (plain, weighted) = gradient_sums(&du, &tape.z, &tape.mean, &tape.inverse);
                norm_gradient(&mut du, tape, &plain, &weighted);
                self.beta.gradient = plain;
                self.gamma.gradient = weighted;
            }
            Tail::Bias => self.beta.gradient = plain_sums(&du),
            Tail::Mean => {
                let slope = tape.slope[0];
                du.data.iter_mut().for_each(|g| *g *= slope);
            }
        }
        du
    }
}

/// `dz = slope * (du - mean(du) - xhat * mean(du * xhat))`, in place, as a sum of three terms a channel.
fn norm_gradient(du: &mut Maps, tape: &Tape, plain: &[f32], weighted: &[f32]) {
    let (channels, group) = (du.channels(), du.group_len());
    let count = (du.data.len() / channels) as f32;
    let by_z: Vec<f32> =
        (0..channels).map(|c| -tape.slope[c] * tape.inverse[c] * weighted[c] / count).collect();
    let constant: Vec<f32> = (0..channels).map(|c| -tape.slope[c] * plain[c] / count).collect();
    du.data.par_chunks_mut(group).zip(tape.z.data.par_chunks(group)).for_each(|(du, z)| {
        wide(
            #[inline(always)]
            || {
                for (du, z) in du.chunks_exact_mut(channels).zip(z.chunks_exact(channels)) {
                    for c in 0..channels.min(du.len()).min(z.len()) {
                        let centred = z[c] - tape.mean[c];
                        du[c] = tape.slope[c] * du[c] + by_z[c] * centred + constant[c];
                    }
                }
            },
        );
    });
}
