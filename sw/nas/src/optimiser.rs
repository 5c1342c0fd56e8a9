//! Stochastic gradient descent with Nesterov momentum, and the schedule of its rate.

use crate::config::{Multistep, Schedule};
use crate::layer::{Layer, Param};
use crate::network::Network;
use spec::op::Op;
use std::f64::consts::PI;

/// The learning rate of `step` in `epoch`, both from 0, with `steps` in an epoch.
pub fn rate(schedule: &Schedule, epoch: usize, step: usize, steps: usize) -> f64 {
    let now = epoch as f64 + (step as f64 + 1.0) / steps as f64;
    let fall = match &schedule.multistep {
        Some(Multistep { milestones, gamma }) => {
            gamma.powi(milestones.iter().filter(|milestone| **milestone <= epoch).count() as i32)
        }
        None => 0.5 * (1.0 + (PI * (now / schedule.epochs as f64).min(1.0)).cos()),
    };
    let highest = schedule.rate * (now / schedule.warmup.max(1e-9)).min(1.0);
    schedule.final_rate + (highest - schedule.final_rate) * fall
}

/// A layer whose parameters are to move.
#[derive(Debug)]
pub struct Moving<'a> {
    /// The layer, with its gradients. Where it is frozen only its norm and bias move.
    pub layer: &'a mut Layer,
    /// Real value of one step of its input.
    pub input_step: f32,
}

/// Moves every parameter of `network` against its gradient.
pub fn step(network: &mut Network, schedule: &Schedule, rate: f64) {
    step_all(&mut network.moving(), schedule, rate);
}

