//! The fast reference against a naive one on `num::Int`, which panics where any intermediate value needs more
//! bits than the formula claims. Loops are written straight from the definition of a convolution.

// A test may panic anywhere.
#![allow(clippy::unwrap_used)]

use model::draft::{Draft, LayerDraft};
use model::graph::{Graph, Input, Layer, Padding, Parameters, Shape, Source};
use model::random::{images, network, Knobs};
use model::reference::{run, run_all, top1};
use model::Tensor;
use num::requant::{requant, Channel, ACC_BITS, ACT_BITS, BIAS_BITS, MULTIPLIER_BITS};
use num::Int;
use spec::op::Op;

/// The input at row `y` and column `x` of the padded map.
fn padded(layer: &Layer, input: &Tensor, n: usize, c: usize, y: usize, x: usize) -> i8 {
    let Padding { top, left, .. } = layer.padding;
    let inside = y >= top && x >= left && y - top < input.shape.h && x - left < input.shape.w;
    if inside {
        input.at([n, c, y - top, x - left])
    } else {
        0
    }
}

fn accumulate(layer: &Layer, input: &Tensor, [n, k, oy, ox]: [usize; 4]) -> Int {
    let dims = layer.dims(1);
    let (_, weight_bits) = layer.op.weight_bits();
    let mut weights = layer.weights_of(k).iter();
    let mut acc = Int::new(0, ACC_BITS);
    for c in 0..dims.c {
        for fy in 0..dims.fy {
            for fx in 0..dims.fx {
                let (y, x) = (oy * layer.stride[0] + fy, ox * layer.stride[1] + fx);
                let x = padded(layer, input, n, k / dims.k * dims.c + c, y, x);
                let x = Int::new(i64::from(x), ACT_BITS);
                let w = Int::new(i64::from(*weights.next().unwrap()), weight_bits);
                acc = layer.op.accumulate(&acc, &layer.op.term(&x, &w));
            }
        }
    }
    acc
}

fn element(layer: &Layer, input: &Tensor, residual: Option<&Tensor>, at: [usize; 4]) -> i8 {
    let (p, k) = (&layer.parameters, at[1]);
    let (multiplier, shift) = match residual {
        Some(_) => (p.residual_multiplier[k], p.residual_shift[k]),
        None => (0, 0),
    };
    let channel = Channel {
        multiplier: Int::new(i64::from(p.multiplier[k]), MULTIPLIER_BITS),
        bias: Int::new(p.bias[k], BIAS_BITS),
        shift: Int::new(i64::from(p.shift[k]), 7),
        residual_multiplier: Int::new(i64::from(multiplier), MULTIPLIER_BITS),
        residual_shift: Int::new(i64::from(shift), 6),
    };
    let [residual, lo, hi] = [residual.map_or(0, |tensor| tensor.at(at)), layer.clamp.0, layer.clamp.1]
        .map(|value| Int::new(i64::from(value), ACT_BITS));
    requant(&accumulate(layer, input, at), &residual, &channel, &lo, &hi).value() as i8
}

#[test]
fn random_networks_agree_with_the_width_checked_definition() {
    for seed in 1000..1080 {
        let knobs = Knobs { channels: 9, spatial: 9, macs: 20_000, ..Knobs::default() };
        let graph = network(seed, &knobs);
        let input = images(seed, &graph, 2);
        let outputs = run_all(&graph, &input).unwrap();
        let read = |source: Source| match source {
            Source::Input => &input,
            Source::Layer(id) => &outputs[id.0],
        };
        for ((id, layer), output) in graph.layers().zip(&outputs) {
            let residual = layer.residual.map(read);
            for (flat, got) in output.data.iter().enumerate() {
                let at = output.index_of(flat);
                let expected = element(layer, read(layer.input), residual, at);
                assert_eq!(*got, expected, "seed {seed}, layer {} `{}` at {at:?}", id.0, layer.name);
            }
        }
        assert_eq!(run(&graph, &input).unwrap(), outputs[graph.output.0], "seed {seed}");
    }
}

/// 1 channel of 1 x 2 pixels, a 1 x 3 kernel with a column of padding on both sides, no scaling.
fn hand_worked(op: Op, weight: [i8; 3]) -> Vec<i8> {
    let shape = Shape::new(1, 1, 2);
    let input = Input { shape, scale: 1.0, mean: vec![0.0], std: vec![1.0] };
    let layer = LayerDraft {
        name: "layer".into(),
        op,
        input: "input".into(),
        residual: Some("input".into()),
        out_channels: 1,
        kernel: [1, 3],
        stride: [1, 1],
        padding: [0, 1, 0, 1].into(),
        groups: 1,
        clamp: (-128, 127),
        parameters: Parameters {
            weight: weight.to_vec(),
            bias: vec![100],
            multiplier: vec![2],
            shift: vec![2],
            residual_multiplier: vec![1],
            residual_shift: vec![3],
        },
    };
    let draft = Draft { name: "hand".into(), input, classes: vec![], layers: vec![layer], output: None };
    let graph = Graph::new(draft).unwrap();
    run(&graph, &Tensor::new(1, shape, vec![5, -7])).unwrap().data
}

#[test]
fn hand_worked_layers() {
    // acc = [0*1 + 5*2 - 7*3, 5*1 - 7*2 + 0*3] = [-11, -9]; (2 * acc + 100 + 8 * x + 2) >> 2
    assert_eq!(hand_worked(Op::Conv, [1, 2, 3]), [30, 7]); // 120/4, 28/4
                                                           // Codes 1, -2, 0 are 1, -2, 0: acc = [-10, 19]
    assert_eq!(hand_worked(Op::Shift, [1, -2, 0]), [30, 21]); // 122/4 = 30.5 -> floor 30; 84/4
                                                              // acc = [-(|0-1| + |5-2| + |-7-3|), -(|5-1| + |-7-2| + |0-3|)] = [-14, -16]: padding counts.
    assert_eq!(hand_worked(Op::Adder, [1, 2, 3]), [28, 3]); // 114/4 = 28.5 -> 28; 14/4 = 3.5 -> 3
}

#[test]
fn top1_is_the_first_of_the_largest() {
    let outputs = Tensor::new(2, Shape::new(4, 1, 1), vec![-3, 7, 7, 0, -128, -128, -128, -128]);
    assert_eq!(top1(&outputs), [1, 0]);
}

#[test]
fn images_of_another_shape_are_refused() {
    let graph = network(3, &Knobs::default());
    let input = Tensor::zeros(1, Shape::new(99, 1, 1));
    assert!(run(&graph, &input).unwrap_err().to_string().contains("images of [99, 1, 1]"));
}
