//! Input channels along the rows, output channels along the columns: full, pointwise, grouped and fully
//! connected layers. A beat of inputs serves all columns; every column sums over the rows.

use super::Dataflow;
use crate::work::Dim;

/// Rows C, columns K.
pub const DATAFLOW: Dataflow = Dataflow { name: "channels", rows: Dim::C, cols: Dim::K, computes: |_| true };
