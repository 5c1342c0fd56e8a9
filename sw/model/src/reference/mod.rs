//! The reference executor: what every other executor must compute, bit for bit.
//!
//! The arithmetic is that of `spec::op` and `num::requant` on machine integers; a checked [`Graph`] is the
//! proof that nothing overflows. Images run in parallel, and so do the output channels of a large layer.
//! Only the order of the sums is chosen here, for speed; exact sums do not depend on it.

mod accumulate;

use crate::graph::{Graph, Layer, Shape, Source};
use crate::tensor::Tensor;
use accumulate::Windows;
use num::requant::{requant, Channel};
use rayon::prelude::*;
use spec::error::{Diagnostic, Report};

/// The output of the network for a batch, which must have the shape of its input.
pub fn run(graph: &Graph, input: &Tensor) -> Result<Tensor, Report> {
    check_input(graph, input)?;
    let image = |i: usize| std::mem::take(&mut run_image(graph, input.image(i))[graph.output.0]);
    let images: Vec<Vec<i8>> = (0..input.n).into_par_iter().map(image).collect();
    Ok(Tensor::new(input.n, graph.out_shape(), images.concat()))
}

/// The outputs of all layers for a batch, in topological order.
pub fn run_all(graph: &Graph, input: &Tensor) -> Result<Vec<Tensor>, Report> {
    check_input(graph, input)?;
    let images: Vec<Vec<Vec<i8>>> =
        (0..input.n).into_par_iter().map(|i| run_image(graph, input.image(i))).collect();
    let batch = |id: usize| images.iter().flat_map(|layers| &layers[id]).copied().collect();
    Ok(graph.layers().map(|(id, layer)| Tensor::new(input.n, layer.out_shape, batch(id.0))).collect())
}

/// One layer on one image: input `[C, H, W]`, and a residual of the shape of the output where it has one.
pub fn run_layer(layer: &Layer, input: &[i8], residual: Option<&[i8]>) -> Vec<i8> {
    let mut output = vec![0; layer.out_shape.elements()];
    let requantise = |k: usize, acc: &[i32], y: &mut [i8]| {
        let residual = residual.map(|residual| &residual[k * y.len()..(k + 1) * y.len()]);
        requantise(layer, k, acc, residual, y);
    };
    each_channel(layer, input, &mut output, requantise);
    output
}

/// The accumulators of one layer for one image, before the requantise step: `[K, OY, OX]`.
pub fn accumulators(layer: &Layer, input: &[i8]) -> Vec<i32> {
    let mut output = vec![0; layer.out_shape.elements()];
    each_channel(layer, input, &mut output, |_, acc: &[i32], to: &mut [i32]| to.copy_from_slice(acc));
    output
}

/// The class of each image: the first channel with the largest output.
pub fn top1(output: &Tensor) -> Vec<usize> {
    let best = |image: &[i8]| (0..image.len()).rev().max_by_key(|i| image[*i]).unwrap_or(0);
    (0..output.n).map(|i| best(output.image(i))).collect()
}

fn check_input(graph: &Graph, input: &Tensor) -> Result<(), Report> {
    if input.shape == graph.input.shape {
        return Ok(());
    }
    let message = format!("the input has the wrong shape for network `{}`", graph.name);
    let Shape { c, h, w } = graph.input.shape;
    let figures = format!("images of {}, the network reads {}", input.shape, graph.input.shape);
    let help = format!("the file must have the shape [N, {c}, {h}, {w}]");
    Err(Diagnostic::new("network", message).note(figures).help(help).into())
}

/// The outputs of all layers for one image.
fn run_image(graph: &Graph, image: &[i8]) -> Vec<Vec<i8>> {
    let mut outputs: Vec<Vec<i8>> = Vec::with_capacity(graph.len());
    for (_, layer) in graph.layers() {
        let read = |source: Source| match source {
            Source::Input => image,
            Source::Layer(id) => &outputs[id.0][..],
        };
        let output = run_layer(layer, read(layer.input), layer.residual.map(read));
        outputs.push(output);
    }
    outputs
}

/// Fewer terms than this are not worth another thread.
const GRAIN: u64 = 200_000;

/// Calls `finish(k, accumulators, part of output)` for each output channel.
fn each_channel<T: Send>(
    layer: &Layer,
    input: &[i8],
    output: &mut [T],
    finish: impl Fn(usize, &[i32], &mut [T]) + Sync,
) {
    let plane = layer.out_shape.h * layer.out_shape.w;
    let windows = Windows::new(layer, input);
    let channels_per_task = GRAIN.div_ceil(layer.dims(1).taps() * plane as u64) as usize;
    output.par_chunks_mut(plane).with_min_len(channels_per_task).enumerate().for_each_init(
        || vec![0; windows.scratch() + plane],
        |buffer, (k, output)| {
            let (acc, scratch) = buffer.split_at_mut(plane);
            windows.accumulate(k, scratch, acc);
            finish(k, acc, output);
        },
    );
}

fn requantise(layer: &Layer, k: usize, acc: &[i32], residual: Option<&[i8]>, y: &mut [i8]) {
    let parameters = &layer.parameters;
    let channel = Channel::<i64> {
        multiplier: parameters.multiplier[k].into(),
        bias: parameters.bias[k],
        shift: parameters.shift[k].into(),
        residual_multiplier: parameters.residual_multiplier.get(k).map_or(0, |m| (*m).into()),
        residual_shift: parameters.residual_shift.get(k).map_or(0, |s| (*s).into()),
    };
    let (lo, hi) = (i64::from(layer.clamp.0), i64::from(layer.clamp.1));
    for (i, (y, acc)) in y.iter_mut().zip(acc).enumerate() {
        let residual = residual.map_or(0, |residual| i64::from(residual[i]));
        *y = requant(&i64::from(*acc), &residual, &channel, &lo, &hi) as i8;
    }
}
