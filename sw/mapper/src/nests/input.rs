//! The input nest. A tile is filled PE by PE as far as beats do not serve several, then along the columns, the rows
//! and the channels of the input; window positions that neighbouring outputs share are read once.

use super::level;
use crate::layout::pitches;
use crate::mapping::Mapping;
use crate::unroll::{channel, Digit, Fill::Inputs};
use crate::work::Dim;
use spec::isa::table::{NestKind::Input, FLAG_TILE, TAP_BITS};
use spec::nest::{Level, Nest};

/// The nest of a full `EXEC`.
pub fn nest(mapping: &Mapping) -> Nest {
    let mut levels = array_rows(mapping);
    levels.extend(array_columns(mapping));
    levels.extend(columns(mapping));
    levels.extend(rows(mapping));
    levels.extend(channels(mapping));
    let outer = mapping.x.level..mapping.loops.len();
    levels.extend(outer.map(|index| {
        let (l, step) = (mapping.loops[index], i64::from(mapping.step(index)));
        // A window that rolls begins with the tiles that are behind its first.
        let more = if index == mapping.x.level { mapping.x_more() } else { 0 };
        level(Input, l.bound + more, FLAG_TILE, &moved(mapping, l.dim, step))
    }));
    Nest { levels }
}

/// The beats that serve all rows of one column.
fn array_rows(mapping: &Mapping) -> Vec<Level> {
    let run = mapping.unroll.row_run(Inputs, &mapping.layer);
    let lanes = i64::from(mapping.unroll.beats.inputs);
    let mut pieces = moved(mapping, channel(&mapping.layer, Dim::C), lanes);
    pieces.push(("row", lanes));
    let mut levels = vec![level(Input, mapping.unroll.pieces(Inputs, &mapping.layer), 0, &pieces)];
    levels.extend(
        mapping.unroll.row_digits()[run.digits..].iter().map(|digit| one_by_one(mapping, digit, "row")),
    );
    levels
}

/// The beats that serve all columns, where they neither take the same nor let it slide along.
fn array_columns(mapping: &Mapping) -> Vec<Level> {
    let digits = mapping.unroll.col_digits_apart();
    let run = mapping.unroll.col_run(Inputs);
    let apart = if mapping.slides() { &[] } else { &digits[run.digits..] };
    apart.iter().map(|digit| one_by_one(mapping, digit, "tag")).collect()
}

fn one_by_one(mapping: &Mapping, digit: &Digit, along: &'static str) -> Level {
    let mut strides = moved(mapping, digit.dim, digit.step.into());
    strides.push((along, digit.pes.into()));
    level(Input, digit.size, 0, &strides)
}

fn columns(mapping: &Mapping) -> Vec<Level> {
    let [axis, _] = mapping.x_axes();
    let [output, tap] = [Dim::OX, Dim::FX].map(|dim| i64::from(mapping.unroll.size(dim)));
    let level = |bound: u32, dim: Dim, step: i64, rf: u32| {
        let mut strides = moved(mapping, dim, step);
        strides.push(("rf", rf.into()));
        level(Input, bound, 0, &strides)
    };
    if mapping.slides() {
        // Every column takes such a beat as another tap, so whether the kernel has it is asked for the window as a whole.
        let mut passed = moved(mapping, Dim::FX, 1);
        passed.retain(|(position, _)| *position != "tap");
        passed.push(("tag", 1));
        let passed = super::level(Input, mapping.x_tags(), 0, &passed);
        let again = if mapping.unroll.block > 1 { 1 } else { axis.outputs };
        vec![passed, level(again, Dim::OX, output, axis.taps)]
    } else if axis.overlaps() {
        vec![level(axis.entries(), Dim::FX, 1, 1)]
    } else {
        vec![level(axis.taps, Dim::FX, tap, 1), level(axis.outputs, Dim::OX, output, axis.taps)]
    }
}

fn rows(mapping: &Mapping) -> Vec<Level> {
    let [horizontal, axis] = mapping.x_axes();
    let [output, tap] = [Dim::OY, Dim::FY].map(|dim| i64::from(mapping.unroll.size(dim)));
    let level = |bound: u32, dim: Dim, step: i64, rf: u32| {
        let mut strides = moved(mapping, dim, step);
        strides.push(("rf", (rf * horizontal.entries()).into()));
        level(Input, bound, 0, &strides)
    };
    if mapping.rolls || axis.overlaps() {
        vec![level(mapping.x_rows(), Dim::FY, 1, 1)]
    } else {
        vec![level(axis.taps, Dim::FY, tap, 1), level(axis.outputs, Dim::OY, output, axis.taps)]
    }
}

/// The channel loops inside a tile, in the order in which the mapping runs them.
fn channels(mapping: &Mapping) -> Vec<Level> {
    let [horizontal, _] = mapping.x_axes();
    let mut rf = i64::from(horizontal.entries() * mapping.x_rows());
    let mut levels = Vec::new();
    for (index, l) in mapping.loops[..mapping.x.level].iter().enumerate() {
        if matches!(l.dim, Dim::C | Dim::G) {
            let mut strides = moved(mapping, l.dim, mapping.step(index).into());
            strides.push(("rf", rf));
            levels.push(level(Input, l.bound, 0, &strides));
            rf *= i64::from(l.bound);
        }
    }
    levels
}

/// What moving `step` elements along a dimension changes.
///
/// A position in the kernel is only followed where it may lie outside: a nest whose levels change less has fewer of them.
fn moved(mapping: &Mapping, dim: Dim, step: i64) -> Vec<(&'static str, i64)> {
    let [_, group, pixel, row] = pitches(&mapping.held_inputs());
    let [sy, sx] = mapping.layer.stride.map(i64::from);
    let mut strides = match dim {
        Dim::K => vec![],
        Dim::G => vec![("addr", step * group)],
        Dim::C => vec![("addr", step)],
        Dim::OY => vec![("addr", step * sy * row), ("y", step * sy)],
        Dim::OX => vec![("addr", step * sx * pixel), ("x", step * sx)],
        Dim::FY => vec![("addr", step * row), ("y", step)],
        Dim::FX => vec![("addr", step * pixel), ("x", step)],
    };
    let position = match dim {
        dim if dim == channel(&mapping.layer, Dim::C) => Some(("c", step)),
        Dim::FY if mapping.follows(dim) => Some(("tap", step << TAP_BITS)),
        Dim::FX if mapping.follows(dim) => Some(("tap", step)),
        _ => None,
    };
    strides.extend(position);
    strides
}
