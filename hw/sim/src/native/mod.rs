//! The native simulator: a module as machine code, and of that only what can give something new.
//!
//! The way there is a list of passes: [`elaborate`] lays the hierarchy out in words of at most 64 bits, folding
//! constants and sharing what is equal; [`schedule`] orders what is alive and cuts it into blocks; [`plan`] gives
//! everything a place and says whom a change wakes; [`jit`] makes machine code of the blocks, and [`portable`]
//! stands in for it where there is none. Each product has a `check` or a `dump`, or both.
//!
//! A cycle is: evaluate the blocks that are awake, in order (a block whose results change wakes those that use
//! them); then, at the clock edge, write memories and move what registers take into the registers, which wakes
//! their users. An idle part of the hardware is asleep and costs a byte to look at.

mod elaborate;
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
mod sweep;
mod words;

use std::ops::Range;
use std::sync::Arc;

use hdl::Module;
use num::Bits;

use self::plan::{Edge, Plan};
use self::portable::Portable;
use self::lanes::Lanes;
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
    /// By word of a state of the layout: which register of the netlist it is, and which lane of it.
    state_at: Vec<(u32, u32)>,
    /// By memory of the layout, likewise.
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
    /// Makes `module`, which must pass [`check`](crate::check()), ready to run: machine code where this machine can have it, else the same plan interpreted.
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
        let netlist = change(sweep(laid_out.netlist));
        let families = group::families(&laid_out.flat, &laid_out.first_state, netlist.states.len());
        let grouped = regroup::group(&netlist, &families, laid_out.flat.instances.len());
        debug_assert_eq!(grouped.netlist.check(), Ok(()));
        let netlist = sweep(grouped.netlist);
        debug_assert_eq!(netlist.check(), Ok(()));
        let schedule = schedule::schedule(&netlist);
        debug_assert_eq!(schedule.check(&netlist), Ok(()));
        let plan = Plan::new(netlist, schedule);
        let mut arena = vec![0; plan.words];
        plan.constants.iter().for_each(|(at, value)| arena[*at] = *value);
        let mut native = Native {
            module: Arc::clone(module),
            flat: laid_out.flat,
            arena,
            backend: Backend::new(&plan, with_code),
            lanes: Lanes::new(&plan),
            first_input: laid_out.first_input,
            first_state: laid_out.first_state,
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
        !matches!(self.backend, Backend::Portable(_))
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
                let (memory, lane) = self.memory_at[memory];
                let memory = (memory as usize, lane);
                let word = |word| portable::load(&self.plan, &self.arena, memory, word, entry as u64);
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
        if self.is_settled {
            return;
        }
        let blocks = self.plan.schedule.blocks.len();
        for word in 0..blocks.div_ceil(8) {
            // A block wakes later ones only, some of them perhaps in this word.
            while let Some(unit) = self.take_awake(word, 0..blocks) {
                self.arena[self.plan.pending + word] |= 1 << (unit % 8 * 8);
                self.run(unit);
            }
        }
        self.is_settled = true;
    }

    fn run(&mut self, unit: usize) {
        match self.lanes.has(unit) {
            true => self.lanes.run(unit, &mut self.arena),
            false => self.backend.run(&self.plan, unit, &mut self.arena),
        }
    }

    /// Writes the memories whose ports are awake. What they write was decided before the edge, so this comes
    /// before the registers change.
    fn write_memories(&mut self) {
        let memories = self.plan.schedule.blocks.len()..self.plan.units;
        for word in memories.start / 8..memories.end.div_ceil(8) {
            while let Some(unit) = self.take_awake(word, memories.clone()) {
                self.run(unit);
            }
        }
    }

    /// The first unit of a range that is awake by this word of flags; from now on it sleeps.
    fn take_awake(&mut self, word: usize, units: Range<usize>) -> Option<usize> {
        let flags = self.arena[word];
        if flags == 0 {
            return None;
        }
        let before = units.start.saturating_sub(8 * word);
        let first = (flags >> (8 * before) << (8 * before)).trailing_zeros() as usize / 8;
        let unit = 8 * word + first;
        if first == 8 || unit >= units.end {
            return None;
        }
        self.arena[word] = flags & !(0xff << (8 * first));
        Some(unit)
    }

    /// Moves what the registers of evaluated blocks take into them.
    fn clock_registers(&mut self) {
        for word in 0..self.plan.schedule.blocks.len().div_ceil(8) {
            let mut pending = std::mem::take(&mut self.arena[self.plan.pending + word]);
            while pending != 0 {
                let place = pending.trailing_zeros();
                pending &= !(0xff << (place / 8 * 8));
                for edge in &self.plan.edges[8 * word + place as usize / 8] {
                    clock(&mut self.arena, edge);
                }
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
    arena[unit as usize / 8] |= 1 << (unit % 8 * 8);
}

fn clock(arena: &mut [u64], edge: &Edge) {
    let length = edge.states.len();
    let (states, next) =
        arena[edge.states.start..edge.next + length].split_at_mut(edge.next - edge.states.start);
    let mut changed = 0;
    for (state, next) in states[..length].iter_mut().zip(next) {
        changed |= *state ^ *next;
        *state = *next;
    }
    if changed != 0 {
        edge.wakes.iter().for_each(|unit| wake(arena, *unit));
    }
}

impl Backend {
    fn new(plan: &Plan, with_code: bool) -> Backend {
        #[cfg(feature = "jit")]
        if let Some(code) = with_code.then(|| jit::Code::new(plan)).flatten() {
            return Backend::Code(Box::new(code));
        }
        let _ = with_code;
        Backend::Portable(Portable::new(plan))
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
        self.write_memories();
        self.clock_registers();
        self.is_settled = false;
    }
}
