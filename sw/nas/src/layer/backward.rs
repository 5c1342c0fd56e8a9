//! The backward pass of a layer.

use super::norm::{gradient_sums, plain_sums};
use super::{Layer, Phase, Tape};
use crate::kernels::batch;
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
    /// From the gradient `g` by the output to those by the inputs; sets the gradients of its parameters.
    pub fn backward(&mut self, x: &Maps, tape: &Tape, g: Maps, need_input: bool) -> Gradients {
        let du = self.through_clamp(tape, g);
        let (channels, count) = (du.channels(), (du.data.len() / du.channels()) as f32);
        let mut dz = du.clone();
        match self.plan.tail {
            Tail::Norm => {
                let (plain, weighted) = gradient_sums(&du, &tape.z, &tape.mean, &tape.inverse);
                norm_gradient(&mut dz, tape, &plain, &weighted, count);
                self.beta.gradient = plain;
                self.gamma.gradient = weighted;
            }
            Tail::Bias => self.beta.gradient = plain_sums(&du),
            Tail::Mean => {
                let slope = tape.slope[0];
                dz.data.iter_mut().for_each(|g| *g *= slope);
            }
        }
        debug_assert_eq!(channels, tape.slope.len());
        let (tap, window) = (self.tap(), self.plan.window);
        if self.plan.tail != Tail::Mean {
            self.weight.gradient = batch::backward_weights(tap, &window, &x.data, &dz.data, &tape.weights);
        }
        let input = need_input.then(|| Maps {
            shape: window.input,
            data: batch::backward_input(tap, &window, &x.data, &dz.data, &tape.weights),
        });
        Gradients { input, residual: self.plan.residual.map(|_| du) }
    }

    /// Zero where the clamp held the output, unchanged elsewhere: rounding is passed straight through.
    fn through_clamp(&self, tape: &Tape, mut g: Maps) -> Maps {
        let (lo, hi) = self.clamp();
        let (low, high) = match (tape.phase, self.plan.relu) {
            (Phase::Float, false) => return g,
            (Phase::Float, true) => (0.0, f32::INFINITY),
            (Phase::Rounded, true) => (0.0, hi * self.scale()),
            (Phase::Rounded, false) => (lo * self.scale(), hi * self.scale()),
        };
        let group = g.group_len();
        g.data.par_chunks_mut(group).zip(tape.u.data.par_chunks(group)).for_each(|(g, u)| {
            g.iter_mut().zip(u).for_each(|(g, u)| *g = if *u > low && *u <= high { *g } else { 0.0 });
        });
        g
    }
}

/// `dz = slope * (du - mean(du) - xhat * mean(du * xhat))`, in place.
fn norm_gradient(du: &mut Maps, tape: &Tape, plain: &[f32], weighted: &[f32], count: f32) {
    let (channels, group) = (du.channels(), du.group_len());
    du.data.par_chunks_mut(group).zip(tape.z.data.par_chunks(group)).for_each(|(du, z)| {
        for (du, z) in du.chunks_exact_mut(channels).zip(z.chunks_exact(channels)) {
            for c in 0..channels {
                let xhat = (z[c] - tape.mean[c]) * tape.inverse[c];
                du[c] = tape.slope[c] * (du[c] - (plain[c] + xhat * weighted[c]) / count);
            }
        }
    });
}
