//! Evaluates values with lanes: a list of array operations for every segment, block or memory that has them.
//!
//! Operations are Rust loops over all lanes of a value, compiled for this machine's vectors ([`kernels`]). Machine code
//! calls those of segments that it cannot fuse.

mod kernels;
mod lower;
#[cfg(test)]
mod test;

use self::kernels::{Args, Chosen};
use super::cpu::Cpu;
use super::plan::Plan;
use super::segments::{Segment, Segments};
use super::words::{bytes, ones};

/// Array operations one after the other.
pub(crate) struct Steps {
    steps: Vec<Step>,
    /// Of the array.
    words: usize,
    /// First word of the flags that say which registers change.
    pending: usize,
}

/// A step.
enum Step {
    /// Computes.
    Run(Chosen, Args),
    /// Moves words to where they are kept, and wakes units where that changes something.
    Keep { from: usize, to: usize, extent: Extent, wakes: Vec<u32> },
    /// Notes whether a register will change at the edge.
    Decide { state: usize, next: usize, extent: Extent, edge: u32 },
    /// Writes a memory, and wakes its readers.
    Write { kernel: Chosen, args: Args, wakes: Vec<u32> },
}

impl Steps {
    /// What evaluates a segment.
    #[cfg_attr(not(feature = "jit"), allow(dead_code))] // Only machine code has segments of its own.
    pub fn of_segment(plan: &Plan, segment: &Segment, cpu: Cpu) -> Steps {
        Steps::new(plan, lower::segment(plan, segment, cpu))
    }

    /// What evaluates a block, all of its segments.
    pub fn of_block(plan: &Plan, segments: &Segments, block: usize, cpu: Cpu) -> Steps {
        let of_segment = |segment| lower::segment(plan, segment, cpu);
        Steps::new(plan, segments.of_block(block).flat_map(of_segment).collect())
    }

    /// What writes a memory.
    pub fn of_memory(plan: &Plan, memory: usize, cpu: Cpu) -> Steps {
        Steps::new(plan, lower::memory(plan, memory, cpu))
    }

    fn new(plan: &Plan, steps: Vec<Step>) -> Steps {
        Steps { steps, words: plan.words, pending: plan.pending }
    }

    /// Words of the array that it works on.
    #[cfg_attr(not(feature = "jit"), allow(dead_code))] // Only machine code has an array without a length.
    pub fn words(&self) -> usize {
        self.words
    }

    /// Does them.
    pub fn run(&self, arena: &mut [u64]) {
        assert!(arena.len() == self.words, "the array of the plan");
        for step in &self.steps {
            match step {
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
