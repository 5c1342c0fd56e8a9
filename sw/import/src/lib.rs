//! Networks of other programs become ours: an ONNX model, of real numbers or quantised, or a checkpoint of PyTorch
//! with a description of its layers.
//!
//! In the order in which a model passes through them:
//!
//! * [`onnx`]: a file's graph, checked and lowered to layers; [`checkpoint`]: layers described in YAML, with
//!   the tensors of PyTorch; [`float`]: what both become.
//! * [`calibrate`]: images, and the range of every value on them, by [`execute`].
//! * [`quantise`](mod@quantise): steps, integers, and a checked [`model::Graph`].
//!
//! No file is opened here: readers take bytes, and a file's name only for messages. Nothing is trained.

pub mod calibrate;
pub mod checkpoint;
pub mod execute;
pub mod float;
pub mod onnx;
pub mod quantise;

use calibrate::{Images, Pixels};
use float::FloatNet;
use model::{reference, Graph, Tensor};
use spec::error::Report;
use spec::op::Op;

/// A network that was imported.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The network.
    pub graph: Graph,
    /// The calibration images as its integers.
    pub images: Option<Tensor>,
    /// How near it is to what it was, where there are images.
    pub agreement: Option<Agreement>,
}

/// How near the integers are to the real numbers, on the calibration images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Images.
    pub images: usize,
    /// Images whose largest output is the same.
    pub top1: usize,
    /// Power of the real outputs over the power of what the integers differ by, in decibels.
    pub decibels: f64,
}

/// Quantises `net` as `name`, by its own steps and by what it does on `images`.
///
/// # Errors
/// What [`quantise::quantise`] and [`calibrate::observe`] refuse.
pub fn import(
    name: &str,
    net: &FloatNet,
    images: Option<&Images>,
    pixels: &Pixels,
) -> Result<Imported, Report> {
    let Some(images) = images else {
        let graph = quantise::quantise(name, net, None, pixels)?;
        return Ok(Imported { graph, images: None, agreement: None });
    };
    let before = calibrate::observe(net, images)?;
    // Ranges are those of what will run.
    let has_shifts = net.layers.iter().any(|layer| layer.op == Op::Shift);
    let rounded = has_shifts.then(|| calibrate::observe(&quantise::with_rounded_shifts(net), images));
    let rounded = rounded.transpose()?;
    let ranges = &rounded.as_ref().unwrap_or(&before).ranges;
    let graph = quantise::quantise(name, net, Some(ranges), pixels)?;
    let tensor = images.quantised(&graph.input);
    let output = reference::run(&graph, &tensor)?;
    let agreement = agreement(&before.outputs, &output, quantise::output_step(net, ranges));
    Ok(Imported { graph, images: Some(tensor), agreement: Some(agreement) })
}

/// How near `output`, one step of which is worth `step`, is to `real`.
fn agreement(real: &[Vec<f32>], output: &Tensor, step: f64) -> Agreement {
    let (mut signal, mut noise) = (0.0, 0.0);
    for (i, real) in real.iter().enumerate() {
        for (real, code) in real.iter().zip(output.image(i)) {
            let difference = f64::from(*real) - f64::from(*code) * step;
            signal += f64::from(*real) * f64::from(*real);
            noise += difference * difference;
        }
    }
    let largest =
        |real: &Vec<f32>| (0..real.len()).rev().max_by(|a, b| real[*a].total_cmp(&real[*b])).unwrap_or(0);
    let classes = reference::top1(output);
    let top1 = real.iter().zip(classes).filter(|(real, class)| largest(real) == *class).count();
    let decibels = 10.0 * (signal.max(1e-30) / noise.max(1e-30)).log10();
    Agreement { images: output.n, top1, decibels }
}
