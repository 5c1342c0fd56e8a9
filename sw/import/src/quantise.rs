//! From a network of real numbers to ours: every value gets a step, weights become integers, slopes and offsets the
//! factors of the requantise step. The rounding itself is [`model::quantise`].
//!
//! A step is what the file prescribes, else the range that calibration saw over 127. Weights are scaled one output
//! channel at a time, those of adder layers by the step of their input.

use crate::calibrate::Pixels;
use crate::float::{FloatLayer, FloatNet, Weights};
use model::draft::{Draft, LayerDraft};
use model::graph::{Input, Parameters};
use model::quantise::{exponents, linear, powers_of_two, uniform, Factors, Stored};
use model::Graph;
use num::requant::ACC_BITS;
use spec::error::{Diagnostic, Report};
use spec::op::Op;

/// The network of integers.
///
/// # Errors
/// Values without a step where there are no `ranges`, channels whose factors fit at no shift, and what
/// [`Graph::new`] refuses.
pub fn quantise(
    name: &str,
    net: &FloatNet,
    ranges: Option<&[f32]>,
    pixels: &Pixels,
) -> Result<Graph, Report> {
    let steps = steps(net, ranges)?;
    let mut report = Report::default();
    let mut layers = Vec::new();
    for (i, layer) in net.layers.iter().enumerate() {
        let of = Steps {
            input: steps[layer.input],
            residual: layer.residual.map(|value| steps[value]),
            output: steps[i + 1],
        };
        match parameters(layer, &of) {
            Ok(parameters) => layers.push(drafted(net, layer, &of, parameters)),
            Err(fault) => report.0.extend(fault.0.into_iter().map(|fault| fault.in_file(&net.file))),
        }
    }
    report.or(())?;
    let Pixels { mean, std } = pixels.clone();
    Graph::new(Draft {
        name: name.into(),
        input: Input { shape: net.input.shape, scale: steps[0], mean, std },
        classes: net.classes.clone(),
        layers,
        output: Some(net.value_name(net.output).into()),
    })
}

/// The step of every value.
fn steps(net: &FloatNet, ranges: Option<&[f32]>) -> Result<Vec<f64>, Report> {
    let written: Vec<Option<f64>> =
        std::iter::once(net.input.step).chain(net.layers.iter().map(|layer| layer.step)).collect();
    let missing: Vec<String> = written
        .iter()
        .enumerate()
        .filter(|(_, step)| step.is_none() && ranges.is_none())
        .map(|(value, _)| format!("`{}`", net.value_name(value)))
        .collect();
    if !missing.is_empty() {
        let message = "the model needs calibration images";
        let fault = Diagnostic::new("import", message).in_file(&net.file);
        let note = match missing.len() == written.len() {
            true => "it is not quantized, so the ranges of its values are not known".to_string(),
            false => format!("no scale is known of {}", missing.join(", ")),
        };
        let help = "give --calibration X.npy: some tens of images as the model is fed, float32 [N, C, H, W]";
        return Err(fault.note(note).help(help).into());
    }
    let range = |value: usize| of_range(ranges.map_or(0.0, |ranges| ranges[value]));
    Ok(written.into_iter().enumerate().map(|(value, step)| step.unwrap_or_else(|| range(value))).collect())
}

/// `net` as the weights of its shift layers are rounded, whatever the steps.
pub fn with_rounded_shifts(net: &FloatNet) -> FloatNet {
    let mut net = net.clone();
    for layer in net.layers.iter_mut().filter(|layer| layer.op == Op::Shift) {
        let stored = shifted(&layer.real_weights(), layer.out_shape.c, layer.op.default_weight_bits());
        let taps = layer.taps();
        let real = |(i, value): (usize, &i32)| (f64::from(*value) * stored.scales[i / taps]) as f32;
        layer.weights = Weights::Real(stored.values.iter().enumerate().map(real).collect());
    }
    net
}

/// The real value of one step of the network's output.
pub fn output_step(net: &FloatNet, ranges: &[f32]) -> f64 {
    net.layers[net.output - 1].step.unwrap_or_else(|| of_range(ranges[net.output]))
}

