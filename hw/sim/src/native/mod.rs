//! The native simulator: a module as machine code, and of that only what can give something new.
//!
//! The way there is the list of passes of [`pipeline`], each from one plain value to the next:
//!
//! 1. [`elaborate`] lays the hierarchy out in words of at most 64 bits ([`legalise`]), folding constants and sharing
//!    what is equal ([`fold`]); [`sweep`] drops what nothing depends on.
//! 2. [`families`] finds equal instances side by side, [`group`] which of their values correspond, and [`regroup`]
//!    makes each of those one value with lanes; what is equal in all instances is computed once.
//! 3. [`schedule`] puts values in order and cuts them into blocks; [`plan`] gives everything a place and says whom a
//!    change wakes; [`segments`] says what of the lanes machine code can fuse.
//! 4. [`jit`] makes machine code, of single values and of vectors. Where there is none, [`portable`] and [`lanes`]
//!    stand in for it; `lanes` also does what vectors cannot.
//!
//! [`legal`] and the `check` of schedule, plan and segments define what each of them may rely on; [`dump_after`] shows what one made.
//!
//! A cycle is: evaluate the blocks that are awake, in order (a block whose results change wakes those that use them): first
//! those that outputs depend on, perhaps several times while inputs change, then, once, all others, which write most
//! registers in place; then, at the clock edge, write memories and move what the other registers take into those that
//! change. Whoever uses what changed is awake in the next cycle. An idle part of the hardware is asleep and costs a bit to
//! look at.

mod backend;
mod cheap;
mod cpu;
#[cfg(test)]
mod directed;
mod elaborate;
#[cfg(test)]
mod fallbacks;
mod families;
#[cfg(test)]
mod faults;
mod fold;
#[cfg(test)]
mod fuzz;
mod group;
#[cfg(feature = "jit")]
mod jit;
mod lanes;
mod legal;
mod legalise;
mod pipeline;
mod plan;
mod portable;
mod regroup;
mod schedule;
mod segments;
mod sweep;
mod watch;
mod words;

use std::sync::Arc;

use hdl::Module;
use num::Bits;

pub use self::pipeline::{dump_after, Pass};

use self::backend::Backend;
use self::cpu::Cpu;
use self::pipeline::{lower, Lowered};
use self::plan::{Part, FLAGS};
use self::watch::Taps;
use self::words::{bytes, ones, Id};
use crate::flat::Named;
use crate::interpreter::shape;
use crate::simulator::{unknown, Error, InputId, Inside, OutputId, Simulator};

/// A module running as machine code.
pub struct Native {
    module: Arc<Module>,
    lowered: Lowered,
    arena: Vec<u64>,
    backend: Backend,
    /// What is watched; nothing, mostly.
    taps: Taps,
    /// Whether everything follows from inputs and state as they are now.
    is_settled: bool,
}

impl Native {
    /// Makes `module`, which must pass [`check`](crate::check()), ready to run: machine code where this machine can
    /// have it, else the same plan interpreted.
    pub fn new(module: &Arc<Module>) -> Native {
        Native::with(module, Cpu::host())
    }

    /// Without machine code, as on machines for which none can be made.
    pub fn portable(module: &Arc<Module>) -> Native {
        Native::with(module, Cpu::without_code())
    }

    fn with(module: &Arc<Module>, cpu: Cpu) -> Native {
        Native::start(module, lower(module, None, |_, _| {}), cpu)
    }

    fn start(module: &Arc<Module>, lowered: Lowered, cpu: Cpu) -> Native {
        let Lowered { plan, segments, .. } = &lowered;
        let mut arena = vec![0; plan.words];
        plan.constants.iter().for_each(|(at, value)| arena[*at] = *value);
        let mut native = Native {
            module: Arc::clone(module),
            arena,
            backend: Backend::new(plan, segments, cpu),
            taps: Taps::default(),
            is_settled: false,
            lowered,
        };
        native.wake_all();
        native
    }

    /// Whether it runs as machine code.
    pub fn is_compiled(&self) -> bool {
        self.backend.is_compiled()
    }

    /// A word of a state of the layout.
    fn state_word(&self, word: usize) -> u64 {
        let (state, lane) = self.lowered.state_at[word];
        let (at, state) =
            (self.lowered.plan.state_at[state as usize], &self.lowered.plan.netlist.states[state as usize]);
        if state.lanes == 1 {
            return self.arena[at];
        }
        let byte = (lane * bytes(state.width)) as usize;
        self.arena[at + byte / 8] >> (byte % 8 * 8) & ones(state.width)
    }

