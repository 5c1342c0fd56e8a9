//! What makes a mapping of the whole space legal on an architecture: the axes hold what lies along them, the loops
//! cover the layer, tiles nest and fit. Every broken rule is named, with what is missing.

use super::architecture::Architecture;
use super::flow::{elements, Extents};
use super::layer::{Dim, Operand, DIMS};
use super::mapping::{product, Factor, Mapping};
use spec::error::grouped;

/// Everything that is wrong with `mapping` on `architecture`, in sentences.
pub fn faults(mapping: &Mapping, architecture: &Architecture) -> Vec<String> {
    let mut faults = misfits(mapping, [architecture.rows, architecture.cols]);
    // What follows indexes and divides by what was checked so far.
    if faults.is_empty() {
        faults.extend(Operand::ALL.iter().filter_map(|operand| registers(mapping, architecture, *operand)));
        faults.extend(buffer(mapping, architecture));
    }
    faults
}

/// What is wrong with `mapping` on an array of these rows and columns, whatever the memories.
pub(super) fn misfits(mapping: &Mapping, [rows, cols]: [u32; 2]) -> Vec<String> {
    let axes = [axis("rows", &mapping.rows, rows), axis("columns", &mapping.cols, cols)];
    let mut faults: Vec<String> = axes.into_iter().flatten().collect();
    faults.extend(Dim::ALL.iter().filter_map(|dim| coverage(mapping, *dim)));
    faults.extend(Operand::ALL.iter().filter_map(|operand| nesting(mapping, *operand)));
    faults
}

fn axis(name: &str, factors: &[Factor], available: u32) -> Option<String> {
    let needed: u64 = factors.iter().map(|factor| u64::from(factor.count)).product();
    let over = needed.saturating_sub(available.into());
    (over > 0)
        .then(|| format!("{} lie along {available} {name}: {} too many", grouped(needed), grouped(over)))
}

fn coverage(mapping: &Mapping, dim: Dim) -> Option<String> {
    let [size, lanes, rounds] = [mapping.layer.size, mapping.spatial(), mapping.temporal()]
        .map(|sizes| u64::from(sizes[dim.index()]));
    let name = dim.name();
    let covered = lanes * rounds;
    if covered < size {
        return Some(format!("{name} is covered up to {covered} of {size}: {} are missing", size - covered));
    }
    let least = size.div_ceil(lanes);
    (rounds > least).then(|| {
        format!("the loops over {name} run {rounds} times, {least} times cover {size} in steps of {lanes}")
    })
}

fn nesting(mapping: &Mapping, operand: Operand) -> Option<String> {
    let (hold, loops) = (mapping.hold[operand as usize], mapping.loops.len());
    let name = operand.name();
    if hold.rf > hold.buffer {
        return Some(format!(
            "the register files hold {} loops of the {name}, more than the buffer with {}",
            hold.rf, hold.buffer
        ));
    }
    (hold.buffer > loops)
        .then(|| format!("the buffer holds {} loops of the {name}, there are {loops}", hold.buffer))
}

/// What the loops below `level` come to, times what lies along the axes where `whole`; never more than the layer.
fn inside(mapping: &Mapping, level: usize, whole: bool) -> Extents {
    let below = product(&mapping.loops[..level]);
    let lanes = if whole { mapping.spatial() } else { [1; DIMS] };
    let mut extents = [0.0; DIMS];
    for (i, extent) in extents.iter_mut().enumerate() {
        *extent = f64::from(below[i].saturating_mul(lanes[i]).min(mapping.layer.size[i]));
    }
    extents
}

/// Bits of an element while it waits at a level that the loops below `level` feed: sums are wide until all of the
/// reduction is done.
fn width(mapping: &Mapping, architecture: &Architecture, operand: Operand, level: usize) -> u64 {
    let done = !mapping.loops[level..].iter().any(|l| l.dim.is_reduction());
    let finished = operand == Operand::Sum && done;
    u64::from(if finished { architecture.output_bits } else { architecture.bits[operand as usize] })
}

fn registers(mapping: &Mapping, architecture: &Architecture, operand: Operand) -> Option<String> {
    let level = mapping.hold[operand as usize].rf;
    let tile = elements(&mapping.layer, operand, &inside(mapping, level, false)) as u64;
    let (width, room) = (architecture.bits[operand as usize], architecture.rf_bits[operand as usize]);
    short(tile * u64::from(width), room.into())
        .map(|short| format!("{} {} do not fit a PE's register file: {short}", grouped(tile), operand.name()))
}

fn buffer(mapping: &Mapping, architecture: &Architecture) -> Option<String> {
    let tile = |operand: Operand| {
        let hold = mapping.hold[operand as usize];
        let tile = elements(&mapping.layer, operand, &inside(mapping, hold.buffer, true)) as u64;
        tile * width(mapping, architecture, operand, mapping.reach(operand, hold.rf))
    };
    let bits = Operand::ALL.map(tile);
    short(bits.iter().sum(), architecture.buffer_bits).map(|short| {
        let [x, w, a] = bits.map(|bits| grouped(bits.div_ceil(8)));
        format!("{x} bytes of inputs, {w} of weights and {a} of sums do not fit the buffer: {short}")
    })
}

/// How much is missing, where `needed` bits are more than `room`.
fn short(needed: u64, room: u64) -> Option<String> {
    let over = needed.saturating_sub(room);
    let bytes = |bits: u64| grouped(bits.div_ceil(8));
    (over > 0).then(|| format!("{} of {} bytes are missing", bytes(over), bytes(needed)))
}
