//! Dataflows: the unrollings that the search tries, each a row of dimensions along either side of the array.
//!
//! What PEs share, how their operands reach them and how results leave follows from the dimensions alone
//! ([`crate::unroll`]); here it is only decided how many PEs each of them gets. A new dataflow is a row of [`DATAFLOWS`].

use crate::nests::MOST_TAPS;
use crate::unroll::{Axis, Unroll};
use crate::work::{Dim, Work};
use spec::accelerator::Chunk;

/// Dimensions along both sides of an array.
#[derive(Clone, Copy, Debug)]
pub struct Dataflow {
    /// Along the rows, innermost first.
    pub rows: &'static [Dim],
    /// Along the columns.
    pub cols: &'static [Dim],
    /// A dimension that lies there as far as it fits, whatever would keep more PEs busy.
    pub whole: Option<Dim>,
    /// Whether the halves of the columns are served at once: all rows are used, the first dimension of the columns lies along
    /// each half, and two of the second one tell the halves apart.
    pub halves: bool,
    /// Whether it is worth trying.
    pub suits: fn(&Chunk, &Work) -> bool,
}

/// Every dataflow, the preferred ones first.
pub const DATAFLOWS: &[Dataflow] = &[
    // Depthwise layers and pools: inputs slide along the columns, and every PE keeps its results.
    Dataflow {
        rows: &[Dim::G],
        cols: &[Dim::OX],
        whole: None,
        halves: false,
        suits: |_, work| is_depthwise(work) && slides(work),
    },
    // The same on arrays whose halves are served at once: lines of twice the channels, for half as many columns.
    Dataflow {
        rows: &[Dim::G],
        cols: &[Dim::OX, Dim::G],
        whole: None,
        halves: true,
        suits: |chunk, work| {
            let columns = chunk.cols / 2 <= work.size[Dim::OX];
            let channels = 2 * chunk.rows <= work.size[Dim::G];
            chunk.halves() == 2 && is_depthwise(work) && slides(work) && columns && channels
        },
    },
    // Every layer: inputs are the same for all columns, which are summed over the rows.
    Dataflow { rows: &[Dim::C], cols: &[Dim::K], whole: None, halves: false, suits: |_, _| true },
    // Few input channels: one input for all rows slides along the columns.
    Dataflow {
        rows: &[Dim::K],
        cols: &[Dim::OX],
        whole: None,
        halves: false,
        suits: |_, work| has(work, &[Dim::K]) && slides(work),
    },
    // Many input channels, wide maps: a byte a row slides along the columns, which are summed over the rows.
    Dataflow {
        rows: &[Dim::C],
        cols: &[Dim::OX],
        whole: None,
        halves: false,
        suits: |_, work| has(work, &[Dim::C]) && slides(work),
    },
    // Input channels that do not fill the rows: several taps lie side by side.
    Dataflow {
        rows: &[Dim::C, Dim::FX],
        cols: &[Dim::K],
        whole: None,
        halves: false,
        suits: |_, work| has(work, &[Dim::C, Dim::FX, Dim::K]),
    },
];

fn has(work: &Work, dims: &[Dim]) -> bool {
    dims.iter().all(|dim| work.size[*dim] > 1)
}

fn is_depthwise(work: &Work) -> bool {
    work.size[Dim::C] == 1 && work.size[Dim::K] == 1
}

/// Whether a window is narrow enough to slide.
fn slides(work: &Work) -> bool {
    work.size[Dim::FX] <= MOST_TAPS
}

impl Dataflow {
    /// How much of the array this work uses.
    pub fn unroll(&self, chunk: &Chunk, line_bytes: u32, work: &Work) -> Unroll {
        let reduces = self.rows.iter().any(|dim| dim.is_reduction());
        let side = |dims: &[Dim], pes: u32, gives_lanes: bool| match *dims {
            [dim] if gives_lanes => {
                let most = pes.min(chunk.post_lanes * chunk.post_rows);
                Axis::of(&[(dim, whole_beats(work.size[dim], most, chunk.post_lanes))])
            }
            _ => Axis::of(&fullest(dims, work, pes, self.whole)),
        };
        let (rows, cols) = match (self.rows, self.cols) {
            (&[of_rows], &[inner, outer]) if self.halves => {
                (Axis::of(&[(of_rows, chunk.rows)]), Axis::of(&[(inner, chunk.cols / 2), (outer, 2)]))
            }
            (rows, cols) => (side(rows, chunk.rows, !reduces), side(cols, chunk.cols, reduces)),
        };
        Unroll::new(chunk, line_bytes, work, rows, cols)
    }
}

/// How much of each dimension of one side keeps at most `pes` PEs the busiest, the first dimensions going as far as
/// they can; one that lies there as a whole is not weighed against the others.
fn fullest(dims: &[Dim], work: &Work, pes: u32, whole: Option<Dim>) -> Vec<(Dim, u32)> {
    let [first, rest @ ..] = dims else { return Vec::new() };
    let size = work.size[*first];
    let options = (size.div_ceil(pes)..=size).map(|rounds| size.div_ceil(rounds));
    // Taps that lie on the array are followed, which large kernels have too many for.
    let is_tap = matches!(first, Dim::FY | Dim::FX);
    let options = options.filter(|own| !is_tap || *own == 1 || size.next_multiple_of(*own) <= MOST_TAPS);
    let options = options.take(if whole == Some(*first) { 1 } else { usize::MAX });
    let mut best: Vec<(Dim, u32)> = Vec::new();
    let mut last = 0;
    for own in options {
        if own != last {
            last = own;
            let found = [vec![(*first, own)], fullest(rest, work, pes / own, whole)].concat();
            if best.is_empty() || parallel(&found, work) > parallel(&best, work) {
                best = found;
            }
        }
    }
    best
}

/// The elements that work at once, the mean over all rounds.
fn parallel(factors: &[(Dim, u32)], work: &Work) -> f64 {
    let mean = |(dim, count): &(Dim, u32)| {
        let size = work.size[*dim];
        f64::from(size) / f64::from(size.div_ceil(*count))
    };
    factors.iter().map(mean).product()
}

/// The smallest number of PEs that needs no more rounds for `size` than `limit` PEs do, and whose results split into
/// full beats where more than one round is needed: a lane too many would write a result of the next round.
fn whole_beats(size: u32, limit: u32, post_lanes: u32) -> u32 {
    let exact = |pes: &u32| pes.is_multiple_of(pes.div_ceil(post_lanes));
    let first = size.div_ceil(size.div_ceil(limit));
    if first == size {
        return first;
    }
    (first..=limit).find(exact).or_else(|| (1..first).rev().find(exact)).unwrap_or(1)
}
