//! Random legal networks for fuzzing: every op, every kind of layer, and numbers that are worth comparing.
//!
//! A network is grown layer by layer. Each new layer is run on one calibration image, and its multipliers,
//! shifts and biases are drawn around what its accumulators did, so that outputs are neither all saturated nor
//! all equal. The same seed and knobs make the same network on every machine.

mod drawn;
mod parameters;

pub use drawn::with_tensors;

use crate::draft::{Draft, LayerDraft};
use crate::graph::{Graph, Input, Layer, Padding, Parameters, Shape, Source};
use crate::reference::run_layer;
use crate::tensor::Tensor;
use spec::op::Op;
use spec::random::Rng;
use std::ops::RangeInclusive;

/// How large a random network may become.
#[derive(Clone, Debug)]
pub struct Knobs {
    /// The most layers; there is at least one.
    pub layers: usize,
    /// The most channels of any feature map.
    pub channels: usize,
    /// The most rows and columns of the input.
    pub spatial: usize,
    /// The most rows and columns of a kernel; average pools may have up to 16.
    pub kernel: usize,
    /// The most terms of one layer on one image.
    pub macs: u64,
    /// The ops to draw from, each with the bits of its weights.
    pub ops: Vec<(Op, u32)>,
}

impl Default for Knobs {
    /// All ops at their default widths, small enough for a simulator.
    fn default() -> Knobs {
        let ops = Op::ALL.iter().map(|op| (*op, op.default_weight_bits())).collect();
        Knobs { layers: 5, channels: 20, spatial: 16, kernel: 7, macs: 200_000, ops }
    }
}

/// The network of `seed`.
pub fn network(seed: u64, knobs: &Knobs) -> Graph {
    let mut rng = Rng::new(seed);
    let shape = Shape::new(
        size(&mut rng, 1..=knobs.channels),
        size(&mut rng, 1..=knobs.spatial),
        size(&mut rng, 1..=knobs.spatial),
    );
    let input = Input { shape, scale: 1.0 / 128.0, mean: vec![0.0; shape.c], std: vec![1.0; shape.c] };
    let name = format!("random-{seed}");
    let draft = Draft { name, input, classes: Vec::new(), layers: Vec::new(), output: None };
    let image = (0..shape.elements()).map(|_| rng.range(-128, 127) as i8).collect();
    let mut grower = Grower { rng, knobs, draft, layers: Vec::new(), image, outputs: Vec::new() };
    let count = size(&mut grower.rng, 1..=knobs.layers);
    while grower.layers.len() < count {
        grower.add_layer();
    }
    if grower.rng.percent(5) {
        let early = grower.rng.choose(&grower.draft.layers).name.clone();
        grower.draft.output = Some(early);
    }
    Graph::new(grower.draft).expect("the generator makes legal networks only")
}

/// `n` random images for `graph`.
pub fn images(seed: u64, graph: &Graph, n: usize) -> Tensor {
    let mut rng = Rng::new(seed);
    let count = n * graph.input.shape.elements();
    Tensor::new(n, graph.input.shape, (0..count).map(|_| rng.range(-128, 127) as i8).collect())
}

/// A size of `range`, which must not be empty.
fn size(rng: &mut Rng, range: RangeInclusive<usize>) -> usize {
    rng.range(*range.start() as i64, *range.end() as i64) as usize
}

struct Grower<'a> {
    rng: Rng,
    knobs: &'a Knobs,
    draft: Draft,
    /// What the draft's layers are once checked.
    layers: Vec<Layer>,
    /// The calibration image, and every layer's output for it.
    image: Vec<i8>,
    outputs: Vec<Vec<i8>>,
}

