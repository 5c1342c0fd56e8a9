//! Whether the tensors of a layer are legal: lengths, weight codes at the op's widest, ranges of what the
//! requantise step uses, and the proof that no accumulator can leave 32 bits.
//!
//! A weight that is legal here may still be too wide for one accelerator's chunk; that is for the compiler.

use crate::draft::Fault;
use crate::graph::Layer;
use num::requant::{ACC_BITS, BIAS_BITS, MAX_RESIDUAL_SHIFT, MAX_SHIFT};
use spec::error::grouped;

/// Every rule that the parameters of the `i`-th layer break, one fault a tensor.
pub fn check(i: usize, layer: &Layer) -> Vec<Fault> {
    let lengths = check_lengths(i, layer);
    if !lengths.is_empty() {
        return lengths;
    }
    [check_weights, check_overflow, check_bias, check_shift, check_residual_shift]
        .iter()
        .filter_map(|rule| rule(layer))
        .map(|Broken { tensor, what, note, help }| {
            Fault::new(i, "name", format!("{tensor} of layer `{}` {what}", layer.name), note).help(help)
        })
        .collect()
}

/// A rule that is broken.
struct Broken {
    /// Name of the tensor.
    tensor: &'static str,
    /// What is wrong with it.
    what: String,
    /// The figures.
    note: String,
    /// What to do.
    help: String,
}

fn check_lengths(i: usize, layer: &Layer) -> Vec<Fault> {
    let tensors = &layer.parameters;
    let channels = layer.out_shape.c;
    let with_residual = if layer.residual.is_some() { channels } else { 0 };
    let lengths = [
        ("weight", tensors.weight.len(), layer.weight_shape().iter().product()),
        ("bias", tensors.bias.len(), channels),
        ("multiplier", tensors.multiplier.len(), channels),
        ("shift", tensors.shift.len(), channels),
        ("residual_multiplier", tensors.residual_multiplier.len(), with_residual),
        ("residual_shift", tensors.residual_shift.len(), with_residual),
    ];
    let wrong = lengths.iter().filter(|(_, length, expected)| length != expected);
    wrong
        .map(|(tensor, length, expected)| {
            let message = format!("{tensor} of layer `{}` has the wrong length", layer.name);
            Fault::new(i, "name", message, format!("{length} elements, not {expected}"))
                .help(format!("give it {expected} elements"))
        })
        .collect()
}

fn check_weights(layer: &Layer) -> Option<Broken> {
    let (_, widest) = layer.op.weight_bits();
    let illegal = |w: &i8| !layer.op.is_legal_weight(i64::from(*w), widest);
    let weights = &layer.parameters.weight;
    let first = weights.iter().position(illegal)?;
    let count = weights.iter().filter(|w| illegal(w)).count();
    let at = index_of(first, layer.weight_shape());
    let note =
        format!("{} at {at:?}; {} of {} are illegal", weights[first], grouped(count), grouped(weights.len()));
    let what = format!("holds what is no {} weight", layer.op.name());
    let legal = (i8::MIN..=i8::MAX).filter(|w| !illegal(w));
    let (least, most) = (legal.clone().min().unwrap_or(0), legal.max().unwrap_or(0));
    let help = format!("weights of a {} layer are {least} to {most}", layer.op.name());
    Some(Broken { tensor: "weight", what, note, help })
}

fn check_overflow(layer: &Layer) -> Option<Broken> {
    if check_weights(layer).is_some() {
        return None; // Illegal weights have no worst case.
    }
    let worst =
        |k: usize| -> i64 { layer.weights_of(k).iter().map(|w| layer.op.worst_case(i64::from(*w))).sum() };
    let limit = 1i64 << (ACC_BITS - 1);
    let (k, sum) = (0..layer.out_shape.c).map(|k| (k, worst(k))).find(|(_, sum)| *sum >= limit)?;
    let note = format!("channel {k} can reach {}, the limit is {}", grouped(sum), grouped(limit));
    let what = "could overflow the 32-bit accumulator".into();
    let help = "make the channel's weights smaller, or their number (kernel, channels of a group)".into();
    Some(Broken { tensor: "weight", what, note, help })
}

fn check_bias(layer: &Layer) -> Option<Broken> {
    let limit = 1i64 << (BIAS_BITS - 1);
    let (k, bias) =
        layer.parameters.bias.iter().enumerate().find(|(_, bias)| bias.unsigned_abs() >= limit as u64)?;
    let note = format!("{} at channel {k}; the magnitude must stay below 2^46", grouped(bias));
    let help = "choose a smaller shift, which makes bias and multiplier smaller too".into();
    Some(Broken { tensor: "bias", what: "is out of range".into(), note, help })
}

fn check_shift(layer: &Layer) -> Option<Broken> {
    out_of_range("shift", &layer.parameters.shift, MAX_SHIFT)
}

fn check_residual_shift(layer: &Layer) -> Option<Broken> {
    out_of_range("residual_shift", &layer.parameters.residual_shift, MAX_RESIDUAL_SHIFT)
}

fn out_of_range(tensor: &'static str, shifts: &[u8], most: u32) -> Option<Broken> {
    let (k, shift) = shifts.iter().enumerate().find(|(_, shift)| u32::from(**shift) > most)?;
    let note = format!("{shift} at channel {k}; at most {most}");
    let help = match tensor {
        "shift" => "halve multiplier and bias for every step that it is lowered by",
        _ => "double residual_multiplier for every step that it is lowered by",
    };
    Some(Broken { tensor, what: "is out of range".into(), note, help: help.into() })
}

/// Where flat index `flat` lies in a tensor of `shape`.
fn index_of(flat: usize, [_, c, h, w]: [usize; 4]) -> [usize; 4] {
    [flat / (c * h * w), flat / (h * w) % c, flat / w % h, flat % w]
}
