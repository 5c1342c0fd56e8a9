//! What is mapped, and what its three operands depend on: a convolution of any kind as eight nested loops, those of
//! [`work::Dim`](crate::work::Dim) and the images of a batch.

use crate::work;
use model::table::Row;
use std::fmt;

/// A loop dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dim {
    /// Images of a batch.
    N,
    /// A dimension of one image.
    Of(work::Dim),
}

/// How many dimensions there are.
pub const DIMS: usize = 8;

/// A number for every dimension, in the order of [`Dim::ALL`].
pub type Sizes = [u32; DIMS];

impl Dim {
    /// All of them.
    pub const ALL: [Dim; DIMS] = [
        Dim::N,
        Dim::Of(work::Dim::G),
        Dim::Of(work::Dim::K),
        Dim::Of(work::Dim::C),
        Dim::Of(work::Dim::OY),
        Dim::Of(work::Dim::OX),
        Dim::Of(work::Dim::FY),
        Dim::Of(work::Dim::FX),
    ];

    /// Its place in [`Dim::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Dim::N => 0,
            Dim::Of(dim) => 1 + dim as usize,
        }
    }

    /// As mappings write it.
    pub fn name(self) -> &'static str {
        match self {
            Dim::N => "N",
            Dim::Of(dim) => dim.name(),
        }
    }

    /// The dimension that mappings write as `name`.
    pub fn named(name: &str) -> Option<Dim> {
        Dim::ALL.into_iter().find(|dim| dim.name() == name)
    }

    /// Whether partial sums are summed over it.
    pub fn is_reduction(self) -> bool {
        matches!(self, Dim::Of(dim) if dim.is_reduction())
    }
}

/// What a level of the memory holds a tile of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// Activations.
    Input,
    /// Weights.
    Weight,
    /// Partial sums, and what becomes of them.
    Sum,
}

impl Operand {
    /// All of them.
    pub const ALL: [Operand; 3] = [Operand::Input, Operand::Weight, Operand::Sum];

    /// As mappings and messages write it.
    pub fn name(self) -> &'static str {
        ["inputs", "weights", "sums"][self as usize]
    }

    /// Whether it changes along `dim`.
    pub fn moves(self, dim: Dim) -> bool {
        match (self, dim) {
            (Operand::Weight, Dim::N) => false,
            (_, Dim::N) => true,
            (Operand::Input, Dim::Of(dim)) => dim.moves_input(),
            (Operand::Weight, Dim::Of(dim)) => dim.moves_weight(),
            (Operand::Sum, Dim::Of(dim)) => !dim.is_reduction(),
        }
    }
}

/// A convolution of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layer {
    /// Extents of the loops; K and C count the channels of a group.
    pub size: Sizes,
    /// Input rows and columns from one output to the next.
    pub stride: [u32; 2],
    /// Rows and columns of the input, without padding: more than these are never fetched.
    pub input: [u32; 2],
}

impl Layer {
    /// Multiply-accumulates.
    pub fn macs(&self) -> u64 {
        self.size.iter().fold(1, |macs: u64, size| macs.saturating_mul(u64::from(*size)))
    }

    /// Whether more than one product goes into a sum.
    pub fn reduces(&self) -> bool {
        Dim::ALL.into_iter().any(|dim| dim.is_reduction() && self.size[dim.index()] > 1)
    }
}

impl From<&Row> for Layer {
    fn from(row: &Row) -> Layer {
        let model::Dims { n, g, k, c, oy, ox, fy, fx } = row.dims;
        // A layer that is all padding has no input, and fetches none.
        let input = row.input().map(|extent| extent as u32);
        Layer {
            size: [n, g, k, c, oy, ox, fy, fx].map(|size| size as u32),
            stride: row.stride.map(|stride| stride as u32),
            input,
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = Dim::ALL.iter().map(|dim| format!("{}{}", dim.name(), self.size[dim.index()]));
        write!(f, "{}", sizes.collect::<Vec<_>>().join(" "))
    }
}
