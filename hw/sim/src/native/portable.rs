//! Evaluates units by going through their operations: for machines without machine code, and to check that with.

use super::cpu::Cpu;
use super::lanes::Steps;
use super::plan::{Edge, Part, Plan, Unit, FLAGS};
use super::segments::Segments;
use super::words::{ones, Id, Memory, Op};

/// Evaluates the units of a plan.
pub(crate) struct Portable {
    /// By value, of computed ones.
    values: Vec<u64>,
    /// By unit, of those with lanes.
    with_lanes: Vec<Option<Steps>>,
    /// Words of the units' flags that may be set at the edge.
    woken_later: Vec<usize>,
}

/// The array, with bytes where the plan says so.
struct Arena<'a>(&'a mut [u64]);

impl Arena<'_> {
    fn wake(&mut self, units: &[u32]) {
        units.iter().for_each(|unit| super::wake(self.0, *unit));
    }

    /// The word, and the bits of it, that hold a lane of a memory's entry.
    fn part(memory: &Memory, at: usize, entry: u64, lane: u32) -> (usize, u32, u64) {
        let byte = entry as usize * memory.stride() as usize + (lane * memory.bytes()) as usize;
        (at + byte / 8, byte as u32 % 8 * 8, ones(8 * memory.bytes()))
    }
}

impl Portable {
    pub fn new(plan: &Plan, segments: &Segments, cpu: Cpu) -> Portable {
        let steps = |unit: usize| match plan.unit(unit) {
            _ if !plan.has_lanes(unit) => None,
            Unit::Block(block) => Some(Steps::of_block(plan, segments, block, cpu)),
            Unit::Memory(memory) => Some(Steps::of_memory(plan, memory, cpu)),
            Unit::Nothing => None,
        };
        let with_lanes = (0..plan.units).map(steps).collect();
        let woken_later = plan.woken_later().into_iter().collect();
        Portable { values: vec![0; plan.netlist.nodes.len()], with_lanes, woken_later }
    }

    /// Evaluates the units of a part that are awake.
    pub fn evaluate(&mut self, plan: &Plan, part: Part, arena: &mut [u64]) {
        for word in plan.flags_of(part) {
            // A unit may wake others of the same word.
            while arena[word] != 0 {
                let unit = FLAGS * word + arena[word].trailing_zeros() as usize;
                arena[word] &= arena[word] - 1;
                self.run(plan, unit, arena);
            }
        }
    }

    /// Moves what registers take into them.
    pub fn clock(&self, plan: &Plan, arena: &mut [u64]) {
        for word in &self.woken_later {
            arena[*word] |= std::mem::take(&mut arena[plan.later + word]);
        }
        for word in 0..plan.edges.len().div_ceil(FLAGS) {
            let mut pending = std::mem::take(&mut arena[plan.pending + word]);
            while pending != 0 {
                let Edge { states, next, wakes } =
                    &plan.edges[FLAGS * word + pending.trailing_zeros() as usize];
                pending &= pending - 1;
                arena.copy_within(*next..*next + states.len(), states.start);
                wakes.iter().for_each(|(word, bits)| arena[*word] |= bits);
            }
        }
    }

    fn run(&mut self, plan: &Plan, unit: usize, arena: &mut [u64]) {
        if let Some(steps) = &self.with_lanes[unit] {
            return steps.run(arena);
        }
        let mut arena = Arena(arena);
        match plan.unit(unit) {
            Unit::Block(block) => self.run_block(plan, block, &mut arena),
            Unit::Memory(memory) => self.write(plan, memory, &mut arena),
            Unit::Nothing => {}
        }
    }

    fn value(&self, plan: &Plan, arena: &Arena, id: Id) -> u64 {
        match plan.netlist.nodes[id as usize].op {
            Op::Const(value) => value,
            Op::Input(_) | Op::State(_) | Op::Pick(..) => plan.read(arena.0, id),
            op if plan.is_cheap[id as usize] => {
                plan.netlist.evaluate(op, plan.netlist.width(id), |id| self.value(plan, arena, id))
            }
            _ => self.values[id as usize],
        }
    }

