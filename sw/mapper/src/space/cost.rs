//! What a mapping costs: accesses of every memory, energy, and cycles. Accesses and energy are exact sums of
//! [`flow`](super::flow)s; cycles are the compute steps, the longest that any port holds them up, the first tiles
//! before and the last after them, and never less than the busiest port needs. One evaluation takes less than a
//! microsecond: nothing is allocated, nothing is remembered from one to the next.

use super::architecture::Architecture;
use super::flow::{words, Extents, Flow, Frame};
use super::layer::{Dim, Operand, DIMS};
use super::mapping::Mapping;
use super::ports::{Port, Transfer};
use crate::work;

/// Accesses of one memory by one operand, in words of that memory; of all PEs where it is the register files.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Access {
    /// Words read.
    pub reads: f64,
    /// Words written.
    pub writes: f64,
}

impl Access {
    fn all(&self) -> f64 {
        self.reads + self.writes
    }
}

/// What a mapping costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// From the first word that is fetched to the last that is stored.
    pub cycles: f64,
    /// Accesses of the register files, by operand.
    pub rf: [Access; 3],
    /// Accesses of the buffer.
    pub buffer: [Access; 3],
    /// Accesses of DRAM.
    pub dram: [Access; 3],
    /// Picojoules of multiply-accumulates, register files, buffer with NoC, and DRAM.
    pub energy: [f64; 4],
}

impl Cost {
    /// Picojoules in all.
    pub fn picojoules(&self) -> f64 {
        self.energy.iter().sum()
    }

    /// Cycles x picojoules.
    pub fn edp(&self) -> f64 {
        self.cycles * self.picojoules()
    }
}

/// What the loops below a boundary have come to.
#[derive(Clone, Copy)]
struct Tile {
    flow: Flow,
    /// Iterations of the outermost loops of the tile that leave it as it is.
    same: f64,
    /// Iterations of the outermost loops of the tile each of which needs another part of it.
    parts: f64,
}

/// Costs of `mapping`, which must be legal.
pub fn evaluate(architecture: &Architecture, mapping: &Mapping) -> Cost {
    let frame = Frame::new(architecture, &mapping.layer, &mapping.temporal());
    let tiles = Operand::ALL.map(|operand| tiles(&frame, mapping, operand));
    let mut cost = accesses(&frame, mapping, &tiles);
    cost.cycles = cycles(&frame, &tiles, &cost);
    cost
}

/// The tiles of `operand` in the register files and in the buffer.
#[inline]
fn tiles(frame: &Frame<'_>, mapping: &Mapping, operand: Operand) -> [Tile; 2] {
    let hold = &mapping.hold[operand as usize];
    let rf = mapping.reach(operand, hold.rf);
    let buffer = mapping.reach(operand, hold.buffer.max(rf));
    let (mut inside, mut period): (Extents, f64) = ([1.0; DIMS], 1.0);
    let mut advance = |from: usize, to: usize| {
        for l in &mapping.loops[from..to] {
            let count = f64::from(l.count);
            inside[l.dim.index()] *= count;
            period *= count;
        }
        (inside, period)
    };
    let (inside, period) = advance(0, rf);
    let registers = tile(frame.registers(operand, &inside, period), mapping, operand, 0, rf);
    let (inside, period) = advance(rf, buffer);
    [registers, tile(frame.buffer(operand, &inside, period), mapping, operand, rf, buffer)]
}

fn tile(flow: Flow, mapping: &Mapping, operand: Operand, from: usize, to: usize) -> Tile {
    let (mut same, mut parts) = (1.0, 1.0);
    for l in mapping.loops[from..to].iter().rev() {
        match operand.moves(l.dim) {
            false if parts == 1.0 => same *= f64::from(l.count),
            true if same == 1.0 && !slides(operand, l.dim) => parts *= f64::from(l.count),
            _ => break,
        }
    }
    Tile { flow, same, parts }
}

/// Whether neighbouring iterations over `dim` may share some of the operand.
fn slides(operand: Operand, dim: Dim) -> bool {
    use work::Dim::{FX, FY, OX, OY};
    operand == Operand::Input && matches!(dim, Dim::Of(OY | OX | FY | FX))
}

