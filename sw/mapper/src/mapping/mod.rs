//! `Mapping`: how one chunk computes one layer, as a plain value. Every mapping is a loop nest over the seven
//! dimensions below a spatial unrolling, and says for each operand how many of the innermost loops a tile of
//! its register file spans; nests, cycles and accesses follow from that.

mod inputs;

use crate::unroll::{Fill, Unroll};
use crate::work::{Dim, Sizes, Work};
pub use inputs::Window;
use std::fmt;

/// Iterations that the loops over parts of a layer may have: each is an `EXEC` of the program, with transfers of its own.
pub const MOST_PARTS: u32 = 65_535;
/// Tiles of inputs that a step may read. All of them leave one a cycle at the end of the nest, and have to be gone before the
/// drain lets the chunk become idle.
pub const MOST_ROLLING: u32 = 8;
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
    /// Whether rows of inputs that the next row of outputs reads again stay in the register file. Loop `x.level` is over OY
    /// then, and a tile is the rows by which the window moves on, in place of the window.
    pub rolls: bool,
    /// Whether no beat brings columns of padding: their entries are cleared when the `EXEC` starts.
    pub clears: bool,
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

/// Parts that loops tell apart.
pub fn parts(outer: &[Loop]) -> u64 {
    outer.iter().map(|l| u64::from(l.bound)).product()
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
        let inner = self.below(dim, index);
        // Neighbours of a PE are inside what lies on the array.
        if dim == Dim::OX && inner < self.unroll.block {
            inner
        } else {
            self.unroll.size(dim) * inner
        }
    }

    /// Parts of the layer, with those beyond its end: each of the others is an `EXEC`.
    pub fn parts(&self) -> u64 {
        parts(&self.outer)
    }

    /// Compute steps of a full `EXEC`.
    pub fn steps(&self) -> u64 {
        self.steps_below(self.loops.len())
    }

    /// Compute steps of the `level` innermost loops.
    pub fn steps_below(&self, level: usize) -> u64 {
        self.loops[..level].iter().map(|l| u64::from(l.bound)).product()
    }

    /// Beats that bring one entry of `fill` to the array.
    pub(crate) fn entry_beats(&self, fill: Fill) -> u64 {
        self.unroll.entry_beats(fill, &self.layer, self.slides()).into()
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

impl Mapping {
    /// An operand's tiles in the one-line form: `x*2`, and `x*4 rolling cleared`.
    fn mark(&self, name: &str, hold: Hold) -> String {
        let [rolls, clears] = [self.rolls, self.clears].map(|has| name == "x" && has);
        let (rolling, cleared) = (if rolls { " rolling" } else { "" }, if clears { " cleared" } else { "" });
        format!("{name}*{}{rolling}{cleared}", hold.slots)
    }
}

/// One line: what lies on the array, part, loops from the outside in, with the levels of x, w and the sums.
impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let block = if self.unroll.block > 1 { format!(" by {}", self.unroll.block) } else { String::new() };
        write!(f, "{} x {}{block} of {}:", self.unroll.rows, self.unroll.cols, self.tile)?;
        for l in self.outer.iter().rev() {
            write!(f, " {}{}", l.dim.name(), l.bound)?;
        }
        if !self.outer.is_empty() {
            write!(f, " |")?;
        }
        for (i, l) in self.loops.iter().enumerate().rev() {
            let marks = [("x", self.x), ("w", self.w), ("a", self.a)];
            for (name, hold) in marks.iter().filter(|(_, hold)| hold.level == i + 1) {
                write!(f, " [{}]", self.mark(name, *hold))?;
            }
            write!(f, " {}{}", l.dim.name(), l.bound)?;
        }
        let innermost = [("x", self.x), ("w", self.w), ("a", self.a)];
        for (name, hold) in innermost.iter().filter(|(_, hold)| hold.level == 0) {
            write!(f, " [{}]", self.mark(name, *hold))?;
        }
        Ok(())
    }
}
