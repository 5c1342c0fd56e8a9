//! One layer of a checked network: what it reads, its shapes, its loop dimensions and its tensors.

use spec::op::Op;
use std::fmt;

/// Position of a layer in the topological order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerId(pub usize);

/// What a layer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The network's own input.
    Input,
    /// The output of an earlier layer.
    Layer(LayerId),
}

/// Shape of one image's feature map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Channels.
    pub c: usize,
    /// Rows.
    pub h: usize,
    /// Columns.
    pub w: usize,
}

impl Shape {
    /// Channels, rows, columns.
    pub fn new(c: usize, h: usize, w: usize) -> Shape {
        Shape { c, h, w }
    }

    /// Activations of one image.
    pub fn elements(&self) -> usize {
        self.c * self.h * self.w
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {}, {}]", self.c, self.h, self.w)
    }
}

/// The loop dimensions of a layer, as mappers name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dims {
    /// Images.
    pub n: usize,
    /// Groups.
    pub g: usize,
    /// Output channels of one group.
    pub k: usize,
    /// Input channels of one group.
    pub c: usize,
    /// Output rows.
    pub oy: usize,
    /// Output columns.
    pub ox: usize,
    /// Kernel rows.
    pub fy: usize,
    /// Kernel columns.
    pub fx: usize,
}

impl Dims {
    /// Terms of all images together.
    pub fn macs(&self) -> u64 {
        self.outputs() * self.taps()
    }

    /// Output elements of all images together.
    pub fn outputs(&self) -> u64 {
        [self.n, self.g, self.k, self.oy, self.ox].iter().map(|dim| *dim as u64).product()
    }

    /// Terms of one output element.
    pub fn taps(&self) -> u64 {
        [self.c, self.fy, self.fx].iter().map(|dim| *dim as u64).product()
    }
}

/// Padding in zeros on each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Padding {
    /// Rows above.
    pub top: usize,
    /// Columns to the left.
    pub left: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns to the right.
    pub right: usize,
}

impl From<[usize; 4]> for Padding {
    /// From top, left, bottom, right.
    fn from([top, left, bottom, right]: [usize; 4]) -> Padding {
        Padding { top, left, bottom, right }
    }
}

/// The tensors of a layer; each is flat, in the order of its PyTorch shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `[out, in / groups, kh, kw]`; for `shift` the codes.
    pub weight: Vec<i8>,
    /// `[out]`, magnitude below 2^46.
    pub bias: Vec<i64>,
    /// `[out]`.
    pub multiplier: Vec<i16>,
    /// `[out]`, 0..=47.
    pub shift: Vec<u8>,
    /// `[out]` with a residual, else empty.
    pub residual_multiplier: Vec<i16>,
    /// `[out]` with a residual, 0..=24; else empty.
    pub residual_shift: Vec<u8>,
}

/// One layer of a checked network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Unique in its network, and fit to be a file's name.
    pub name: String,
    /// What its terms are.
    pub op: Op,
    /// What it convolves.
    pub input: Source,
    /// What is added in the requantise step; it has the shape of the output.
    pub residual: Option<Source>,
    /// Shape of the input, before padding.
    pub in_shape: Shape,
    /// Shape of the output.
    pub out_shape: Shape,
    /// Rows and columns.
    pub kernel: [usize; 2],
    /// Rows and columns.
    pub stride: [usize; 2],
    /// Zeros around the input; each is less than the kernel.
    pub padding: Padding,
    /// Divides both channel counts.
    pub groups: usize,
    /// Smallest and largest output.
    pub clamp: (i8, i8),
    /// Weights and what the requantise step needs.
    pub parameters: Parameters,
}

impl Layer {
    /// The loop dimensions for a batch of `n` images.
    pub fn dims(&self, n: usize) -> Dims {
        Dims {
            n,
            g: self.groups,
            k: self.out_shape.c / self.groups,
            c: self.in_shape.c / self.groups,
            oy: self.out_shape.h,
            ox: self.out_shape.w,
            fy: self.kernel[0],
            fx: self.kernel[1],
        }
    }

    /// Terms of one image.
    pub fn macs(&self) -> u64 {
        self.dims(1).macs()
    }

    /// The shape of its weight tensor: `[out, in / groups, kh, kw]`.
    pub fn weight_shape(&self) -> [usize; 4] {
        [self.out_shape.c, self.in_shape.c / self.groups, self.kernel[0], self.kernel[1]]
    }

    /// Whether every output channel reads just one input channel.
    pub fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.in_shape.c
    }

    /// The weights of output channel `k`, `[in / groups, kh, kw]`.
    pub fn weights_of(&self, k: usize) -> &[i8] {
        let taps = self.dims(1).taps() as usize;
        &self.parameters.weight[k * taps..(k + 1) * taps]
    }
}
