//! The native simulator: a module as machine code, and of that only what can give something new.
//!
//! The way there is a list of passes, each from one plain value to the next:
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
//! [`legal`] and the `check` of a schedule define what each of them may rely on; [`Native::dump`] shows the result.
//!
//! A cycle is: evaluate the blocks that are awake, in order (a block whose results change wakes those that use
//! them); then, at the clock edge, write memories and move what registers take into those that change, which wakes
//! their users. An idle part of the hardware is asleep and costs a bit to look at.

#[cfg(test)]
mod directed;
mod elaborate;
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
mod plan;
mod portable;
mod regroup;
mod schedule;
mod segments;
mod sweep;
mod words;

use std::ops::Range;
use std::sync::Arc;

use hdl::Module;
use num::Bits;

use self::lanes::Lanes;
use self::plan::{Edge, Plan, FLAGS};
use self::portable::Portable;
use self::segments::Segments;
use self::sweep::sweep;
use self::words::{bytes, ones, Id, Netlist};
use crate::flat::{Flat, Named};
use crate::simulator::{unknown, Error, InputId, OutputId, Simulator};

/// A module running as machine code.
pub struct Native {
    module: Arc<Module>,
    flat: Flat,
    plan: Plan,
    arena: Vec<u64>,
    backend: Backend,
    lanes: Lanes,
    first_input: Vec<u32>,
    first_state: Vec<u32>,
    first_memory: Vec<u32>,
    /// By word of a state of the layout: which register of the netlist it is, and which lane of it.
    state_at: Vec<(u32, u32)>,
    /// By word of a memory of the layout, likewise.
    memory_at: Vec<(u32, u32)>,
    /// Whether everything follows from inputs and state as they are now.
    is_settled: bool,
}

/// What evaluates the units of a plan.
enum Backend {
    #[cfg(feature = "jit")]
    Code(Box<jit::Code>),
    Portable(Portable),
}

impl Native {
    /// Makes `module`, which must pass [`check`](crate::check()), ready to run: machine code where this machine can
    /// have it, else the same plan interpreted.
    pub fn new(module: &Arc<Module>) -> Native {
        Native::with(module, |netlist| netlist, true)
    }

    /// Without machine code, as on machines for which none can be made.
    pub fn portable(module: &Arc<Module>) -> Native {
        Native::with(module, |netlist| netlist, false)
    }

    fn with(module: &Arc<Module>, change: impl Fn(Netlist) -> Netlist, with_code: bool) -> Native {
        crate::check(module).unwrap_or_else(|error| panic!("{error}"));
        let laid_out = elaborate::elaborate(module);
        debug_assert_eq!(laid_out.netlist.check(), Ok(()));
        let families = families::families(&laid_out);
        let netlist = change(sweep(laid_out.netlist));
        let grouped = regroup::group(&netlist, &families, laid_out.flat.instances.len());
        debug_assert_eq!(grouped.netlist.check(), Ok(()));
        let netlist = sweep(grouped.netlist);
        debug_assert_eq!(netlist.check(), Ok(()));
        let schedule = schedule::schedule(&netlist);
        debug_assert_eq!(schedule.check(&netlist), Ok(()));
        let plan = Plan::new(netlist, schedule);
        let mut arena = vec![0; plan.words];
        plan.constants.iter().for_each(|(at, value)| arena[*at] = *value);
        let segments = Segments::new(&plan);
        let backend = Backend::new(&plan, &segments, with_code);
        let mut native = Native {
            module: Arc::clone(module),
            flat: laid_out.flat,
            arena,
            lanes: Lanes::new(&plan, &segments, backend.is_compiled()),
            backend,
            first_input: laid_out.first_input,
            first_state: laid_out.first_state,
            first_memory: laid_out.first_memory,
            state_at: grouped.states,
            memory_at: grouped.memories,
            is_settled: false,
            plan,
        };
        native.wake_all();
        native
    }

    /// The blocks in order, what they compute and whom they wake, as text.
    pub fn dump(&self) -> String {
        self.plan.netlist.dump() + &self.plan.dump()
    }

    /// Whether it runs as machine code.
    pub fn is_compiled(&self) -> bool {
        self.backend.is_compiled()
    }

    /// What a register, or an entry of a memory, holds: `pe_3.accumulator`, `bank.words[17]`.
    ///
    /// # Errors
    /// Where there is no such register or entry.
    pub fn peek_path(&self, path: &str) -> Result<Bits, Error> {
        match self.flat.find(path) {
            Some(Named::State(state)) => {
                let (first, width) = (self.first_state[state] as usize, self.flat.states[state].width);
                let words = first..first + width.div_ceil(64) as usize;
                let words: Vec<u64> = words.map(|word| self.state_word(word)).collect();
                Ok(Bits::from_words(width, &words))
            }
            Some(Named::Entry { memory, entry }) => {
                let width = self.flat.memories[memory].width;
                let first = self.first_memory[memory];
                let word = |word| {
                    let (memory, lane) = self.memory_at[(first + word) as usize];
                    portable::load(&self.plan, &self.arena, (memory as usize, lane), entry as u64)
                };
                let words: Vec<u64> = (0..width.div_ceil(64)).map(word).collect();
                Ok(Bits::from_words(width, &words))
            }
            None => Err(unknown("register or memory entry", path, &self.module, self.flat.paths())),
        }
    }

