//! `Mapping`: how one chunk computes one layer, as a plain value. Every mapping is a loop nest over the seven
//! dimensions below a spatial unrolling, and says for each operand how many of the innermost loops a tile of
//! its register file spans; nests, cycles and accesses follow from that.

use crate::dataflow::{Dataflow, Unroll};
use crate::work::{Dim, Sizes, Work};
use std::fmt;

/// One temporal loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loop {
    /// What it runs over.
    pub dim: Dim,
    /// Iterations, more than 1.
    pub bound: u32,
}

/// How an operand is held in its register file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// A tile serves the loops `0 .. level`; a step of loop `level` or above takes the next one.
    pub level: usize,
    /// Tiles that the register file holds at once.
    pub slots: u32,
}

/// How a chunk computes a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// What lies along rows and columns.
    pub dataflow: Dataflow,
    /// How much of the array is used.
    pub unroll: Unroll,
    /// The layer.
    pub layer: Work,
    /// The largest part of the layer that one `EXEC` computes: whole rows of outputs, of a range of channels.
    pub tile: Sizes,
    /// The loops of an `EXEC`, innermost first. Their bounds cover `tile`; only FY, FX are covered exactly.
    pub loops: Vec<Loop>,
    /// Inputs.
    pub x: Hold,
    /// Weights.
    pub w: Hold,
    /// Partial sums; every reduction loop is below its level.
    pub a: Hold,
}

impl Mapping {
    /// PEs along `dim` that work at once.
    pub fn spatial(&self, dim: Dim) -> u32 {
        match dim {
            dim if dim == self.dataflow.rows => self.unroll.rows,
            dim if dim == self.dataflow.cols => self.unroll.cols,
            _ => 1,
        }
    }

    /// Iterations of all loops over `dim` among the `level` innermost loops.
    pub fn below(&self, dim: Dim, level: usize) -> u32 {
        self.loops[..level].iter().filter(|l| l.dim == dim).map(|l| l.bound).product()
    }

    /// Iterations of all loops over `dim`.
    pub fn temporal(&self, dim: Dim) -> u32 {
        self.below(dim, self.loops.len())
    }

    /// Elements of its dimension from one iteration of loop `index` to the next.
    pub fn step(&self, index: usize) -> u32 {
        let dim = self.loops[index].dim;
        self.spatial(dim) * self.below(dim, index)
    }

    /// Compute steps of a full `EXEC`.
    pub fn steps(&self) -> u64 {
        self.steps_below(self.loops.len())
    }

    /// Compute steps of the `level` innermost loops.
    pub fn steps_below(&self, level: usize) -> u64 {
        self.loops[..level].iter().map(|l| u64::from(l.bound)).product()
    }

    /// Entries of a PE's input register file that a tile fills.
    pub fn x_tile(&self) -> u32 {
        let [horizontal, vertical] = self.x_axes();
        let channels = [Dim::C, Dim::G].map(|dim| self.below(dim, self.x.level));
        horizontal.entries() * vertical.entries() * channels[0] * channels[1]
    }

    /// How a tile's input columns and rows lie in the register file.
    pub fn x_axes(&self) -> [Axis; 2] {
        let inside = |dim| self.below(dim, self.x.level);
        let slides = self.dataflow.slides();
        [
            Axis {
                outputs: inside(Dim::OX),
                taps: inside(Dim::FX),
                stride: self.layer.stride[1],
                apart: slides,
            },
            Axis {
                outputs: inside(Dim::OY),
                taps: inside(Dim::FY),
                stride: self.layer.stride[0],
                apart: false,
            },
        ]
    }

    /// Input beats of a tile.
    pub fn x_beats(&self) -> u64 {
        let [horizontal, vertical] = self.x_axes();
        let columns =
            if self.dataflow.slides() { horizontal.outputs * self.x_tags() } else { horizontal.entries() };
        let channels = [Dim::C, Dim::G].map(|dim| u64::from(self.below(dim, self.x.level)));
        let pixels = u64::from(columns) * u64::from(vertical.entries());
        pixels * channels[0] * channels[1] * u64::from(self.unroll.x_beats)
    }

