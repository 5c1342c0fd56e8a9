//! `Plan`: the layers of a network that is to be trained, with every shape known.
//!
//! Blocks of the configuration become three layers, pooling becomes what the accelerator runs it as: a
//! depthwise convolution with all weights 1. The rules of structure are those of [`model::draft`].

mod layout;

use crate::config::TrainConfig;
use crate::kernels::Window;
use layout::Layout;
use model::draft::Draft;
use model::graph::{Input, Padding, Shape, Source};
use model::LayerId;
use spec::error::Report;
use spec::op::Op;

/// The layers of a network in topological order.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The network without its parameters, as it will be written.
    pub draft: Draft,
    /// One for each layer of the draft.
    pub layers: Vec<Planned>,
}

/// What the training needs to know of a layer.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Unique in the network.
    pub name: String,
    /// What a tap computes.
    pub op: Op,
    /// Bits of a stored weight.
    pub bits: u32,
    /// The value that it convolves: 0 is the network's input, `i + 1` the output of layer `i`.
    pub input: usize,
    /// The value that is added before the clamp.
    pub residual: Option<usize>,
    /// Its shapes.
    pub window: Window,
    /// What is done to the sums.
    pub tail: Tail,
    /// Whether negative outputs are cut off.
    pub relu: bool,
}

/// What turns an operation's sums into a layer's output, before residual and clamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Batch norm.
    Norm,
    /// A bias a channel.
    Bias,
    /// Division by the number of taps; the weights are all 1 and not trained.
    Mean,
}

impl Plan {
    /// Lays out the network of `config` for images of `shape`, `[height, width, channels]`.
    ///
    /// # Errors
    /// Every item that makes no sense, or whose shape does not fit.
    pub fn new(config: &TrainConfig, shape: [usize; 3], classes: &[String]) -> Result<Plan, Report> {
        let layout = Layout::of(config, shape)?;
        let draft = Draft {
            name: config.name.clone(),
            input: Input {
                shape: Shape::new(shape[2], shape[0], shape[1]),
                scale: config.input.scale,
                mean: config.input.mean.clone(),
                std: config.input.std.clone(),
            },
            classes: classes.to_vec(),
            layers: layout.layers.iter().map(|placed| placed.layer.clone()).collect(),
            output: None,
        };
        let checked = draft.check().map_err(|faults| layout.report(config, faults))?;
        let planned =
            checked.iter().zip(&layout.layers).map(|(layer, placed)| planned(layer, placed.tail, config));
        Ok(Plan { layers: planned.collect(), draft })
    }

    /// Multiply-accumulates of an image in the layers of `op`.
    pub fn macs(&self, op: Op) -> usize {
        self.layers.iter().filter(|layer| layer.op == op).map(|layer| layer.window.macs()).sum()
    }
}

fn planned(layer: &model::Layer, tail: Tail, config: &TrainConfig) -> Planned {
    let value = |source: Source| match source {
        Source::Input => 0,
        Source::Layer(LayerId(i)) => i + 1,
    };
    let hwc = |shape: Shape| [shape.h, shape.w, shape.c];
    let Padding { top, left, bottom, right } = layer.padding;
    Planned {
        name: layer.name.clone(),
        op: layer.op,
        bits: config.bits.of(layer.op),
        input: value(layer.input),
        residual: layer.residual.map(value),
        window: Window {
            input: hwc(layer.in_shape),
            output: hwc(layer.out_shape),
            kernel: layer.kernel,
            stride: layer.stride,
            padding: [top, left, bottom, right],
            depthwise: layer.groups == layer.in_shape.c && layer.groups == layer.out_shape.c,
        },
        tail,
        relu: layer.clamp.0 == 0,
    }
}
