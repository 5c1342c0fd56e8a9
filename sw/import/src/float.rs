//! `FloatNet`: a network of real numbers in the shape of ours, which every format becomes before it is quantised.
//!
//! ```text
//! y = clip(op(x, weights) * slope + offset + residual)
//! ```
//!
//! Batch norms are slope and offset, an average is a sum with a slope, what only adds or clips is a convolution of one
//! weight 1 a channel. Steps that the file prescribes stand beside; what is missing, calibration finds.

use model::graph::Padding;
use model::Shape;
use spec::error::{nearest, Diagnostic, Report};
use spec::op::Op;
use std::borrow::Cow;

/// Where nothing is clipped.
pub const UNCLIPPED: (f32, f32) = (f32::NEG_INFINITY, f32::INFINITY);

/// A network of real numbers.
#[derive(Clone, Debug)]
pub struct FloatNet {
    /// The file that it comes from, for messages.
    pub file: String,
    /// What it is fed.
    pub input: FloatInput,
    /// Names of the classes, or empty.
    pub classes: Vec<String>,
    /// In topological order.
    pub layers: Vec<FloatLayer>,
    /// The value that is the result: `i + 1` is the output of layer `i`.
    pub output: usize,
}

/// What a network is fed.
#[derive(Clone, Debug)]
pub struct FloatInput {
    /// Of an image.
    pub shape: Shape,
    /// Real value of one step, where the file says it.
    pub step: Option<f64>,
}

/// The weights of a layer, `[out, in / groups, kh, kw]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Weights {
    /// Real numbers.
    Real(Vec<f32>),
    /// Integers of the file, with the real value of one step of each output channel.
    Fixed {
        /// The integers.
        codes: Vec<i8>,
        /// One an output channel.
        steps: Vec<f64>,
    },
    /// All 1.
    Ones,
}

/// A layer of real numbers.
#[derive(Clone, Debug)]
pub struct FloatLayer {
    /// Unique in the network, and fit to be a file's name.
    pub name: String,
    /// What its terms are.
    pub op: Op,
    /// The value that it convolves: 0 is the network's input, `i + 1` the output of layer `i`.
    pub input: usize,
    /// The value that is added before it is clipped.
    pub residual: Option<usize>,
    /// Of the input, before padding.
    pub in_shape: Shape,
    /// Of the output.
    pub out_shape: Shape,
    /// Rows and columns.
    pub kernel: [usize; 2],
    /// Rows and columns.
    pub stride: [usize; 2],
    /// Zeros around the input.
    pub padding: Padding,
    /// Divides both channel counts.
    pub groups: usize,
    /// Of every tap.
    pub weights: Weights,
    /// Of the sum, one an output channel.
    pub slope: Vec<f64>,
    /// Added, one an output channel.
    pub offset: Vec<f64>,
    /// Least and greatest output.
    pub clip: (f32, f32),
    /// Real value of one step of the output, where the file says it.
    pub step: Option<f64>,
}

impl FloatLayer {
    /// Terms of one output.
    pub fn taps(&self) -> usize {
        self.in_shape.c / self.groups * self.kernel[0] * self.kernel[1]
    }

    /// The weights as real numbers.
    pub fn real_weights(&self) -> Cow<'_, [f32]> {
        let taps = self.taps();
        match &self.weights {
            Weights::Real(weights) => Cow::Borrowed(weights),
            Weights::Fixed { codes, steps } => {
                let real = |(i, code): (usize, &i8)| (f64::from(*code) * steps[i / taps]) as f32;
                Cow::Owned(codes.iter().enumerate().map(real).collect())
            }
            Weights::Ones => Cow::Owned(vec![1.0; taps * self.out_shape.c]),
        }
    }

    /// Rows and columns of its output, or why there are none.
    pub fn extent(&self) -> Result<[usize; 2], String> {
        let Padding { top, left, bottom, right } = self.padding;
        let padded = [self.in_shape.h + top + bottom, self.in_shape.w + left + right];
        let [kernel, stride] = [self.kernel, self.stride];
        if top.max(bottom) >= kernel[0] || left.max(right) >= kernel[1] {
            return Err(format!("padding {:?} for a kernel of {kernel:?}", [top, left, bottom, right]));
        }
        if padded[0] < kernel[0] || padded[1] < kernel[1] {
            return Err(format!("a kernel of {kernel:?} on a padded map of {padded:?}"));
        }
        Ok([0, 1].map(|i| (padded[i] - kernel[i]) / stride[i] + 1))
    }
}

/// Which convolutions become shift layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shifts {
    /// None.
    None,
    /// All that have weights.
    All,
    /// Those of these names.
    Named(Vec<String>),
}

impl FloatNet {
    /// Makes convolutions shift layers, whose weights are then rounded to powers of two.
    ///
    /// # Errors
    /// A name that is no convolution with weights.
    pub fn shift(&mut self, shifts: &Shifts) -> Result<(), Report> {
        let may = |layer: &FloatLayer| layer.op == Op::Conv && layer.weights != Weights::Ones;
        if let Shifts::Named(names) = shifts {
            let known: Vec<&str> =
                self.layers.iter().filter(|layer| may(layer)).map(|layer| &layer.name[..]).collect();
            let unknown = names.iter().filter(|name| !known.contains(&name.as_str()));
            let faults = unknown.map(|name| {
                let message = format!("--shift names `{name}`, which is no convolution of the model");
                let near = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                let help = near.unwrap_or_else(|| format!("its convolutions are {}", known.join(", ")));
                Diagnostic::new("import", message).in_file(&self.file).help(help)
            });
            Report(faults.collect()).or(())?;
        }
        let is_chosen = |layer: &FloatLayer| match shifts {
            Shifts::None => false,
            Shifts::All => true,
            Shifts::Named(names) => names.contains(&layer.name),
        };
        for layer in self.layers.iter_mut().filter(|layer| may(layer) && is_chosen(layer)) {
            layer.op = Op::Shift;
        }
        Ok(())
    }

    /// What messages call a value.
    pub fn value_name(&self, value: usize) -> &str {
        match value {
            0 => "input",
            value => &self.layers[value - 1].name,
        }
    }
}
