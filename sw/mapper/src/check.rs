//! What makes a mapping legal on a chunk, apart from the buffer: checked for mappings that a user gives, and a
//! promise of those that the search finds.

use crate::mapping::{Hold, Mapping, MOST_ROLLING};
use crate::nests::{engine, MOST_TAPS};
use crate::tiling::{shortage, Capacity, Footprint};
use crate::unroll::{Factor, Unroll};
use crate::work::Dim;
use spec::accelerator::{Accelerator, Chunk};
use spec::error::grouped;
use spec::isa::table::COORDINATE_BITS;

/// Everything that is wrong with `mapping` on `chunk` with `capacity` bytes of the buffer, in sentences.
pub fn faults(
    mapping: &Mapping,
    accelerator: &Accelerator,
    chunk: &Chunk,
    capacity: &Capacity,
) -> Vec<String> {
    let mut faults = array(mapping, accelerator, chunk);
    faults.extend(Dim::ALL.iter().filter_map(|dim| coverage(mapping, *dim)));
    // What follows divides and multiplies by what was checked so far.
    if !faults.is_empty() {
        return faults;
    }
    // The sizes of tiles and nests mean nothing before these hold.
    faults.extend(block(mapping));
    faults.extend(rolling(mapping));
    faults.extend(clearing(mapping));
    if !faults.is_empty() {
        return faults;
    }
    let files = [
        ("input_rf", chunk.input_rf, mapping.x_tile(), mapping.x),
        ("weight_rf", chunk.weight_rf, mapping.w_tile(), mapping.w),
        ("psum_rf", chunk.psum_rf, mapping.a_tile(), mapping.a),
    ];
    faults.extend(files.into_iter().filter_map(|(name, depth, tile, hold)| file(name, depth, tile, hold)));
    if !faults.is_empty() {
        return faults;
    }
    let depth = engine(mapping).nests.iter().map(|nest| nest.levels.len() as u32).max().unwrap_or(0);
    if depth > accelerator.nest_depth {
        faults.push(format!("its nests have {depth} levels, nest_depth is {}", accelerator.nest_depth));
    }
    let (work, unroll) = (&mapping.layer, &mapping.unroll);
    let line_bytes = accelerator.buffer.line_bytes;
    let print = Footprint { work, unroll, line_bytes, post_lanes: chunk.post_lanes };
    faults.extend(shortage(&print, capacity, mapping).map(|shortage| shortage.sentence()));
    faults
}

/// What lies on the array, and the levels of the operands.
fn array(mapping: &Mapping, accelerator: &Accelerator, chunk: &Chunk) -> Vec<String> {
    let mut faults = Vec::new();
    let Unroll { rows, cols, block, beats } = &mapping.unroll;
    for (side, axis, there) in [("rows", rows, chunk.rows), ("columns", cols, chunk.cols)] {
        let used = axis.pes();
        if used > there {
            faults.push(format!("{axis} takes {used} {side} of the array, it has {there}"));
        }
        // Neighbours of the only one would be followed by nothing that could drop them.
        let none = axis.0.iter().find(|factor| mapping.layer.size[factor.dim] < factor.size);
        faults.extend(none.map(|Factor { dim, size }| {
            let there = mapping.layer.size[*dim];
            format!("{}{size} lies along the {side}, the layer has {there}", dim.name())
        }));
    }
    let line_bytes = accelerator.buffer.line_bytes;
    let mut widest = Unroll::new(chunk, line_bytes, &mapping.layer, rows.clone(), cols.clone());
    if mapping.spills() {
        widest.beats.results = widest.sum_lanes(&mapping.layer, chunk, line_bytes);
    }
    let expected = widest.beats;
    if *beats != expected {
        faults.push(format!("its beats are {beats}, this array takes {expected}"));
    }
    for dim in [Dim::FY, Dim::FX].into_iter().filter(|dim| mapping.follows(*dim)) {
        let covered = u64::from(mapping.unroll.size(dim)) * u64::from(mapping.temporal(dim));
        if covered > u64::from(MOST_TAPS) {
            let what =
                if mapping.is_ragged(dim) { "is not cut unevenly" } else { "does not lie on the array" };
            faults.push(format!("{} of {covered} {what}, at most {MOST_TAPS} do", dim.name()));
        }
    }
    if *block == 0 {
        faults.push("a block has no output column".to_string());
    }
    if [mapping.x, mapping.w, mapping.a]
        .iter()
        .any(|hold| hold.level > mapping.loops.len() || hold.slots == 0 || hold.buffer > mapping.outer.len())
    {
        faults.push("a tile has no slot, or a level beyond the loops".to_string());
    }
    faults
}

