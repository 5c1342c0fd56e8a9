//! The auto-mapper: every chunk runs its own layers in order, all chunks at once on different images, each in one dataflow
//! for all of its layers. Chunks take turns: the one with the least accumulated time (the first in `Op::ALL` of equal
//! ones) maps its next layer into what the live tiles of the others leave of the buffer. The dataflows of all chunks
//! together are the combination with the least product of energy and latency.
//!
//! A tile is live until its layer ends; so the tile of a chunk that is done with its image, or that ends just now, takes no
//! room. A layer that finds no tiling in the room that is left makes the combination invalid, even where it would
//! find one a little later: the paper's mapper does not wait.

use super::dataflow::DATAFLOWS;
use super::layer::Layer;
use super::search::{Array, Front, Tiled};
use super::BUFFER_WORDS;
use crate::energy::Objective;
use crate::work::Work;
use rayon::prelude::*;
use spec::op::Op;
use std::collections::BTreeMap;

/// A dataflow for each chunk, as indices into [`DATAFLOWS`].
pub type Combination = Vec<usize>;

/// Layers on chunks, with all tilings worth having.
pub struct Space<'a> {
    layers: &'a [Layer],
    arrays: Vec<&'a Array>,
    /// For each layer, the chunk that runs it.
    chunks: Vec<usize>,
    /// For each layer, a front in every dataflow; layers that are alike share theirs.
    fronts: Vec<[usize; DATAFLOWS.len()]>,
    found: Vec<Front>,
}

/// Groups of a layer, one after the other, that have the same tiling.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Index of the layer.
    pub layer: usize,
    /// How many groups.
    pub groups: u32,
    /// The tiling of each.
    pub tiled: Tiled,
}

/// What a combination leads to, for one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// The layers, in the order in which they were mapped.
    pub runs: Vec<Run>,
    /// Accumulated cycles of each chunk.
    pub cycles: Vec<u64>,
    /// Picojoules of all chunks.
    pub picojoules: f64,
}

impl Schedule {
    /// Cycles of the slowest chunk, which the others wait for.
    pub fn latency(&self) -> u64 {
        self.cycles.iter().copied().max().unwrap_or(0)
    }

    /// What combinations are compared by: picojoules times cycles.
    pub fn edp(&self) -> f64 {
        self.picojoules * self.latency() as f64
    }
}

/// Where a combination ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Index of the layer without a tiling.
    pub layer: usize,
    /// Index into [`DATAFLOWS`].
    pub dataflow: usize,
    /// Words of the buffer that were left.
    pub room: u64,
    /// Words of its smallest tiling; `None` where other limits exclude them all.
    pub least: Option<u64>,
}

/// A chunk while its image is scheduled.
#[derive(Clone, Default)]
struct Turn {
    /// Layers that are left, the next one last, each with the groups that are left.
    left: Vec<(usize, u32)>,
    /// When the layer that was mapped last ends.
    end: u64,
    /// Words of its tile.
    words: u64,
}

