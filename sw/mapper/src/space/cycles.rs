//! How long a mapping takes: the compute steps, the longest that any port holds them up, the first tiles before and
//! the last after them, and never less than the busiest port needs.

use super::architecture::Architecture;
use super::flow::{words, Flow, Frame};
use super::layer::Operand;
use super::ports::{Port, Transfer};

/// What the loops below a boundary have come to.
#[derive(Clone, Copy)]
pub struct Tile {
    /// Its way to the memory farther away.
    pub flow: Flow,
    /// Iterations of the outermost loops of the tile that leave it as it is.
    pub same: f64,
    /// Iterations of the outermost loops of the tile each of which needs another part of it.
    pub parts: f64,
}

/// Cycles of a mapping with these `tiles` of each operand in the register files and in the buffer, whose ports are
/// `busy` for so long (see [`busy`](super::cost::busy)).
pub fn cycles(frame: &Frame<'_>, tiles: &[[Tile; 2]; 3], busy: [f64; 3]) -> f64 {
    let running = frame.steps + stall(frame, tiles, doubled(frame.architecture, tiles));
    let idle = busy.map(|busy| running - busy);
    busy.into_iter().fold(running + ends(frame, tiles, idle), f64::max)
}

/// No mapping with tiles of these `flows` takes less, in whatever order its other loops come: no transfer has longer
/// than its period, and nothing that comes once is late.
pub fn least_cycles(frame: &Frame<'_>, flows: &[[Flow; 2]; 3], busy: [f64; 3]) -> f64 {
    let tiles = flows.map(|flows| flows.map(|flow| Tile { flow, same: 1.0, parts: 1.0 }));
    let running = frame.steps + stall(frame, &tiles, [[true; 3]; 2]);
    busy.into_iter().fold(running + ends(frame, &tiles, [f64::INFINITY; 3]), f64::max)
}

/// Cycles that the array waits for the slowest port, where the next tile of the register files and of the buffer has
/// room beside the one in use if it is `doubled`.
fn stall(frame: &Frame<'_>, tiles: &[[Tile; 2]; 3], doubled: [[bool; 3]; 2]) -> f64 {
    let [rf_double, buffer_double] = doubled;
    let transfer = |tile: &Tile, cycles: f64, doubled: bool| {
        let Flow { period, runs, .. } = tile.flow;
        let window = if doubled { period } else { period / tile.same };
        Transfer { cycles, window, period, runs }
    };
    let near = |level: usize, i: usize, doubled: [bool; 3]| {
        transfer(&tiles[i][level], tiles[i][level].flow.near, doubled[i])
    };
    let far = |level: usize, i: usize, doubled: [bool; 3]| {
        transfer(&tiles[i][level], tiles[i][level].flow.far, doubled[i])
    };
    let sum = Operand::Sum as usize;
    let mut ports = [Port::default(); 7];
    let [input, weight, sum_read, sum_write, buffer_read, buffer_write, dram] = &mut ports;
    input.add(near(0, 0, rf_double));
    weight.add(near(0, 1, rf_double));
    let step = Transfer { cycles: 1.0, window: 1.0, period: 1.0, runs: frame.steps };
    if frame.layer.reduces() {
        sum_read.add(step);
    }
    sum_read.add(near(0, sum, rf_double));
    sum_write.add(step);
    buffer_write.add(far(0, sum, rf_double));
    buffer_read.add(near(1, sum, buffer_double));
    dram.add(far(1, sum, buffer_double));
    if tiles[sum][0].flow.returns {
        sum_write.add(near(0, sum, rf_double));
        buffer_read.add(far(0, sum, rf_double));
    }
    if tiles[sum][1].flow.returns {
        buffer_write.add(near(1, sum, buffer_double));
        dram.add(far(1, sum, buffer_double));
    }
    for i in [Operand::Input as usize, Operand::Weight as usize] {
        buffer_read.add(far(0, i, rf_double));
        buffer_write.add(near(1, i, buffer_double));
        dram.add(far(1, i, buffer_double));
    }
    ports.iter_mut().map(|port| port.stall(frame.steps)).fold(0.0, f64::max)
}

/// Whether there is room for the next tile beside the one in use: in each operand's register files, in the buffer.
/// A part of a tile that comes anew while the others are in use needs only room for a part.
fn doubled(architecture: &Architecture, tiles: &[[Tile; 2]; 3]) -> [[bool; 3]; 2] {
    let share = |level: usize, i: usize, capacity: f64| {
        let tile = &tiles[i][level];
        tile.flow.bits / tile.parts / capacity
    };
    let rf = [0, 1, 2].map(|i| share(0, i, f64::from(architecture.rf_bits[i])) <= 0.5);
    let shares = [0, 1, 2].map(|i| share(1, i, architecture.buffer_bits as f64));
    let mut used: f64 = shares.iter().sum();
    let mut buffer = [false; 3];
    // Sums first: nothing else waits for them as soon.
    for i in [2, 1, 0] {
        if used <= 0.5 {
            buffer[i] = true;
        } else if shares[i] <= 1.0 - used {
            buffer[i] = true;
            used += shares[i];
        }
    }
    [rf, buffer]
}

/// Cycles before the first step and after the last one, where the ports are idle for so many cycles in between. What is
/// fetched once, or stored once, is needed only as far as the first or last tile of the register files goes; the rest
/// moves while the array works, as far as the port has time left.
fn ends(frame: &Frame<'_>, tiles: &[[Tile; 2]; 3], idle: [f64; 3]) -> f64 {
    let (word, dram_word) = (f64::from(frame.architecture.buffer_word), frame.architecture.dram_word);
    let buffer = [0, 1, 2].map(|i| &tiles[i][1].flow);
    let first = [0, 1, 2].map(|i| tiles[i][0].flow.far);
    let [reads, writes, dram] = idle;
    let far = [0, 1, 2].map(|i| (buffer[i].far, words(first[i] * word, dram_word)));
    let near = [0, 1, 2].map(|i| (buffer[i].near, first[i]));
    let dram = waits(buffer, far, dram, [0, 1, 2]);
    let written = waits(buffer, near, writes, [0, 1]);
    let read = waits(buffer, near, reads, [2]);
    let outer = [dram[0].max(written[0]), dram[1].max(written[1]), dram[2].max(read[2])];
    let inner = [0, 1, 2].map(|i| tiles[i][0].flow.near.max(tiles[i][0].flow.far));
    let order = |a: usize, b: usize| outer[a] + (outer[b] + inner[b]).max(inner[a]);
    order(0, 1).min(order(1, 0)) + inner[2] + outer[2]
}

/// Cycles that the array waits for a tile of each of `users` at one port, which is idle for `idle` cycles if all tiles
/// are moved while the array runs. The words of a tile come with those that it cannot do without.
fn waits<const USERS: usize>(
    flows: [&Flow; 3],
    tiles: [(f64, f64); 3],
    idle: f64,
    users: [usize; USERS],
) -> [f64; 3] {
    let mut waits = tiles.map(|(all, _)| all);
    let once = users.into_iter().filter(|i| flows[*i].runs <= 1.0);
    // The port's own time counts every tile, so too little time left is what cannot be moved meanwhile.
    let mut over = (-idle).max(0.0);
    for i in once {
        let (all, first) = tiles[i];
        let least = first.min(all);
        waits[i] = least + over.min(all - least);
        over -= waits[i] - least;
    }
    waits
}