    fn run_block(&mut self, plan: &Plan, unit: usize, arena: &mut Arena) {
        let netlist = &plan.netlist;
        let block = &plan.schedule.blocks[unit];
        for id in &block.nodes {
            let node = &netlist.nodes[*id as usize];
            let value = match node.op {
                Op::Load { memory, lane, addr } => {
                    load(plan, arena.0, (memory as usize, lane), self.value(plan, arena, addr))
                }
                op => netlist.evaluate(op, node.width, |id| self.value(plan, arena, id)),
            };
            self.values[*id as usize] = value;
        }
        for export in &plan.exports[unit] {
            let mut changed = 0;
            for id in &export.values {
                let place = &mut arena.0[plan.place[*id as usize] as usize / 8];
                changed |= std::mem::replace(place, self.values[*id as usize]) ^ *place;
            }
            if changed != 0 {
                arena.wake(&export.wakes);
            }
        }
        // Only then are they written: each may be what another takes.
        let taken: Vec<u64> =
            block.states.iter().map(|state| self.taken(plan, *state as usize, arena)).collect();
        for (index, taken) in block.states.iter().map(|state| *state as usize).zip(taken) {
            let held = arena.0[plan.state_at[index]];
            arena.0[plan.next_at[index]] = taken;
            if taken != held && !plan.is_in_place[index] {
                super::wake(&mut arena.0[plan.pending..], plan.edge_of[index]);
            } else if taken != held {
                let wakes = &plan.written[unit][plan.written_of(unit, index)].wakes;
                wakes.iter().for_each(|unit| super::wake(&mut arena.0[plan.later..], *unit));
            }
        }
    }

    fn taken(&self, plan: &Plan, index: usize, arena: &Arena) -> u64 {
        let state = &plan.netlist.states[index];
        let is_set = |id: Id| self.value(plan, arena, id) == 1;
        match (state.reset, state.enable) {
            (Some((reset, value)), _) if is_set(reset) => value,
            (_, Some(enable)) if !is_set(enable) => arena.0[plan.state_at[index]],
            _ => self.value(plan, arena, state.next),
        }
    }

    fn write(&self, plan: &Plan, index: usize, arena: &mut Arena) {
        let memory = &plan.netlist.memories[index];
        for write in &memory.writes {
            let addr = self.value(plan, arena, write.addr);
            if self.value(plan, arena, write.enable) == 0 || addr >= u64::from(memory.depth) {
                continue;
            }
            arena.wake(&plan.readers[index]);
            let mask = write.mask.map_or(u64::MAX, |mask| self.value(plan, arena, mask));
            let data = self.value(plan, arena, write.data);
            let (at, shift, bits) = Arena::part(memory, plan.memory_at[index], addr, 0);
            let kept = arena.0[at] & !((mask & bits) << shift);
            arena.0[at] = kept | (data & mask & bits) << shift;
        }
    }
}

/// A lane of a memory's entry; 0 beyond the end.
pub(crate) fn load(plan: &Plan, arena: &[u64], (index, lane): (usize, u32), addr: u64) -> u64 {
    let memory = &plan.netlist.memories[index];
    let entry = addr.min(u64::from(memory.depth));
    let (at, shift, bits) = Arena::part(memory, plan.memory_at[index], entry, lane);
    arena[at] >> shift & bits
}

/// Writes a lane of a memory's entry.
pub(crate) fn store(plan: &Plan, arena: &mut [u64], (index, lane): (usize, u32), entry: u64, word: u64) {
    let memory = &plan.netlist.memories[index];
    let (at, shift, bits) = Arena::part(memory, plan.memory_at[index], entry, lane);
    arena[at] = arena[at] & !(bits << shift) | (word & bits) << shift;
}
