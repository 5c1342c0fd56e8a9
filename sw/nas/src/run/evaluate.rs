//! Top-1 accuracy on labelled images: by the training's forward pass, without rounding and with it, by the integers that it exports,
//! and by the reference executor.

use crate::data::batch::Pixels;
use crate::data::Images;
use crate::layer::Phase;
use crate::loss::best;
use crate::network::Network;
use crate::rounded::Rounded;
use model::{Graph, Shape, Tensor};
use spec::error::Report;
use std::ops::Range;

/// Images that are evaluated together.
const BATCH: usize = 250;

/// Share of `images` that are right by the forward pass of training, in floats: with as much rounded as `phase` says.
pub fn floats(network: &Network, pixels: &Pixels, images: &Images, phase: Phase) -> f64 {
    let guess = |range: Range<usize>| {
        let output = network.evaluate(pixels.plain(images, range), phase);
        Ok(output.data.chunks_exact(output.image_len()).map(best).collect())
    };
    share_right(images, guess).unwrap_or_default()
}

/// Share of `images` that are right by the integers that are exported.
pub fn integers(rounded: &Rounded, pixels: &Pixels, images: &Images) -> f64 {
    let guess = |range: Range<usize>| {
        let count = range.len();
        let output = rounded.output(&pixels.integers(images, range));
        Ok(output.chunks_exact(output.len() / count).map(best).collect())
    };
    share_right(images, guess).unwrap_or_default()
}

/// Share of `images` that are right by the reference executor.
///
/// # Errors
/// Images that do not have the shape of the network's input.
pub fn reference(graph: &Graph, pixels: &Pixels, images: &Images) -> Result<f64, Report> {
    let guess = |range: Range<usize>| {
        let output = model::reference::run(graph, &tensor(pixels, images, range))?;
        Ok(model::reference::top1(&output))
    };
    share_right(images, guess)
}

/// Images `range` as the network's integer input.
pub fn tensor(pixels: &Pixels, images: &Images, range: Range<usize>) -> Tensor {
    let [height, width, channels] = images.shape;
    let count = range.len();
    let flat = pixels.integers(images, range);
    let planes = flat
        .chunks_exact(images.shape.iter().product())
        .flat_map(|image| (0..channels).flat_map(move |c| image.iter().skip(c).step_by(channels).copied()));
    Tensor::new(count, Shape::new(channels, height, width), planes.collect())
}

fn share_right(
    images: &Images,
    guess: impl Fn(Range<usize>) -> Result<Vec<usize>, Report>,
) -> Result<f64, Report> {
    let mut right = 0;
    for start in (0..images.len()).step_by(BATCH) {
        let range = start..images.len().min(start + BATCH);
        let labels = &images.labels[range.clone()];
        right +=
            guess(range)?.iter().zip(labels).filter(|(guess, label)| **guess == usize::from(**label)).count();
    }
    Ok(right as f64 / images.len() as f64)
}
