//! The weight nest, and the order of weights in memory, which is the order in which it reads them first.

use super::level;
use crate::mapping::Mapping;
use crate::work::Sizes;
use spec::isa::table::{NestKind::Weight, FLAG_TILE};
use spec::nest::{Level, Nest};

/// The nest of a full `EXEC`.
pub fn nest(mapping: &Mapping) -> Nest {
    let mut levels = entry(mapping);
    let mut bytes = entry_bytes(mapping);
    let mut rf = 1;
    for (index, l) in mapping.loops.iter().enumerate() {
        let inside = index < mapping.w.level;
        let moves = l.dim.moves_weight();
        if !inside || moves {
            let strides = [("addr", bytes * i64::from(moves)), ("rf", rf * i64::from(inside))];
            levels.push(level(Weight, l.bound, if inside { 0 } else { FLAG_TILE }, &strides));
        }
        if moves {
            bytes *= i64::from(l.bound);
            rf *= i64::from(l.bound);
        }
    }
    Nest { levels }
}

/// The beats of one entry: all rows, then all columns where every column has its own weights.
fn entry(mapping: &Mapping) -> Vec<Level> {
    let lanes = i64::from(mapping.unroll.x_lanes);
    let rows = level(Weight, mapping.unroll.x_beats, 0, &[("addr", lanes), ("row", lanes)]);
    let column = lanes * i64::from(mapping.unroll.x_beats);
    let columns = mapping.w_entry_beats() / mapping.unroll.x_beats;
    vec![rows, level(Weight, columns, 0, &[("addr", column), ("tag", 1)])]
}

fn entry_bytes(mapping: &Mapping) -> i64 {
    i64::from(mapping.w_entry_beats() * mapping.unroll.x_lanes)
}

/// The weights of a full `EXEC` in memory order: `at` is given the position inside the part of every byte, in
/// all seven dimensions, which may lie beyond the part's end where it is ragged.
pub fn image(mapping: &Mapping, mut at: impl FnMut(&Sizes) -> u8) -> Vec<u8> {
    let loops: Vec<usize> =
        (0..mapping.loops.len()).filter(|index| mapping.loops[*index].dim.moves_weight()).collect();
    let mut bytes = Vec::with_capacity(mapping.w_bytes() as usize);
    let mut counters = vec![0; loops.len()];
    loop {
        let mut start = Sizes([0; 7]);
        for (counter, index) in counters.iter().zip(&loops) {
            start[mapping.loops[*index].dim] += counter * mapping.step(*index);
        }
        push_entry(mapping, &start, &mut at, &mut bytes);
        let Some(next) = (0..loops.len()).find(|i| counters[*i] + 1 < mapping.loops[loops[*i]].bound) else {
            return bytes;
        };
        counters[..next].fill(0);
        counters[next] += 1;
    }
}

fn push_entry(mapping: &Mapping, start: &Sizes, at: &mut impl FnMut(&Sizes) -> u8, bytes: &mut Vec<u8>) {
    let unroll = &mapping.unroll;
    for column in 0..mapping.w_entry_beats() / unroll.x_beats {
        for row in 0..unroll.x_lanes * unroll.x_beats {
            let mut position = *start;
            position[mapping.dataflow.rows] += row;
            if !mapping.dataflow.slides() {
                position[mapping.dataflow.cols] += column;
            }
            let beyond = row >= unroll.rows;
            bytes.push(if beyond { 0 } else { at(&position) });
        }
    }
}
