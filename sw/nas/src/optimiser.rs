//! Stochastic gradient descent with Nesterov momentum, and the schedule of its rate.

use crate::config::Schedule;
use crate::layer::Param;
use crate::network::Network;
use spec::op::Op;
use std::f64::consts::PI;

/// The learning rate of `step` in `epoch`, both from 0, with `steps` in an epoch.
pub fn rate(schedule: &Schedule, epoch: usize, step: usize, steps: usize) -> f64 {
    let now = epoch as f64 + (step as f64 + 1.0) / steps as f64;
    let fall = 0.5 * (1.0 + (PI * (now / schedule.epochs as f64).min(1.0)).cos());
    schedule.rate * (now / schedule.warmup.max(1e-9)).min(1.0) * fall
}

/// Moves every parameter against its gradient.
///
/// Adder weights get AdderNet's layer-wise scaling: their gradient is made to have the root mean square
/// `adder_eta`, because its size says little. The others share one limit on their length.
///
/// Adder weights are also held to what int8 can say on the grid of the layer's input. Left alone they drift far
/// beyond all inputs, where `-|x - w|` is a straight line and only the weight's sign still matters.
pub fn step(network: &mut Network, schedule: &Schedule, rate: f64) {
    let clip = clip_factor(network, schedule.clip);
    let steps: Vec<f32> = network.layers.iter().map(|layer| network.step(layer.plan.input)).collect();
    for (layer, input_step) in network.layers.iter_mut().zip(steps) {
        let is_adder = layer.plan.op == Op::Adder;
        for (param, decays) in layer.params() {
            let factor = if is_adder && decays {
                let count = param.gradient.len() as f64;
                schedule.adder_eta * count.sqrt() / squares(param).sqrt().max(1e-12)
            } else {
                clip
            };
            let decay = if decays { schedule.weight_decay } else { 0.0 };
            descend(param, factor as f32, decay as f32, schedule.momentum as f32, rate as f32);
        }
        if is_adder {
            hold_within(&mut layer.weight.value, -128.0 * input_step, 127.0 * input_step);
        }
    }
}

fn hold_within(weights: &mut [f32], least: f32, most: f32) {
    weights.iter_mut().for_each(|w| *w = w.clamp(least, most));
}

fn clip_factor(network: &mut Network, clip: f64) -> f64 {
    let mut total = 0.0;
    for layer in &mut network.layers {
        let is_adder = layer.plan.op == Op::Adder;
        let limited = layer.params().into_iter().filter(|(_, is_weight)| !(is_adder && *is_weight));
        total += limited.map(|(param, _)| squares(param)).sum::<f64>();
    }
    if clip > 0.0 && total.sqrt() > clip {
        clip / total.sqrt()
    } else {
        1.0
    }
}

fn squares(param: &Param) -> f64 {
    param.gradient.iter().map(|g| f64::from(*g).powi(2)).sum()
}

fn descend(param: &mut Param, factor: f32, decay: f32, momentum: f32, rate: f32) {
    let numbers = param.value.iter_mut().zip(&mut param.velocity).zip(&param.gradient);
    for ((value, velocity), gradient) in numbers {
        let gradient = gradient * factor + decay * *value;
        *velocity = momentum * *velocity + gradient;
        *value -= rate * (gradient + momentum * *velocity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_then_falls_to_nothing() {
        let schedule = Schedule {
            epochs: 4,
            quantise_from: 4,
            batch: 1,
            rate: 0.2,
            warmup: 1.0,
            momentum: 0.9,
            weight_decay: 0.0,
            clip: 0.0,
            adder_eta: 0.2,
        };
        let rates: Vec<f64> = (0..4).flat_map(|epoch| [0, 1].map(|i| rate(&schedule, epoch, i, 2))).collect();
        assert!(rates[0] < rates[1] && rates[1] < 0.2, "{rates:?}");
        assert!(rates[1..].windows(2).all(|pair| pair[0] > pair[1]), "{rates:?}");
        assert!(rates[7].abs() < 1e-12, "{rates:?}");
    }
}