impl Grower<'_> {
    /// Draws shapes until one is legal, then the numbers.
    fn add_layer(&mut self) {
        let (mut layer, bits) = loop {
            let (draft, bits) = self.draw_layer();
            self.draft.layers.push(draft);
            let checked = self.draft.check().ok().and_then(|mut layers| layers.pop());
            match checked.filter(|layer| layer.macs() <= self.knobs.macs) {
                Some(layer) => break (layer, bits),
                None => self.draft.layers.pop(),
            };
        };
        if self.rng.percent(60) {
            self.add_residual(&mut layer);
        }
        let input = self.output(layer.input).to_vec();
        let is_pool = layer.name.starts_with("pool");
        layer.parameters = parameters::draw(&mut self.rng, &layer, bits, is_pool, &input);
        let residual = layer.residual.map(|source| self.output(source).to_vec());
        let output = run_layer(&layer, &input, residual.as_deref());
        if let Some(draft) = self.draft.layers.last_mut() {
            draft.parameters = layer.parameters.clone();
        }
        self.outputs.push(output);
        self.layers.push(layer);
    }

    fn output(&self, source: Source) -> &[i8] {
        match source {
            Source::Input => &self.image,
            Source::Layer(id) => &self.outputs[id.0],
        }
    }

    /// A layer of a random kind; it may turn out to be illegal. Also the bits of its weights.
    fn draw_layer(&mut self) -> (LayerDraft, u32) {
        let (input, shape) = self.draw_source();
        let (op, bits) = *self.rng.choose(&self.knobs.ops);
        let mut layer = LayerDraft {
            name: format!("{}{}", op.name(), self.layers.len()),
            op,
            input,
            residual: None,
            out_channels: if self.rng.percent(40) {
                shape.c
            } else {
                size(&mut self.rng, 1..=self.knobs.channels)
            },
            kernel: [1, 1],
            stride: [1, 1],
            padding: Padding::default(),
            groups: 1,
            clamp: self.draw_clamp(),
            parameters: Parameters::default(),
        };
        match size(&mut self.rng, 0..=99) {
            0..20 => {} // pointwise, and fully connected on a 1 x 1 map
            20..55 => self.draw_window(&mut layer),
            55..70 => {
                layer.groups = shape.c;
                layer.out_channels = shape.c * size(&mut self.rng, 1..=2);
                self.draw_window(&mut layer);
            }
            70..85 => {
                let divisors: Vec<usize> = (1..=shape.c).filter(|g| shape.c.is_multiple_of(*g)).collect();
                layer.groups = *self.rng.choose(&divisors);
                layer.out_channels = layer.groups * size(&mut self.rng, 1..=4);
                self.draw_window(&mut layer);
            }
            85..92 => layer.kernel = [shape.h, shape.w], // fully connected on a whole map
            // A pool is a conv: without that op the layer stays pointwise.
            _ if self.knobs.ops.iter().all(|(op, _)| *op != Op::Conv) => {}
            _ => {
                layer.name = format!("pool{}", self.layers.len());
                layer.op = Op::Conv;
                layer.kernel = [shape.h.min(16), shape.w.min(16)];
                layer.groups = shape.c;
                layer.out_channels = shape.c;
            }
        }
        (layer, bits)
    }

    /// Most often the last layer, now and then any map.
    fn draw_source(&mut self) -> (String, Shape) {
        let before = self.layers.len();
        let index = if self.rng.percent(70) { before } else { size(&mut self.rng, 0..=before) };
        match index.checked_sub(1) {
            Some(i) => (self.layers[i].name.clone(), self.layers[i].out_shape),
            None => ("input".into(), self.draft.input.shape),
        }
    }

    /// Kernel, padding and stride; half of the windows keep the size of the map.
    fn draw_window(&mut self, layer: &mut LayerDraft) {
        let most = self.knobs.kernel;
        layer.kernel = [size(&mut self.rng, 1..=most), size(&mut self.rng, 1..=most)];
        let [kh, kw] = layer.kernel;
        if self.rng.percent(50) {
            let (top, left) = ((kh - 1) / 2, (kw - 1) / 2);
            layer.padding = Padding { top, left, bottom: kh - 1 - top, right: kw - 1 - left };
            return;
        }
        layer.padding = [kh, kw, kh, kw].map(|kernel| size(&mut self.rng, 0..=kernel - 1)).into();
        if self.rng.percent(60) {
            layer.stride = [size(&mut self.rng, 1..=4), size(&mut self.rng, 1..=4)];
        }
    }

    fn draw_clamp(&mut self) -> (i8, i8) {
        let (a, b) = (self.rng.range(-128, 127) as i8, self.rng.range(-128, 127) as i8);
        match size(&mut self.rng, 0..=99) {
            0..60 => (-128, 127),
            60..85 => (0, 127),
            _ => (a.min(b), a.max(b)),
        }
    }

    fn add_residual(&mut self, layer: &mut Layer) {
        let mut fitting = Vec::new();
        if self.draft.input.shape == layer.out_shape {
            fitting.push(Source::Input);
        }
        for (i, earlier) in self.layers.iter().enumerate() {
            if earlier.out_shape == layer.out_shape {
                fitting.push(Source::Layer(crate::graph::LayerId(i)));
            }
        }
        if fitting.is_empty() {
            return;
        }
        layer.residual = Some(*self.rng.choose(&fitting));
        let name = match layer.residual {
            Some(Source::Layer(id)) => self.layers[id.0].name.clone(),
            _ => "input".into(),
        };
        if let Some(draft) = self.draft.layers.last_mut() {
            draft.residual = Some(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::run_all;

    /// Every kind of layer turns up, and most outputs are in the open range between the clamps.
    #[test]
    fn networks_are_varied_and_not_saturated() {
        let (mut inside, mut all) = (0, 0);
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let graph = network(seed, &Knobs::default());
            let outputs = run_all(&graph, &images(seed, &graph, 1)).expect("the shapes fit");
            for ((_, layer), output) in graph.layers().zip(outputs) {
                let (lo, hi) = layer.clamp;
                inside += output.data.iter().filter(|y| **y > lo && **y < hi).count();
                all += output.data.len();
                seen.insert(layer.op.name());
                let facts = [
                    (layer.is_depthwise(), "depthwise"),
                    (layer.groups > 1 && !layer.is_depthwise(), "grouped"),
                    (layer.kernel == [1, 1], "pointwise"),
                    (layer.kernel[0] != layer.kernel[1], "not square"),
                    (layer.stride[0] > layer.kernel[0], "stride beyond the kernel"),
                    (layer.padding.top != layer.padding.bottom, "asymmetric"),
                    (layer.residual == Some(Source::Input), "residual from the input"),
                    (matches!(layer.residual, Some(Source::Layer(_))), "residual from a layer"),
                    (layer.parameters.multiplier.iter().any(|m| *m < 0), "negative multiplier"),
                    (layer.name.starts_with("pool"), "pool"),
                ];
                seen.extend(facts.iter().filter(|(holds, _)| *holds).map(|(_, fact)| *fact));
            }
        }
        assert_eq!(seen.len(), 13, "{seen:?}");
        assert!(inside * 2 > all, "{inside} of {all} outputs are inside their clamps");
    }
}
