//! `Unroll`: what lies along the rows and the columns of an array, and in what pieces beats serve it.
//!
//! An axis is a product of factors, the innermost first: `[C4, FY3]` puts input channel `c` of kernel row `fy` on
//! row `c + 4 * fy`. Any dimension may lie on either axis, on both, or several times on one; a factor need not
//! divide its dimension. Which PEs share what they read ([`fills`]) and which add up what they made ([`results`])
//! follows.

pub mod fills;
pub mod results;

use crate::work::{Dim, Work};
pub use fills::Fill;
use spec::accelerator::Chunk;
use std::fmt;

/// Neighbours along one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Factor {
    /// The dimension.
    pub dim: Dim,
    /// How many of them work at once, more than 1.
    pub size: u32,
}

/// What lies along one side of the array, innermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Axis(pub Vec<Factor>);

impl Axis {
    /// The factors that are more than 1, innermost first.
    pub fn of(factors: &[(Dim, u32)]) -> Axis {
        let real = factors.iter().filter(|(_, size)| *size > 1);
        Axis(real.map(|(dim, size)| Factor { dim: *dim, size: *size }).collect())
    }

    /// PEs along the axis that are used.
    pub fn pes(&self) -> u32 {
        self.0.iter().map(|factor| factor.size).product()
    }

    /// How many elements of `dim` lie along the axis.
    pub fn size(&self, dim: Dim) -> u32 {
        self.0.iter().filter(|factor| factor.dim == dim).map(|factor| factor.size).product()
    }
}

/// How much of an array is used for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unroll {
    /// Along the rows.
    pub rows: Axis,
    /// Along the columns. A dimension that lies on both axes runs along the rows first.
    pub cols: Axis,
    /// Neighbouring output columns that a PE has, whose windows share inputs; more than 1 only where inputs slide along the
    /// columns. The columns of the array are as far apart.
    pub block: u32,
    /// The beats that serve it.
    pub beats: Beats,
}

/// The widths of beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beats {
    /// Rows that a beat of inputs serves; twice the rows of the array where it serves both halves of the columns.
    pub inputs: u32,
    /// Rows that a beat of weights serves.
    pub weights: u32,
    /// Results of a beat.
    pub results: u32,
}

/// A factor with its place on its axis and in its dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digit {
    /// The dimension.
    pub dim: Dim,
    /// Values.
    pub size: u32,
    /// PEs from one value to the next.
    pub pes: u32,
    /// Elements of the dimension from one value to the next.
    pub step: u32,
}

/// The innermost digits of an axis that a beat serves at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// PEs of the axis that it spans.
    pub pes: u32,
    /// Digits that make it up.
    pub digits: usize,
}

impl Run {
    /// The innermost digits that `belong`.
    fn of(digits: &[Digit], belong: impl Fn(&Digit) -> bool) -> Run {
        let inner = digits.iter().take_while(|digit| belong(digit));
        inner.fold(Run { pes: 1, digits: 0 }, |run, digit| Run {
            pes: run.pes * digit.size,
            digits: run.digits + 1,
        })
    }
}

impl Unroll {
    /// The unrolling with the widest beats that `chunk` and lines of the buffer allow for `work`.
    pub fn new(chunk: &Chunk, line_bytes: u32, work: &Work, rows: Axis, cols: Axis) -> Unroll {
        let mut unroll = Unroll { rows, cols, block: 1, beats: Beats { inputs: 1, weights: 1, results: 1 } };
        unroll.beats = Beats {
            inputs: unroll.most_rows(Fill::Inputs, work, line_bytes),
            weights: unroll.most_rows(Fill::Weights, work, line_bytes),
            results: unroll.result_lanes(work, chunk.post_lanes),
        };
        if unroll.has_halves(chunk, work) {
            let both = 2 * chunk.rows;
            unroll.beats = Beats { inputs: both, results: both, ..unroll.beats };
        }
        unroll
    }

    /// Whether the right half of the columns has the channels behind those of the left half, each PE its own.
    fn has_halves(&self, chunk: &Chunk, work: &Work) -> bool {
        let is_depthwise = [Dim::C, Dim::K].iter().all(|of_group| channel(work, *of_group) == Dim::G);
        let side = Factor { dim: Dim::G, size: chunk.rows };
        let half = Factor { dim: Dim::G, size: 2 };
        let inside: u32 = self.cols.0.iter().rev().skip(1).map(|factor| factor.size).product();
        is_depthwise
            && chunk.halves() == 2
            && self.rows.0 == [side]
            && self.cols.0.last() == Some(&half)
            && self.cols.size(Dim::G) == 2
            && inside == chunk.cols / 2
    }

    /// 1, or 2 where a beat serves both halves of the columns: then it has a byte for twice as many rows as there are.
    pub fn halves(&self) -> u32 {
        self.beats.inputs.div_ceil(self.rows.pes())
    }

    /// PEs that work along `dim` at once.
    pub fn size(&self, dim: Dim) -> u32 {
        self.rows.size(dim) * self.cols.size(dim)
    }

    /// The digits of a row's number, innermost first.
    pub fn row_digits(&self) -> Vec<Digit> {
        digits(&self.rows, |_| 1)
    }

    /// The digits of a column's number, innermost first.
    pub fn col_digits(&self) -> Vec<Digit> {
        digits(&self.cols, |dim| self.rows.size(dim) * if dim == Dim::OX { self.block } else { 1 })
    }

    /// Those of them whose beats of inputs, or of results, are beats of their own.
    pub fn col_digits_apart(&self) -> Vec<Digit> {
        let mut digits = self.col_digits();
        if self.halves() > 1 {
            digits.pop();
        }
        digits
    }
}

/// The dimension whose neighbours are neighbouring channels of the input (`Dim::C`) or output (`Dim::K`): groups, where
/// each has only one.
pub fn channel(work: &Work, of_group: Dim) -> Dim {
    if work.size[of_group] == 1 {
        Dim::G
    } else {
        of_group
    }
}

fn digits(axis: &Axis, before: impl Fn(Dim) -> u32) -> Vec<Digit> {
    let digit = |(i, factor): (usize, &Factor)| {
        let inner = Axis(axis.0[..i].to_vec());
        let step = before(factor.dim) * inner.size(factor.dim);
        Digit { dim: factor.dim, size: factor.size, pes: inner.pes(), step }
    };
    axis.0.iter().enumerate().map(digit).collect()
}

/// The size of as few equal pieces of at most `limit` as make up `size`.
fn piece(size: u32, limit: u32) -> u32 {
    size.div_ceil(size.div_ceil(limit))
}

/// As mapping files write it.
impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let factors = self.0.iter().map(|factor| format!("{}{}", factor.dim.name(), factor.size));
        write!(f, "[{}]", factors.collect::<Vec<_>>().join(", "))
    }
}

/// As mapping files write them.
impl fmt::Display for Beats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Beats { inputs, weights, results } = self;
        write!(f, "{{inputs: {inputs}, weights: {weights}, results: {results}}}")
    }
}
