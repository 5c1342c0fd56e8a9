//! `Work`: what is mapped, a convolution of any kind as seven loop dimensions with its strides and padding.
//! A layer is one; the part of a layer that one `EXEC` computes is a smaller one.

use model::Layer;
use std::fmt;
use std::ops::{Index, IndexMut};

/// A loop dimension of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dim {
    /// Groups.
    G,
    /// Output channels of a group.
    K,
    /// Input channels of a group.
    C,
    /// Output rows.
    OY,
    /// Output columns.
    OX,
    /// Kernel rows.
    FY,
    /// Kernel columns.
    FX,
}

impl Dim {
    /// All seven.
    pub const ALL: [Dim; 7] = [Dim::G, Dim::K, Dim::C, Dim::OY, Dim::OX, Dim::FY, Dim::FX];

    /// Whether partial sums are summed over it.
    pub fn is_reduction(self) -> bool {
        matches!(self, Dim::C | Dim::FY | Dim::FX)
    }

    /// Whether the input depends on it.
    pub fn moves_input(self) -> bool {
        self != Dim::K
    }

    /// Whether the weights depend on it.
    pub fn moves_weight(self) -> bool {
        !matches!(self, Dim::OY | Dim::OX)
    }

    /// As mappings write it.
    pub fn name(self) -> &'static str {
        ["G", "K", "C", "OY", "OX", "FY", "FX"][self as usize]
    }
}

/// A number for every dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sizes(pub [u32; 7]);

impl Index<Dim> for Sizes {
    type Output = u32;
    fn index(&self, dim: Dim) -> &u32 {
        &self.0[dim as usize]
    }
}

impl IndexMut<Dim> for Sizes {
    fn index_mut(&mut self, dim: Dim) -> &mut u32 {
        &mut self.0[dim as usize]
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = Dim::ALL.iter().filter(|dim| self[**dim] > 1);
        let text: Vec<String> = sizes.map(|dim| format!("{}{}", dim.name(), self[*dim])).collect();
        write!(f, "{}", if text.is_empty() { "1".to_string() } else { text.join(" ") })
    }
}

/// A convolution of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Work {
    /// Extents of the loops.
    pub size: Sizes,
    /// Input rows and columns from one output to the next.
    pub stride: [u32; 2],
    /// Zeros above and to the left of the input.
    pub padding: [u32; 2],
    /// Rows and columns of the input, without padding.
    pub input: [u32; 2],
    /// Whether a residual is added.
    pub residual: bool,
}

impl Work {
    /// Multiply-accumulates, or what the op has in their place.
    pub fn macs(&self) -> u64 {
        self.size.0.iter().map(|size| u64::from(*size)).product()
    }

    /// Channels of the input, all groups together.
    pub fn in_channels(&self) -> u32 {
        self.size[Dim::G] * self.size[Dim::C]
    }

    /// Channels of the output, all groups together.
    pub fn out_channels(&self) -> u32 {
        self.size[Dim::G] * self.size[Dim::K]
    }

    /// The input rows `first .. end` that output rows `from .. from + rows` read; never empty.
    pub fn input_rows(&self, from: u32, rows: u32) -> (u32, u32) {
        let first = (from * self.stride[0]).saturating_sub(self.padding[0]);
        let end = (from + rows - 1) * self.stride[0] + self.size[Dim::FY];
        (first, end.saturating_sub(self.padding[0]).min(self.input[0]))
    }
}

impl From<&Layer> for Work {
    fn from(layer: &Layer) -> Work {
        let dims = layer.dims(1);
        let size = [dims.g, dims.k, dims.c, dims.oy, dims.ox, dims.fy, dims.fx];
        Work {
            size: Sizes(size.map(|size| size as u32)),
            stride: layer.stride.map(|stride| stride as u32),
            padding: [layer.padding.top as u32, layer.padding.left as u32],
            input: [layer.in_shape.h as u32, layer.in_shape.w as u32],
            residual: layer.residual.is_some(),
        }
    }
}
