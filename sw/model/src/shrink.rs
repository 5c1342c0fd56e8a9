//! Makes a failing network smaller for as long as it still fails, so that a person has something to look at.
//!
//! Each step tries a list of smaller networks, the boldest first, and keeps the first that is legal, smaller
//! in size, and fails. Weights and requantise steps are cut to their new shapes; their values stay.

use crate::draft::{Draft, LayerDraft};
use crate::graph::{Graph, Layer, Padding, Parameters};

/// The smallest network that this search finds for which `fails` still holds; `graph` must fail itself.
pub fn shrink(graph: &Graph, mut fails: impl FnMut(&Graph) -> bool) -> Graph {
    let mut best = graph.clone();
    loop {
        let legal = candidates(&best).into_iter().filter_map(|draft| Graph::new(draft).ok());
        let smaller = legal.filter(|graph| size(graph) < size(&best)).find(|graph| fails(graph));
        match smaller {
            Some(smaller) => best = smaller,
            None => return best,
        }
    }
}

/// What shrinks: layers first, then what they read, hold and make.
fn size(graph: &Graph) -> (usize, usize) {
    let layer = |layer: &Layer| {
        let Padding { top, left, bottom, right } = layer.padding;
        let sides = top + left + bottom + right + layer.stride[0] + layer.stride[1];
        let tensors = layer.parameters.weight.len() + layer.out_shape.elements();
        tensors + sides + usize::from(layer.residual.is_some())
    };
    (graph.len(), graph.input.shape.elements() + graph.layers().map(|(_, l)| layer(l)).sum::<usize>())
}

/// Networks to try, the boldest first; many are illegal.
fn candidates(graph: &Graph) -> Vec<Draft> {
    let draft = graph.draft();
    let layers: Vec<&Layer> = graph.layers().map(|(_, layer)| layer).collect();
    let count = layers.len();
    let mut all: Vec<Draft> = (0..count).map(|i| alone(&draft, layers[i], i)).collect();
    all.extend((1..count).map(|end| up_to(&draft, end)));
    all.extend((0..count).map(|i| without(&draft, i)));
    for i in 0..count {
        let changed = layer_changes(&draft.layers[i]).into_iter().map(|layer| {
            let mut draft = draft.clone();
            draft.layers[i] = layer;
            draft
        });
        all.extend(changed);
    }
    all.extend(input_changes(&draft));
    all.iter().map(|draft| refit(draft, &layers)).collect()
}

/// Layer `i` as a network of its own.
fn alone(draft: &Draft, layer: &Layer, i: usize) -> Draft {
    let mut draft = Draft { layers: vec![draft.layers[i].clone()], output: None, ..draft.clone() };
    draft.layers[0].input = "input".into();
    let same = layer.in_shape == layer.out_shape;
    draft.layers[0].residual = layer.residual.filter(|_| same).map(|_| "input".into());
    set_input(&mut draft, [layer.in_shape.c, layer.in_shape.h, layer.in_shape.w]);
    draft
}

/// The first `end` layers.
fn up_to(draft: &Draft, end: usize) -> Draft {
    Draft { layers: draft.layers[..end].to_vec(), output: None, ..draft.clone() }
}

/// All but layer `i`; who read it reads what it read.
fn without(draft: &Draft, i: usize) -> Draft {
    let mut draft = Draft { output: None, ..draft.clone() };
    let removed = draft.layers.remove(i);
    for layer in &mut draft.layers {
        for source in [Some(&mut layer.input), layer.residual.as_mut()].into_iter().flatten() {
            if *source == removed.name {
                source.clone_from(&removed.input);
            }
        }
    }
    draft
}

/// The layer with less of one thing.
fn layer_changes(layer: &LayerDraft) -> Vec<LayerDraft> {
    let change = |edit: &dyn Fn(&mut LayerDraft)| {
        let mut layer = layer.clone();
        edit(&mut layer);
        let [kh, kw] = layer.kernel;
        let Padding { top, left, bottom, right } = &mut layer.padding;
        for (side, kernel) in [(top, kh), (bottom, kh), (left, kw), (right, kw)] {
            *side = (*side).min(kernel - 1);
        }
        layer
    };
    vec![
        change(&|layer| layer.residual = None),
        change(&|layer| layer.kernel = [1, 1]),
        change(&|layer| layer.kernel[0] = layer.kernel[0].div_ceil(2)),
        change(&|layer| layer.kernel[1] = layer.kernel[1].div_ceil(2)),
        change(&|layer| layer.out_channels = 1),
        change(&|layer| layer.out_channels = layer.out_channels.div_ceil(2)),
        change(&|layer| layer.out_channels = (layer.out_channels - 1).max(1)),
        change(&|layer| layer.kernel[0] = (layer.kernel[0] - 1).max(1)),
        change(&|layer| layer.kernel[1] = (layer.kernel[1] - 1).max(1)),
        change(&|layer| layer.padding = Padding::default()),
        change(&|layer| layer.padding.top = 0),
        change(&|layer| layer.padding.left = 0),
        change(&|layer| layer.padding.bottom = 0),
        change(&|layer| layer.padding.right = 0),
        change(&|layer| layer.stride = [1, 1]),
    ]
}

