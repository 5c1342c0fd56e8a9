//! Networks of a single layer with random numbers, for what is measured or compared layer by layer.

use model::format::Written;
use model::random::with_tensors;
use model::save::yaml;
use model::table::Row;
use model::Graph;

/// The layer of `row`, with weights and parameters from `seed`. Panics where no such layer is possible.
pub fn network(row: &Row, seed: u64) -> Graph {
    let written = row.network().map(|graph| yaml(&graph, "alone.safetensors"));
    let drawn = written
        .and_then(|text| Written::parse("alone.yaml", &text))
        .and_then(|written| with_tensors(written, seed));
    drawn.unwrap_or_else(|report| panic!("{}: {report}", row.name))
}
