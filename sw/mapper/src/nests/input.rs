//! The input nest. A tile is filled row beats first, then along the columns, the rows and the channels of the
//! input; window positions that neighbouring outputs share are read once.

use super::{level, Pitch};
use crate::mapping::Mapping;
use crate::work::Dim;
use spec::isa::table::{NestKind::Input, FLAG_TILE};
use spec::nest::{Level, Nest};

/// The nest of a full `EXEC`.
pub fn nest(mapping: &Mapping) -> Nest {
    let mut levels = vec![row_beats(mapping)];
    levels.extend(columns(mapping));
    levels.extend(rows(mapping));
    levels.extend(channels(mapping));
    let outer = mapping.x.level..mapping.loops.len();
    levels.extend(outer.map(|index| outside(mapping, index)));
    Nest { levels }
}

/// The beats that together serve all rows of the array with one input column.
fn row_beats(mapping: &Mapping) -> Level {
    let lanes = i64::from(mapping.unroll.x_lanes);
    level(Input, mapping.unroll.x_beats, 0, &[("addr", lanes), ("row", lanes), ("c", lanes)])
}

fn columns(mapping: &Mapping) -> Vec<Level> {
    let [axis, _] = mapping.x_axes();
    let pixel = Pitch::input(mapping).pixel;
    let level = |bound: u32, x: u32, rf: u32, tag: i64| {
        let x = i64::from(x);
        level(Input, bound, 0, &[("addr", x * pixel), ("x", x), ("rf", rf.into()), ("tag", tag)])
    };
    if mapping.dataflow.slides() {
        let array = mapping.unroll.cols * axis.stride;
        vec![level(mapping.x_tags(), 1, 0, 1), level(axis.outputs, array, axis.taps, 0)]
    } else if axis.overlaps() {
        vec![level(axis.entries(), 1, 1, 0)]
    } else {
        vec![level(axis.taps, 1, 1, 0), level(axis.outputs, axis.stride, axis.taps, 0)]
    }
}

fn rows(mapping: &Mapping) -> Vec<Level> {
    let [horizontal, axis] = mapping.x_axes();
    let (row, width) = (Pitch::input(mapping).row, horizontal.entries());
    let level = |bound: u32, y: u32, rf: u32| {
        let y = i64::from(y);
        level(Input, bound, 0, &[("addr", y * row), ("y", y), ("rf", (rf * width).into())])
    };
    if axis.overlaps() {
        vec![level(axis.entries(), 1, 1)]
    } else {
        vec![level(axis.taps, 1, 1), level(axis.outputs, axis.stride, axis.taps)]
    }
}

/// The channel loops inside a tile, in the order in which the mapping runs them.
fn channels(mapping: &Mapping) -> Vec<Level> {
    let [horizontal, vertical] = mapping.x_axes();
    let mut rf = i64::from(horizontal.entries() * vertical.entries());
    let mut levels = Vec::new();
    for (index, l) in mapping.loops[..mapping.x.level].iter().enumerate() {
        if matches!(l.dim, Dim::C | Dim::G) {
            let moved = outside(mapping, index);
            let stride = level(Input, l.bound, 0, &[("rf", rf)]);
            let strides = moved.strides.iter().zip(&stride.strides).map(|(a, b)| a + b).collect();
            levels.push(Level { bound: l.bound, flags: 0, strides });
            rf *= i64::from(l.bound);
        }
    }
    levels
}

/// Loop `index` of the mapping as a level above the tile.
fn outside(mapping: &Mapping, index: usize) -> Level {
    let (l, step) = (mapping.loops[index], i64::from(mapping.step(index)));
    let (pitch, [sy, sx]) = (Pitch::input(mapping), mapping.layer.stride.map(i64::from));
    let grouped = mapping.dataflow.reduces_rows();
    let strides = match l.dim {
        Dim::K => vec![],
        Dim::G if grouped => vec![("addr", step * i64::from(mapping.layer.size[Dim::C]))],
        Dim::G | Dim::C => vec![("addr", step), ("c", step)],
        Dim::OY => vec![("addr", step * sy * pitch.row), ("y", step * sy)],
        Dim::OX => vec![("addr", step * sx * pitch.pixel), ("x", step * sx)],
        Dim::FY => vec![("addr", step * pitch.row), ("y", step)],
        Dim::FX => vec![("addr", step * pitch.pixel), ("x", step)],
    };
    level(Input, l.bound, FLAG_TILE, &strides)
}
