//! `Rounded`: the quantised forward pass in evaluation, on exactly the integers that are exported.
//!
//! The operations run on the kernels of training, here over exact 32-bit integers; the requantise step is the
//! one of [`num::requant`]. `model::reference` computes the same by its own loops, and tests compare the two.

use crate::kernels::batch::Kernel;
use crate::kernels::Tap;
use crate::layer::Layer;
use crate::network::Network;
use model::graph::{LayerId, Parameters};
use model::Graph;
use num::requant::{requant, Channel};
use rayon::prelude::*;
use spec::op::Op;

/// A folded network, ready to run.
#[derive(Clone, Debug)]
pub struct Rounded {
    layers: Vec<RoundedLayer>,
}

#[derive(Clone, Debug)]
struct RoundedLayer {
    layer: crate::plan::Planned,
    weights: Vec<i32>,
    channels: Vec<Channel<i64>>,
    clamp: (i64, i64),
}

impl Rounded {
    /// The forward pass of `network`, whose folded form is `graph`.
    pub fn new(network: &Network, graph: &Graph) -> Rounded {
        let layer = |(i, layer): (usize, &Layer)| {
            let folded = graph.layer(LayerId(i));
            RoundedLayer {
                layer: layer.plan.clone(),
                weights: layer.stored_weights(network.step(layer.plan.input)).values,
                channels: channels(&folded.parameters),
                clamp: (i64::from(folded.clamp.0), i64::from(folded.clamp.1)),
            }
        };
        Rounded { layers: network.layers.iter().enumerate().map(layer).collect() }
    }

    /// Every layer's output, from int8 images in NHWC order.
    pub fn outputs(&self, input: &[i8]) -> Vec<Vec<i32>> {
        let mut values = vec![input.iter().map(|x| i32::from(*x)).collect::<Vec<i32>>()];
        for layer in &self.layers {
            let y = layer.forward(&values[layer.layer.input], layer.layer.residual.map(|r| &values[r][..]));
            values.push(y);
        }
        values.remove(0);
        values
    }

    /// The network's output.
    pub fn output(&self, input: &[i8]) -> Vec<i32> {
        self.outputs(input).pop().unwrap_or_default()
    }
}

impl RoundedLayer {
    fn forward(&self, x: &[i32], residual: Option<&[i32]>) -> Vec<i32> {
        let tap = if self.layer.op == Op::Adder { Tap::Distance } else { Tap::Product };
        let mut y = Kernel::new(tap, self.layer.window).forward(x, &self.weights);
        let count = self.channels.len();
        let (lo, hi) = self.clamp;
        y.par_chunks_mut(count).enumerate().with_min_len(256).for_each(|(pixel, row)| {
            for (k, (y, channel)) in row.iter_mut().zip(&self.channels).enumerate() {
                let residual = residual.map_or(0, |residual| i64::from(residual[pixel * count + k]));
                *y = requant(&i64::from(*y), &residual, channel, &lo, &hi) as i32;
            }
        });
        y
    }
}

fn channels(parameters: &Parameters) -> Vec<Channel<i64>> {
    let channel = |k: usize| Channel {
        multiplier: i64::from(parameters.multiplier[k]),
        bias: parameters.bias[k],
        shift: i64::from(parameters.shift[k]),
        residual_multiplier: parameters.residual_multiplier.get(k).map_or(0, |m| i64::from(*m)),
        residual_shift: parameters.residual_shift.get(k).map_or(0, |s| i64::from(*s)),
    };
    (0..parameters.multiplier.len()).map(channel).collect()
}
