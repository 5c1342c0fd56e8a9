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
    Keep { from: usize, to: usize, words: usize, wakes: Vec<u32> },
    /// Notes whether a register will change at the edge.
    Decide { state: usize, next: usize, words: usize, edge: u32 },
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
                Step::Keep { from, to, words, wakes } => {
                    if replace(arena, *from, *to, *words) {
                        wakes.iter().for_each(|unit| super::wake(arena, *unit));
                    }
                }
                Step::Decide { state, next, words, edge } => {
                    if arena[*state..state + words] != arena[*next..next + words] {
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

/// Copies words; whether any changed.
fn replace(arena: &mut [u64], from: usize, to: usize, words: usize) -> bool {
    let [from, to] =
        arena.get_disjoint_mut([from..from + words, to..to + words]).expect("a place of its own");
    let mut changed = 0;
    for (to, from) in to.iter_mut().zip(from) {
        changed |= *to ^ *from;
        *to = *from;
    }
    changed != 0
}
