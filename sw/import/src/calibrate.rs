//! Calibration: images of real numbers, and what range each value of a network takes on them.

use crate::execute;
use crate::float::FloatNet;
use model::graph::Input;
use model::npy::{self, Array, Elements};
use model::{Shape, Tensor};
use rayon::prelude::*;
use spec::error::{grouped, Diagnostic, Report};

/// How the pixels of 8-bit images become what a model is fed: `(pixel / 255 - mean) / std`, one a channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pixels {
    /// Empty for 0.
    pub mean: Vec<f64>,
    /// Empty for 1.
    pub std: Vec<f64>,
}

impl Pixels {
    /// With a number for each of `channels` channels.
    ///
    /// # Errors
    /// Another count of numbers, or a `std` that is not positive.
    pub fn of(&self, channels: usize) -> Result<Pixels, Report> {
        let mut report = Report::default();
        let mut of = |numbers: &[f64], default: f64, flag: &str| match numbers {
            [] => vec![default; channels],
            numbers => {
                if numbers.len() != channels {
                    let message = format!("{flag} has {} numbers for {channels} channels", numbers.len());
                    let help = format!("give {flag} one number a channel, with commas");
                    report.push(Diagnostic::new("import", message).help(help));
                }
                numbers.to_vec()
            }
        };
        let (mean, std) = (of(&self.mean, 0.0, "--mean"), of(&self.std, 1.0, "--std"));
        if std.iter().any(|std| !(*std > 0.0 && std.is_finite())) || mean.iter().any(|mean| !mean.is_finite())
        {
            let message = "--mean and --std do not make numbers of pixels";
            report.push(Diagnostic::new("import", message).help("a standard deviation is greater than 0"));
        }
        report.or(Pixels { mean, std })
    }
}

/// Images of real numbers.
#[derive(Clone, Debug)]
pub struct Images {
    /// How many.
    pub n: usize,
    /// Of each.
    pub shape: Shape,
    /// `[N, C, H, W]`.
    pub data: Vec<f32>,
}

impl Images {
    /// Reads the `.npy` file `bytes` called `file` as images for `net`: real numbers as the model is fed, or pixels of
    /// 8 bits, which `pixels` makes real.
    ///
    /// # Errors
    /// A file that is not readable, or whose images have another shape.
    pub fn read(net: &FloatNet, file: &str, bytes: &[u8], pixels: &Pixels) -> Result<Images, Report> {
        let Array { shape, elements } = npy::read_array(file, bytes)?;
        let needs = net.input.shape;
        let expected = [needs.c, needs.h, needs.w];
        let is_flat = [needs.h, needs.w] == [1, 1] && shape.len() == 2;
        let fault = |message: String| Diagnostic::new("import", message).in_file(file);
        let n = match &shape[..] {
            [n, rest @ ..] if *rest == expected || (is_flat && *rest == expected[..1]) => *n,
            _ => {
                let found = shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
                let fault = fault("calibration images do not have the shape of the model's input".into());
                let [c, h, w] = expected;
                let help = format!("save an array of shape [N, {c}, {h}, {w}], as the model is fed");
                return Err(fault
                    .note(format!("they are [{found}], the input is [N, {c}, {h}, {w}]"))
                    .help(help)
                    .into());
            }
        };
        if n == 0 {
            return Err(fault("there is no calibration image in this file".into())
                .help("give some tens")
                .into());
        }
        let plane = needs.h * needs.w;
        let real = |(i, pixel): (usize, u8)| {
            let c = i / plane % needs.c;
            ((f64::from(pixel) / 255.0 - pixels.mean[c]) / pixels.std[c]) as f32
        };
        let data: Vec<f32> = match elements {
            Elements::Real(data) => data,
            Elements::Bytes(data) => data.into_iter().enumerate().map(real).collect(),
        };
        if let Some(i) = data.iter().position(|x| !x.is_finite()) {
            let message = format!("element {} of the calibration images is {}", grouped(i), data[i]);
            return Err(fault(message).help("save finite numbers").into());
        }
        Ok(Images { n, shape: needs, data })
    }

    /// Image `i`, `[C, H, W]`.
    pub fn image(&self, i: usize) -> &[f32] {
        let size = self.shape.elements();
        &self.data[i * size..(i + 1) * size]
    }

    /// As the integers that `input` makes of them.
    pub fn quantised(&self, input: &Input) -> Tensor {
        let code = |x: &f32| (f64::from(*x) / input.scale).round_ties_even().clamp(-128.0, 127.0) as i8;
        Tensor::new(self.n, self.shape, self.data.iter().map(code).collect())
    }
}

/// What images show of a network of real numbers.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The greatest magnitude of every value: the input, then the output of each layer.
    pub ranges: Vec<f32>,
    /// The network's output for each image.
    pub outputs: Vec<Vec<f32>>,
}

/// Runs `net` over `images`.
///
/// # Errors
/// A layer whose outputs are not finite.
pub fn observe(net: &FloatNet, images: &Images) -> Result<Observed, Report> {
    let image = |i: usize| {
        let mut values = execute::run(net, images.image(i));
        // `f32::max` would pass over what is not a number.
        let most = |value: &Vec<f32>| {
            value.iter().fold(0.0f32, |most, x| if x.abs() <= most { most } else { x.abs() })
        };
        (values.iter().map(most).collect::<Vec<f32>>(), std::mem::take(&mut values[net.output]))
    };
    let (ranges, outputs): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (0..images.n).into_par_iter().map(image).unzip();
    let range = |value: usize| {
        ranges.iter().fold(0.0f32, |most, of| if of[value] <= most { most } else { of[value] })
    };
    let ranges: Vec<f32> = (0..=net.layers.len()).map(range).collect();
    if let Some(value) = ranges.iter().position(|range| !range.is_finite()) {
        let message = format!("layer `{}` gives numbers that are not finite", net.value_name(value));
        let help = "look for weights that are not finite, or for a variance of 0";
        return Err(Diagnostic::new("import", message).in_file(&net.file).help(help).into());
    }
    Ok(Observed { ranges, outputs })
}
