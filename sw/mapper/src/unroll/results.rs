//! How results leave the array: which rows are summed, which PEs leave together, and which beats are added up.

use super::{channel, piece, Digit, Run, Unroll};
use crate::work::{Dim, Work};
use spec::accelerator::Chunk;

/// A digit of the array that a beat of results does not take at once, and the accumulator that counts it.
pub type Counted = (Digit, &'static str);

impl Unroll {
    /// Whether results leave row by row of one column, because neighbouring rows are neighbouring channels.
    pub fn keeps(&self, work: &Work) -> bool {
        let reduces = self.rows.0.iter().any(|factor| factor.dim.is_reduction());
        !reduces && lanes(&self.row_digits(), work).pes > lanes(&self.col_digits(), work).pes
    }

    /// The PEs whose results are neighbouring channels, and so leave together.
    pub fn lanes(&self, work: &Work) -> Run {
        let digits = if self.keeps(work) { self.row_digits() } else { self.col_digits() };
        let run = lanes(&digits, work);
        Run { pes: run.pes * self.halves(), ..run }
    }

    /// The innermost rows that are summed as they leave; one, where results are kept apart.
    pub fn summed_rows(&self) -> Run {
        Run::of(&self.row_digits(), |digit| digit.dim.is_reduction())
    }

    /// Beats of one run of neighbouring results.
    pub fn result_pieces(&self, work: &Work) -> u32 {
        self.lanes(work).pes.div_ceil(self.beats.results)
    }

    /// Beats that take one partial sum of every PE.
    pub fn result_beats(&self, work: &Work) -> u32 {
        let (reductions, apart) = self.counted(work);
        let beats = reductions.iter().chain(&apart).map(|(digit, _)| digit.size).product::<u32>();
        beats * self.result_pieces(work)
    }

    /// The digits that no beat takes at once: those whose beats are added up, and those that have results of their own.
    pub fn counted(&self, work: &Work) -> (Vec<Counted>, Vec<Counted>) {
        let lanes = self.lanes(work).digits;
        let (rows, cols) = match self.keeps(work) {
            true => ((lanes, "lane"), (0, "line")),
            false => ((self.summed_rows().digits, "line"), (lanes, "lane")),
        };
        let mut digits: Vec<Counted> = Vec::new();
        for (of_axis, (run, counter)) in [(self.row_digits(), rows), (self.col_digits_apart(), cols)] {
            digits.extend(of_axis[run..].iter().map(|digit| (*digit, counter)));
        }
        digits.into_iter().partition(|(digit, _)| digit.dim.is_reduction())
    }

    /// The widest beats of sums that leave before they are finished, which take more bytes than results.
    pub fn sum_lanes(&self, work: &Work, chunk: &Chunk, line_bytes: u32) -> u32 {
        self.result_lanes(work, chunk.sum_lanes(line_bytes))
    }

    /// The widest beats of results.
    pub(super) fn result_lanes(&self, work: &Work, post_lanes: u32) -> u32 {
        let lanes = self.lanes(work).pes;
        if lanes >= work.size[channel(work, Dim::K)] {
            return piece(lanes, post_lanes);
        }
        // A lane too many would write a result of the next round.
        (1..=lanes.min(post_lanes)).rev().find(|of| lanes.is_multiple_of(*of)).unwrap_or(1)
    }
}

fn lanes(digits: &[Digit], work: &Work) -> Run {
    Run::of(digits, |digit| channel(work, Dim::K) == digit.dim && digit.step == digit.pes)
}
