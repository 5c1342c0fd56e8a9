//! What the parts of a layer move between DRAM and buffer, and about how long they take with that: what parts are chosen by,
//! where the event model would take too long.

use crate::events::LATENCY;
use crate::layout::{elements, Axes};
use crate::mapping::Mapping;
use crate::tiling::{Capacity, Footprint};
use crate::unroll::Fill;
use crate::work::Dim;
use spec::accelerator::{Accelerator, Chunk};
use spec::isa::table::SUM_BYTES;

/// Cycles that a part takes beside its steps, about: descriptors, first tiles, the last results.
const PART: u64 = 100;
/// Cycles from a read request to its first beat, about: the memory's, and the way there and back.
const FIRST_BEAT: u32 = LATENCY + 5;

/// What DRAM gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dram {
    /// Bytes a cycle.
    bytes: u64,
    /// Cycles that neighbouring bytes take at least, as only so many requests may be open.
    burst: u64,
}

impl Dram {
    /// That of an accelerator.
    pub fn of(accelerator: &Accelerator) -> Dram {
        let burst = FIRST_BEAT.div_ceil(accelerator.outstanding_reads.max(1)).into();
        Dram { bytes: accelerator.axi_bytes().into(), burst }
    }

    /// Cycles of `moved` bytes, of which so many are neighbours.
    fn cycles(&self, moved: u64, neighbours: u64) -> u64 {
        moved.div_ceil(neighbours.max(1)) * neighbours.div_ceil(self.bytes).max(self.burst)
    }
}

/// What is moved for a layer, in cycles of DRAM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transfers {
    /// Read while a part before is computed.
    reads: u64,
    /// Written while a part after it is.
    writes: u64,
    /// Moved while no part is computed.
    waited: u64,
    /// All bytes but those of parameters.
    pub bytes: u64,
    /// Those of them that are moved again, which other cuts may do without.
    pub again: u64,
}

/// About how many cycles all parts compute, of which the last ones take as long as the others: their steps, or the beats of
/// weights, each of which serves no more outputs of a PE than it has sums; and what each part takes beside.
pub fn computing(mapping: &Mapping, chunk: &Chunk) -> u64 {
    let rounds = |dim: &Dim| u64::from(mapping.tile[*dim].div_ceil(mapping.unroll.size(*dim)));
    let (of_weights, of_maps): (Vec<Dim>, Vec<Dim>) = Dim::ALL.iter().partition(|dim| dim.moves_weight());
    let [weights, maps] = [of_weights, of_maps].map(|dims| dims.iter().map(rounds).product::<u64>());
    let beats = weights * mapping.entry_beats(Fill::Weights) * maps.div_ceil(chunk.psum_rf.into());
    mapping.parts() * (PART + beats.max(weights * maps))
}

/// An operand of a part: bytes that are in the buffer at once, of which so many are neighbours in DRAM, and the room for it.
struct Held {
    bytes: u64,
    neighbours: u64,
    room: u32,
}

impl Transfers {
    /// Those of a layer.
    pub fn of(print: &Footprint, mapping: &Mapping, capacity: &Capacity, dram: Dram) -> Transfers {
        let mut all = Transfers::default();
        let held = mapping.held_inputs();
        let inputs = Held {
            bytes: elements(&held),
            neighbours: neighbours(&held, &print.work.inputs()),
            room: capacity.inputs,
        };
        let brought = inputs.bytes * changes(mapping, mapping.x.buffer, |_| true, |dim| dim != Dim::K);
        all.add(dram, &inputs, brought, elements(&print.work.inputs()), |all| &mut all.reads);
        let part = print.weights(&mapping.tile);
        let weights = Held {
            bytes: part * u64::from(mapping.held_weights()),
            neighbours: part,
            room: capacity.weights,
        };
        let once = print.weights(&print.work.size);
        all.add(dram, &weights, once * again(mapping), once, |all| &mut all.reads);
        let held = mapping.held_outputs();
        let neighbours = neighbours(&held, &print.work.outputs());
        let results = Held { bytes: mapping.result_bytes(&held), neighbours, room: capacity.outputs };
        let outputs = elements(&print.work.outputs());
        all.add(dram, &results, outputs, outputs, |all| &mut all.writes);
        if print.work.residual {
            let residuals = Held { bytes: elements(&held), neighbours, room: capacity.residuals };
            all.add(dram, &residuals, outputs, outputs, |all| &mut all.reads);
        }
        let is_output = |dim: Dim| !dim.is_reduction();
        let left = changes(mapping, mapping.a.buffer, |_| true, is_output);
        let finished = changes(mapping, mapping.a.buffer, is_output, is_output);
        let sums = elements(&held) * u64::from(SUM_BYTES);
        let spilled = Held { neighbours: sums, ..results };
        all.add(dram, &spilled, sums * (left - finished), 0, |all| &mut all.reads);
        all.add(dram, &spilled, sums * (left - finished), 0, |all| &mut all.writes);
        all
    }

    /// Adds `moved` bytes of an operand, of which `once` could not be done without.
    fn add(
        &mut self,
        dram: Dram,
        held: &Held,
        moved: u64,
        once: u64,
        hidden: fn(&mut Transfers) -> &mut u64,
    ) {
        if held.room == u32::MAX {
            return;
        }
        let is_hidden = moved <= held.bytes || 2 * held.bytes <= u64::from(held.room);
        let cycles = dram.cycles(moved, held.neighbours);
        *(if is_hidden { hidden(self) } else { &mut self.waited }) += cycles;
        self.bytes += moved;
        self.again += moved.saturating_sub(once);
    }

    /// About how many cycles all parts take that compute for so many.
    pub fn cycles(&self, computing: u64) -> u64 {
        computing.max(self.reads).max(self.writes) + self.waited
    }
}

/// Elements of a box that are neighbours in its tensor.
fn neighbours(size: &Axes, tensor: &Axes) -> u64 {
    let whole = size.iter().zip(tensor).take_while(|(size, whole)| size == whole).count();
    size.iter().take(whole + 1).map(|size| u64::from(*size)).product()
}

/// Bytes of inputs and weights that are loaded for a layer.
pub fn loaded(print: &Footprint, mapping: &Mapping) -> u64 {
    let changes = changes(mapping, mapping.x.buffer, |_| true, |dim| dim != Dim::K);
    let inputs = elements(&mapping.held_inputs()) * changes;
    inputs + print.weights(&print.work.size) * again(mapping)
}

/// How often all weights are loaded.
fn again(mapping: &Mapping) -> u64 {
    changes(mapping, mapping.w.buffer, |dim| !dim.moves_weight(), Dim::moves_weight)
}

/// Iterations of the outer loops over `counted` dimensions from the first one at `level` or above that `moves` what the
/// buffer holds of an operand.
fn changes(mapping: &Mapping, level: usize, counted: fn(Dim) -> bool, moves: fn(Dim) -> bool) -> u64 {
    let outside = mapping.outer.iter().skip(level).skip_while(|l| !moves(l.dim));
    outside.filter(|l| counted(l.dim)).map(|l| u64::from(l.bound)).product()
}
