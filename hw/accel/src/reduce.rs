//! Reduction: from the PEs' partial sums to a vector of results.
//!
//! Either every column is summed over a range of its rows (a registered tree), or one column's PEs are taken as
//! they are. Both take the same number of cycles. Lanes are then moved so that the first result wanted is lane 0,
//! and added to those of the beats before, where a reduction does not end with one beat, or to sums that were stored.

use crate::wiring::{address_bits, delayed};
use hdl::{Builder, Errors, Module, Signal};
use num::requant::ACC_BITS;
use spec::accelerator::Chunk;
use spec::isa::table::LANE_BITS;
use spec::timing::reduction;
use std::ops::Range;
use std::sync::Arc;

/// The reduction of `chunk`: results of the PEs in, `post_lanes` sums out, `reduction + 1` cycles later.
pub fn module(chunk: &Chunk) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        &format!("{}_reduce", chunk.name()),
        "Sums columns over rows, or takes one column as it is; moves the wanted lanes down; adds beats up.",
    );
    let results = b.input("results", ACC_BITS * chunk.pes(), "partial sums, row by row");
    let keep = b.input("keep", 1, "takes one column as it is");
    let column = b.input("column", LANE_BITS, "that column, at the time of its partial sums");
    let rows = b.input("rows", chunk.rows, "the rows that are summed, at the same time");
    let lane = b.input("lane", LANE_BITS, "the first lane, at the time of the sums");
    let first = b.input("first", 1, "the first beat of a sum, at the same time");
    let stored =
        b.input("stored", ACC_BITS * chunk.post_lanes, "what its lanes start from, at the same time");
    let latency = reduction(chunk);
    let at = |row: u32, column: u32| results.slice(ACC_BITS * (row * chunk.cols + column), ACC_BITS);

    let column_sum = column_sum(chunk, latency)?;
    let sums: Vec<Signal> = (0..chunk.cols)
        .map(|c| {
            let cell = b.instance(&format!("column_{c}"), &column_sum);
            let terms: Vec<Signal> = (0..chunk.rows).map(|row| at(row, c)).collect();
            cell.connect("terms", &Signal::join(&terms)).connect("rows", &rows);
            cell.out("sum")
        })
        .collect();
    let among = |index: &Signal, row: u32, columns: Range<u32>| {
        index.select(&columns.map(|c| at(row, c)).collect::<Vec<_>>())
    };
    let every_row = |name: &str, one: &dyn Fn(u32) -> Signal| -> Vec<Signal> {
        let row = |row: u32| delayed(&b, &format!("{name}_{row}"), &one(row), latency);
        (0..chunk.rows).map(row).collect()
    };
    // Where the halves of the columns may give results at once, those of the right one are behind those of the left one.
    let kept = if chunk.halves() == 2 {
        let half = chunk.cols / 2;
        let (index, is_right) = (column.trunc(address_bits(half)), column.uge_lit(half.into()));
        let right = |row: u32| among(&index, row, half..chunk.cols);
        let either = |row: u32| is_right.mux(&right(row), &among(&index, row, 0..half));
        [every_row("kept", &either), every_row("kept_right", &right)].concat()
    } else {
        every_row("kept", &|row| among(&column, row, 0..chunk.cols))
    };

    let lanes = chunk.rows.max(chunk.cols).max(chunk.post_lanes);
    let padded = |signals: &[Signal]| Signal::join(signals).zext(ACC_BITS * lanes);
    let vector = keep.mux(&padded(&kept), &padded(&sums));
    let moved = vector.shift_right(&lane.cat(&b.zero(ACC_BITS.trailing_zeros())));
    let lane_sum = lane_sum()?;
    let lanes = (0..chunk.post_lanes).map(|lane| {
        let cell = b.instance(&format!("lane_{lane}"), &lane_sum);
        cell.connect("term", &moved.slice(ACC_BITS * lane, ACC_BITS))
            .connect("first", &first)
            .connect("stored", &stored.slice(ACC_BITS * lane, ACC_BITS));
        cell.out("sum")
    });
    b.output("sums", &Signal::join(&lanes.collect::<Vec<_>>()), "results, lane 0 first");
    b.finish()
}

/// The sum of a lane's beats, one definition for every lane of every chunk.
fn lane_sum() -> Result<Arc<Module>, Errors> {
    let b = Builder::new("lane_sum", "Adds the beats of a lane up, from the first to the last of a result.");
    let term = b.input("term", ACC_BITS, "the lane's beat");
    let first = b.input("first", 1, "the first beat");
    let stored = b.input("stored", ACC_BITS, "the sum to go on from");
    let sum = b.reg("total", ACC_BITS);
    sum.next(&(&first.mux(&stored, &sum.q()) + &term));
    b.output("sum", &sum.q(), "the sum up to this beat, a cycle later");
    b.finish()
}

/// The sum of a column as a registered binary tree of `latency` stages.
fn column_sum(chunk: &Chunk, latency: u32) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        &format!("{}_column_sum", chunk.name()),
        "Sums one column of partial sums over some of its rows, a tree with a register a level.",
    );
    let inputs = b.input("terms", ACC_BITS * chunk.rows, "partial sums, row 0 lowest");
    let rows = b.input("rows", chunk.rows, "those that are summed");
    let term = |row: u32| inputs.slice(ACC_BITS * row, ACC_BITS).gate(&rows.bit(row));
    let mut terms: Vec<Signal> = (0..chunk.rows).map(term).collect();
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
