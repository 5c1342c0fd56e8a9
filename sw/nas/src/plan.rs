//! `Plan`: the layers of a network that is to be trained, with every shape known.
//!
//! Blocks of the configuration become three layers, pooling becomes what the accelerator runs it as: a
//! depthwise convolution with all weights 1. The rules of structure are those of [`model::draft`].

use crate::config::{Item, TrainConfig};
use crate::kernels::Window;
use model::draft::{Draft, LayerDraft};
use model::graph::{Input, Padding, Parameters, Shape, Source};
use model::LayerId;
use spec::error::{nearest, Diagnostic, Report};
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
        let mut builder =
            Builder { shape, last: "input".into(), layers: Vec::new(), report: Report::default() };
        config.network.iter().for_each(|item| builder.item(item));
        let Builder { layers, report, .. } = builder;
        report.or(())?;
        let draft = Draft {
            name: config.name.clone(),
            input: Input {
                shape: Shape::new(shape[2], shape[0], shape[1]),
                scale: config.input.scale,
                mean: config.input.mean.clone(),
                std: config.input.std.clone(),
            },
            classes: classes.to_vec(),
            layers: layers.iter().map(|(layer, _)| layer.clone()).collect(),
            output: None,
        };
        let checked = draft.check().map_err(model::draft::Fault::report)?;
        let planned = checked.iter().zip(&layers).map(|(layer, (_, tail))| planned(layer, *tail, config));
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
        bits: match layer.op {
            Op::Conv => config.bits.conv,
            Op::Shift => config.bits.shift,
            Op::Adder => config.bits.adder,
        },
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

/// Lays items out one after the other.
struct Builder {
    /// Of the latest layer's output: height, width, channels.
    shape: [usize; 3],
    /// Name of the latest layer.
    last: String,
    layers: Vec<(LayerDraft, Tail)>,
    report: Report,
}

impl Builder {
    fn item(&mut self, item: &Item) {
        let help = "op is one of conv, shift, adder, pool";
        let op = match (item.op.as_str(), Op::from_name(&item.op)) {
            ("pool", _) => return self.pool(item),
            (_, Some(op)) => op,
            (name, None) => {
                let near = nearest(name, ["conv", "shift", "adder", "pool"]);
                let help = near.map_or(help.into(), |near| format!("did you mean `{near}`?"));
                return self.fault(item, format!("there is no op `{name}`"), help);
            }
        };
        if op == Op::Adder && !item.norm {
            return self.fault(
                item,
                "an adder layer learns nothing without batch norm".into(),
                "drop `norm`",
            );
        }
        let tail = if item.norm { Tail::Norm } else { Tail::Bias };
        let residual = item.residual.then(|| self.last.clone());
        match item.expand {
            None => {
                let relu = item.relu.unwrap_or(true);
                self.layer(&item.name, op, item.out_channels, item.kernel, item.stride, residual, tail, relu);
            }
            Some(channels) => {
                let name = |part: &str| format!("{}.{part}", item.name);
                let relu = item.relu.unwrap_or(false);
                self.layer(&name("pw1"), op, channels, 1, 1, None, tail, true);
                self.depthwise(&name("dw"), op, item.kernel, item.stride, tail);
                self.layer(&name("pw2"), op, item.out_channels, 1, 1, residual, tail, relu);
            }
        }
    }

    #[allow(clippy::too_many_arguments)] // Private, and each call reads like a row of the network.
    fn layer(
        &mut self,
        name: &str,
        op: Op,
        out_channels: usize,
        kernel: usize,
        stride: usize,
        residual: Option<String>,
        tail: Tail,
        relu: bool,
    ) {
        let pad = kernel.saturating_sub(1) / 2;
        self.push(name, op, out_channels, [kernel; 2], stride, [pad; 4].into(), 1, residual, tail, relu);
    }

    fn depthwise(&mut self, name: &str, op: Op, kernel: usize, stride: usize, tail: Tail) {
        let (pad, channels) = (kernel.saturating_sub(1) / 2, self.shape[2]);
        self.push(name, op, channels, [kernel; 2], stride, [pad; 4].into(), channels, None, tail, true);
    }

    fn pool(&mut self, item: &Item) {
        let [h, w, c] = self.shape;
        let relu = item.relu.unwrap_or(true);
        self.push(&item.name, Op::Conv, c, [h, w], 1, Padding::default(), c, None, Tail::Mean, relu);
    }

    #[allow(clippy::too_many_arguments)] // The fields of a LayerDraft.
    fn push(
        &mut self,
        name: &str,
        op: Op,
        out_channels: usize,
        kernel: [usize; 2],
        stride: usize,
        padding: Padding,
        groups: usize,
        residual: Option<String>,
        tail: Tail,
        relu: bool,
    ) {
        let layer = LayerDraft {
            name: name.into(),
            op,
            input: std::mem::replace(&mut self.last, name.into()),
            residual,
            out_channels,
            kernel,
            stride: [stride; 2],
            padding,
            groups,
            clamp: (if relu { 0 } else { -128 }, 127),
            parameters: Parameters::default(),
        };
        let extent = |size: usize, before: usize, after: usize, kernel: usize| {
            (size + before + after).saturating_sub(kernel) / stride.max(1) + 1
        };
        let Padding { top, left, bottom, right } = padding;
        let h = extent(self.shape[0], top, bottom, kernel[0]);
        let w = extent(self.shape[1], left, right, kernel[1]);
        self.shape = [h, w, out_channels];
        self.layers.push((layer, tail));
    }

    fn fault(&mut self, item: &Item, what: String, help: impl Into<String>) {
        self.report.push(Diagnostic::new("train", format!("item `{}`: {what}", item.name)).help(help));
    }
}