impl<'a> Space<'a> {
    /// All tilings of `layers`; each op among them must have an array in `arrays`. Arrays without layers take no part.
    pub fn new(layers: &'a [Layer], arrays: &'a [Array], objective: Objective) -> Space<'a> {
        let arrays: Vec<&Array> =
            arrays.iter().filter(|array| layers.iter().any(|layer| layer.op == array.op)).collect();
        let chunk = |op: Op| arrays.iter().position(|array| array.op == op);
        let chunks: Vec<usize> =
            layers.iter().map(|layer| chunk(layer.op).expect("each op has an array")).collect();
        let mut distinct: BTreeMap<(usize, [u32; 11]), usize> = BTreeMap::new();
        let mut searches = Vec::new();
        let mut fronts = Vec::new();
        for (layer, chunk) in layers.iter().zip(&chunks) {
            let first = *distinct.entry((*chunk, key(&layer.group))).or_insert_with(|| {
                searches.extend(DATAFLOWS.iter().map(|dataflow| (dataflow, &layer.group, arrays[*chunk])));
                searches.len() - DATAFLOWS.len()
            });
            fronts.push(std::array::from_fn(|dataflow| first + dataflow));
        }
        let searches = searches.into_par_iter();
        let found = searches.map(|(dataflow, work, array)| Front::search(dataflow, work, array, objective));
        let found = found.collect();
        Space { layers, arrays, chunks, fronts, found }
    }

    /// The chunks that have layers, by their ops.
    pub fn ops(&self) -> Vec<Op> {
        self.arrays.iter().map(|array| array.op).collect()
    }

    /// The array that runs a layer.
    pub fn array_of(&self, layer: usize) -> &Array {
        self.arrays[self.chunks[layer]]
    }

    /// The dataflow of a layer in a combination.
    pub fn dataflow_of(&self, layer: usize, combination: &[usize]) -> usize {
        combination[self.chunks[layer]]
    }

    /// Tilings that were evaluated.
    pub fn evaluations(&self) -> u64 {
        self.found.iter().map(|front| front.evaluations).sum()
    }

    /// Layers that no dataflow has a tiling for, in a buffer of their own.
    pub fn impossible(&self) -> Vec<usize> {
        let fits = |front: &usize| self.found[*front].within(BUFFER_WORDS).is_some();
        (0..self.layers.len()).filter(|layer| !self.fronts[*layer].iter().any(fits)).collect()
    }

    /// Every combination, the first chunk's dataflow changing most slowly.
    pub fn combinations(&self) -> Vec<Combination> {
        let mut all = vec![Vec::new()];
        for _ in &self.arrays {
            let longer = |head: &Combination| {
                let next = |dataflow| [&head[..], &[dataflow]].concat();
                (0..DATAFLOWS.len()).map(next).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(longer).collect();
        }
        all
    }

    /// One dataflow for all chunks.
    pub fn fixed(&self, dataflow: usize) -> Combination {
        vec![dataflow; self.arrays.len()]
    }

    /// The schedule of one image.
    ///
    /// # Errors
    /// The first layer that finds no tiling in the room that is left.
    pub fn schedule(&self, combination: &[usize]) -> Result<Schedule, Unfit> {
        let mut turns = vec![Turn::default(); self.arrays.len()];
        for (layer, chunk) in self.chunks.iter().enumerate().rev() {
            turns[*chunk].left.push((layer, self.layers[layer].groups));
        }
        let mut schedule = Schedule { runs: Vec::new(), cycles: Vec::new(), picojoules: 0.0 };
        while let Some(chunk) = next(&turns) {
            let now = turns[chunk].end;
            let live = |turn: &&Turn| turn.end > now;
            let taken: u64 = turns.iter().filter(live).map(|turn| turn.words).sum();
            let room = BUFFER_WORDS.saturating_sub(taken);
            let layer = turns[chunk].next();
            let dataflow = combination[chunk];
            let front = &self.found[self.fronts[layer][dataflow]];
            let unfit = || Unfit { layer, dataflow, room, least: front.least() };
            let tiled = *front.within(room).ok_or_else(unfit)?;
            turns[chunk].end += tiled.cycles;
            turns[chunk].words = tiled.words;
            schedule.add(layer, tiled);
        }
        schedule.cycles = turns.iter().map(|turn| turn.end).collect();
        Ok(schedule)
    }
}

/// The chunk whose turn it is.
fn next(turns: &[Turn]) -> Option<usize> {
    let busy = (0..turns.len()).filter(|chunk| !turns[*chunk].left.is_empty());
    busy.min_by_key(|chunk| turns[*chunk].end)
}

impl Turn {
    /// Takes one group of the next layer.
    fn next(&mut self) -> usize {
        let (layer, groups) = self.left.last_mut().expect("a chunk whose turn it is has a layer");
        let layer = *layer;
        *groups -= 1;
        if *groups == 0 {
            self.left.pop();
        }
        layer
    }
}

