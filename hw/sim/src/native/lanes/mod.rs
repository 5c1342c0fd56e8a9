//! Evaluates values with lanes: a list of array operations for every block that has them, and for every memory.
//!
//! Operations are Rust loops over all lanes of a value, compiled for this machine's vectors ([`kernels`]). Where there is
//! machine code for a fused segment, that runs in their place.

mod kernels;
mod lower;
#[cfg(test)]
mod test;

use self::kernels::{Args, Chosen};
use super::cpu::Cpu;
use super::plan::Plan;
use super::segments::{Segment, Segments};
use super::words::{bytes, ones};

/// The blocks and memories with lanes of a plan.
pub(crate) struct Lanes {
    /// By unit; nothing where it has no lanes, or machine code has them all.
    units: Vec<Option<Vec<Step>>>,
    words: usize,
    /// First word of the bytes that say which registers change.
    pending: usize,
}

/// A step of a unit.
enum Step {
    /// Runs the machine code of a segment.
    Fused(usize),
    /// Computes.
    Run(Chosen, Args),
    /// Moves words to where they are kept, and wakes units where that changes something.
    Keep { from: usize, to: usize, extent: Extent, wakes: Vec<u32> },
    /// Notes whether a register will change at the edge.
    Decide { state: usize, next: usize, extent: Extent, edge: u32 },
    /// Writes a memory, and wakes its readers.
    Write { kernel: Chosen, args: Args, wakes: Vec<u32> },
}

impl Lanes {
    /// Lowers everything that has lanes. Of fused segments only the numbers are noted if there is machine code.
    pub fn new(plan: &Plan, segments: &Segments, with_code: bool, cpu: Cpu) -> Lanes {
        let mut units: Vec<Option<Vec<Step>>> = plan.schedule.blocks.iter().map(|_| None).collect();
        // What machine code has as a whole needs no steps.
        let is_here = |segment: &Segment| !(with_code && segments.is_whole(segment.block));
        for (number, segment) in segments.all.iter().enumerate().filter(|(_, segment)| is_here(segment)) {
            let steps = match segment.is_fused && with_code {
                true => vec![Step::Fused(number)],
                false => lower::segment(plan, segment, cpu),
            };
            units[segment.block].get_or_insert_default().extend(steps);
        }
        units.resize_with(plan.first_memory, || None);
        let memories = plan.netlist.memories.iter().enumerate();
        units.extend(
            memories.map(|(index, memory)| (memory.lanes > 1).then(|| lower::memory(plan, index, cpu))),
        );
        Lanes { units, words: plan.words, pending: plan.pending }
    }

    /// Whether a unit is evaluated here.
    pub fn has(&self, unit: usize) -> bool {
        self.units[unit].is_some()
    }

    /// Evaluates a unit that has lanes; `fused` runs the machine code of a segment.
    pub fn run(&self, unit: usize, arena: &mut [u64], fused: impl Fn(usize, &mut [u64])) {
        assert!(arena.len() == self.words, "the array of the plan");
        for step in self.units[unit].iter().flatten() {
            match step {
                Step::Fused(segment) => fused(*segment, arena),
                Step::Run(kernel, args) => drop(kernel.run(arena, args)),
                Step::Keep { from, to, extent, wakes } => {
                    if replace(arena, *from, *to, *extent) {
                        wakes.iter().for_each(|unit| super::wake(arena, *unit));
                    }
                }
                Step::Decide { state, next, extent, edge } => {
                    if extent.differs(&arena[*state..], &arena[*next..]) {
                        super::wake(&mut arena[self.pending..], *edge);
                    }
                }
                Step::Write { kernel, args, wakes } => {
                    if kernel.run(arena, args) {
                        wakes.iter().for_each(|unit| super::wake(arena, *unit));
                    }
                }
            }
        }
    }
}

/// The words that lanes take, and the bits of the last one that belong to any: what lies behind the last lane may be
/// anything, and must not wake anybody.
#[derive(Clone, Copy)]
struct Extent {
    words: usize,
    last: u64,
}

impl Extent {
    fn of(width: u32, lanes: u32) -> Extent {
        let bits = 8 * bytes(width) * lanes;
        Extent { words: bits.div_ceil(64) as usize, last: ones(bits - (bits - 1) / 64 * 64) }
    }

    /// Whether any lane differs.
    fn differs(self, a: &[u64], b: &[u64]) -> bool {
        let last = self.words - 1;
        a[..last] != b[..last] || (a[last] ^ b[last]) & self.last != 0
    }
}

/// Copies lanes; whether any changed.
fn replace(arena: &mut [u64], from: usize, to: usize, extent: Extent) -> bool {
    let words = extent.words;
    let [from, to] =
        arena.get_disjoint_mut([from..from + words, to..to + words]).expect("a place of its own");
    let differs = extent.differs(from, to);
    if differs {
        to.copy_from_slice(from);
    }
    differs
}
