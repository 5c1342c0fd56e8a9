//! Float to integer: batch norm, bias, residual and clamp of a trained layer become the integers of the
//! requantise step, as [`model::quantise`] makes them.

use crate::layer::Layer;
use crate::network::Network;
use crate::plan::Plan;
use model::graph::Parameters;
use model::quantise::Factors;
use model::Graph;
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
        out.push(&channel, residual.is_some());
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