/// The step of a value whose greatest magnitude is `range`.
fn of_range(range: f32) -> f64 {
    f64::from(range.max(1e-6)) / 127.0
}

/// Real values of one step of what a layer reads and writes.
struct Steps {
    input: f64,
    residual: Option<f64>,
    output: f64,
}

fn drafted(net: &FloatNet, layer: &FloatLayer, steps: &Steps, parameters: Parameters) -> LayerDraft {
    let bound = |real: f32| (f64::from(real) / steps.output).round().clamp(-128.0, 127.0) as i8;
    LayerDraft {
        name: layer.name.clone(),
        op: layer.op,
        input: net.value_name(layer.input).into(),
        residual: layer.residual.map(|value| net.value_name(value).into()),
        out_channels: layer.out_shape.c,
        kernel: layer.kernel,
        stride: layer.stride,
        padding: layer.padding,
        groups: layer.groups,
        clamp: (bound(layer.clip.0), bound(layer.clip.1)),
        parameters,
    }
}

/// The integers of a layer.
fn parameters(layer: &FloatLayer, steps: &Steps) -> Result<Parameters, Report> {
    let stored = stored(layer, steps.input)?;
    let beyond = beyond(layer, &stored);
    let mut out = Parameters { weight: stored.codes, ..Parameters::default() };
    for (k, weight_step) in stored.scales.iter().enumerate() {
        let sum_step = match layer.op {
            Op::Adder => *weight_step, // That of the input too.
            Op::Conv | Op::Shift => steps.input * weight_step,
        };
        let factors = Factors {
            sum: sum_step * layer.slope[k] / steps.output,
            offset: (layer.offset[k] - beyond[k] * layer.slope[k]) / steps.output,
            residual: steps.residual.map_or(0.0, |step| step / steps.output),
        };
        let Some(channel) = factors.fit() else {
            let what = format!("channel {k} of layer `{}` cannot be written with our integers", layer.name);
            let Factors { sum, offset, residual } = factors;
            let note = format!("one step of its output is {sum:e} of a sum, {offset:e} of its offset, {residual:e} of a residual");
            let help = "calibrate with images on which it gives more than 0, or remove the channel";
            return Err(Diagnostic::new("import", what).note(note).help(help).into());
        };
        out.push(&channel, steps.residual.is_some());
    }
    Ok(out)
}

/// The integer weights of a layer whose input has the step `input`.
fn stored(layer: &FloatLayer, input: f64) -> Result<Stored, Report> {
    let (channels, taps, bits) = (layer.out_shape.c, layer.taps(), layer.op.default_weight_bits());
    if let (Weights::Fixed { codes, steps }, Op::Conv) = (&layer.weights, layer.op) {
        let values = codes.iter().map(|code| i32::from(*code)).collect();
        return Ok(Stored { codes: codes.clone(), values, scales: steps.clone() });
    }
    if layer.weights == Weights::Ones {
        let count = channels * taps;
        return Ok(Stored { codes: vec![1; count], values: vec![1; count], scales: vec![1.0; channels] });
    }
    let weights = layer.real_weights();
    if weights.iter().any(|weight| !weight.is_finite()) {
        let what = format!("layer `{}` has weights that are not finite", layer.name);
        return Err(Diagnostic::new("import", what).help("export the model again").into());
    }
    Ok(match layer.op {
        Op::Conv => {
            let most = |weights: &[f32]| weights.iter().fold(0.0f32, |most, weight| most.max(weight.abs()));
            let largest: Vec<f32> = weights.chunks(taps).map(most).collect();
            linear(&weights, &largest, |i| i / taps, bits)
        }
        Op::Adder => uniform(&weights, channels, input, bits),
        Op::Shift => shifted(&weights, channels, bits),
    })
}

