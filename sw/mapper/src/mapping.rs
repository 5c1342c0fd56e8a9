//! `Mapping`: how one chunk computes one layer, as a plain value. Every mapping is a loop nest over the seven
//! dimensions below a spatial unrolling, and says for each operand how many of the innermost loops a tile of
//! its register file spans; nests, cycles and accesses follow from that.

use crate::unroll::{Fill, Unroll};
use crate::work::{Dim, Sizes, Work};
use std::fmt;

/// Iterations that the loops over parts of a layer may have: each is an `EXEC` of the program, with transfers of its own.
pub const MOST_PARTS: u32 = 65_535;
/// Compute steps that an `EXEC` may have.
pub const MOST_STEPS: u32 = u32::MAX;

/// One temporal loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loop {
    /// What it runs over.
    pub dim: Dim,
    /// Iterations, more than 1.
    pub bound: u32,
}

/// How an operand is held in its register file and in the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// A tile serves the loops `0 .. level`; a step of loop `level` or above takes the next one.
    pub level: usize,
    /// Tiles that the register file holds at once.
    pub slots: u32,
    /// What is in the buffer serves the outer loops `0 .. buffer`; a step of an outer loop from there on may change it.
    pub buffer: usize,
}

/// How a chunk computes a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// What lies along rows and columns.
    pub unroll: Unroll,
    /// The layer.
    pub layer: Work,
    /// The largest part of the layer that one `EXEC` computes.
    pub tile: Sizes,
    /// The loops over parts, innermost first; with the tile they cover the layer.
    pub outer: Vec<Loop>,
    /// The loops of an `EXEC`, innermost first. With what lies on the array they cover `tile`.
    pub loops: Vec<Loop>,
    /// Inputs.
    pub x: Hold,
    /// Weights.
    pub w: Hold,
    /// Partial sums; those that the loops below its level do not finish are stored and read again.
    pub a: Hold,
}

/// The levels of the buffer at which inputs and results are strips of output rows and weights those of one part.
pub fn strip_levels(outer: &[Loop]) -> [usize; 3] {
    let strip = outer.iter().position(|l| l.dim == Dim::OY).unwrap_or(outer.len());
    [strip, 0, strip]
}

impl Mapping {
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
        self.unroll.size(dim) * self.below(dim, index)
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
    pub fn x_axes(&self) -> [Window; 2] {
        let axis = |output: Dim, tap: Dim, stride: u32| Window {
            outputs: self.below(output, self.x.level),
            taps: self.below(tap, self.x.level),
            stride,
            apart: self.unroll.size(output) > 1 || self.follows(tap),
        };
        let [vertical, horizontal] = self.layer.stride;
        [axis(Dim::OX, Dim::FX, horizontal), axis(Dim::OY, Dim::FY, vertical)]
    }

    /// Input beats of a tile.
    pub fn x_beats(&self) -> u64 {
        let [horizontal, vertical] = self.x_axes();
        let columns =
            if self.unroll.slides() { horizontal.outputs * self.x_tags() } else { horizontal.entries() };
        let channels = [Dim::C, Dim::G].map(|dim| u64::from(self.below(dim, self.x.level)));
        let pixels = u64::from(columns) * u64::from(vertical.entries());
        pixels * channels[0] * channels[1] * self.entry_beats(Fill::Inputs)
    }

    /// Beats that bring one entry of `fill` to the array.
    fn entry_beats(&self, fill: Fill) -> u64 {
        self.unroll.entry_beats(fill, &self.layer).into()
    }

    /// Input columns that the window passes on its way along the array, for one tap range of a tile.
    pub fn x_tags(&self) -> u32 {
        (self.unroll.cols.pes() - 1) * self.layer.stride[1] + self.below(Dim::FX, self.x.level)
    }

    /// Entries of a PE's weight register file that a tile fills.
    pub fn w_tile(&self) -> u32 {
        self.loops[..self.w.level].iter().filter(|l| l.dim.moves_weight()).map(|l| l.bound).product()
    }

    /// Weight beats of a tile.
    pub fn w_beats(&self) -> u64 {
        u64::from(self.w_tile()) * self.entry_beats(Fill::Weights)
    }

    /// Bytes of the weights of a full `EXEC` in the order of the nest.
    pub fn w_bytes(&self) -> u64 {
        let entries = self.loops.iter().filter(|l| l.dim.moves_weight()).map(|l| u64::from(l.bound));
        entries.product::<u64>() * u64::from(self.unroll.entry_bytes(&self.layer))
    }

    /// Partial sums of a PE that a tile makes.
    pub fn a_tile(&self) -> u32 {
        self.loops[..self.a.level].iter().filter(|l| !l.dim.is_reduction()).map(|l| l.bound).product()
    }

    /// Whether partial sums leave the array before they are finished.
    pub fn spills(&self) -> bool {
        let outside = self.loops.iter().skip(self.a.level);
        outside.chain(&self.outer).any(|l| l.dim.is_reduction())
    }

    /// Whether the last part along `dim` is smaller than the others.
    pub fn is_ragged(&self, dim: Dim) -> bool {
        !self.layer.size[dim].is_multiple_of(self.tile[dim].max(1))
    }

    /// Whether inputs are checked for lying in the kernel: where taps lie on the array, or the last part has fewer.
    /// Elsewhere the loops never leave it.
    pub fn follows(&self, tap: Dim) -> bool {
        self.unroll.size(tap) > 1 || self.is_ragged(tap)
    }

    /// Whether there may be more groups at work than a part has.
    pub fn follows_groups(&self) -> bool {
        self.unroll.size(Dim::G) > 1 || self.is_ragged(Dim::G)
    }

    /// Drain beats of a tile.
    pub fn d_beats(&self) -> u64 {
        u64::from(self.a_tile()) * u64::from(self.unroll.result_beats(&self.layer))
    }

    /// Rows of requantise parameters of a full `EXEC`.
    pub fn p_rows(&self) -> u32 {
        crate::nests::drain::parameter_digits(self).iter().map(|digit| digit.bound).product()
    }
}

/// A direction of the input tile: `outputs` windows of `taps` entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Output positions inside the tile (of the same PE).
    pub outputs: u32,
    /// Kernel taps inside the tile.
    pub taps: u32,
    /// Input positions from one output to the next.
    pub stride: u32,
    /// Whether its windows share nothing: neighbours of a PE lie on other PEs, or its taps are checked one by one.
    pub apart: bool,
}

impl Window {
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

/// One line: what lies on the array, part, loops from the outside in, with the levels of x, w and the sums.
impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {} of {}:", self.unroll.rows, self.unroll.cols, self.tile)?;
        for l in self.outer.iter().rev() {
            write!(f, " {}{}", l.dim.name(), l.bound)?;
        }
        if !self.outer.is_empty() {
            write!(f, " |")?;
        }
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
