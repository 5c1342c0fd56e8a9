//! How the search cuts a layer: in strips of output rows and ranges of channels, or in boxes, along whatever dimensions.

mod boxes;
mod transfers;

pub use transfers::{loaded, Dram, Transfers};

use crate::mapping::{parts, strip_levels, Hold, Loop, Mapping};
use crate::nests::MOST_TAPS;
use crate::parts::strips;
use crate::tiling::{part, shortage, Capacity, Footprint, Shortage, INPUTS, RESIDUALS, RESULTS, WEIGHTS};
use crate::unroll::Unroll;
use crate::work::{Dim, Sizes};
use spec::accelerator::Chunk;
use transfers::computing;

/// How layers may be cut that do not fit the buffer at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ways {
    /// In strips and ranges of channels; by halves again and again where those do not fit.
    Simple,
    /// In boxes as well.
    All,
}

/// The parts of a layer, and what stays in the buffer between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// How each lies on the array.
    pub unroll: Unroll,
    /// The largest of them.
    pub tile: Sizes,
    /// The loops over them.
    pub outer: Vec<Loop>,
    /// The levels of the buffer of inputs, weights and sums.
    pub buffer: [usize; 3],
}

impl Cut {
    /// How a mapping cuts its layer.
    pub fn of(mapping: &Mapping) -> Cut {
        let Mapping { unroll, tile, outer, x, w, a, .. } = mapping.clone();
        Cut { unroll, tile, outer, buffer: [x, w, a].map(|hold| hold.buffer) }
    }

    /// Parts of a size in the order of their loops, with these levels of the buffer.
    fn new(print: &Footprint, chunk: &Chunk, tile: Sizes, outer: Vec<Loop>, buffer: [usize; 3]) -> Cut {
        let mut cut = Cut { unroll: print.unroll.clone(), tile, outer, buffer };
        if cut.mapping(print).spills() {
            cut.unroll.beats.results = cut.unroll.sum_lanes(print.work, chunk, print.line_bytes);
        }
        cut
    }

    /// How many parts there are.
    pub fn parts(&self) -> u64 {
        parts(&self.outer)
    }

    /// What is moved for the parts; nothing counts where there is one, which moves the same however it is computed.
    pub fn transfers(&self, print: &Footprint, capacity: &Capacity, dram: Dram) -> Transfers {
        let print = Footprint { unroll: &self.unroll, ..*print };
        match self.parts() {
            1 => Transfers::default(),
            _ => Transfers::of(&print, &self.mapping(&print), capacity, dram),
        }
    }

    /// About how many cycles all parts take.
    pub fn cycles(&self, print: &Footprint, chunk: &Chunk, capacity: &Capacity, dram: Dram) -> u64 {
        self.transfers(print, capacity, dram).cycles(computing(&self.mapping(print), chunk))
    }

    /// The mapping without loops of its own.
    pub fn mapping(&self, print: &Footprint) -> Mapping {
        let [x, w, a] = self.buffer.map(|buffer| Hold { level: 0, slots: 1, buffer });
        let Cut { unroll, tile, outer, .. } = self.clone();
        Mapping {
            unroll,
            layer: *print.work,
            tile,
            outer,
            loops: Vec::new(),
            x,
            w,
            a,
            rolls: false,
            clears: false,
        }
    }
}

/// How much sooner boxes have to be done than what is simpler, in percent, to be worth a look.
const SOONER: u64 = 3;