/// Powers of two up to the layer's largest weight, without the lowest where sums could overflow.
fn shifted(weights: &[f32], channels: usize, bits: u32) -> Stored {
    let most = weights.iter().fold(0.0f32, |most, weight| most.max(weight.abs()));
    let top = if most > 0.0 { f64::from(most).log2().round() as i32 } else { 0 };
    let (mut lowest, top) = exponents(bits, top).into_inner();
    loop {
        let stored = powers_of_two(weights, channels, lowest..=top);
        let worst =
            |codes: &[i8]| codes.iter().map(|code| Op::Shift.worst_case(i64::from(*code))).sum::<i64>();
        let taps = stored.codes.len() / channels;
        let fits = stored.codes.chunks(taps).all(|codes| worst(codes) < 1 << (ACC_BITS - 1));
        if fits || lowest == top {
            return stored;
        }
        lowest += 1;
    }
}

/// What clipped adder weights lack in each channel. A weight beyond the input's range differs from every input by at
/// least what it is beyond, so that part of the distance is a constant.
fn beyond(layer: &FloatLayer, stored: &Stored) -> Vec<f64> {
    if layer.op != Op::Adder {
        return vec![0.0; layer.out_shape.c];
    }
    let (weights, taps) = (layer.real_weights(), layer.taps());
    let excess = |i: usize, step: f64| {
        let rounded = f64::from(stored.values[i]) * step;
        let is_clipped = matches!(stored.codes[i], i8::MIN | i8::MAX);
        let more = f64::from(weights[i]).abs() - rounded.abs();
        if is_clipped && more > 0.0 {
            more
        } else {
            0.0
        }
    };
    (0..layer.out_shape.c)
        .map(|k| (k * taps..(k + 1) * taps).map(|i| excess(i, stored.scales[k])).sum())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::Images;
    use crate::float::{FloatInput, UNCLIPPED};
    use model::graph::Padding;
    use model::Shape;

    /// A weight that no input comes near, and one in the midst of them; a padded column, whose terms count too.
    #[test]
    fn what_adder_weights_lack_is_in_the_offset() {
        let layer = FloatLayer {
            name: "far".into(),
            op: Op::Adder,
            input: 0,
            residual: None,
            in_shape: Shape::new(1, 1, 4),
            out_shape: Shape::new(2, 1, 4),
            kernel: [1, 2],
            stride: [1, 1],
            padding: Padding { top: 0, left: 0, bottom: 0, right: 1 },
            groups: 1,
            weights: Weights::Real(vec![3.0, 0.25, -7.0, 1.5]),
            slope: vec![0.5, 2.0],
            offset: vec![2.0, 20.0],
            clip: UNCLIPPED,
            step: None,
        };
        let input = FloatInput { shape: layer.in_shape, step: None };
        let net = FloatNet { file: "far".into(), input, classes: Vec::new(), layers: vec![layer], output: 1 };
        let images = Images { n: 1, shape: net.input.shape, data: vec![-1.0, -0.5, 0.25, 1.0] };
        let pixels = Pixels { mean: vec![0.0], std: vec![1.0] };
        let imported = crate::import("far", &net, Some(&images), &pixels).expect("fits");
        let parameters = &imported.graph.layer(model::LayerId(0)).parameters;
        assert_eq!(parameters.weight, [127, 32, -128, 127]);
        let agreement = imported.agreement.expect("images were given");
        assert!(agreement.decibels > 40.0, "{agreement:?}");
    }

    #[test]
    fn shift_layers_give_up_low_exponents_before_a_sum_could_overflow() {
        let mut weights = vec![1.0f32; 4608];
        weights[7] = 2f32.powi(-14);
        let stored = shifted(&weights, 1, 5);
        let sum: i64 = stored.codes.iter().map(|code| Op::Shift.worst_case(i64::from(*code))).sum();
        assert!(sum < 1 << 31 && 4 * sum > 1 << 31, "{sum}");
        assert_eq!(stored.codes[7], 1);
        assert_eq!(f64::from(stored.values[0]) * stored.scales[0], 1.0);
        // Fewer weights keep all.
        assert_eq!(shifted(&[1.0, 2f32.powi(-14)], 1, 5).codes, [15, 1]);
    }
}