    fn wake_all(&mut self) {
        (0..self.lowered.plan.units).for_each(|unit| wake(&mut self.arena, unit as u32));
    }

    /// Evaluates the blocks that are awake.
    fn settle(&mut self) {
        if !self.is_settled {
            self.backend.evaluate(&self.lowered.plan, Part::Shown, &mut self.arena);
            self.is_settled = true;
        }
    }

    /// Decides everything up to the clock edge, memories included: what they take was decided before it, so they are
    /// written before the registers change.
    fn decide(&mut self) {
        self.settle();
        self.backend.evaluate(&self.lowered.plan, Part::Hidden, &mut self.arena);
        self.backend.evaluate(&self.lowered.plan, Part::Memories, &mut self.arena);
    }

    fn clock(&mut self) {
        self.is_settled = false;
        self.backend.clock(&self.lowered.plan, &mut self.arena);
    }

    fn word(&self, id: Id) -> u64 {
        self.lowered.plan.read(&self.arena, id)
    }

    fn set_word(&mut self, input: u32, value: u64) {
        let (at, wakes) = &self.lowered.plan.inputs[input as usize];
        if self.arena[*at] != value {
            self.arena[*at] = value;
            wakes.iter().for_each(|(word, bits)| self.arena[*word] |= bits);
            self.is_settled = false;
        }
    }
}

fn wake(arena: &mut [u64], unit: u32) {
    arena[unit as usize / FLAGS] |= 1 << (unit as usize % FLAGS);
}

impl Simulator for Native {
    fn module(&self) -> &Arc<Module> {
        &self.module
    }

    fn set(&mut self, input: InputId, value: u64) {
        let width = self.module.inputs()[input.0].width;
        self.set_word(self.lowered.first_input[input.0], value & ones(width.min(64)));
        for word in 1..width.div_ceil(64) {
            self.set_word(self.lowered.first_input[input.0] + word, 0);
        }
    }

    fn get(&mut self, output: OutputId) -> u64 {
        self.settle();
        self.word(self.lowered.plan.netlist.outputs[output.0][0])
    }

    fn set_bits(&mut self, input: InputId, value: &Bits) {
        assert_eq!(value.width(), self.module.inputs()[input.0].width, "a value of the input's width");
        for (word, value) in value.words().iter().enumerate() {
            self.set_word(self.lowered.first_input[input.0] + word as u32, *value);
        }
    }

    fn get_bits(&mut self, output: OutputId) -> Bits {
        self.settle();
        let words = &self.lowered.plan.netlist.outputs[output.0];
        let words: Vec<u64> = words.iter().map(|word| self.word(*word)).collect();
        Bits::from_words(self.module.outputs()[output.0].port.width, &words)
    }

    fn step(&mut self, cycles: u64) {
        for _ in 0..cycles {
            self.decide();
            self.clock();
        }
    }
}

impl Inside for Native {
    fn peek_path(&self, path: &str) -> Result<Bits, Error> {
        let Lowered { flat, plan, first_state, .. } = &self.lowered;
        match flat.find(path) {
            Some(Named::State(state)) => {
                let (first, width) = (first_state[state] as usize, flat.states[state].width);
                let words = first..first + width.div_ceil(64) as usize;
                let words: Vec<u64> = words.map(|word| self.state_word(word)).collect();
                Ok(Bits::from_words(width, &words))
            }
            Some(Named::Entry { memory, entry }) => {
                let word = |place| portable::load(plan, &self.arena, place, entry as u64);
                let words: Vec<u64> = self.lowered.memory_words(memory).map(word).collect();
                Ok(Bits::from_words(flat.memories[memory].width, &words))
            }
            None => Err(unknown("register or memory entry", path, &self.module, flat.paths())),
        }
    }

    fn poke_entry(&mut self, path: &str, value: &Bits) -> Result<(), Error> {
        let Lowered { flat, plan, .. } = &self.lowered;
        let Some(Named::Entry { memory, entry }) = flat.find(path) else {
            return Err(unknown("memory entry", path, &self.module, flat.memory_paths()));
        };
        assert_eq!(value.width(), flat.memories[memory].width, "a value of the memory's width");
        for (place, word) in self.lowered.memory_words(memory).zip(value.words()) {
            portable::store(plan, &mut self.arena, place, entry as u64, *word);
        }
        self.wake_all();
        self.is_settled = false;
        Ok(())
    }

    fn memory_shape(&self, path: &str) -> Result<(u32, u32), Error> {
        shape(&self.lowered.flat, path, &self.module)
    }
}
