//! The drain nest: a tile's partial sums become vectors of results, each written where its channels, column
//! and row lie in the output.

use super::{level, Pitch};
use crate::mapping::Mapping;
use crate::work::Dim;
use spec::isa::table::{NestKind::Drain, FLAG_TILE};
use spec::nest::{Level, Nest};

/// The nest of a full `EXEC`.
pub fn nest(mapping: &Mapping) -> Nest {
    let mut levels = vec![lane_beats(mapping)];
    if !mapping.dataflow.reduces_rows() {
        levels.push(columns(mapping));
    }
    let mut acc = 1;
    for (index, l) in mapping.loops.iter().enumerate().filter(|(_, l)| !l.dim.is_reduction()) {
        let inside = index < mapping.a.level;
        let mut strides = moved(mapping, l.dim, i64::from(mapping.step(index)));
        strides.push(("acc", if inside { acc } else { 0 }));
        levels.push(level(Drain, l.bound, if inside { 0 } else { FLAG_TILE }, &strides));
        acc *= i64::from(l.bound);
    }
    Nest { levels }
}

/// The beats of one vector of results.
fn lane_beats(mapping: &Mapping) -> Level {
    let lanes = i64::from(mapping.unroll.d_lanes);
    let strides = [("lane", lanes), ("k", lanes), ("param", 1), ("y_addr", lanes), ("r_addr", lanes)];
    level(Drain, mapping.unroll.d_beats, 0, &strides)
}

/// The columns of the array, where each keeps results of its own.
fn columns(mapping: &Mapping) -> Level {
    let mut strides = moved(mapping, mapping.dataflow.cols, 1);
    strides.push(("col", 1));
    level(Drain, mapping.unroll.cols, 0, &strides)
}

/// What moving `step` elements along an output dimension changes.
fn moved(mapping: &Mapping, dim: Dim, step: i64) -> Vec<(&'static str, i64)> {
    let pitch = Pitch::output(mapping);
    let beats = i64::from(mapping.unroll.d_beats);
    let lanes = i64::from(mapping.spatial(dim));
    let at = |bytes: i64| [("y_addr", bytes), ("r_addr", bytes)];
    let mut strides = match dim {
        Dim::OY => vec![("y", step)],
        Dim::OX => vec![("x", step)],
        Dim::G if mapping.dataflow.reduces_rows() => {
            vec![("param", step * i64::from(mapping.temporal(Dim::K)) * beats)]
        }
        _ => vec![("k", step), ("param", step / lanes * beats)],
    };
    strides.extend(match dim {
        Dim::OY => at(step * pitch.row),
        Dim::OX => at(step * pitch.pixel),
        Dim::G => at(step * i64::from(mapping.layer.size[Dim::K])),
        _ => at(step),
    });
    strides
}

/// The output channel of the part that lane `lane` of parameter row `row` belongs to: position along G and K.
/// It may lie beyond the part's end.
pub fn channel_of(mapping: &Mapping, row: u32, lane: u32) -> Option<[u32; 2]> {
    let unroll = &mapping.unroll;
    let offset = row % unroll.d_beats * unroll.d_lanes + lane;
    let results = if mapping.dataflow.reduces_rows() { unroll.cols } else { unroll.rows };
    let (tile, tiles) = (row / unroll.d_beats, mapping.temporal(Dim::K));
    if lane >= unroll.d_lanes || offset >= results {
        return None;
    }
    Some(if mapping.dataflow.reduces_rows() {
        [tile / tiles, tile % tiles * unroll.cols + offset]
    } else {
        [tile * unroll.rows + offset, 0]
    })
}
