//! Groups along the rows, output columns along the columns: depthwise layers and average pools. Neighbouring
//! columns share all but a stride of their windows, so a beat of inputs slides along them; every PE keeps its
//! own results.

use super::Dataflow;
use crate::work::Dim;

/// Rows G, columns OX; one channel in and out of each group.
pub const DATAFLOW: Dataflow = Dataflow {
    name: "windows",
    rows: Dim::G,
    cols: Dim::OX,
    computes: |work| {
        let single = work.size[Dim::C] == 1 && work.size[Dim::K] == 1;
        single && work.size[Dim::FX] <= 120
    },
};
