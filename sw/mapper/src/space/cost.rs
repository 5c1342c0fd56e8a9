//! What a mapping costs: accesses of every memory, energy, and [`cycles`](super::cycles). Accesses and energy are
//! exact sums of [`flow`](super::flow)s. One evaluation takes less than a microsecond: nothing is allocated, nothing is
//! remembered from one to the next.

use super::architecture::Architecture;
use super::cycles::{cycles, Tile};
use super::flow::{Extents, Flow, Frame};
use super::layer::{Dim, Operand, DIMS};
use super::mapping::Mapping;
use crate::class::Class;
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

    /// Which operand stays, where PEs compute `macs` terms.
    pub fn class(&self, macs: f64) -> Class {
        let exchanged = Operand::ALL.map(|operand| {
            let rf = &self.rf[operand as usize];
            match operand {
                // Words that are taken up and put down for every term are the PE's own business.
                Operand::Sum => rf.writes - macs + (rf.reads - macs).max(0.0),
                _ => rf.writes,
            }
        });
        Class::of(macs, exchanged)
    }
}

/// Costs of `mapping`, which must be legal.
pub fn evaluate(architecture: &Architecture, mapping: &Mapping) -> Cost {
    let frame = Frame::new(architecture, &mapping.layer, &mapping.temporal());
    let tiles = Operand::ALL.map(|operand| tiles(&frame, mapping, operand));
    let mut cost = accesses(&frame, mapping, &tiles);
    cost.cycles = cycles(&frame, &tiles, busy(&cost));
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

/// Words through the read port and the write port of the buffer and through DRAM's: none takes two in a cycle.
pub fn busy(cost: &Cost) -> [f64; 3] {
    let sum = |accesses: &[Access; 3], what: fn(&Access) -> f64| accesses.iter().map(what).sum();
    [
        sum(&cost.buffer, |access| access.reads),
        sum(&cost.buffer, |access| access.writes),
        sum(&cost.dram, Access::all),
    ]
}
