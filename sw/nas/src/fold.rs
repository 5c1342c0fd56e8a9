//! Float to integer: batch norm, bias, residual and clamp of a trained layer become the integers of the
//! requantise step.
//!
//! With steps `s_x`, `s_w`, `s_y`, `s_r` of input, weights, output and residual, evaluation computes
//!
//! ```text
//! y = (acc * s_x * s_w * slope + offset + r * s_r) / s_y
//! ```
//!
//! (an adder's sum has the one step `s_x`). Each factor is scaled by `2^shift` and rounded, with the largest
//! shift for which multiplier, bias, residual multiplier and residual shift all fit.

use crate::layer::Layer;
use crate::network::Network;
use crate::plan::Plan;
use model::graph::Parameters;
use model::Graph;
use num::requant::{Channel, BIAS_BITS, MAX_RESIDUAL_SHIFT, MAX_SHIFT};
use spec::error::{Diagnostic, Report};
use spec::op::Op;

/// The integers of a trained network, as files hold it.
///
/// # Errors
/// A channel whose factors fit at no shift, or what [`Graph::new`] refuses, such as an accumulator that could
/// overflow.
pub fn fold(plan: &Plan, network: &Network) -> Result<Graph, Report> {
    let mut draft = plan.draft.clone();
    for (layer, draft) in network.layers.iter().zip(&mut draft.layers) {
        let input = network.step(layer.plan.input);
        let residual = layer.plan.residual.map(|value| network.step(value));
        draft.parameters = parameters(layer, input, residual)?;
    }
    Graph::new(draft)
}

/// The integers of one layer, from the steps of its input and residual.
fn parameters(layer: &Layer, input: f32, residual: Option<f32>) -> Result<Parameters, Report> {
    let stored = layer.stored_weights(input);
    let (slope, offset) = layer.running_affine();
    let output = f64::from(layer.scale());
    let mut out = Parameters { weight: outputs_first(layer, &stored.codes), ..Parameters::default() };
    for (k, weight_step) in stored.scales.iter().enumerate() {
        let sum_step = match layer.plan.op {
            Op::Adder => *weight_step, // That of the input too.
            Op::Conv | Op::Shift => f64::from(input) * weight_step,
        };
        let factors = Factors {
            sum: sum_step * f64::from(slope[k]) / output,
            offset: f64::from(offset[k]) / output,
            residual: residual.map_or(0.0, |step| f64::from(step) / output),
        };
        let Some(channel) = factors.fit() else {
            let what =
                format!("channel {k} of layer `{}` cannot be written with these integers", layer.plan.name);
            let note = format!("{factors:?}");
            return Err(Diagnostic::new("quantize", what)
                .note(note)
                .help("train it longer, or lower schedule.rate")
                .into());
        };
        out.multiplier.push(channel.multiplier as i16);
        out.bias.push(channel.bias);
        out.shift.push(channel.shift as u8);
        if residual.is_some() {
            out.residual_multiplier.push(channel.residual_multiplier as i16);
            out.residual_shift.push(channel.residual_shift as u8);
        }
    }
    Ok(out)
}

/// From `[row, column, input, output]` to `[output, input, row, column]`; a depthwise layer has no inputs.
fn outputs_first(layer: &Layer, codes: &[i8]) -> Vec<i8> {
    let window = &layer.plan.window;
    let (outputs, inputs) = (window.output[2], if window.depthwise { 1 } else { window.input[2] });
    let taps = window.kernel[0] * window.kernel[1];
    let mut out = Vec::with_capacity(codes.len());
    for k in 0..outputs {
        for c in 0..inputs {
            out.extend((0..taps).map(|tap| codes[(tap * inputs + c) * outputs + k]));
        }
    }
    out
}

/// What a channel's output is made of, in steps of the output.
#[derive(Clone, Copy, Debug)]
struct Factors {
    /// Of one unit of the accumulator.
    sum: f64,
    /// Added.
    offset: f64,
    /// Of one unit of the residual.
    residual: f64,
}

impl Factors {
    /// The integers with the largest shift for which all fit.
    fn fit(&self) -> Option<Channel<i64>> {
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
