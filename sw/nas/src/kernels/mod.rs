//! The arithmetic of the layers: forward, gradient by the input, gradient by the weights.
//!
//! [`batch`] spreads the images of a batch over the cores; below it every kernel works on one image in NHWC order
//! and is single-threaded. [`walk`] says which numbers a result reads, [`dense`] and [`depthwise`] do the sums.
//! Every sum of a float has one order, and every multiply-accumulate of floats is a fused one, written as such,
//! so that every machine computes the same bits, whatever vectors [`wide`] finds.

pub mod batch;
#[allow(clippy::needless_range_loop)] // Tiles of registers: plain indices let the compiler unroll them.
pub mod dense;
#[allow(clippy::needless_range_loop)] // Tiles of registers: plain indices let the compiler unroll them.
pub mod depthwise;
pub mod element;
pub mod panels;
pub mod step;
pub mod totals;
pub mod walk;
pub mod wide;

/// What one tap adds to an accumulator: shift layers are [`Tap::Product`] with weights that are powers of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tap {
    /// `x * w`
    Product,
    /// `-|x - w|`
    Distance,
}

/// A window sliding over a map: everything about a layer's shape but its op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height, width and channels of the input.
    pub input: [usize; 3],
    /// Height, width and channels of the output.
    pub output: [usize; 3],
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Rows and columns between two windows.
    pub stride: [usize; 2],
    /// Zeros around the map: top, left, bottom, right.
    pub padding: [usize; 4],
    /// Whether every channel has a kernel of its own; otherwise each output sees all inputs.
    pub depthwise: bool,
}

impl Window {
    /// Numbers in one input image.
    pub fn input_len(&self) -> usize {
        self.input.iter().product()
    }

    /// Numbers in one output image.
    pub fn output_len(&self) -> usize {
        self.output.iter().product()
    }

    /// Output pixels of an image.
    pub fn pixels(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Terms in one output: taps, times input channels unless depthwise.
    pub fn terms(&self) -> usize {
        let taps = self.kernel[0] * self.kernel[1];
        if self.depthwise {
            taps
        } else {
            taps * self.input[2]
        }
    }

    /// Weights, ordered `[row, column, input channel, output channel]`, or `[row, column, channel]`.
    pub fn weights(&self) -> usize {
        self.terms() * self.output[2]
    }

    /// Multiply-accumulates of an image, padding included.
    pub fn macs(&self) -> usize {
        self.output_len() * self.terms()
    }

    /// Whether a row of the input is the patch of the same output pixel.
    pub fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1] && self.padding == [0; 4] && !self.depthwise
    }
}
