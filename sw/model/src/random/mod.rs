//! Random legal networks for fuzzing: every op, every kind of layer, and numbers that are worth comparing.
//!
//! A network is grown layer by layer. Each new layer is run on one calibration image, and its multipliers,
//! shifts and biases are drawn around what its accumulators did, so that outputs are neither all saturated nor
//! all equal. The same seed and knobs make the same network on every machine.

mod drawn;
mod kinds;
mod parameters;

pub use drawn::with_tensors;

use crate::draft::{Draft, LayerDraft};
use crate::graph::{Graph, Input, Layer, Shape, Source};
use crate::reference::run_layer;
use crate::tensor::Tensor;
use kinds::MOST_POOL;
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
    /// How many times as many columns as rows there may be.
    pub stretch: usize,
    /// The most terms of one layer on one image.
    pub macs: u64,
    /// The ops to draw from, each with the bits of its weights.
    pub ops: Vec<(Op, u32)>,
}

impl Default for Knobs {
    /// All ops at their default widths, small enough for a simulator.
    fn default() -> Knobs {
        let ops = Op::ALL.iter().map(|op| (*op, op.default_weight_bits())).collect();
        Knobs { layers: 5, channels: 20, spatial: 16, kernel: 7, stretch: 1, macs: 200_000, ops }
    }
}

/// The network of `seed`.
pub fn network(seed: u64, knobs: &Knobs) -> Graph {
    let mut rng = Rng::new(seed);
    let shape = Shape::new(
        size(&mut rng, 1..=knobs.channels),
        size(&mut rng, 1..=knobs.spatial),
        size(&mut rng, 1..=knobs.spatial * knobs.stretch),
    );
    // Now and then a map on which a pool of the largest side fits exactly. Its own numbers: other seeds stay.
    let mut forced = Rng::new(seed.rotate_left(32));
    let pools = knobs.ops.iter().any(|(op, _)| *op == Op::Conv);
    let large = pools && knobs.spatial >= MOST_POOL && forced.percent(5);
    let shape = match large {
        true => Shape::new(size(&mut forced, 1..=knobs.channels.min(12)), MOST_POOL, MOST_POOL),
        false => shape,
    };
    let input = Input { shape, scale: 1.0 / 128.0, mean: vec![0.0; shape.c], std: vec![1.0; shape.c] };
    let name = format!("random-{seed}");
    let draft = Draft { name, input, classes: Vec::new(), layers: Vec::new(), output: None };
    let image = (0..shape.elements()).map(|_| rng.range(-128, 127) as i8).collect();
    let mut grower = Grower { rng, knobs, draft, layers: Vec::new(), image, outputs: Vec::new() };
    let count = size(&mut grower.rng, 1..=knobs.layers);
    if large {
        grower.add_layer_of(&mut |grower| grower.draw_large_pool());
    }
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
    fn add_layer(&mut self) {
        self.add_layer_of(&mut Grower::draw_layer);
    }

    /// Draws shapes until one is legal, then the numbers.
    fn add_layer_of(&mut self, draw: &mut dyn FnMut(&mut Self) -> (LayerDraft, u32)) {
        let (mut layer, bits) = loop {
            let (draft, bits) = draw(self);
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
                    (layer.name.starts_with("pool") && layer.kernel == [MOST_POOL; 2], "largest pool"),
                    (layer.name.starts_with("pool") && layer.stride != [1, 1], "strided pool"),
                ];
                seen.extend(facts.iter().filter(|(holds, _)| *holds).map(|(_, fact)| *fact));
            }
        }
        assert_eq!(seen.len(), 15, "{seen:?}");
        assert!(inside * 2 > all, "{inside} of {all} outputs are inside their clamps");
    }
}
