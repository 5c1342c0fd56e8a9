//! What makes a mapping legal on a chunk, apart from the buffer: checked for mappings that a user gives, and a
//! promise of those that the search finds.

use crate::mapping::{Hold, Mapping};
use crate::nests::engine;
use crate::tiling::{shortage, Capacity, Footprint};
use crate::work::Dim;
use spec::accelerator::{Accelerator, Chunk};

/// Everything that is wrong with `mapping` on `chunk` with `capacity` bytes of the buffer, in sentences.
pub fn faults(
    mapping: &Mapping,
    accelerator: &Accelerator,
    chunk: &Chunk,
    capacity: &Capacity,
) -> Vec<String> {
    let mut faults = array(mapping, accelerator, chunk);
    faults.extend(Dim::ALL.iter().filter_map(|dim| coverage(mapping, *dim)));
    if let Some(l) = mapping.loops.iter().skip(mapping.a.level).find(|l| l.dim.is_reduction()) {
        faults.push(format!(
            "the loop over {} is outside the partial sums, which cannot be spilled",
            l.dim.name()
        ));
    }
    // What follows divides and multiplies by what was checked so far.
    if !faults.is_empty() {
        return faults;
    }
    let files = [
        ("input_rf", chunk.input_rf, mapping.x_tile(), mapping.x),
        ("weight_rf", chunk.weight_rf, mapping.w_tile(), mapping.w),
        ("psum_rf", chunk.psum_rf, mapping.a_tile(), mapping.a),
    ];
    faults.extend(files.into_iter().filter_map(|(name, depth, tile, hold)| file(name, depth, tile, hold)));
    let depth = engine(mapping).nests.iter().map(|nest| nest.levels.len() as u32).max().unwrap_or(0);
    if depth > accelerator.nest_depth {
        faults.push(format!("its nests have {depth} levels, nest_depth is {}", accelerator.nest_depth));
    }
    let (work, unroll, dataflow) = (&mapping.layer, &mapping.unroll, &mapping.dataflow);
    let line_bytes = accelerator.buffer.line_bytes;
    let print = Footprint { work, unroll, dataflow, line_bytes, post_lanes: chunk.post_lanes };
    faults.extend(shortage(&print, capacity, &mapping.tile).map(|shortage| shortage.sentence()));
    faults
}

/// Dataflow and unrolling.
fn array(mapping: &Mapping, accelerator: &Accelerator, chunk: &Chunk) -> Vec<String> {
    let mut faults = Vec::new();
    if !(mapping.dataflow.computes)(&mapping.layer) {
        faults.push(format!("dataflow `{}` does not compute this layer", mapping.dataflow.name));
    }
    let unrolled = |cols| {
        let narrowed = Chunk { cols, ..chunk.clone() };
        mapping.dataflow.unroll(&narrowed, accelerator.buffer.line_bytes, &mapping.layer)
    };
    if !(1..=chunk.cols).any(|cols| mapping.unroll == unrolled(cols)) {
        let expected = unrolled(chunk.cols);
        faults.push(format!("its unroll is {}, the array takes {expected} or fewer columns", mapping.unroll));
    }
    if [mapping.x, mapping.w, mapping.a]
        .iter()
        .any(|hold| hold.level > mapping.loops.len() || hold.slots == 0)
    {
        faults.push("a tile has no slot, or a level beyond the loops".to_string());
    }
    faults
}

/// Whether the loops cover a dimension of the part, and no more where that would be computed like the rest.
fn coverage(mapping: &Mapping, dim: Dim) -> Option<String> {
    let (layer, tile) = (mapping.layer.size[dim], mapping.tile[dim]);
    let cut = matches!(dim, Dim::OY | Dim::G | Dim::K);
    if tile == 0 || tile > layer || (!cut && tile != layer) {
        return Some(format!("a part takes {tile} of {layer} along {}", dim.name()));
    }
    let covered = u64::from(mapping.spatial(dim)) * u64::from(mapping.temporal(dim));
    let is_loop = dim != mapping.dataflow.rows && dim != mapping.dataflow.cols;
    let exact = matches!(dim, Dim::FY | Dim::FX) || (dim == Dim::G && is_loop);
    if covered < u64::from(tile) || (exact && covered != u64::from(tile)) {
        return Some(format!("the loops over {} cover {covered} of {tile}", dim.name()));
    }
    // Outputs beyond the end are computed and dropped; weights beyond it would need room in the buffer.
    let (runs, rounds) = (mapping.temporal(dim), tile.div_ceil(mapping.spatial(dim).max(1)));
    let most = if matches!(dim, Dim::OY | Dim::OX) { 2 * rounds } else { rounds };
    if runs > most {
        return Some(format!("the loops over {} run {runs} times, {rounds} times cover {tile}", dim.name()));
    }
    let whole = dim != Dim::G || !is_loop || layer.is_multiple_of(tile);
    (!whole).then(|| format!("{layer} groups cannot be cut into parts of {tile}"))
}

fn file(name: &str, depth: u32, tile: u32, hold: Hold) -> Option<String> {
    let needed = u64::from(tile) * u64::from(hold.slots);
    let slots = hold.slots;
    let text = format!("{slots} tiles of {tile} entries do not fit {name}: {depth}");
    (needed > u64::from(depth)).then_some(text)
}
