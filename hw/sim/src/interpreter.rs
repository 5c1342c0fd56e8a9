//! The reference interpreter: evaluates every value in every cycle, with the same arithmetic that the reference
//! of the neural networks uses. Two states, everything starts at 0.

mod watch;

use std::sync::Arc;

use hdl::{meaning, Module};
use num::Bits;

use crate::flat::{Flat, Named, Next, Slot, Source};
use crate::simulator::{unknown, Error, InputId, Inside, OutputId, Simulator};

/// A module being interpreted.
pub struct Interpreter {
    module: Arc<Module>,
    flat: Flat,
    inputs: Vec<Bits>,
    values: Vec<Bits>,
    states: Vec<Bits>,
    memories: Vec<Vec<Bits>>,
    /// Whether `values` follow from inputs and state as they are now.
    is_settled: bool,
    watching: watch::Watching,
}

impl Interpreter {
    /// Starts `module`, which must pass [`check`](crate::check()).
    pub fn new(module: &Arc<Module>) -> Interpreter {
        crate::check(module).unwrap_or_else(|error| panic!("{error}"));
        Interpreter::of(module, Flat::new(module))
    }

    /// Starts a module that has been laid out.
    pub(crate) fn of(module: &Arc<Module>, flat: Flat) -> Interpreter {
        let memory = |memory: &crate::flat::Memory| vec![Bits::zero(memory.width); memory.depth as usize];
        Interpreter {
            module: Arc::clone(module),
            inputs: module.inputs().iter().map(|port| Bits::zero(port.width)).collect(),
            values: vec![Bits::zero(1); flat.sources.len()],
            states: flat.states.iter().map(|state| Bits::zero(state.width)).collect(),
            memories: flat.memories.iter().map(memory).collect(),
            is_settled: false,
            watching: watch::Watching::default(),
            flat,
        }
    }

    fn settle(&mut self) {
        if self.is_settled {
            return;
        }
        for slot in &self.flat.order {
            self.values[*slot] = self.evaluate(*slot);
        }
        self.is_settled = true;
    }

    fn evaluate(&self, slot: Slot) -> Bits {
        match &self.flat.sources[slot] {
            Source::Input(port) => self.inputs[*port].clone(),
            Source::State(state) => self.states[*state].clone(),
            Source::Same(of) => self.values[*of].clone(),
            Source::Entry { memory, addr } => self.entry(*memory, *addr),
            Source::Computed { module, node, operands } => {
                let node = module.node(*node);
                let operands: Vec<&Bits> = operands.iter().map(|operand| &self.values[*operand]).collect();
                meaning(&node.op, node.width, &operands)
            }
        }
    }

    fn entry(&self, memory: usize, addr: Slot) -> Bits {
        let entry = self.memories[memory].get(self.values[addr].to_u64() as usize);
        entry.cloned().unwrap_or_else(|| Bits::zero(self.flat.memories[memory].width))
    }

    fn is_set(&self, slot: Slot) -> bool {
        self.values[slot].bit(0)
    }

    /// What a state holds after the clock edge.
    fn next_state(&self, index: usize) -> Bits {
        let state = &self.flat.states[index];
        match (&state.reset, state.enable) {
            (Some((reset, value)), _) if self.is_set(*reset) => value.clone(),
            (_, Some(enable)) if !self.is_set(enable) => self.states[index].clone(),
            _ => match state.next {
                Next::Value(slot) => self.values[slot].clone(),
                Next::Entry { memory, addr } => self.entry(memory, addr),
            },
        }
    }

    fn write_memories(&mut self) {
        for (memory, entries) in self.flat.memories.iter().zip(&mut self.memories) {
            for write in memory.writes.iter().filter(|write| self.values[write.enable].bit(0)) {
                let Some(entry) = entries.get_mut(self.values[write.addr].to_u64() as usize) else {
                    continue;
                };
                let data = &self.values[write.data];
                let written = match write.mask {
                    None => Bits::ones(memory.width),
                    Some((mask, granule)) => lanes(&self.values[mask], granule),
                };
                *entry = entry.and(&written.not()).or(&data.and(&written));
            }
        }
    }
}

/// Every bit of a mask repeated `granule` times.
fn lanes(mask: &Bits, granule: u32) -> Bits {
    let width = mask.width() * granule;
    let lane = Bits::ones(granule).zext(width);
    let chosen = (0..mask.width()).filter(|bit| mask.bit(*bit));
    chosen.fold(Bits::zero(width), |all, bit| all.or(&lane.shl(bit * granule)))
}

impl Simulator for Interpreter {
    fn module(&self) -> &Arc<Module> {
        &self.module
    }

    fn set(&mut self, input: InputId, value: u64) {
        let width = self.module.inputs()[input.0].width;
        self.set_bits(input, &Bits::from_u64(width, value));
    }

    fn get(&mut self, output: OutputId) -> u64 {
        self.settle();
        self.values[self.flat.outputs[output.0]].to_u64()
    }

    fn set_bits(&mut self, input: InputId, value: &Bits) {
        assert_eq!(value.width(), self.inputs[input.0].width(), "a value of the input's width");
        if self.inputs[input.0] != *value {
            self.inputs[input.0] = value.clone();
            self.is_settled = false;
        }
    }

    fn get_bits(&mut self, output: OutputId) -> Bits {
        self.settle();
        self.values[self.flat.outputs[output.0]].clone()
    }

    fn step(&mut self, cycles: u64) {
        for _ in 0..cycles {
            self.settle();
            // Registers look at memories as they were before this cycle's writes.
            let next = (0..self.states.len()).map(|index| self.next_state(index)).collect();
            self.write_memories();
            self.states = next;
            self.is_settled = false;
        }
    }
}

impl Inside for Interpreter {
    fn peek_path(&self, path: &str) -> Result<Bits, Error> {
        match self.flat.find(path) {
            Some(Named::State(state)) => Ok(self.states[state].clone()),
            Some(Named::Entry { memory, entry }) => Ok(self.memories[memory][entry].clone()),
            None => Err(unknown("register or memory entry", path, &self.module, self.flat.paths())),
        }
    }

    fn poke_entry(&mut self, path: &str, value: &Bits) -> Result<(), Error> {
        let Some(Named::Entry { memory, entry }) = self.flat.find(path) else {
            return Err(unknown("memory entry", path, &self.module, self.flat.memory_paths()));
        };
        assert_eq!(value.width(), self.flat.memories[memory].width, "a value of the memory's width");
        self.memories[memory][entry] = value.clone();
        self.is_settled = false;
        Ok(())
    }

    fn memory_shape(&self, path: &str) -> Result<(u32, u32), Error> {
        shape(&self.flat, path, &self.module)
    }
}

/// Width and depth of a memory of the layout.
pub(crate) fn shape(flat: &Flat, path: &str, module: &Module) -> Result<(u32, u32), Error> {
    let memory = flat.find_memory(path).map(|memory| (memory.width, memory.depth));
    memory.ok_or_else(|| unknown("memory", path, module, flat.memory_paths()))
}
