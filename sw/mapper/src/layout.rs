//! What the buffer holds of inputs and of outputs, and how it lies there.
//!
//! Both are boxes of a tensor, channels of a group innermost, then groups, columns and rows. A box is as large as the
//! parts below the operand's level of the buffer make it, and lies without gaps; the last one may be smaller.

use crate::mapping::Mapping;
use crate::parts::{held, Part};
use crate::tiling::Footprint;
use crate::work::{Dim, Work};
use spec::isa::table::SUM_BYTES;

/// Numbers for channels of a group, groups, columns and rows.
pub type Axes = [u32; 4];

/// A box of a tensor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Where it begins.
    pub from: Axes,
    /// How large it is.
    pub size: Axes,
}

impl Block {
    /// All of a tensor.
    pub fn whole(size: Axes) -> Block {
        Block { from: [0; 4], size }
    }

    /// Where it ends along an axis.
    pub fn end(&self, axis: usize) -> u32 {
        self.from[axis] + self.size[axis]
    }
}

/// The axis of columns.
pub const COLUMNS: usize = 2;
/// The axis of rows.
pub const ROWS: usize = 3;

/// Elements from neighbour to neighbour along every axis, where `size` of them lie without gaps.
pub fn pitches(size: &Axes) -> [i64; 4] {
    let [channels, groups, columns, _] = size.map(i64::from);
    [1, channels, channels * groups, channels * groups * columns]
}

/// The dimensions of outputs, in the order of the axes.
const OUTPUTS: [Dim; 4] = [Dim::K, Dim::G, Dim::OX, Dim::OY];
/// The dimensions that inputs depend on.
const INPUTS: [Dim; 6] = [Dim::C, Dim::G, Dim::OX, Dim::FX, Dim::OY, Dim::FY];

impl Work {
    /// The extents of its input.
    pub fn inputs(&self) -> Axes {
        [self.size[Dim::C], self.size[Dim::G], self.input[1], self.input[0]]
    }

    /// The extents of its output.
    pub fn outputs(&self) -> Axes {
        OUTPUTS.map(|dim| self.size[dim])
    }

    /// The input rows (`axis` 0) or columns (1), first and end, that `outputs` read with `taps`, each given as first and
    /// number; never empty, though all may be padding.
    fn window(&self, axis: usize, outputs: (u32, u32), taps: (u32, u32)) -> (u32, u32) {
        let (stride, padding, there) = (self.stride[axis], self.padding[axis], self.input[axis]);
        let first = (outputs.0 * stride + taps.0).saturating_sub(padding).min(there - 1);
        let end = (outputs.0 + outputs.1 - 1) * stride + taps.0 + taps.1;
        (first, end.saturating_sub(padding).min(there).max(first + 1))
    }
}

impl Mapping {
    /// Elements of `dim` that the parts of the `level` innermost outer loops take.
    pub fn span(&self, dim: Dim, level: usize) -> u32 {
        let inside = self.outer.iter().take(level).filter(|l| l.dim == dim);
        let span = inside.fold(self.tile[dim], |span, l| span.saturating_mul(l.bound));
        span.min(self.layer.size[dim])
    }

    /// Parts whose weights are in the buffer at once.
    pub fn held_weights(&self) -> u32 {
        let parts = |dim: &Dim| self.span(*dim, self.w.buffer).div_ceil(self.tile[*dim]);
        Dim::ALL.iter().filter(|dim| dim.moves_weight()).map(parts).product()
    }

    /// The extents of the outputs that are in the buffer at once.
    pub fn held_outputs(&self) -> Axes {
        OUTPUTS.map(|dim| self.span(dim, self.a.buffer))
    }

    /// The extents of the inputs that are in the buffer at once.
    pub fn held_inputs(&self) -> Axes {
        let span = |dim: Dim| self.span(dim, self.x.buffer);
        let window = |axis: usize, output: Dim, tap: Dim| {
            let passed = (span(output) - 1).saturating_mul(self.layer.stride[axis]).saturating_add(span(tap));
            passed.min(self.layer.input[axis])
        };
        let columns = if self.has_all(&[Dim::OX, Dim::FX], self.x.buffer) {
            self.layer.input[1]
        } else {
            window(1, Dim::OX, Dim::FX)
        };
        [span(Dim::C), span(Dim::G), columns, window(0, Dim::OY, Dim::FY)]
    }

    /// Whether the parts below `level` take all of `dims`.
    fn has_all(&self, dims: &[Dim], level: usize) -> bool {
        dims.iter().all(|dim| self.span(*dim, level) == self.layer.size[*dim])
    }

    /// Whether the buffer holds whole rows of inputs.
    pub fn has_input_rows(&self) -> bool {
        self.has_all(&[Dim::C, Dim::G, Dim::OX, Dim::FX], self.x.buffer)
    }

    /// Whether the buffer holds whole rows of outputs.
    pub fn has_output_rows(&self) -> bool {
        self.has_all(&OUTPUTS[..3], self.a.buffer)
    }

    /// The inputs that are in the buffer for a part.
    pub fn inputs_of(&self, part: &Part) -> Block {
        let held = held(self, part, self.x.buffer, INPUTS);
        let range = |dim: Dim| held.range(dim);
        let columns = if self.has_all(&[Dim::OX, Dim::FX], self.x.buffer) {
            (0, self.layer.input[1])
        } else {
            self.layer.window(1, range(Dim::OX), range(Dim::FX))
        };
        let rows = self.layer.window(0, range(Dim::OY), range(Dim::FY));
        let ((c, channels), (g, groups)) = (range(Dim::C), range(Dim::G));
        let size = [channels, groups, columns.1 - columns.0, rows.1 - rows.0];
        Block { from: [c, g, columns.0, rows.0], size }
    }

    /// Bytes behind a box of inputs that beats may read where it does not hold all groups: groups that a part has no more,
    /// and the rest of a line.
    pub fn overshoot(&self, line_bytes: u32) -> u32 {
        let ([channels, groups, ..], side) = (self.held_inputs(), self.unroll.size(Dim::G));
        if groups == self.layer.size[Dim::G] || self.layer.size[Dim::C] == 1 {
            return line_bytes;
        }
        let beyond = self.tile[Dim::G].next_multiple_of(side) - self.tile[Dim::G];
        beyond.saturating_mul(channels).saturating_add(line_bytes)
    }

    /// The most bytes that beats may read beside what is placed.
    pub fn slack(&self, line_bytes: u32) -> u32 {
        let groups = self.tile[Dim::G].clamp(1, self.layer.size[Dim::G]);
        // No lane of parameters is read beside its place.
        let print = Footprint { work: &self.layer, unroll: &self.unroll, line_bytes, post_lanes: 1 };
        print.overshoot(groups).max(self.overshoot(line_bytes))
    }

    /// The outputs that are in the buffer for a part.
    pub fn outputs_of(&self, part: &Part) -> Block {
        let held = held(self, part, self.a.buffer, OUTPUTS);
        Block { from: held.begin(OUTPUTS), size: OUTPUTS.map(|dim| held.size[dim]) }
    }

    /// Bytes of the results of so many outputs, and of their partial sums where those are stored.
    pub fn result_bytes(&self, outputs: &Axes) -> u64 {
        elements(outputs) * u64::from(1 + if self.spills() { SUM_BYTES } else { 0 })
    }
}

/// Elements of a box.
pub fn elements(size: &Axes) -> u64 {
    size.iter().map(|size| u64::from(*size)).product()
}
