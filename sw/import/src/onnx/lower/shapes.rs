//! Ops that compute nothing: they name a map again, say how its numbers lie, or put zeros around it.

use super::super::node::{extent, Node, Unfit};
use super::{Lowering, Map, Value};
use model::graph::Padding;
use model::Shape;

pub fn identity(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    match node.input(0).and_then(|name| lowering.values.get(name)) {
        Some(Value::Constant(constant)) => Ok(Value::Constant(constant.clone())),
        _ => Ok(lowering.passed(node, lowering.padded_map(node, 0)?)),
    }
}

pub fn flatten(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    let map = lowering.map(node, 0)?;
    let rank = if map.is_flat { 2 } else { 4 };
    match node.int("axis", 1) {
        axis if axis == 1 || axis.wrapping_add(rank) == 1 => {
            Ok(lowering.passed(node, Map { is_flat: true, ..map }))
        }
        axis => Err(Unfit::new(format!("axis {axis}"), "images stay apart: flatten from axis 1 on")),
    }
}

pub fn reshape(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    let map = lowering.map(node, 0)?;
    let written = lowering.constant(node, 1, "shape")?.as_whole().unwrap_or_default().to_vec();
    let Shape { c, h, w } = map.shape;
    let before: Vec<usize> = if map.is_flat { vec![c * h * w] } else { vec![c, h, w] };
    match sizes(&written, &before, lowering.graph.input.batch).as_deref() {
        Some([_]) => Ok(lowering.passed(node, Map { is_flat: true, ..map })),
        Some([channels, rows, columns]) if (*channels, *rows, *columns) == (c, h, w) => {
            Ok(lowering.passed(node, Map { is_flat: false, ..map }))
        }
        _ => Err(Unfit::new(
            format!("it makes {written:?} of a map of {}", map.shape),
            "maps can be flattened, and flat ones of one pixel given rows and columns again; nothing else",
        )),
    }
}

/// What a shape means for one image of dimensions `before`; `None` where it mixes images or numbers do not match.
fn sizes(written: &[i64], before: &[usize], batch: Option<usize>) -> Option<Vec<usize>> {
    let (first, rest) = written.split_first()?;
    let keeps_images = matches!(first, -1..=1) || batch == usize::try_from(*first).ok();
    let all: usize = before.iter().product();
    let size = |(i, size): (usize, &i64)| match size {
        0 => before.get(i).copied(),
        -1 => Some(0),
        size => usize::try_from(*size).ok(),
    };
    let mut sizes: Vec<usize> = rest.iter().enumerate().map(size).collect::<Option<_>>()?;
    let product = |sizes: &[usize]| {
        sizes.iter().filter(|size| **size > 0).try_fold(1usize, |all, size| all.checked_mul(*size))
    };
    let known = product(&sizes)?;
    for size in sizes.iter_mut().filter(|size| **size == 0) {
        *size = all / known;
    }
    (keeps_images && product(&sizes) == Some(all)).then_some(sizes)
}

pub fn squeeze(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    let map = lowering.map(node, 0)?;
    let mut axes = lowering.axes(node, 1)?;
    axes.sort_unstable();
    match !map.is_flat && axes == [2, 3] && map.shape.h * map.shape.w == 1 {
        true => Ok(lowering.passed(node, Map { is_flat: true, ..map })),
        false => Err(Unfit::new(
            format!("it drops axes {axes:?} of a map of {}", map.shape),
            "rows and columns of a single pixel can be dropped, axes 2 and 3",
        )),
    }
}

/// Zeros around a map, which the next window reads.
pub fn pad(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    let map = lowering.padded_map(node, 0)?;
    let mode = node.text("mode");
    if !matches!(mode.as_str(), "" | "constant") {
        return Err(Unfit::new(format!("it pads by `{mode}`"), "train with padding of zeros in its place"));
    }
    let value = match lowering.optional(node, 2, "value")? {
        Some(constant) => constant.as_reals().first().copied().unwrap_or(0.0),
        None => node.float("value", 0.0),
    };
    if value != 0.0 {
        return Err(Unfit::new(format!("it pads with {value}"), "padding is 0: train with padding of zeros"));
    }
    let written = lowering.list(node, 1, "pads")?;
    let axes = match node.input(3) {
        Some(_) => lowering.axes(node, 3)?,
        None => (0..4).collect(),
    };
    let side = |axis: i64, end: usize| {
        let found =
            axes.iter().position(|other| *other == axis).map(|i| written.get(end * axes.len() + i).copied());
        found.map_or(0, |pad| pad.unwrap_or(-1))
    };
    let fits = written.len() == 2 * axes.len()
        && [0, 1].iter().all(|axis| side(*axis, 0) == 0 && side(*axis, 1) == 0);
    let sides = [(2, 0), (3, 0), (2, 1), (3, 1)].map(|(axis, end)| extent(side(axis, end)));
    match (sides, fits && !map.is_flat) {
        ([Some(top), Some(left), Some(bottom), Some(right)], true) => {
            let before = map.pads;
            let pads = Padding {
                top: before.top + top,
                left: before.left + left,
                bottom: before.bottom + bottom,
                right: before.right + right,
            };
            Ok(lowering.passed(node, Map { pads, ..map }))
        }
        _ => Err(Unfit::new(
            format!("it pads a map of {} by {written:?}", map.shape),
            "rows and columns can be added, of at least 0",
        )),
    }
}