/// Ways to cut a layer: all at once where that fits; strips and ranges of channels, or what is
/// halved until it fits; and boxes, where those may be done sooner.
///
/// # Errors
/// What not even the smallest part has room for.
pub fn cuts(
    print: &Footprint,
    chunk: &Chunk,
    capacity: &Capacity,
    dram: Dram,
    ways: Ways,
) -> Result<Vec<Cut>, Shortage> {
    let plain = match part(print, capacity) {
        Ok(tile) => {
            let outer = strips(print.work, &tile);
            Cut { unroll: print.unroll.clone(), tile, buffer: strip_levels(&outer), outer }
        }
        Err(_) => halved(print, chunk, capacity)?,
    };
    let is_sooner = |cycles: u64| 100 * cycles < (100 - SOONER) * plain.cycles(print, chunk, capacity, dram);
    let whole = Cut { tile: print.work.size, outer: Vec::new(), ..plain.clone() };
    let least = computing(&whole.mapping(print), chunk);
    if ways == Ways::Simple || plain.parts() == 1 || !is_sooner(least) {
        return Ok(vec![plain]);
    }
    let boxes = boxes::best(print, chunk, capacity, dram).filter(|(cycles, _)| is_sooner(*cycles));
    Ok([plain].into_iter().chain(boxes.map(|(_, boxes)| boxes)).collect())
}

/// Halves, again and again, the first dimension that makes what is too large smaller.
fn halved(print: &Footprint, chunk: &Chunk, capacity: &Capacity) -> Result<Cut, Shortage> {
    let mut tile = print.work.size;
    loop {
        let [strips, cut] = [true, false].map(|strips| boxed(print, chunk, capacity, &tile, strips));
        let print = Footprint { unroll: &cut.unroll, ..*print };
        if shortage(&print, capacity, &strips.mapping(&print)).is_none() {
            return Ok(strips);
        }
        let Some(shortage) = shortage(&print, capacity, &cut.mapping(&print)) else { return Ok(cut) };
        // Where all results are to stay there is no place for sums.
        let may_spill = capacity.outputs < u32::MAX;
        let dims: &[Dim] = match shortage.resource {
            INPUTS if may_spill => &[Dim::OY, Dim::OX, Dim::C, Dim::G, Dim::FY, Dim::FX],
            INPUTS => &[Dim::OY, Dim::OX, Dim::G],
            RESULTS | RESIDUALS => &[Dim::OY, Dim::OX, Dim::K, Dim::G],
            WEIGHTS if may_spill => &[Dim::K, Dim::G, Dim::C, Dim::FY, Dim::FX],
            _ => &[Dim::K, Dim::G],
        };
        let rounds = |dim: Dim| tile[dim].div_ceil(print.unroll.size(dim));
        let Some(dim) = dims.iter().copied().find(|dim| rounds(*dim) > 1) else { return Err(shortage) };
        tile[dim] = tile[dim].min(fewer(&print, dim, rounds(dim).div_ceil(2)) * print.unroll.size(dim));
    }
}

/// At most `most` rounds of the array over `dim`, for parts of which the last one may be smaller.
fn fewer(print: &Footprint, dim: Dim, most: u32) -> u32 {
    let (all, side) = (print.work.size[dim], print.unroll.size(dim));
    let is_even = |rounds: u32| all.div_ceil(side).is_multiple_of(rounds);
    match dim {
        // Windows that slide are cut evenly.
        Dim::FX if print.unroll.slides() => 1,
        // Where the last part has fewer taps they are followed.
        Dim::FX | Dim::FY if !all.is_multiple_of(most * side) => most.min(MOST_TAPS / side),
        // Inputs of groups that a part has no more are read.
        Dim::G if print.work.size[Dim::C] > 1 => {
            (1..=most).rev().find(|rounds| is_even(*rounds)).unwrap_or(1)
        }
        _ => most,
    }
}

/// Parts of which each brings what it needs, but for what is in the buffer anyway: of inputs and results a strip, or no
/// more than a part.
fn boxed(print: &Footprint, chunk: &Chunk, capacity: &Capacity, tile: &Sizes, strip: bool) -> Cut {
    let outer = strips(print.work, tile);
    let levels = if strip { strip_levels(&outer) } else { [0; 3] };
    let level = |i: usize, capacity: u32| if capacity == u32::MAX { outer.len() } else { levels[i] };
    let buffer = [level(0, capacity.inputs), 0, level(2, capacity.outputs)];
    Cut::new(print, chunk, *tile, outer, buffer)
}