    /// Input columns that the window passes on its way along the array, for one tap range of a tile.
    pub fn x_tags(&self) -> u32 {
        (self.unroll.cols - 1) * self.layer.stride[1] + self.below(Dim::FX, self.x.level)
    }

    /// Entries of a PE's weight register file that a tile fills.
    pub fn w_tile(&self) -> u32 {
        self.loops[..self.w.level].iter().filter(|l| l.dim.moves_weight()).map(|l| l.bound).product()
    }

    /// Weight beats of one entry.
    pub fn w_entry_beats(&self) -> u32 {
        self.unroll.x_beats * if self.dataflow.slides() { 1 } else { self.unroll.cols }
    }

    /// Weight beats of a tile.
    pub fn w_beats(&self) -> u64 {
        u64::from(self.w_tile()) * u64::from(self.w_entry_beats())
    }

    /// Bytes of the weights of a full `EXEC` in the order of the nest.
    pub fn w_bytes(&self) -> u64 {
        let entries = self.loops.iter().filter(|l| l.dim.moves_weight()).map(|l| u64::from(l.bound));
        entries.product::<u64>() * u64::from(self.w_entry_beats() * self.unroll.x_lanes)
    }

    /// Partial sums of a PE that a tile makes.
    pub fn a_tile(&self) -> u32 {
        self.loops[..self.a.level].iter().filter(|l| !l.dim.is_reduction()).map(|l| l.bound).product()
    }

    /// Drain beats of a tile.
    pub fn d_beats(&self) -> u64 {
        let vectors = if self.dataflow.reduces_rows() { 1 } else { self.unroll.cols };
        u64::from(self.a_tile()) * u64::from(self.unroll.d_beats * vectors)
    }

    /// Rows of requantise parameters of a full `EXEC`.
    pub fn p_rows(&self) -> u32 {
        self.temporal(Dim::G) * self.temporal(Dim::K) * self.unroll.d_beats
    }
}

/// A direction of the input tile: `outputs` windows of `taps` entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Output positions inside the tile (of the same PE).
    pub outputs: u32,
    /// Kernel taps inside the tile.
    pub taps: u32,
    /// Input positions from one output to the next.
    pub stride: u32,
    /// Whether neighbouring outputs of a PE are a whole array apart, so that their windows share nothing.
    pub apart: bool,
}

impl Axis {
    /// Whether neighbouring windows overlap and share entries.
    pub fn overlaps(&self) -> bool {
        !self.apart && self.taps > self.stride
    }

    /// Entries from one output to the next.
    pub fn output_step(&self) -> u32 {
        if self.overlaps() {
            self.stride
        } else {
            self.taps
        }
    }

    /// Entries in all.
    pub fn entries(&self) -> u32 {
        (self.outputs - 1) * self.output_step() + self.taps
    }
}

/// One line: dataflow, unrolling, part, loops from the outside in, with the levels of x, w and the sums.
impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}x{} of {}:", self.dataflow.name, self.unroll.rows, self.unroll.cols, self.tile)?;
        for (i, l) in self.loops.iter().enumerate().rev() {
            let marks = [("x", self.x), ("w", self.w), ("a", self.a)];
            for (name, hold) in marks.iter().filter(|(_, hold)| hold.level == i + 1) {
                write!(f, " [{name}*{}]", hold.slots)?;
            }
            write!(f, " {}{}", l.dim.name(), l.bound)?;
        }
        let innermost = [("x", self.x), ("w", self.w), ("a", self.a)];
        for (name, hold) in innermost.iter().filter(|(_, hold)| hold.level == 0) {
            write!(f, " [{name}*{}]", hold.slots)?;
        }
        Ok(())
    }
}