fn accesses(frame: &Frame<'_>, mapping: &Mapping, tiles: &[[Tile; 2]; 3]) -> Cost {
    let architecture = frame.architecture;
    let mut cost = Cost {
        cycles: 0.0,
        rf: [Access::default(); 3],
        buffer: [Access::default(); 3],
        dram: [Access::default(); 3],
        energy: [frame.macs * architecture.mac, 0.0, 0.0, 0.0],
    };
    let mut noc = 0.0;
    for operand in Operand::ALL {
        let i = operand as usize;
        let [registers, buffer] = &tiles[i].map(|tile| tile.flow);
        let once = |flow: &Flow| [flow.near * flow.runs, flow.far * flow.runs];
        let ([near, far], [near2, far2]) = (once(registers), once(buffer));
        let back = |flow: &Flow, words: f64| if flow.returns { words } else { 0.0 };
        let near = near * frame.pes;
        if operand == Operand::Sum {
            let taken_up = if mapping.layer.reduces() { frame.macs } else { 0.0 };
            cost.rf[i] = Access { reads: taken_up + near, writes: frame.macs + back(registers, near) };
            cost.buffer[i] =
                Access { reads: near2 + back(registers, far), writes: far + back(buffer, near2) };
            cost.dram[i] = Access { reads: back(buffer, far2), writes: far2 };
        } else {
            let reads = frame.macs / still(mapping, operand);
            cost.rf[i] = Access { reads, writes: near };
            cost.buffer[i] = Access { reads: far, writes: near2 };
            cost.dram[i] = Access { reads: far2, writes: 0.0 };
        }
        noc += registers.far_words();
        cost.energy[1] += cost.rf[i].all() * architecture.rf_access[i];
        cost.energy[2] += cost.buffer[i].all() * architecture.buffer_access;
        cost.energy[3] += cost.dram[i].all() * architecture.dram_access;
    }
    cost.energy[2] += noc * architecture.noc_access;
    cost
}

/// Steps that a PE works on one element of `operand`: it is read once for all of them.
fn still(mapping: &Mapping, operand: Operand) -> f64 {
    let same = mapping.loops.iter().take_while(|l| !operand.moves(l.dim));
    same.map(|l| f64::from(l.count)).product()
}

fn cycles(frame: &Frame<'_>, tiles: &[[Tile; 2]; 3], cost: &Cost) -> f64 {
    let [rf_double, buffer_double] = doubled(frame.architecture, tiles);
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
    let stall = ports.iter_mut().map(|port| port.stall(frame.steps)).fold(0.0, f64::max);
    let [reads, writes, dram] = busy(cost);
    let running = frame.steps + stall;
    (running + ends(frame, tiles, cost, running)).max(reads).max(writes).max(dram)
}

/// Words through the read port and the write port of the buffer and through DRAM's: none takes two in a cycle.
pub fn busy(cost: &Cost) -> [f64; 3] {
    let sum = |accesses: &[Access; 3], what: fn(&Access) -> f64| accesses.iter().map(what).sum();
    [
        sum(&cost.buffer, |access| access.reads),
        sum(&cost.buffer, |access| access.writes),
        sum(&cost.dram, Access::all),
    ]
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

/// Cycles before the first step and after the last one, where the array runs for `running` cycles in between. What is
/// fetched once, or stored once, is needed only as far as the first or last tile of the register files goes; the rest
/// moves while the array works, as far as the port has time left.
fn ends(frame: &Frame<'_>, tiles: &[[Tile; 2]; 3], cost: &Cost, running: f64) -> f64 {
    let (word, dram_word) = (f64::from(frame.architecture.buffer_word), frame.architecture.dram_word);
    let buffer = [0, 1, 2].map(|i| &tiles[i][1].flow);
    let first = [0, 1, 2].map(|i| tiles[i][0].flow.far);
    let [reads, writes, dram] = busy(cost);
    let far = [0, 1, 2].map(|i| (buffer[i].far, words(first[i] * word, dram_word)));
    let near = [0, 1, 2].map(|i| (buffer[i].near, first[i]));
    let dram = waits(buffer, far, running - dram, [0, 1, 2]);
    let written = waits(buffer, near, running - writes, [0, 1]);
    let read = waits(buffer, near, running - reads, [2]);
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