    /// A word of a state of the layout.
    fn state_word(&self, word: usize) -> u64 {
        let (state, lane) = self.state_at[word];
        let (at, state) = (self.plan.state_at[state as usize], &self.plan.netlist.states[state as usize]);
        if state.lanes == 1 {
            return self.arena[at];
        }
        let byte = (lane * bytes(state.width)) as usize;
        self.arena[at + byte / 8] >> (byte % 8 * 8) & ones(state.width)
    }

    fn wake_all(&mut self) {
        (0..self.plan.units).for_each(|unit| wake(&mut self.arena, unit as u32));
    }

    /// Evaluates the blocks that are awake.
    fn settle(&mut self) {
        if !self.is_settled {
            self.run_awake(0..self.plan.first_memory / FLAGS);
            self.is_settled = true;
        }
    }

    /// Evaluates the units that are awake, by the words of their flags; from then on they sleep. A unit wakes later
    /// ones only, some of them perhaps in the same word.
    fn run_awake(&mut self, words: Range<usize>) {
        for word in words {
            while self.arena[word] != 0 {
                let unit = FLAGS * word + self.arena[word].trailing_zeros() as usize;
                self.arena[word] &= self.arena[word] - 1;
                match self.lanes.has(unit) {
                    true => {
                        let fused =
                            |segment: usize, arena: &mut [u64]| self.backend.run_fused(segment, arena);
                        self.lanes.run(unit, &mut self.arena, fused);
                    }
                    false => self.backend.run(&self.plan, unit, &mut self.arena),
                }
            }
        }
    }

    /// Moves what registers take into them, where that changes something.
    fn clock_registers(&mut self) {
        for word in 0..self.plan.edges.len().div_ceil(FLAGS) {
            let mut pending = std::mem::take(&mut self.arena[self.plan.pending + word]);
            while pending != 0 {
                let Edge { states, next, wakes } =
                    &self.plan.edges[FLAGS * word + pending.trailing_zeros() as usize];
                pending &= pending - 1;
                for (state, next) in states.clone().zip(*next..) {
                    self.arena[state] = self.arena[next];
                }
                wakes.iter().for_each(|(word, bits)| self.arena[*word] |= bits);
            }
        }
    }

    fn word(&self, id: Id) -> u64 {
        self.plan.read(&self.arena, id)
    }

    fn set_word(&mut self, input: u32, value: u64) {
        let (at, wakes) = &self.plan.inputs[input as usize];
        if self.arena[*at] != value {
            self.arena[*at] = value;
            wakes.iter().for_each(|unit| wake(&mut self.arena, *unit));
            self.is_settled = false;
        }
    }
}

fn wake(arena: &mut [u64], unit: u32) {
    arena[unit as usize / FLAGS] |= 1 << (unit as usize % FLAGS);
}

impl Backend {
    fn new(plan: &Plan, segments: &Segments, with_code: bool) -> Backend {
        #[cfg(feature = "jit")]
        if let Some(code) = with_code.then(|| jit::Code::new(plan, segments)).flatten() {
            return Backend::Code(Box::new(code));
        }
        let _ = (with_code, segments);
        Backend::Portable(Portable::new(plan))
    }

    fn is_compiled(&self) -> bool {
        !matches!(self, Backend::Portable(_))
    }

    /// Runs the machine code of a fused segment.
    fn run_fused(&self, segment: usize, arena: &mut [u64]) {
        match self {
            #[cfg(feature = "jit")]
            Backend::Code(code) => code.run_fused(segment, arena),
            Backend::Portable(_) => panic!("segment {segment} without machine code"),
        }
    }

    fn run(&mut self, plan: &Plan, unit: usize, arena: &mut [u64]) {
        match self {
            #[cfg(feature = "jit")]
            Backend::Code(code) => code.run(unit, arena),
            Backend::Portable(portable) => portable.run(plan, unit, arena),
        }
    }
}

impl Simulator for Native {
    fn module(&self) -> &Arc<Module> {
        &self.module
    }

    fn set(&mut self, input: InputId, value: u64) {
        let width = self.module.inputs()[input.0].width;
        self.set_word(self.first_input[input.0], value & ones(width.min(64)));
        for word in 1..width.div_ceil(64) {
            self.set_word(self.first_input[input.0] + word, 0);
        }
    }

    fn get(&mut self, output: OutputId) -> u64 {
        self.settle();
        self.word(self.plan.netlist.outputs[output.0][0])
    }

    fn set_bits(&mut self, input: InputId, value: &Bits) {
        assert_eq!(value.width(), self.module.inputs()[input.0].width, "a value of the input's width");
        for (word, value) in value.words().iter().enumerate() {
            self.set_word(self.first_input[input.0] + word as u32, *value);
        }
    }

    fn get_bits(&mut self, output: OutputId) -> Bits {
        self.settle();
        let words = &self.plan.netlist.outputs[output.0];
        let words: Vec<u64> = words.iter().map(|word| self.word(*word)).collect();
        Bits::from_words(self.module.outputs()[output.0].port.width, &words)
    }

    fn step(&mut self) {
        self.settle();
        // What memories take was decided before the edge, so they are written before the registers change.
        self.run_awake(self.plan.first_memory / FLAGS..self.plan.units.div_ceil(FLAGS));
        self.clock_registers();
        self.is_settled = false;
    }
}
