//! Reduction: from the PEs' partial sums to a vector of results.
//!
//! Either every column is summed over its rows (a registered tree; masked PEs hold 0), or one column's PEs are
//! taken as they are. Both take the same number of cycles. Lanes are then moved so that the first result
//! wanted is lane 0.

use crate::wiring::delayed;
use hdl::{Builder, Errors, Module, Signal};
use num::requant::ACC_BITS;
use spec::accelerator::Chunk;
use spec::isa::table::LANE_BITS;
use spec::timing::reduction;
use std::sync::Arc;

/// The reduction of `chunk`: results of the PEs in, `post_lanes` sums out, `reduction + 1` cycles later.
pub fn module(chunk: &Chunk) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        &format!("{}_reduce", chunk.name()),
        "Sums columns over their rows, or takes one column as it is; then moves the wanted lanes down.",
    );
    let results = b.input("results", ACC_BITS * chunk.pes(), "partial sums, row by row");
    let keep = b.input("keep", 1, "takes one column as it is");
    let column = b.input("column", LANE_BITS, "that column, at the time of its partial sums");
    let lane = b.input("lane", LANE_BITS, "the first lane, at the time of the sums");
    let latency = reduction(chunk);
    let at = |row: u32, column: u32| results.slice(ACC_BITS * (row * chunk.cols + column), ACC_BITS);

    let column_sum = column_sum(chunk, latency)?;
    let sums: Vec<Signal> = (0..chunk.cols)
        .map(|c| {
            let cell = b.instance(&format!("column_{c}"), &column_sum);
            let terms: Vec<Signal> = (0..chunk.rows).map(|row| at(row, c)).collect();
            cell.connect("terms", &Signal::join(&terms));
            cell.out("sum")
        })
        .collect();
    let kept = (0..chunk.rows).map(|row| {
        let options: Vec<Signal> = (0..chunk.cols).map(|c| at(row, c)).collect();
        delayed(&b, &format!("kept_{row}"), &column.select(&options), latency)
    });
    let kept: Vec<Signal> = kept.collect();

    let lanes = chunk.rows.max(chunk.cols).max(chunk.post_lanes);
    let padded = |signals: &[Signal]| Signal::join(signals).zext(ACC_BITS * lanes);
    let vector = keep.mux(&padded(&kept), &padded(&sums));
    let moved = if lanes > chunk.post_lanes {
        vector.shift_right(&lane.cat(&b.zero(ACC_BITS.trailing_zeros())))
    } else {
        vector
    };
    b.output("sums", &b.delay("sums_q", &moved.trunc(ACC_BITS * chunk.post_lanes)), "results, lane 0 first");
    b.finish()
}

/// The sum of a column as a registered binary tree of `latency` stages.
fn column_sum(chunk: &Chunk, latency: u32) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        &format!("{}_column_sum", chunk.name()),
        "Sums one column of partial sums, a tree with a register a level.",
    );
    let inputs = b.input("terms", ACC_BITS * chunk.rows, "partial sums, row 0 lowest");
    let mut terms: Vec<Signal> = (0..chunk.rows).map(|row| inputs.slice(ACC_BITS * row, ACC_BITS)).collect();
    for stage in 1..=latency {
        let pairs = terms.chunks(2).enumerate().map(|(i, pair)| {
            let sum = if let [left, right] = pair { left + right } else { pair[0].clone() };
            b.delay(&format!("sum_{stage}_{i}"), &sum)
        });
        terms = pairs.collect();
    }
    b.output("sum", &terms[0], "their sum");
    b.finish()
}
