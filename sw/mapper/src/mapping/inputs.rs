//! How a tile of inputs lies in the register files and comes there: which rows stay for the next window, which columns of
//! padding are cleared in place of brought, which output columns a PE has. All of it says how few beats the inputs take;
//! nests, registers and cycles ask here.

use super::{Loop, Mapping};
use crate::nests::MOST_TAPS;
use crate::unroll::Fill;
use crate::work::Dim;

impl Mapping {
    /// Entries of a PE's input register file that a tile fills.
    pub fn x_tile(&self) -> u32 {
        let [horizontal, _] = self.x_axes();
        let channels = [Dim::C, Dim::G].map(|dim| self.below(dim, self.x.level));
        horizontal.entries() * self.x_rows() * channels[0] * channels[1]
    }

    /// Why the window of inputs cannot roll along the loop above their tile, if it cannot.
    pub fn why_not_rolling(&self) -> Option<&'static str> {
        let level = self.x.level;
        let channels = self.below(Dim::C, level) * self.below(Dim::G, level);
        let alone = |dim: Dim| self.unroll.size(dim) == 1;
        if self.loops.get(level).is_none_or(|l| l.dim != Dim::OY) || self.below(Dim::OY, level) > 1 {
            Some("the loop above the tile is not the first over OY")
        } else if !alone(Dim::OY) || !alone(Dim::FY) {
            Some("OY or FY lies on the array")
        } else if self.is_ragged(Dim::FY) || self.below(Dim::FY, level) != self.temporal(Dim::FY) {
            Some("a tile does not serve all of FY, or FY is cut unevenly")
        } else if self.temporal(Dim::FY) <= self.layer.stride[0] {
            Some("windows share no row")
        } else if self.layer.stride[0] > 1 && channels > 1 {
            Some("a tile has several channels, and a step of several rows")
        } else {
            None
        }
    }

    /// Rows of a tile of inputs, in entries.
    pub fn x_rows(&self) -> u32 {
        if self.rolls {
            self.layer.stride[0]
        } else {
            self.x_axes()[1].entries()
        }
    }

    /// Tiles of inputs that a step reads beside the oldest.
    pub fn x_more(&self) -> u32 {
        if self.rolls {
            self.below(Dim::FY, self.x.level).div_ceil(self.layer.stride[0]) - 1
        } else {
            0
        }
    }

    /// Tiles of inputs that a full `EXEC` takes.
    pub fn x_tiles(&self) -> u64 {
        let bound = |(index, l): (usize, &Loop)| match self.rolls && index == 0 {
            true => u64::from(l.bound + self.x_more()),
            false => u64::from(l.bound),
        };
        self.loops[self.x.level..].iter().enumerate().map(bound).product()
    }

    /// Whether a beat of inputs slides along the columns. Which taps of a window the kernel has is asked once for all of them,
    /// so the last part along FX has a whole number of windows; otherwise each column has beats of its own.
    pub fn slides(&self) -> bool {
        let last = self.layer.size[Dim::FX] % self.tile[Dim::FX].max(1);
        let whole = last.is_multiple_of(self.below(Dim::FX, self.x.level));
        self.unroll.slides() && whole && self.x_window() <= MOST_TAPS
    }

    /// Why a PE cannot have `below(OX, x.level)` neighbouring output columns, if it cannot.
    pub fn why_no_block(&self) -> Option<&'static str> {
        let [outputs, taps] = [Dim::OX, Dim::FX].map(|dim| u64::from(self.below(dim, self.x.level)));
        let stride = u64::from(self.layer.stride[1]);
        if !self.unroll.slides() {
            Some("inputs do not slide along the columns")
        } else if self.follows(Dim::FX) {
            Some("FX is cut unevenly")
        } else if taps < stride {
            Some("the taps of a tile are fewer than a step of the window")
        } else if (outputs - 1) * stride + taps > u64::from(MOST_TAPS) {
            Some("its window is too wide to slide")
        } else {
            None
        }
    }

    /// Why columns of padding cannot be left out, if they cannot: their entries have to be the same in every tile.
    pub fn why_not_clearing(&self) -> Option<&'static str> {
        let window = [self.below(Dim::FX, self.x.level), self.temporal(Dim::FX), self.tile[Dim::FX]];
        let whole = |dim: Dim| self.tile[dim] == self.layer.size[dim];
        if !self.slides() || self.temporal(Dim::OX) != self.unroll.block || !whole(Dim::OX) {
            Some("OX does not lie along the columns as a whole")
        } else if window != [self.layer.size[Dim::FX]; 3] {
            Some("a tile does not serve all of FX")
        } else if self.layer.padding[1] == 0 {
            Some("the layer has no columns of padding")
        } else {
            None
        }
    }

    /// Entries of every input register file that are cleared when an `EXEC` starts.
    pub fn x_clear(&self) -> u32 {
        if self.clears {
            self.x.slots * self.x_tile()
        } else {
            0
        }
    }

    /// Columns of padding before the first input column that a beat brings.
    pub fn x_left_out(&self) -> u32 {
        if self.clears {
            self.layer.padding[1]
        } else {
            0
        }
    }

    /// How a tile's input columns and rows lie in the register file.
    pub fn x_axes(&self) -> [Window; 2] {
        let axis = |output: Dim, tap: Dim, stride: u32, block: u32| Window {
            outputs: self.below(output, self.x.level),
            taps: self.below(tap, self.x.level),
            stride,
            apart: block == 1 && self.unroll.size(output) > 1 || self.follows(tap),
        };
        let [vertical, horizontal] = self.layer.stride;
        [axis(Dim::OX, Dim::FX, horizontal, self.unroll.block), axis(Dim::OY, Dim::FY, vertical, 1)]
    }

    /// Input beats of a tile.
    pub fn x_beats(&self) -> u64 {
        let [horizontal, _] = self.x_axes();
        let columns = match self.slides() {
            true if self.unroll.block > 1 => self.x_tags(),
            true => horizontal.outputs * self.x_tags(),
            false => horizontal.entries(),
        };
        let channels = [Dim::C, Dim::G].map(|dim| u64::from(self.below(dim, self.x.level)));
        let pixels = u64::from(columns) * u64::from(self.x_rows());
        pixels * channels[0] * channels[1] * self.entry_beats(Fill::Inputs)
    }

    /// Input columns of the window of a PE, where it slides along the array.
    pub fn x_window(&self) -> u32 {
        (self.unroll.block - 1) * self.layer.stride[1] + self.below(Dim::FX, self.x.level)
    }

    /// Input columns that the window passes on its way along the array, for one tap range of a tile; without padding where
    /// its entries are cleared.
    pub fn x_tags(&self) -> u32 {
        let apart = self.layer.stride[1] * self.unroll.block;
        let passed = (self.unroll.cols.size(Dim::OX) - 1) * apart + self.x_window();
        if self.clears {
            passed.saturating_sub(self.layer.padding[1]).clamp(1, self.layer.input[1])
        } else {
            passed
        }
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
