//! Boxes: parts cut along any dimension, taken in several orders, each operand held for as many outer loops as it has room
//! for. What there is room for twice is brought while the part before is computed, the rest is waited for.

use super::transfers::{computing, Dram, Transfers};
use super::{fewer, Cut};
use crate::layout::elements;
use crate::mapping::{parts, Loop, Mapping, MOST_PARTS};
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
        let orders = orders(print, &tile);
        let computing =
            computing(&Cut::new(print, chunk, tile, orders[0].clone(), [0; 3]).mapping(print), chunk);
        let is_better =
            |cycles: u64, best: &Option<(u64, Cut)>| best.as_ref().is_none_or(|(least, _)| cycles < *least);
        if parts(&orders[0]) > MOST_PARTS.into() || !is_better(computing, &best) {
            continue;
        }
        for outer in orders {
            let mut cut = Cut::new(print, chunk, tile, outer, [0; 3]);
            let print = &Footprint { unroll: &cut.unroll, ..*print };
            let mut mapping = cut.mapping(print);
            for twice in [true, false] {
                if !hold(print, capacity, &mut mapping, twice) {
                    continue;
                }
                let cycles = Transfers::of(print, &mapping, capacity, dram).cycles(computing);
                if is_better(cycles, &best) {
                    cut.buffer = [mapping.x, mapping.w, mapping.a].map(|hold| hold.buffer);
                    best = Some((cycles, cut.clone()));
                }
            }
        }
    }
    best
}

/// The loops over parts of a size, in every order that is another one.
fn orders(print: &Footprint, tile: &Sizes) -> Vec<Vec<Loop>> {
    let bound = |dim: Dim| print.work.size[dim].div_ceil(tile[dim].max(1));
    let mut all: Vec<Vec<Loop>> = Vec::new();
    for order in ORDERS {
        let loops = order.iter().map(|dim| Loop { dim: *dim, bound: bound(*dim) });
        let outer = loops.filter(|l| l.bound > 1).collect();
        if !all.contains(&outer) {
            all.push(outer);
        }
    }
    all
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
    let room = [capacity.inputs, capacity.weights, capacity.outputs, capacity.residuals];
    let [inputs, weights, outputs, residuals] = room.map(u64::from);
    let part = print.weights(&mapping.tile);
    let places: [Place; 3] = [
        (|m| &mut m.x.buffer, &|m, times| times * elements(&m.held_inputs()) <= inputs),
        (|m| &mut m.w.buffer, &|m, times| times * part * u64::from(m.held_weights()) <= weights),
        (|m| &mut m.a.buffer, &|m, times| {
            let held = m.held_outputs();
            // Residuals lie as results do.
            let are_residuals = !print.work.residual || times * elements(&held) <= residuals;
            times * m.result_bytes(&held) <= outputs && are_residuals
        }),
    ];
    for ((level_of, fits), room) in places.into_iter().zip(room) {
        if room == u32::MAX {
            continue;
        }
        let mut fits_at = |level: usize, times: u64| {
            *level_of(mapping) = level;
            fits(mapping, times)
        };
        // All of it at once is brought once, and needs no room for more.
        let all = fits_at(levels, 1).then_some(levels);
        let mut within = |times: u64| (0..levels).rev().find(|level| fits_at(*level, times));
        let level = all.or_else(|| if twice { within(2) } else { None }).or_else(|| within(1));
        *level_of(mapping) = level.unwrap_or(0);
    }
    shortage(print, capacity, mapping).is_none()
}

/// Where a mapping says at which level an operand is held, and whether what is held there fits so many times.
type Place<'a> = (fn(&mut Mapping) -> &mut usize, &'a dyn Fn(&Mapping, u64) -> bool);
