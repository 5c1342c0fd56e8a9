//! Items of the configuration, laid out one after the other as layers.

use super::Tail;
use crate::config::{Item, TrainConfig};
use model::draft::{Fault, LayerDraft};
use model::graph::{Padding, Parameters};
use spec::error::{nearest, Diagnostic, Report};
use spec::op::Op;

/// The layers that the items make.
pub struct Layout {
    pub layers: Vec<Placed>,
}

/// A layer, and where it comes from.
pub struct Placed {
    pub layer: LayerDraft,
    pub tail: Tail,
    /// Index of its item.
    pub item: usize,
}

impl Layout {
    /// The layers of `config` for images of `shape`, `[height, width, channels]`.
    pub fn of(config: &TrainConfig, shape: [usize; 3]) -> Result<Layout, Report> {
        let mut builder = Builder { shape, last: "input".into(), layers: Vec::new() };
        let mut report = Report::default();
        for (i, item) in config.network.iter().enumerate() {
            if let Err(fault) = builder.item(i, item) {
                report.0.extend(fault.0.into_iter().map(|error| config.at_item(i, error)));
            }
        }
        report.or(Layout { layers: builder.layers })
    }

    /// The faults of the layers, each placed at its item.
    pub fn report(&self, config: &TrainConfig, faults: Vec<Fault>) -> Report {
        let place = |fault: Fault| {
            let item = fault.layer.map(|layer| self.layers[layer].item);
            let diagnostics = Fault::report(vec![fault]).0.into_iter();
            let placed =
                diagnostics.map(move |error| item.map_or(error.clone(), |item| config.at_item(item, error)));
            placed.collect::<Vec<Diagnostic>>()
        };
        Report(faults.into_iter().flat_map(place).collect())
    }
}

struct Builder {
    /// Of the latest layer's output: height, width, channels.
    shape: [usize; 3],
    /// Name of the latest layer.
    last: String,
    layers: Vec<Placed>,
}

impl Builder {
    /// Appends the layers of the `i`-th item.
    fn item(&mut self, i: usize, item: &Item) -> Result<(), Report> {
        if item.op == "pool" {
            self.pool(i, item);
            return Ok(());
        }
        let op = op_of(item)?;
        let tail = if item.norm { Tail::Norm } else { Tail::Bias };
        if op == Op::Adder && !item.norm {
            let what = format!("adder `{}` has no batch norm, without which it learns nothing", item.name);
            return Err(Diagnostic::new("train", what).help("drop `norm`").into());
        }
        let residual = item.residual.then(|| self.last.clone());
        let window = |layer: LayerDraft| LayerDraft {
            kernel: [item.kernel; 2],
            stride: [item.stride; 2],
            padding: [item.kernel.saturating_sub(1) / 2; 4].into(),
            ..layer
        };
        let Some(middle) = item.expand else {
            let layer = LayerDraft { residual, ..window(self.pointwise(&item.name, op, item.out_channels)) };
            self.push(i, clamped(layer, item.relu.unwrap_or(true)), tail);
            return Ok(());
        };
        let name = |part: &str| format!("{}.{part}", item.name);
        self.push(i, self.pointwise(&name("pw1"), op, middle), tail);
        let depthwise = window(self.pointwise(&name("dw"), op, middle));
        self.push(i, LayerDraft { groups: middle, ..depthwise }, tail);
        let last = LayerDraft { residual, ..self.pointwise(&name("pw2"), op, item.out_channels) };
        self.push(i, clamped(last, item.relu.unwrap_or(false)), tail);
        Ok(())
    }

    fn pool(&mut self, i: usize, item: &Item) {
        let [height, width, channels] = self.shape;
        let layer = self.pointwise(&item.name, Op::Conv, channels);
        let layer = LayerDraft { kernel: [height, width], groups: channels, ..layer };
        self.push(i, clamped(layer, item.relu.unwrap_or(true)), Tail::Mean);
    }

    /// A pointwise layer with a ReLU that reads the latest one.
    fn pointwise(&self, name: &str, op: Op, out_channels: usize) -> LayerDraft {
        LayerDraft {
            name: name.into(),
            op,
            input: self.last.clone(),
            residual: None,
            out_channels,
            kernel: [1, 1],
            stride: [1, 1],
            padding: Padding::default(),
            groups: 1,
            clamp: (0, 127),
            parameters: Parameters::default(),
        }
    }

    fn push(&mut self, item: usize, layer: LayerDraft, tail: Tail) {
        let Padding { top, left, bottom, right } = layer.padding;
        let extent = |axis: usize, padding: usize| {
            let room = (self.shape[axis] + padding).saturating_sub(layer.kernel[axis]);
            room / layer.stride[axis].max(1) + 1
        };
        self.shape = [extent(0, top + bottom), extent(1, left + right), layer.out_channels];
        self.last = layer.name.clone();
        self.layers.push(Placed { layer, tail, item });
    }
}

fn clamped(layer: LayerDraft, relu: bool) -> LayerDraft {
    LayerDraft { clamp: (if relu { 0 } else { -128 }, 127), ..layer }
}

fn op_of(item: &Item) -> Result<Op, Report> {
    Op::from_name(&item.op).ok_or_else(|| {
        let near = nearest(&item.op, ["conv", "shift", "adder", "pool"]);
        let help = near
            .map_or("op is one of conv, shift, adder, pool".into(), |near| format!("did you mean `{near}`?"));
        Diagnostic::new("train", format!("there is no op `{}`", item.op)).help(help).into()
    })
}
