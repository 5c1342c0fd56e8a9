//! Evaluates values with lanes: a list of array operations for every block that has them, and for every memory.
//!
//! Operations are Rust loops over all lanes of a value, compiled for this machine's vectors ([`kernels`]): an operation
//! of 256 lanes takes some ten nanoseconds, however it was looked up. Both backends use them.

mod kernels;
mod lower;
#[cfg(test)]
mod test;

use self::kernels::{Args, Kernel};
use super::plan::Plan;

/// The blocks and memories with lanes of a plan.
pub(crate) struct Lanes {
    /// By unit; nothing where it has no lanes.
    units: Vec<Option<Vec<Step>>>,
    words: usize,
}

/// A step of a unit.
enum Step {
    /// Computes.
    Run(Kernel, Args),
    /// Moves words to where they are kept, and wakes units where that changes something.
    Keep { from: usize, to: usize, words: usize, wakes: Vec<u32> },
    /// Writes a memory, and wakes its readers.
    Write { kernel: Kernel, args: Args, wakes: Vec<u32> },
}

impl Lanes {
    /// Lowers everything that has lanes.
    pub fn new(plan: &Plan) -> Lanes {
        let blocks = plan.schedule.blocks.iter().enumerate();
        let blocks = blocks.map(|(number, block)| block.has_lanes.then(|| lower::block(plan, number)));
        let memories = plan.netlist.memories.iter().enumerate();
        let memories = memories.map(|(index, memory)| (memory.lanes > 1).then(|| lower::memory(plan, index)));
        Lanes { units: blocks.chain(memories).collect(), words: plan.words }
    }

    /// Whether a unit has lanes.
    pub fn has(&self, unit: usize) -> bool {
        self.units[unit].is_some()
    }

    /// Evaluates a unit that has lanes.
    pub fn run(&self, unit: usize, arena: &mut [u64]) {
        assert!(arena.len() == self.words, "the array of the plan");
        for step in self.units[unit].iter().flatten() {
            match step {
                Step::Run(kernel, args) => drop(kernel.run(arena, args)),
                Step::Keep { from, to, words, wakes } => {
                    if replace(arena, *from, *to, *words) {
                        wakes.iter().for_each(|unit| super::wake(arena, *unit));
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
    let [from, to] = arena.get_disjoint_mut([from..from + words, to..to + words]).expect("a place of its own");
    let mut changed = 0;
    for (to, from) in to.iter_mut().zip(from) {
        changed |= *to ^ *from;
        *to = *from;
    }
    changed != 0
}