/// Moves every parameter of `layers` against its gradient.
///
/// Adder weights get AdderNet's layer-wise scaling: their gradient is made to have the root mean square
/// `adder_eta`, because its size says little. The others share one limit on their length.
///
/// Adder weights are also held to what int8 can say on the grid of the layer's input. Left alone they drift far
/// beyond all inputs, where `-|x - w|` is a straight line and only the weight's sign still matters.
pub fn step_all(layers: &mut [Moving<'_>], schedule: &Schedule, rate: f64) {
    let clip = clip_factor(layers, schedule);
    for Moving { layer, input_step } in layers {
        let (is_adder, is_frozen) = (layer.plan.op == Op::Adder, layer.frozen);
        for (param, is_weight) in layer.params() {
            if is_weight && is_frozen {
                continue;
            }
            let factor = if is_weight && is_scaled(is_adder, schedule) {
                let count = param.gradient.len() as f64;
                schedule.adder_eta * count.sqrt() / squares(param).sqrt().max(1e-12)
            } else {
                clip
            };
            let decay = if is_weight { schedule.weight_decay } else { 0.0 };
            descend(param, factor as f32, decay as f32, schedule.momentum as f32, rate as f32);
        }
        if is_adder && !is_frozen {
            hold_within(&mut layer.weight.value, -128.0 * *input_step, 127.0 * *input_step);
        }
    }
}

/// Whether a layer's weights have a gradient whose length is set, not limited.
fn is_scaled(is_adder: bool, schedule: &Schedule) -> bool {
    is_adder && schedule.adder_eta > 0.0
}

fn hold_within(weights: &mut [f32], least: f32, most: f32) {
    weights.iter_mut().for_each(|w| *w = w.clamp(least, most));
}

fn clip_factor(layers: &mut [Moving<'_>], schedule: &Schedule) -> f64 {
    let mut total = 0.0;
    for Moving { layer, .. } in layers {
        let apart = layer.frozen || is_scaled(layer.plan.op == Op::Adder, schedule);
        let limited = layer.params().into_iter().filter(|(_, is_weight)| !(apart && *is_weight));
        total += limited.map(|(param, _)| squares(param)).sum::<f64>();
    }
    if schedule.clip > 0.0 && total.sqrt() > schedule.clip {
        schedule.clip / total.sqrt()
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
    use crate::config::{Input, Item, TrainConfig};
    use crate::network::Network;
    use crate::plan::Plan;

    fn schedule(multistep: Option<Multistep>) -> Schedule {
        Schedule {
            epochs: 4,
            quantise_from: 4,
            batch: 1,
            rate: 0.2,
            final_rate: 0.0,
            warmup: 1.0,
            multistep,
            momentum: 0.9,
            weight_decay: 0.0,
            clip: 0.0,
            adder_eta: 0.2,
            ema: None,
        }
    }

    /// A convolution and an adder layer, all of whose gradients are 2.
    fn network() -> Network {
        let text = "{name: t, seed: 1, data: {format: idx, path: .}, input: {scale: 0.05, mean: [0, 0], std: [1, 1]},
            schedule: {epochs: 1, quantise_from: 1, batch: 1, rate: 1}, network: []}";
        let mut config = TrainConfig::parse("t.yaml", text).expect("a configuration");
        config.input = Input { mean: vec![0.0; 2], std: vec![1.0; 2], ..config.input };
        let adder = Item { op: "adder".into(), out_channels: 4, ..Item::conv("adder") };
        config.network = vec![Item { out_channels: 4, ..Item::conv("conv") }, adder];
        let plan = Plan::new(&config, [3, 3, 2], &[]).expect("a plan");
        let mut network = Network::new(&plan, &config);
        for layer in &mut network.layers {
            layer.range = 100.0; // So that no adder weight is held back.
            layer.params().into_iter().for_each(|(param, _)| param.gradient.fill(2.0));
        }
        network
    }

    /// How far the first number of each parameter goes in a step of rate 1: weight, gamma, beta of each layer.
    fn moves(change: impl FnOnce(&mut Schedule)) -> Vec<f32> {
        let mut schedule = Schedule { momentum: 0.0, adder_eta: 0.0, ..schedule(None) };
        change(&mut schedule);
        let mut network = network();
        let first = |network: &mut Network| -> Vec<f32> {
            let layers = network.layers.iter_mut();
            layers.flat_map(|layer| layer.params().map(|(param, _)| param.value[0])).collect()
        };
        let before = first(&mut network);
        step(&mut network, &schedule, 1.0);
        first(&mut network).iter().zip(&before).map(|(after, before)| before - after).collect()
    }

    fn assert_close(found: &[f32], expected: &[f32]) {
        let apart = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-4, "{found:?}, not {expected:?}");
    }

    #[test]
    fn plain_gradients_are_descended() {
        assert_close(&moves(|_| ()), &[2.0; 6]);
    }

    #[test]
    fn eta_is_the_size_of_gradients_of_adder_weights_alone() {
        assert_close(&moves(|schedule| schedule.adder_eta = 0.1), &[2.0, 2.0, 2.0, 0.1, 2.0, 2.0]);
    }

    #[test]
    fn clip_is_the_length_of_all_that_eta_does_not_scale() {
        // Two layers of four channels: weights of 2x4 and 4x4, a gamma and a beta a channel.
        let numbers = |weights: usize| (weights + 4 * 4) as f32;
        let clipped = |weights: usize| 1.0 / numbers(weights).sqrt();
        assert_close(&moves(|schedule| schedule.clip = 1.0), &[clipped(8 + 16); 6]);
        let both = moves(|schedule| (schedule.clip, schedule.adder_eta) = (1.0, 0.1));
        let one = clipped(8);
        assert_close(&both, &[one, one, one, 0.1, one, one]);
        assert_close(&moves(|schedule| schedule.clip = 1e3), &[2.0; 6]);
    }

    #[test]
    fn weights_decay_and_norms_do_not() {
        let mut network = network();
        let [conv, adder] = [0, 1].map(|i| network.layers[i].weight.value[0]);
        let found = moves(|schedule| schedule.weight_decay = 0.5);
        assert_close(&found, &[2.0 + 0.5 * conv, 2.0, 2.0, 2.0 + 0.5 * adder, 2.0, 2.0]);
        network.layers.iter_mut().for_each(|layer| layer.frozen = true);
        let before = network.clone();
        step(&mut network, &schedule(None), 1.0);
        for (now, before) in network.layers.iter().zip(&before.layers) {
            assert_eq!(now.weight.value, before.weight.value, "frozen");
            assert_ne!(now.beta.value, before.beta.value);
        }
    }

    /// Two steps an epoch.
    fn rates(schedule: &Schedule) -> Vec<f64> {
        (0..4).flat_map(|epoch| [0, 1].map(|i| rate(schedule, epoch, i, 2))).collect()
    }

    #[test]
    fn a_rate_rises_and_falls_at_its_milestones() {
        let found = rates(&schedule(Some(Multistep { milestones: vec![2, 3], gamma: 0.5 })));
        assert_eq!(found, [0.1, 0.2, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05]);
    }

    #[test]
    fn the_rate_rises_then_falls_to_nothing() {
        let rates = rates(&schedule(None));
        assert!(rates[0] < rates[1] && rates[1] < 0.2, "{rates:?}");
        assert!(rates[1..].windows(2).all(|pair| pair[0] > pair[1]), "{rates:?}");
        assert!(rates[7].abs() < 1e-12, "{rates:?}");
    }
}
