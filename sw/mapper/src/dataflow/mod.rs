//! Dataflows: the unrollings that the search tries, each as the dimension along the rows and the one along the columns.
//!
//! | rows | columns | inputs | weights | results |
//! |---|---|---|---|---|
//! | C | K | a byte a row, the same for all columns | a byte a PE | summed over the rows, a lane a column |
//! | G | OX | a byte a row, sliding along the columns | a byte a row, the same for all columns | a lane a row |
//! | K | OX | one byte for all rows, sliding | a byte a row, the same for all columns | a lane a row |
//!
//! All that follows from the dimensions alone ([`crate::unroll`]); a dataflow only says how many PEs to use, and where it
//! is of use. A new one is a file here and a line in [`DATAFLOWS`].

mod channels;
mod pixels;
mod windows;

use crate::unroll::{Axis, Unroll};
use crate::work::{Dim, Work};
use spec::accelerator::Chunk;

/// How a chunk's array is used.
#[derive(Clone, Copy, Debug)]
pub struct Dataflow {
    /// As errors name it.
    pub name: &'static str,
    /// The dimension along the rows.
    pub rows: Dim,
    /// The dimension along the columns.
    pub cols: Dim,
    /// Whether it can compute this work.
    pub computes: fn(&Work) -> bool,
}

/// Every dataflow, the preferred ones first.
pub const DATAFLOWS: &[Dataflow] = &[windows::DATAFLOW, channels::DATAFLOW, pixels::DATAFLOW];

impl Dataflow {
    /// How much of the array this work uses.
    pub fn unroll(&self, chunk: &Chunk, line_bytes: u32, work: &Work) -> Unroll {
        let lanes = if self.rows.is_reduction() { self.cols } else { self.rows };
        let along = |dim: Dim, pes: u32| {
            if dim == lanes {
                results(work.size[dim], pes.min(chunk.post_lanes * chunk.post_rows), chunk.post_lanes)
            } else {
                fair(work.size[dim], pes)
            }
        };
        let rows = Axis::of(&[(self.rows, along(self.rows, chunk.rows.min(LANES)))]);
        let cols = Axis::of(&[(self.cols, along(self.cols, chunk.cols.min(self.widest(work))))]);
        Unroll::new(chunk, line_bytes, work, rows, cols)
    }

    /// The most columns whose numbers, and whose tags, a beat can carry.
    fn widest(&self, work: &Work) -> u32 {
        if self.cols == Dim::OX {
            (LANES.saturating_sub(work.size[Dim::FX]) / work.stride[1] + 1).min(LANES)
        } else {
            LANES
        }
    }
}

/// The largest number of a lane, row, column or tag that a mapping uses.
pub const LANES: u32 = 127;

/// The smallest number of PEs that needs no more rounds for `size` than `limit` PEs do.
fn fair(size: u32, limit: u32) -> u32 {
    size.div_ceil(size.div_ceil(limit))
}

/// As [`fair`], but where more than one round is needed the PEs split into full beats of results: a lane too
/// many would write a result of the next round.
fn results(size: u32, limit: u32, post_lanes: u32) -> u32 {
    let exact = |pes: &u32| pes.is_multiple_of(pes.div_ceil(post_lanes));
    let first = fair(size, limit);
    if first == size {
        return first;
    }
    (first..=limit).find(exact).or_else(|| (1..first).rev().find(exact)).unwrap_or(1)
}
