//! The auto-mapper: every chunk runs its own layers in order, all chunks at once on different images, each in one dataflow
//! for all of its layers. Chunks take turns: the one with the least accumulated time (the first in `Op::ALL` of equal
//! ones) maps its next layer into what the live tiles of the others leave of the buffer. The dataflows of all chunks
//! together are the combination with the least product of energy and latency.
//!
//! A tile is live until its layer ends; so the tile of a chunk that is done with its image, or that ends just now, takes no
//! room. A layer that finds no tiling in the room that is left makes the combination invalid, even where it would
//! find one a little later: the paper's mapper does not wait.

use super::search::{score, Tiled};
use super::space::{Space, Unfit};
use super::BUFFER_WORDS;
use crate::energy::Objective;

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
    /// The runs of a layer.
    pub fn of_layer(&self, layer: usize) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| run.layer == layer)
    }

    /// Cycles of the slowest chunk, which the others wait for.
    pub fn latency(&self) -> u64 {
        self.cycles.iter().copied().max().unwrap_or(0)
    }

    /// What combinations are compared by, both to be small: the objective, and of equal ones the energy-delay product.
    pub fn score(&self, objective: Objective) -> (f64, f64) {
        score(objective, self.latency(), self.picojoules)
    }
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

impl Space<'_> {
    /// The schedule of one image.
    ///
    /// # Errors
    /// The first layer that finds no tiling in the room that is left.
    pub fn schedule(&self, combination: &[usize]) -> Result<Schedule, Unfit> {
        let mut turns = vec![Turn::default(); self.ops().len()];
        for (index, layer) in self.layers().iter().enumerate().rev() {
            turns[self.chunk_of(index)].left.push((index, layer.groups));
        }
        let mut schedule = Schedule { runs: Vec::new(), cycles: Vec::new(), picojoules: 0.0 };
        while let Some(chunk) = next(&turns) {
            let now = turns[chunk].end;
            let live = |turn: &&Turn| turn.end > now;
            let taken: u64 = turns.iter().filter(live).map(|turn| turn.words).sum();
            let room = BUFFER_WORDS.saturating_sub(taken);
            let layer = turns[chunk].next();
            let dataflow = combination[chunk];
            let front = self.front(layer, dataflow);
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

#[cfg(test)]
mod tests {
    use super::super::energy::Unit;
    use super::super::layer::Layer;
    use super::super::search::Array;
    use super::*;
    use crate::work::{Sizes, Work};
    use spec::op::Op;

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
        let space = Space::new(&layers, &arrays, Objective::Edp, &|_, _| ());
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
        let space = Space::new(&layers, &arrays, Objective::Edp, &|_, _| ());
        let [row, weight] = [0, 2];
        assert!(space.schedule(&[row, weight]).is_ok());
        assert!(space.schedule(&[weight, row]).is_ok());
        let unfit = space.schedule(&space.fixed(weight)).expect_err("no room");
        let room = BUFFER_WORDS - 80_000;
        assert_eq!(unfit, Unfit { layer: 2, dataflow: weight, room, least: Some(80_000) });
        assert!(space.impossible().is_empty());
    }
}
