//! A mapping of the whole space as one of the hardware: the same axes, loops and boundaries, cut into the loops of an
//! `EXEC` and those over parts. Decided here is only where to cut; what does not fit is [`crate::check`]'s answer.
//!
//! Register files are filled anew by every `EXEC`, so it has all loops that a tile of theirs serves. What it works on is
//! in the buffer as a whole, so it has no more loops than the operand serves whose boundary between buffer and
//! DRAM is the innermost, unless register files ask for more.

use super::check::misfits;
use super::layer::{Dim, Operand, DIMS};
use super::mapping::{product, Factor, Mapping};
use crate::mapping::{Hold, Loop, MOST_PARTS, MOST_STEPS};
use crate::unroll::{Axis, Unroll};
use crate::work::{self, Sizes, Work};
use spec::accelerator::{Accelerator, Chunk};
use spec::error::grouped;

/// Tiles that the register files hold at once, where there is room: one is used while others come.
const MOST_SLOTS: u32 = 16;

/// `mapping` for `work`, which has the padding that a layer of the whole space has not. It may need more memory than
/// `chunk` and buffer have.
///
/// # Errors
/// Why no hardware of so many PEs could run it for `work`, in sentences.
pub fn lower(
    mapping: &Mapping,
    work: &Work,
    accelerator: &Accelerator,
    chunk: &Chunk,
) -> Result<crate::Mapping, Vec<String>> {
    let (inner, outer) = mapping.loops.split_at(cut(mapping).min(mapping.loops.len()));
    let mut misfits = misfits(mapping, [chunk.rows, chunk.cols]);
    misfits.extend(other_layer(mapping, work));
    misfits.extend(too_many("steps of an EXEC", inner, MOST_STEPS));
    misfits.extend(too_many("parts", outer, MOST_PARTS));
    if !misfits.is_empty() {
        return Err(misfits);
    }
    let line_bytes = accelerator.buffer.line_bytes;
    let unroll = Unroll::new(chunk, line_bytes, work, axis(&mapping.rows), axis(&mapping.cols));
    let mut lowered = crate::Mapping {
        tile: tile(&unroll, inner, work),
        unroll,
        layer: *work,
        outer: outer.iter().filter_map(as_loop).collect(),
        loops: inner.iter().filter_map(as_loop).collect(),
        x: hold(mapping, Operand::Input, inner.len()),
        w: hold(mapping, Operand::Weight, inner.len()),
        a: hold(mapping, Operand::Sum, inner.len()),
        rolls: false,
        clears: false,
    };
    // A mapping of the whole space gives a PE neighbouring outputs; so does a block, where one is legal.
    let block = lowered.below(work::Dim::OX, lowered.x.level);
    if lowered.why_no_block().is_none() {
        lowered.unroll.block = block;
    }
    if lowered.spills() {
        lowered.unroll.beats.results = lowered.unroll.sum_lanes(work, chunk, line_bytes);
    }
    let slots = |depth: u32, tile: u32| (depth / tile.max(1)).clamp(1, MOST_SLOTS);
    lowered.x.slots = slots(chunk.input_rf, lowered.x_tile());
    lowered.w.slots = slots(chunk.weight_rf, lowered.w_tile());
    lowered.a.slots = slots(chunk.psum_rf, lowered.a_tile());
    Ok(lowered)
}

/// In what `work` is not the mapping's layer.
fn other_layer(mapping: &Mapping, work: &Work) -> Option<String> {
    let layer = &mapping.layer;
    let images = layer.size[Dim::N.index()];
    if images > 1 {
        return Some(format!("it computes {images} images at once, the hardware one"));
    }
    let differs = |dim: &work::Dim| layer.size[Dim::Of(*dim).index()] != work.size[*dim];
    let differs = work::Dim::ALL.iter().any(differs) || layer.stride != work.stride;
    let [is, has] = [layer.stride, work.stride].map(|[y, x]| format!("stride {y} x {x}"));
    differs.then(|| format!("it is of {layer}, {is}; the layer is {}, {has}", work.size))
}

/// Loops that come to more iterations than a mapping can have.
fn too_many(what: &str, loops: &[Factor], most: u32) -> Option<String> {
    let all = loops.iter().try_fold(1u64, |all, l| all.checked_mul(l.count.into())).unwrap_or(u64::MAX);
    let cut = "an EXEC ends where the first operand leaves the buffer, and no register file has more";
    (all > most.into()).then(|| {
        format!("the loops over {what} run {} times, at most {} can be: {cut}", grouped(all), grouped(most))
    })
}

fn axis(factors: &[Factor]) -> Axis {
    let real: Vec<_> = factors.iter().filter_map(as_loop).map(|l| (l.dim, l.bound)).collect();
    Axis::of(&real)
}

/// None for images: there is one.
fn as_loop(factor: &Factor) -> Option<Loop> {
    match factor.dim {
        Dim::N => None,
        Dim::Of(dim) => Some(Loop { dim, bound: factor.count }),
    }
}

/// The loops of an `EXEC`.
fn cut(mapping: &Mapping) -> usize {
    let registers = mapping.hold.iter().map(|hold| hold.rf).max().unwrap_or(0);
    let buffer = mapping.hold.iter().map(|hold| hold.buffer).min().unwrap_or(0);
    registers.max(buffer)
}

/// What the loops of an `EXEC` come to, times what lies on the array.
fn tile(unroll: &Unroll, inner: &[Factor], work: &Work) -> Sizes {
    let mut tile = work.size;
    let rounds: [u32; DIMS] = product(inner);
    for dim in work::Dim::ALL {
        let covered = unroll.size(dim).saturating_mul(rounds[Dim::Of(dim).index()]);
        tile[dim] = covered.min(work.size[dim]);
    }
    tile
}

/// The boundaries of `operand`, where an `EXEC` has `inner` loops: loops above one that leave the tile as it is are the
/// tile's, so that it does not come again.
fn hold(mapping: &Mapping, operand: Operand, inner: usize) -> Hold {
    let held = mapping.hold[operand as usize];
    let level = mapping.reach(operand, held.rf).min(inner);
    Hold { level, slots: 1, buffer: held.buffer.saturating_sub(inner) }
}
