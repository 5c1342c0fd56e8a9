//! Dataflows: which loop dimension lies along the rows of an array, and which along its columns.
//!
//! The rows always take consecutive bytes of a beat, so their dimension is a channel. Everything else follows:
//!
//! | columns | input along the columns | weights along the columns |
//! |---|---|---|
//! | K | broadcast | scattered, one column a beat |
//! | OX | a window that slides along the columns | broadcast |
//!
//! Where the rows are a reduction (C) the results of a column are summed over them, and a beat of results is a
//! vector of columns; otherwise every PE keeps its results, and a beat is a vector of rows.
//!
//! A new dataflow is a file here and a line in [`DATAFLOWS`].

mod channels;
mod windows;

use crate::work::{Dim, Work};
use spec::accelerator::Chunk;
use std::fmt;

/// How a chunk's array is used.
#[derive(Clone, Copy, Debug)]
pub struct Dataflow {
    /// As mappings write it.
    pub name: &'static str,
    /// The dimension along the rows.
    pub rows: Dim,
    /// The dimension along the columns.
    pub cols: Dim,
    /// Whether it can compute this work.
    pub computes: fn(&Work) -> bool,
}

/// Every dataflow, the preferred ones first.
pub const DATAFLOWS: &[Dataflow] = &[windows::DATAFLOW, channels::DATAFLOW];

impl PartialEq for Dataflow {
    fn eq(&self, other: &Dataflow) -> bool {
        self.name == other.name
    }
}

impl Dataflow {
    /// Whether results are summed over the rows.
    pub fn reduces_rows(&self) -> bool {
        self.rows.is_reduction()
    }

    /// Whether an input beat passes along the columns as a sliding window.
    pub fn slides(&self) -> bool {
        self.cols == Dim::OX
    }

    /// The dimension whose neighbours are the lanes of a beat of results.
    pub fn lanes(&self) -> Dim {
        if self.reduces_rows() {
            self.cols
        } else {
            self.rows
        }
    }

    /// How much of the array this work uses, and in what pieces beats come and go.
    pub fn unroll(&self, chunk: &Chunk, line_bytes: u32, work: &Work) -> Unroll {
        let along = |dim: Dim, pes: u32| {
            if dim == self.lanes() {
                results(work.size[dim], pes.min(chunk.post_lanes * chunk.post_rows), chunk.post_lanes)
            } else {
                fair(work.size[dim], pes)
            }
        };
        let rows = along(self.rows, chunk.rows.min(LANES));
        let cols = along(self.cols, chunk.cols.min(self.widest(work)));
        let (x_lanes, x_beats) = pieces(rows, line_bytes);
        let lanes = if self.reduces_rows() { cols } else { rows };
        let (d_lanes, d_beats) = pieces(lanes, chunk.post_lanes);
        Unroll { rows, cols, x_lanes, x_beats, d_lanes, d_beats }
    }

    /// The most columns whose numbers, and whose tags, a beat can carry.
    fn widest(&self, work: &Work) -> u32 {
        if self.slides() {
            (LANES.saturating_sub(work.size[Dim::FX]) / work.stride[1] + 1).min(LANES)
        } else {
            LANES
        }
    }
}

/// The largest number of a lane, row, column or tag that a mapping uses.
const LANES: u32 = 127;

/// The smallest number of PEs that needs no more rounds for `size` than `limit` PEs do.
fn fair(size: u32, limit: u32) -> u32 {
    size.div_ceil(size.div_ceil(limit))
}

/// As [`fair`], but where more than one round is needed the PEs split into full beats of results: a lane too
/// many would write a result of the next round.
fn results(size: u32, limit: u32, post_lanes: u32) -> u32 {
    let exact = |pes: &u32| {
        let (lanes, beats) = pieces(*pes, post_lanes);
        lanes * beats == *pes
    };
    let first = fair(size, limit);
    if first == size {
        return first;
    }
    (first..=limit).find(exact).or_else(|| (1..first).rev().find(exact)).unwrap_or(1)
}

/// Splits `size` into equal pieces of at most `limit`: bytes of a piece, number of pieces.
fn pieces(size: u32, limit: u32) -> (u32, u32) {
    let count = size.div_ceil(limit);
    (size.div_ceil(count), count)
}

/// As mapping files write it.
impl fmt::Display for Unroll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unroll { rows, cols, x_lanes, x_beats, d_lanes, d_beats } = self;
        let (array, inputs) =
            (format!("rows: {rows}, cols: {cols}"), format!("x_lanes: {x_lanes}, x_beats: {x_beats}"));
        write!(f, "{{{array}, {inputs}, d_lanes: {d_lanes}, d_beats: {d_beats}}}")
    }
}

/// The part of an array that is used, and the beats that serve it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unroll {
    /// Rows used.
    pub rows: u32,
    /// Columns used.
    pub cols: u32,
    /// Bytes of an input or weight beat.
    pub x_lanes: u32,
    /// Beats that fill one register-file entry of all rows (of one column).
    pub x_beats: u32,
    /// Results of a drain beat.
    pub d_lanes: u32,
    /// Drain beats of one vector of results.
    pub d_beats: u32,
}
