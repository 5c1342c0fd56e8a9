//! `Network`: the layers of a plan, run forwards and backwards over a batch.

use crate::config::TrainConfig;
use crate::layer::{Layer, Phase, Tape};
use crate::maps::Maps;
use crate::optimiser::Moving;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::run::checkpoint::State;
use std::collections::BTreeMap;

/// A network in training.
#[derive(Clone, Debug)]
pub struct Network {
    /// In topological order.
    pub layers: Vec<Layer>,
    /// Real value of one step of the int8 input.
    pub input_step: f32,
}

/// A training pass: every value, and what each layer recorded.
#[derive(Debug)]
pub struct Pass {
    /// The input, then every layer's output.
    values: Vec<Maps>,
    tapes: Vec<Tape>,
}

impl Pass {
    /// The network's output.
    pub fn output(&self) -> &Maps {
        &self.values[self.values.len() - 1]
    }
}

impl Network {
    /// A network with random weights.
    pub fn new(plan: &Plan, config: &TrainConfig) -> Network {
        Network::of(plan, config, &[WEIGHTS])
    }

    /// A network whose weights are random numbers for `purpose`.
    pub fn of(plan: &Plan, config: &TrainConfig, purpose: &[u64]) -> Network {
        let layer = |(i, plan): (usize, &crate::plan::Planned)| {
            let purpose = [purpose, &[i as u64]].concat();
            Layer::new(plan.clone(), &mut Rng::new(config.seed, &purpose))
        };
        let layers = plan.layers.iter().enumerate().map(layer).collect();
        Network { layers, input_step: config.input.scale as f32 }
    }

    /// Real value of one step of a value: of the input for 0, of layer `i`'s output for `i + 1`.
    pub fn step(&self, value: usize) -> f32 {
        value.checked_sub(1).map_or(self.input_step, |layer| self.layers[layer].scale())
    }

    /// A training pass.
    ///
    /// # Errors
    /// The name of the first layer whose output is not finite.
    pub fn forward(&mut self, input: Maps, phase: Phase) -> Result<Pass, String> {
        let (mut values, mut tapes) = (vec![input], Vec::<Tape>::new());
        for i in 0..self.layers.len() {
            let (input, residual) = (self.layers[i].plan.input, self.layers[i].plan.residual);
            let step = input.checked_sub(1).map_or(self.input_step, |layer: usize| tapes[layer].step());
            let layer = &mut self.layers[i];
            let (y, tape) = layer.forward(&values[input], residual.map(|r| &values[r]), step, phase);
            if !tape.is_finite() {
                return Err(layer.plan.name.clone());
            }
            values.push(y);
            tapes.push(tape);
        }
        Ok(Pass { values, tapes })
    }

    /// Takes the statistics of the batch of `pass` for the running ones, as if all batches before had been the same.
    pub fn settle(&mut self, pass: &Pass) {
        self.layers.iter_mut().zip(&pass.tapes).for_each(|(layer, tape)| layer.settle(tape));
    }

    /// Sets the gradient of every parameter from the gradient by the output.
    ///
    /// # Errors
    /// The name of the first layer, from the back, whose gradient is not finite.
    pub fn backward(&mut self, pass: &Pass, gradient: Maps) -> Result<(), String> {
        self.backwards(pass, gradient, false).map(|_| ())
    }

    /// [`Network::backward`], down to the gradient by the network's input.
    ///
    /// # Errors
    /// Those of [`Network::backward`].
    pub fn backward_to_input(&mut self, pass: &Pass, gradient: Maps) -> Result<Maps, String> {
        self.backwards(pass, gradient, true).map(Option::unwrap_or_default)
    }

    fn backwards(&mut self, pass: &Pass, gradient: Maps, to_input: bool) -> Result<Option<Maps>, String> {
        let mut waiting = BTreeMap::from([(self.layers.len(), gradient)]);
        for i in (0..self.layers.len()).rev() {
            let layer = &mut self.layers[i];
            let Some(gradient) = waiting.remove(&(i + 1)) else { continue };
            let (input, residual) = (layer.plan.input, layer.plan.residual);
            let is_wanted = |value: usize| value > 0 || to_input;
            let (x, y, tape) = (&pass.values[input], &pass.values[i + 1], &pass.tapes[i]);
            let found = layer.backward(x, y, tape, gradient, is_wanted(input));
            if layer.params().iter().any(|(param, _)| param.gradient.iter().any(|g| !g.is_finite())) {
                return Err(layer.plan.name.clone());
            }
            let reads = [(Some(input), found.input), (residual, found.residual)];
            for (value, gradient) in reads {
                if let (Some(value), Some(gradient)) = (value.filter(|v| is_wanted(*v)), gradient) {
                    match waiting.get_mut(&value) {
                        Some(sum) => sum.add(&gradient),
                        None => drop(waiting.insert(value, gradient)),
                    }
                }
            }
        }
        Ok(waiting.remove(&0))
    }

    /// The output in evaluation.
    pub fn evaluate(&self, input: Maps, phase: Phase) -> Maps {
        let mut values = vec![input];
        for layer in &self.layers {
            let (x, residual) = (&values[layer.plan.input], layer.plan.residual.map(|r| &values[r]));
            let y = layer.evaluate(x, residual, self.step(layer.plan.input), phase);
            values.push(y);
        }
        values.pop().unwrap_or_default()
    }

    /// The layers with the real value of one step of what each reads.
    pub fn moving(&mut self) -> Vec<Moving<'_>> {
        let steps: Vec<f32> = self.layers.iter().map(|layer| self.step(layer.plan.input)).collect();
        let layers = self.layers.iter_mut().zip(steps);
        layers.map(|(layer, input_step)| Moving { layer, input_step }).collect()
    }
}

impl State for Network {
    fn state(&mut self) -> Vec<(String, &mut [f32])> {
        self.layers.iter_mut().flat_map(Layer::state).collect()
    }
}

/// Purpose of the random numbers that weights start from.
pub const WEIGHTS: u64 = 1;
