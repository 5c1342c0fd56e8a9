//! Boxes: parts cut along any dimension, taken in several orders, each operand held for as many outer loops as it has room
//! for. What there is room for twice is brought while the part before is computed, the rest is waited for.

use super::transfers::{self, Dram, Transfers};
use super::{fewer, Cut};
use crate::layout::elements;
use crate::mapping::{Loop, Mapping};
use crate::tiling::{shortage, Capacity, Footprint};
use crate::work::{Dim, Sizes};
use spec::accelerator::Chunk;

/// Orders of the outer loops, innermost first: strips of rows outermost, whose inputs are brought once; channels outermost,
/// whose weights are; input channels outermost, which sums wait for.
const ORDERS: [[Dim; 7]; 3] = [
    [Dim::FX, Dim::FY, Dim::C, Dim::OX, Dim::K, Dim::G, Dim::OY],
    [Dim::FX, Dim::FY, Dim::C, Dim::OX, Dim::OY, Dim::K, Dim::G],
    [Dim::OX, Dim::OY, Dim::K, Dim::G, Dim::FX, Dim::FY, Dim::C],
];

/// Dimensions that are cut in turn: the second only where the first is a single round of the array in every part.
const CUTS: [&[Dim]; 4] = [&[Dim::G], &[Dim::K], &[Dim::C, Dim::FX, Dim::FY], &[Dim::OY, Dim::OX]];

/// The boxes that take the fewest cycles, about; none where nothing fits.
pub fn best(print: &Footprint, chunk: &Chunk, capacity: &Capacity, dram: Dram) -> Option<(u64, Cut)> {
    let mut best: Option<(u64, Cut)> = None;
    for tile in tiles(print, capacity) {
        for order in ORDERS {
            let mut cut = whole(print, chunk, tile, &order);
            let print = &Footprint { unroll: &cut.unroll, ..*print };
            let mut mapping = cut.mapping(print);
            for twice in [true, false] {
                if !hold(print, capacity, &mut mapping, twice) {
                    continue;
                }
                let transfers = Transfers::of(print, &mapping, capacity, dram);
                let cycles = transfers.cycles(transfers::computing(&mapping, chunk));
                if best.as_ref().is_none_or(|(least, _)| cycles < *least) {
                    cut.buffer = [mapping.x, mapping.w, mapping.a].map(|hold| hold.buffer);
                    best = Some((cycles, cut.clone()));
                }
            }
        }
    }
    best
}

/// Parts of a size in an order.
fn whole(print: &Footprint, chunk: &Chunk, tile: Sizes, order: &[Dim]) -> Cut {
    let bound = |dim: Dim| print.work.size[dim].div_ceil(tile[dim].max(1));
    let outer =
        order.iter().map(|dim| Loop { dim: *dim, bound: bound(*dim) }).filter(|l| l.bound > 1).collect();
    let mut cut = Cut { unroll: print.unroll.clone(), tile, outer, buffer: [0; 3] };
    if cut.mapping(print).spills() {
        cut.unroll.beats.results = cut.unroll.sum_lanes(print.work, chunk, print.line_bytes);
    }
    cut
}

/// Sizes of parts: every dimension as a whole, or with rounds of the array halved again and again.
fn tiles(print: &Footprint, capacity: &Capacity) -> Vec<Sizes> {
    // Where all results are to stay there is no place for sums.
    let may_spill = capacity.outputs < u32::MAX;
    let mut all = vec![print.work.size];
    for dims in CUTS.iter().filter(|dims| may_spill || !dims[0].is_reduction()) {
        all = all.iter().flat_map(|tile| cuts(print, tile, dims)).collect();
    }
    all
}

/// `tile`, cut along some dimensions in turn.
fn cuts(print: &Footprint, tile: &Sizes, dims: &[Dim]) -> Vec<Sizes> {
    let (mut tile, mut all) = (*tile, vec![*tile]);
    for dim in dims {
        let side = print.unroll.size(*dim);
        let mut rounds = tile[*dim].div_ceil(side);
        while rounds > 1 {
            rounds = fewer(print, *dim, rounds.div_ceil(2));
            tile[*dim] = rounds * side;
            all.push(tile);
        }
    }
    all
}

/// Holds every operand at its highest level of the buffer that fits, `twice` if possible; whether single parts fit.
fn hold(print: &Footprint, capacity: &Capacity, mapping: &mut Mapping, twice: bool) -> bool {
    let levels = mapping.outer.len();
    for (buffer, available) in [
        (&mut mapping.x.buffer, capacity.inputs),
        (&mut mapping.w.buffer, capacity.weights),
        (&mut mapping.a.buffer, capacity.outputs),
    ] {
        *buffer = if available == u32::MAX { levels } else { 0 };
    }
    if shortage(print, capacity, mapping).is_some() {
        return false;
    }
    let weights = print.weights(&mapping.tile);
    let highest =
        |mapping: &mut Mapping, set: fn(&mut Mapping, usize), needs: &dyn Fn(&Mapping) -> u64, room: u32| {
            if room == u32::MAX {
                return;
            }
            let mut fits = |level: usize, times: u64| {
                set(mapping, level);
                times * needs(mapping) <= u64::from(room)
            };
            // All of it at once is brought once, and needs no room for more.
            let all = fits(levels, 1).then_some(levels);
            let mut within = |times: u64| (0..levels).rev().find(|level| fits(*level, times));
            let level = all.or_else(|| if twice { within(2) } else { None }).or_else(|| within(1));
            set(mapping, level.unwrap_or(0));
        };
    highest(mapping, |m, level| m.x.buffer = level, &|m| elements(&m.held_inputs()), capacity.inputs);
    highest(
        mapping,
        |m, level| m.w.buffer = level,
        &|m| weights * u64::from(m.held_weights()),
        capacity.weights,
    );
    let results = |m: &Mapping| m.result_bytes(&m.held_outputs());
    highest(mapping, |m, level| m.a.buffer = level, &results, capacity.outputs);
    // Residuals lie as results do.
    let is_held = shortage(print, capacity, mapping).is_none();
    if !is_held {
        mapping.a.buffer = 0;
    }
    is_held || shortage(print, capacity, mapping).is_none()
}