/// The network with a smaller input.
fn input_changes(draft: &Draft) -> Vec<Draft> {
    let shape = draft.input.shape;
    let mut all = Vec::new();
    for less in [|extent: usize| extent.div_ceil(2), |extent: usize| (extent - 1).max(1)] {
        all.push(narrower(draft, less(shape.c)));
        for [c, h, w] in [
            [shape.c, less(shape.h), less(shape.w)],
            [shape.c, less(shape.h), shape.w],
            [shape.c, shape.h, less(shape.w)],
            [less(shape.c), shape.h, shape.w],
        ] {
            let mut draft = draft.clone();
            set_input(&mut draft, [c, h, w]);
            all.push(draft);
        }
    }
    all
}

/// The network with `channels` wherever the input's number of channels is: a residual keeps its shape.
fn narrower(draft: &Draft, channels: usize) -> Draft {
    let (mut draft, before) = (draft.clone(), draft.input.shape);
    set_input(&mut draft, [channels, before.h, before.w]);
    let same = draft.layers.iter_mut().filter(|layer| layer.out_channels == before.c);
    same.for_each(|layer| layer.out_channels = channels);
    draft
}

fn set_input(draft: &mut Draft, [c, h, w]: [usize; 3]) {
    draft.input.shape = crate::graph::Shape::new(c, h, w);
    draft.input.mean.resize(c, 0.0);
    draft.input.std.resize(c, 1.0);
}

/// `draft` with groups and tensors cut to its channels and kernels; `old` knows what they were.
fn refit(draft: &Draft, old: &[&Layer]) -> Draft {
    let mut draft = draft.clone();
    let mut channels = vec![("input".to_string(), draft.input.shape.c)];
    for layer in &mut draft.layers {
        let known = channels.iter().find(|(name, _)| *name == layer.input);
        let (Some((_, inputs)), Some(old)) = (known, old.iter().find(|old| old.name == layer.name)) else {
            return draft; // It reads what is no more; the check will say so.
        };
        if old.is_depthwise() {
            layer.groups = *inputs;
            layer.out_channels = (layer.out_channels / old.groups).max(1) * inputs;
        } else if !inputs.is_multiple_of(layer.groups) || !layer.out_channels.is_multiple_of(layer.groups) {
            layer.groups = 1;
        }
        layer.parameters = cut(old, layer, inputs / layer.groups);
        channels.push((layer.name.clone(), layer.out_channels));
    }
    draft
}

/// The tensors of `old` in the shapes of `layer`, which reads `inputs` channels a group.
fn cut(old: &Layer, layer: &LayerDraft, inputs: usize) -> Parameters {
    let [k_old, c_old, h_old, w_old] = old.weight_shape();
    let [h, w] = layer.kernel;
    let taps = inputs * h * w;
    let weight = |i: usize| {
        let (k, c, y, x) = (i / taps % k_old, i / (h * w) % inputs % c_old, i / w % h, i % w);
        old.parameters.weight[((k * c_old + c) * h_old + y) * w_old + x]
    };
    let source = &old.parameters;
    let count = layer.out_channels;
    let residuals = if layer.residual.is_some() { count } else { 0 };
    Parameters {
        weight: (0..count * taps).map(weight).collect(),
        bias: source.bias.iter().cycle().take(count).copied().collect(),
        multiplier: source.multiplier.iter().cycle().take(count).copied().collect(),
        shift: source.shift.iter().cycle().take(count).copied().collect(),
        residual_multiplier: source.residual_multiplier.iter().cycle().take(residuals).copied().collect(),
        residual_shift: source.residual_shift.iter().cycle().take(residuals).copied().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{network, Knobs};
    use spec::op::Op;

    /// A made-up bug: adder layers with padding fail. One small layer must remain, and it must still have both.
    #[test]
    fn a_failure_is_brought_down_to_one_small_layer() {
        let fails = |graph: &Graph| {
            graph.layers().any(|(_, layer)| layer.op == Op::Adder && layer.padding != Padding::default())
        };
        let networks = (0..200).map(|seed| network(seed, &Knobs::default()));
        let failing: Vec<Graph> = networks.filter(|graph| fails(graph)).collect();
        assert!(failing.len() > 10);
        for graph in failing {
            let small = shrink(&graph, fails);
            assert!(fails(&small));
            assert_eq!(small.len(), 1, "{} shrank to {} layers", graph.name, small.len());
            assert!(
                small.layer(small.output).parameters.weight.len() <= 8,
                "{} {:?}",
                graph.name,
                small.layer(small.output)
            );
            assert!(size(&small).1 < 24, "{} shrank to size {:?}", graph.name, size(&small));
        }
    }

    /// A layer whose residual is its input can only lose channels on both sides at once.
    #[test]
    fn a_residual_is_no_obstacle() {
        let fails = |graph: &Graph| graph.layers().any(|(_, layer)| layer.residual.is_some());
        let networks = (0..200).map(|seed| network(seed, &Knobs::default()));
        let failing: Vec<Graph> = networks.filter(|graph| fails(graph)).collect();
        assert!(failing.len() > 10);
        for graph in failing {
            let small = shrink(&graph, fails);
            assert_eq!((small.len(), small.macs()), (1, 1), "{} {small:?}", graph.name);
        }
    }
}
