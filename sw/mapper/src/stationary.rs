//! Fixed dataflows: machines that keep one operand in the PEs, whatever the layer, beside a search that is free to choose.
//! All four are orders of loops and boundaries of tiles on the same array, so they are a rule that a mapping
//! follows or not; row stationary also says what lies on the array.

use crate::dataflow::{Dataflow, DATAFLOWS};
use crate::mapping::Mapping;
use crate::work::Dim;

/// What stays in the PEs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stationary {
    /// Rows: kernel rows lie along the rows of the array and output rows along its columns; a PE keeps a row of the kernel
    /// and a window of a row of inputs.
    Row,
    /// Weights: a PE has one, and uses it for all outputs whose sums it holds.
    Weight,
    /// Sums: a PE has one, until it is finished.
    Output,
    /// Inputs: a PE has one, and uses it for all output channels whose sums it holds.
    Input,
}

/// The array of a row-stationary machine; what is left of the rows goes to channels.
const ROWS: &[Dataflow] = &[
    Dataflow {
        rows: &[Dim::FY, Dim::C],
        cols: &[Dim::OY],
        whole: Some(Dim::FY),
        halves: false,
        suits: |_, work| work.size[Dim::G] == 1,
    },
    Dataflow {
        rows: &[Dim::FY, Dim::G],
        cols: &[Dim::OY],
        whole: Some(Dim::FY),
        halves: false,
        suits: |_, work| work.size[Dim::G] > 1,
    },
];

impl Stationary {
    /// All four.
    pub const ALL: [Stationary; 4] =
        [Stationary::Row, Stationary::Weight, Stationary::Output, Stationary::Input];

    /// `RS`, `WS`, `OS` or `IS`.
    pub fn name(self) -> &'static str {
        ["RS", "WS", "OS", "IS"][self as usize]
    }

    /// The unrollings that it tries.
    pub fn dataflows(self) -> &'static [Dataflow] {
        match self {
            Stationary::Row => ROWS,
            _ => DATAFLOWS,
        }
    }

    /// Whether `mapping` keeps it: the innermost loop, where there is one that could, does not move it.
    pub fn allows(self, mapping: &Mapping) -> bool {
        let rests = |moves: fn(Dim) -> bool| {
            let could = mapping.loops.iter().any(|l| !moves(l.dim));
            !could || mapping.loops.first().is_some_and(|l| !moves(l.dim))
        };
        match self {
            Stationary::Row => {
                on_rows(mapping)
                    && [mapping.x.level, mapping.w.level]
                        .iter()
                        .all(|level| mapping.below(Dim::FX, *level) == mapping.temporal(Dim::FX))
            }
            Stationary::Weight => mapping.w_tile() == 1 && rests(Dim::moves_weight),
            Stationary::Output => mapping.a_tile() == 1 && rests(|dim| !dim.is_reduction()),
            Stationary::Input => mapping.x_tile() == 1 && !mapping.rolls && rests(Dim::moves_input),
        }
    }
}

/// Whether kernel rows and output rows lie where a row-stationary machine has them.
fn on_rows(mapping: &Mapping) -> bool {
    let (work, unroll) = (&mapping.layer.size, &mapping.unroll);
    let lies = |size: u32, along: u32| size == 1 || along > 1;
    lies(work[Dim::FY], unroll.rows.size(Dim::FY))
        && lies(work[Dim::OY], unroll.cols.size(Dim::OY))
        && unroll.cols.0.iter().all(|factor| factor.dim == Dim::OY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::Objective;
    use crate::search::search_within;
    use crate::tiling::Capacity;
    use crate::work::{Sizes, Work};

    #[test]
    fn each_keeps_what_it_says_and_none_beats_a_free_search() {
        let text = include_str!("../../../hw/configs/edge.yaml");
        let edge = spec::config::parse("edge.yaml", text).expect("committed");
        let chunk = &edge.chunks[0];
        let capacity =
            Capacity { inputs: 65_536, outputs: 65_536, weights: 65_536, ..Capacity::even(&edge, chunk) };
        for size in [[1, 32, 16, 16, 16, 3, 3], [1, 64, 32, 8, 8, 1, 1], [64, 1, 1, 16, 16, 3, 3]] {
            let padding = [(size[5] - 1) / 2; 2];
            let work = Work {
                size: Sizes(size),
                stride: [1; 2],
                padding,
                input: [size[3], size[4]],
                residual: false,
            };
            let edp = |stationary| {
                let found = search_within(
                    &edge,
                    chunk,
                    &work,
                    &capacity,
                    Objective::Edp,
                    stationary,
                    crate::cut::Ways::All,
                );
                let found = found.unwrap_or_else(|short| panic!("{stationary:?} of {size:?}: {short:?}"));
                assert!(stationary.is_none_or(|stationary: Stationary| stationary.allows(&found.mapping)));
                assert_eq!(
                    crate::check::faults(&found.mapping, &edge, chunk, &capacity),
                    Vec::<String>::new()
                );
                found.total as f64 * found.energy
            };
            let free = edp(None);
            for stationary in Stationary::ALL {
                let fixed = edp(Some(stationary));
                assert!(free <= 1.02 * fixed, "{} of {size:?}: {fixed} against {free}", stationary.name());
            }
        }
    }
}