/// What is wrong with neighbouring output columns of a PE.
fn block(mapping: &Mapping) -> Option<String> {
    let (block, inside) = (mapping.unroll.block, mapping.below(Dim::OX, mapping.x.level));
    if block == 1 {
        None
    } else if block != inside {
        Some(format!("a block has {block} output columns, a tile of inputs serves {inside}"))
    } else {
        mapping.why_no_block().map(|what| format!("a PE has no neighbouring output columns: {what}"))
    }
}

/// What is wrong with padding that is cleared.
fn clearing(mapping: &Mapping) -> Option<String> {
    let why = mapping.clears.then(|| mapping.why_not_clearing()).flatten();
    why.map(|what| format!("entries of padding are not cleared once: {what}"))
}

/// What is wrong with a window that rolls along the rows of inputs.
fn rolling(mapping: &Mapping) -> Vec<String> {
    if !mapping.rolls {
        return Vec::new();
    }
    if let Some(what) = mapping.why_not_rolling() {
        return vec![format!("inputs do not roll: {what}")];
    }
    let mut faults = Vec::new();
    let (read, slots) = (mapping.x_more() + 1, mapping.x.slots);
    if read > slots {
        faults
            .push(format!("a step reads {read} tiles of inputs that roll, the register file holds {slots}"));
    }
    if read > MOST_ROLLING {
        faults.push(format!("inputs roll over {read} tiles at a step, at most {MOST_ROLLING} do"));
    }
    faults
}

/// Whether the outer loops cover a dimension of the layer.
fn outer_coverage(mapping: &Mapping, dim: Dim) -> Option<String> {
    let (layer, tile) = (mapping.layer.size[dim], mapping.tile[dim]);
    if tile == 0 || tile > layer {
        return Some(format!("a part takes {tile} of {layer} along {}", dim.name()));
    }
    let loops = mapping.outer.iter().filter(|l| l.dim == dim);
    let (runs, cuts) = (loops.map(|l| u64::from(l.bound)).product::<u64>(), u64::from(layer.div_ceil(tile)));
    if runs < cuts {
        let covered = runs * u64::from(tile);
        return Some(format!("the outer loops over {} cover {covered} of {layer}", dim.name()));
    }
    // Parts beyond the end are left out.
    let text = || format!("the outer loops over {} run {runs} times, {cuts} times cover {layer}", dim.name());
    (runs > 1 && runs >= 2 * cuts).then(text)
}

/// Whether the loops cover a dimension of the part, and no more where that would be computed like the rest.
fn coverage(mapping: &Mapping, dim: Dim) -> Option<String> {
    let outer = outer_coverage(mapping, dim);
    if outer.is_some() {
        return outer;
    }
    let tile = mapping.tile[dim];
    let spatial = mapping.unroll.size(dim);
    let covered = u64::from(spatial) * u64::from(mapping.temporal(dim));
    let is_loop = spatial == 1;
    let exact = is_loop && matches!(dim, Dim::FY | Dim::FX | Dim::G);
    if covered < u64::from(tile) || (exact && covered != u64::from(tile)) {
        return Some(format!("the loops over {} cover {covered} of {tile}", dim.name()));
    }
    // Outputs beyond the end are computed and dropped; weights beyond it would need room in the buffer.
    let (runs, rounds) = (mapping.temporal(dim), tile.div_ceil(spatial));
    let most = if matches!(dim, Dim::OY | Dim::OX) { 2 * rounds } else { rounds };
    if runs > most {
        return Some(format!("the loops over {} run {runs} times, {rounds} times cover {tile}", dim.name()));
    }
    let outermost = covered
        * u64::from(match dim {
            Dim::OY => mapping.layer.stride[0],
            Dim::OX => mapping.layer.stride[1],
            _ => 1,
        });
    let text = || {
        let end = grouped(outermost);
        format!("the loops over {} end at {end}, coordinates at 32,767", dim.name())
    };
    (outermost >= 1 << (COORDINATE_BITS - 1)).then(text)
}

fn file(name: &str, depth: u32, tile: u32, hold: Hold) -> Option<String> {
    let needed = u64::from(tile) * u64::from(hold.slots);
    let slots = hold.slots;
    let text = format!("{slots} tiles of {tile} entries do not fit {name}: {depth}");
    (needed > u64::from(depth)).then_some(text)
}
