//! Prints the table of docs/paper-model.md: what our restatement of the paper's simulator gives for the layers whose figures
//! are known of the original, beside these.
//!
//! `cargo run --profile test -p nasa-mapper --example paper`

#[path = "../tests/golden/mod.rs"]
mod golden;

use golden::{best, GOLDEN};
use mapper::nasa::energy::milliseconds;
use mapper::nasa::DATAFLOWS;

fn main() {
    println!("| layer | dataflow | mJ | ms | mJ of the original | ms of the original |");
    println!("|---|---|--:|--:|--:|--:|");
    for (layer, dims, stride, expected) in GOLDEN {
        for (dataflow, (millijoules, ms)) in DATAFLOWS.iter().zip(expected) {
            let best = best(dataflow, dims, stride);
            let found = (best.picojoules / 1e9, milliseconds(best.cycles));
            println!(
                "| {layer} | {} | {:.5e} | {:e} | {millijoules} | {ms} |",
                dataflow.name, found.0, found.1
            );
        }
    }
}
