//! How inputs and weights come to the array: which rows a beat serves, and which columns take it.

use super::{channel, piece, Digit, Run, Unroll};
use crate::work::{Dim, Work};

/// What is brought to the PEs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Inputs.
    Inputs,
    /// Weights.
    Weights,
}

impl Fill {
    /// Whether it depends on `dim`.
    pub fn moves(self, dim: Dim) -> bool {
        match self {
            Fill::Inputs => dim.moves_input(),
            Fill::Weights => dim.moves_weight(),
        }
    }
}

impl Unroll {
    /// Whether neighbouring rows take the same of `fill`, so that a beat is a byte for all of them.
    pub fn shares(&self, fill: Fill) -> bool {
        self.rows.0.first().is_some_and(|factor| !fill.moves(factor.dim))
    }

    /// The rows that beats of `fill` serve together, in as many pieces as lines of the buffer make necessary.
    ///
    /// Where rows do not share it, neighbours take neighbouring bytes: of inputs where those are channels of one pixel,
    /// of weights always, as they lie in memory in the order in which they are read.
    pub fn row_run(&self, fill: Fill, work: &Work) -> Run {
        let belong = |digit: &Digit| match fill {
            _ if self.shares(fill) => !fill.moves(digit.dim),
            Fill::Inputs => channel(work, Dim::C) == digit.dim && digit.step == digit.pes,
            Fill::Weights => fill.moves(digit.dim),
        };
        Run::of(&self.row_digits(), belong)
    }

    /// The columns that take a beat of `fill` together, because it is the same for all of them.
    pub fn col_run(&self, fill: Fill) -> Run {
        Run::of(&self.col_digits(), |digit| !fill.moves(digit.dim))
    }

    /// Whether the windows of neighbouring columns are neighbours, so that a beat of inputs may slide along the columns.
    pub fn slides(&self) -> bool {
        let inner = match (&self.cols.0[..], self.halves()) {
            ([inner], 1) | ([inner, _], 2) => inner,
            _ => return false,
        };
        inner.dim == Dim::OX && self.size(Dim::OX) == inner.size && self.size(Dim::FX) == 1
    }

    /// Beats that serve one run of rows with `fill`.
    pub fn pieces(&self, fill: Fill, work: &Work) -> u32 {
        let rows = match fill {
            Fill::Inputs => self.beats.inputs,
            Fill::Weights => self.beats.weights,
        };
        self.row_run(fill, work).pes.div_ceil(rows)
    }

    /// Beats that bring one entry of `fill` to all PEs; where inputs slide along the columns, to those of a column.
    pub fn entry_beats(&self, fill: Fill, work: &Work, slides: bool) -> u32 {
        let (rows, cols) = (self.row_run(fill, work), self.col_run(fill));
        let apart = |digits: &[Digit]| digits.iter().map(|digit| digit.size).product::<u32>();
        let columns = match fill {
            Fill::Inputs if slides => 1,
            Fill::Inputs => apart(&self.col_digits_apart()[cols.digits..]),
            Fill::Weights => apart(&self.col_digits()[cols.digits..]),
        };
        self.pieces(fill, work) * apart(&self.row_digits()[rows.digits..]) * columns
    }

    /// Bytes of the weights of one entry of all PEs, as they lie in memory: what PEs share lies there once.
    pub fn entry_bytes(&self, work: &Work) -> u32 {
        let (_, _, apart) = self.entry_order(work);
        self.run_bytes(work) * apart.iter().map(|digit| digit.size).product::<u32>()
    }

    /// Bytes of the weights of one run of rows: one, where they share it, else full beats.
    pub fn run_bytes(&self, work: &Work) -> u32 {
        if self.shares(Fill::Weights) {
            1
        } else {
            self.pieces(Fill::Weights, work) * self.beats.weights
        }
    }

    /// The order of the weights of an entry: the digits of a run of rows, the bytes that fill up its last beat, and the
    /// other digits that have weights of their own.
    pub fn entry_order(&self, work: &Work) -> (Vec<Digit>, u32, Vec<Digit>) {
        let rows = self.row_run(Fill::Weights, work);
        let digits = self.row_digits();
        let (run, padding) = if self.shares(Fill::Weights) {
            (vec![], 0)
        } else {
            (digits[..rows.digits].to_vec(), self.run_bytes(work) - rows.pes)
        };
        let apart = digits[rows.digits..].iter().copied().chain(self.col_digits());
        (run, padding, apart.filter(|digit| digit.dim.moves_weight()).collect())
    }

    /// The most rows that a beat of `fill` can serve.
    pub(super) fn most_rows(&self, fill: Fill, work: &Work, line_bytes: u32) -> u32 {
        let run = self.row_run(fill, work).pes;
        if self.shares(fill) {
            run
        } else {
            piece(run, line_bytes)
        }
    }
}
