//! The numbers of a random layer: legal weights, and a requantise step that fits what they do to one image.

use crate::graph::{Layer, Parameters};
use crate::reference::accumulators;
use num::requant::{ACC_BITS, BIAS_BITS, MAX_RESIDUAL_SHIFT, MAX_SHIFT};
use spec::random::Rng;

/// Parameters of `layer`, whose weights have `bits` bits, calibrated on `input`.
pub fn draw(rng: &mut Rng, layer: &Layer, bits: u32, is_pool: bool, input: &[i8]) -> Parameters {
    let count = layer.weight_shape().iter().product();
    let weight = if is_pool { vec![1; count] } else { draw_weights(rng, layer, bits, count) };
    let mut layer = layer.clone();
    layer.parameters.weight = weight;
    let sums = accumulators(&layer, input);
    let plane = layer.out_shape.h * layer.out_shape.w;
    let mut parameters = std::mem::take(&mut layer.parameters);
    for sums in sums.chunks_exact(plane) {
        draw_channel(rng, sums, layer.residual.is_some(), &mut parameters);
    }
    parameters
}

/// Legal weights that cannot overflow the accumulator.
fn draw_weights(rng: &mut Rng, layer: &Layer, bits: u32, count: usize) -> Vec<i8> {
    let (op, taps) = (layer.op, layer.dims(1).taps() as i64);
    let half = 1i64 << (bits - 1);
    let fits = |w: &i64| op.is_legal_weight(*w, bits) && op.worst_case(*w) * taps < 1 << (ACC_BITS - 1);
    let legal: Vec<i64> = (-half..half).filter(fits).collect();
    let extremes = [legal[0], legal[legal.len() - 1]];
    let zeros = *rng.choose(&[0, 0, 30, 90]);
    let only_extremes = rng.percent(5);
    let weight = |_| match (rng.percent(zeros), only_extremes) {
        (true, _) => 0,
        (false, true) => *rng.choose(&extremes) as i8,
        (false, false) => *rng.choose(&legal) as i8,
    };
    (0..count).map(weight).collect()
}

/// Draws one channel's requantise step so that accumulators like `sums` spread over most of 8 bits.
fn draw_channel(rng: &mut Rng, sums: &[i32], with_residual: bool, parameters: &mut Parameters) {
    let low = sums.iter().min().map_or(0, |sum| i64::from(*sum));
    let high = sums.iter().max().map_or(0, |sum| i64::from(*sum));
    // One sum alone has no spread: guess one from its size.
    let spread = if high > low { high - low } else { high.abs() / 2 + 1 };
    let magnitude = 1i64 << rng.range(0, 14);
    let magnitude = magnitude + rng.range(0, magnitude - 1);
    let multiplier = if rng.percent(35) { -magnitude } else { magnitude };
    let target = rng.range(100, 250);
    let shift = (magnitude * spread / target).max(1).ilog2().min(MAX_SHIFT);
    let offset = rng.range(-40, 40) << shift;
    let bias = offset - multiplier * ((low + high) / 2);
    let limit = (1i64 << (BIAS_BITS - 1)) - 1;
    let (multiplier, bias, shift) = match rng.size(0, 99) {
        0 => (0, bias, shift),
        1 => (i64::from(i16::MIN), bias, shift),
        2 => (multiplier, *rng.choose(&[-limit, limit]), shift),
        3 => (multiplier, bias, *rng.choose(&[0, MAX_SHIFT])),
        _ => (multiplier, bias, shift),
    };
    parameters.multiplier.push(multiplier as i16);
    parameters.bias.push(bias.clamp(-limit, limit));
    parameters.shift.push(shift as u8);
    if with_residual {
        draw_residual(rng, shift, parameters);
    }
}

/// A residual of up to about the size of the rest, in one of the ways that multiplier and shift can say it.
fn draw_residual(rng: &mut Rng, shift: u32, parameters: &mut Parameters) {
    let smallest = shift.saturating_sub(14).min(MAX_RESIDUAL_SHIFT);
    let left = rng.range(i64::from(smallest), i64::from(shift.min(MAX_RESIDUAL_SHIFT))) as u32;
    let most = (1i64 << (shift - left)).min(i64::from(i16::MAX));
    let multiplier = rng.range((most / 8).max(1), most);
    let multiplier = match rng.size(0, 19) {
        0 => 0,
        1 => i64::from(i16::MIN),
        2..8 => -multiplier,
        _ => multiplier,
    };
    parameters.residual_multiplier.push(multiplier as i16);
    parameters.residual_shift.push(left as u8);
}
