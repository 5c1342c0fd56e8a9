//! Output channels along the rows, output columns along the columns: full layers with few input channels, such as
//! a network's first. A byte of the input is for all rows, and slides along the columns; every PE keeps its results.

use super::Dataflow;
use crate::work::Dim;

/// Rows K, columns OX.
pub const DATAFLOW: Dataflow = Dataflow {
    name: "pixels",
    rows: Dim::K,
    cols: Dim::OX,
    computes: |work| work.size[Dim::K] > 1 && work.size[Dim::FX] <= 120,
};