impl Schedule {
    fn add(&mut self, layer: usize, tiled: Tiled) {
        self.picojoules += tiled.picojoules;
        let last = self.runs.iter_mut().rev().find(|run| run.layer == layer);
        match last.filter(|run| run.tiled.tiling == tiled.tiling) {
            Some(run) => run.groups += 1,
            None => self.runs.push(Run { layer, groups: 1, tiled }),
        }
    }
}

/// What the tilings of a layer depend on.
fn key(work: &Work) -> [u32; 11] {
    let mut key = [0; 11];
    key[..7].copy_from_slice(&work.size.0);
    key[7..9].copy_from_slice(&work.stride);
    key[9..].copy_from_slice(&work.input);
    key
}

#[cfg(test)]
mod tests {
    use super::super::energy::Unit;
    use super::*;
    use crate::work::Sizes;

    fn layer(op: Op, k: u32, groups: u32) -> Layer {
        let size = Sizes([1, k, 8, 8, 8, 1, 1]);
        let group = Work { size, stride: [1; 2], padding: [0; 2], input: [8; 2], residual: false };
        Layer { name: format!("{}{k}", op.name()), op, group, groups }
    }

    fn arrays() -> Vec<Array> {
        let array = |op: &Op| Array { op: *op, pes: 50, unit: Unit::of(*op, 8).expect("a width") };
        Op::ALL.iter().map(array).collect()
    }

    #[test]
    fn energies_add_up_and_the_slowest_chunk_is_the_latency() {
        let layers = [layer(Op::Conv, 8, 1), layer(Op::Shift, 16, 1), layer(Op::Conv, 16, 3)];
        let arrays = arrays();
        let space = Space::new(&layers, &arrays, Objective::Edp);
        assert_eq!(space.ops(), [Op::Conv, Op::Shift]);
        assert_eq!(space.combinations().len(), 16);
        let schedule = space.schedule(&[1, 2]).expect("all fit");
        let groups: Vec<(usize, u32)> = schedule.runs.iter().map(|run| (run.layer, run.groups)).collect();
        assert_eq!(groups, [(0, 1), (1, 1), (2, 3)]);
        let of = |layer: usize| schedule.runs.iter().filter(move |run| run.layer == layer);
        let cycles = |layer| of(layer).map(|run| run.tiled.cycles * u64::from(run.groups)).sum::<u64>();
        assert_eq!(schedule.cycles, [cycles(0) + cycles(2), cycles(1)]);
        assert_eq!(schedule.latency(), cycles(0) + cycles(2));
        let energy: f64 = schedule.runs.iter().map(|run| run.tiled.picojoules * f64::from(run.groups)).sum();
        assert!((schedule.picojoules - energy).abs() < 1e-6 * energy);
    }

    #[test]
    fn a_live_tile_leaves_less_room() {
        // WS keeps whole maps in the buffer, here 200 x 200 inputs and outputs: two of them do not fit together. RS keeps
        // a few rows. A second layer of the same chunk takes the place of the first.
        let wide = |op| {
            let mut layer = layer(op, 1, 1);
            layer.group.size = Sizes([1, 1, 1, 200, 200, 1, 1]);
            layer.group.input = [200; 2];
            layer
        };
        let layers = [wide(Op::Conv), wide(Op::Conv), wide(Op::Shift)];
        let arrays = arrays();
        let space = Space::new(&layers, &arrays, Objective::Edp);
        let [row, weight] = [0, 2];
        assert!(space.schedule(&[row, weight]).is_ok());
        assert!(space.schedule(&[weight, row]).is_ok());
        let unfit = space.schedule(&space.fixed(weight)).expect_err("no room");
        let room = BUFFER_WORDS - 80_000;
        assert_eq!(unfit, Unfit { layer: 2, dataflow: weight, room, least: Some(80_000) });
        assert_eq!(space.impossible(), [0; 0]);
    }
}
