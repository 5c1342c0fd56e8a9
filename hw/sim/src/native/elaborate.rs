//! From a module to a netlist of words: every instance laid out, every value made by the folder.

use std::sync::Arc;

use hdl::Module;

use super::fold::Folder;
use super::legalise::{word_width, Words};
use super::words::{Memory, Netlist, Op, State, Write};
use crate::flat::{Flat, Next, Slot, Source};

/// The netlist, and where it keeps what has a name.
pub(crate) struct Elaborated {
    pub netlist: Netlist,
    /// The first word of every input.
    pub first_input: Vec<u32>,
    /// The first word of every state of the layout.
    pub first_state: Vec<u32>,
    /// The first word of every memory of the layout.
    pub first_memory: Vec<u32>,
    pub flat: Flat,
}

/// Turns the layout of `top` into words.
pub(crate) fn elaborate(top: &Arc<Module>, flat: Flat) -> Elaborated {
    let mut folder = Folder::default();
    let first_input = starts(top.inputs().iter().map(|port| port.width), &mut folder.netlist.inputs);
    let mut state_widths = Vec::new();
    let first_state = starts(flat.states.iter().map(|state| state.width), &mut state_widths);
    let empty = |width: &u32| State { width: *width, lanes: 1, scope: 0, next: 0, enable: None, reset: None };
    folder.netlist.states = state_widths.iter().map(empty).collect();
    let mut memory_widths = Vec::new();
    let first_memory = starts(flat.memories.iter().map(|memory| memory.width), &mut memory_widths);
    let depths = flat.memories.iter().flat_map(|m| (0..m.width.div_ceil(64)).map(|_| m.depth));
    let memory = |(width, depth)| Memory { width, depth, lanes: 1, writes: Vec::new() };
    folder.netlist.memories = memory_widths.into_iter().zip(depths).map(memory).collect();
    let values = vec![Vec::new(); flat.sources.len()];
    let mut layout = Layout { flat: &flat, folder, values, first_memory: &first_memory };
    for slot in &flat.order {
        layout.folder.scope = flat.scopes[*slot];
        layout.values[*slot] = layout.value(top, *slot, &first_input, &first_state);
    }
    layout.connect_states(&first_state);
    layout.connect_memories();
    let outputs = flat.outputs.iter().map(|slot| layout.values[*slot].clone()).collect();
    let mut netlist = layout.folder.netlist;
    netlist.outputs = outputs;
    Elaborated { netlist, first_input, first_state, first_memory, flat }
}

/// The first word of each of some signals; appends the widths of all words.
fn starts(signals: impl Iterator<Item = u32>, words: &mut Vec<u32>) -> Vec<u32> {
    let add = |width: u32| {
        let first = words.len() as u32;
        words.extend((0..width.div_ceil(64)).map(|word| word_width(width, word)));
        first
    };
    signals.map(add).collect()
}

struct Layout<'a> {
    flat: &'a Flat,
    folder: Folder,
    values: Vec<Words>,
    first_memory: &'a [u32],
}

impl Layout<'_> {
    fn value(&mut self, top: &Module, slot: Slot, inputs: &[u32], states: &[u32]) -> Words {
        match &self.flat.sources[slot] {
            Source::Input(port) => self.leaf(Op::Input, inputs[*port], top.inputs()[*port].width),
            Source::State(state) => self.leaf(Op::State, states[*state], self.flat.states[*state].width),
            Source::Same(of) => self.values[*of].clone(),
            Source::Entry { memory, addr } => self.entry(*memory, *addr),
            Source::Computed { module, node, operands } => {
                let node = module.node(*node);
                let operands: Vec<&Words> = operands.iter().map(|slot| &self.values[*slot]).collect();
                self.folder.legalise(&node.op, node.width, &operands)
            }
        }
    }

    fn leaf(&mut self, op: fn(u32) -> Op, first: u32, width: u32) -> Words {
        let word = |i| self.folder.make(op(first + i), word_width(width, i));
        (0..width.div_ceil(64)).map(word).collect()
    }

    fn entry(&mut self, memory: usize, addr: Slot) -> Words {
        let (width, addr) = (self.flat.memories[memory].width, self.values[addr][0]);
        let first = self.first_memory[memory];
        let load = |word| Op::Load { memory: first + word, lane: 0, addr };
        (0..width.div_ceil(64)).map(|word| self.folder.make(load(word), word_width(width, word))).collect()
    }

    fn connect_states(&mut self, first_state: &[u32]) {
        for (state, first) in self.flat.states.iter().zip(first_state) {
            self.folder.scope = state.scope;
            let next = match state.next {
                Next::Value(slot) => self.values[slot].clone(),
                Next::Entry { memory, addr } => self.entry(memory, addr),
            };
            for (word, next) in next.into_iter().enumerate() {
                let reset =
                    state.reset.as_ref().map(|(slot, value)| (self.values[*slot][0], value.words()[word]));
                let enable = state.enable.map(|slot| self.values[slot][0]);
                let width = self.folder.width(next);
                self.folder.netlist.states[*first as usize + word] =
                    State { width, lanes: 1, scope: state.scope, next, enable, reset };
            }
        }
    }

    fn connect_memories(&mut self) {
        for (memory, first) in self.flat.memories.iter().zip(self.first_memory) {
            self.folder.scope = memory.scope;
            for write in &memory.writes {
                let (addr, enable) = (self.values[write.addr][0], self.values[write.enable][0]);
                let mask = write.mask.map(|(mask, granule)| self.lanes(mask, granule));
                for (word, data) in self.values[write.data].iter().enumerate() {
                    let mask = mask.as_ref().map(|mask| mask[word]);
                    let port = Write { addr, enable, data: *data, mask };
                    self.folder.netlist.memories[*first as usize + word].writes.push(port);
                }
            }
        }
    }

    /// Every bit of a mask repeated `granule` times.
    fn lanes(&mut self, mask: Slot, granule: u32) -> Words {
        let mask = self.values[mask].clone();
        let bits = (0..self.folder.bits(&mask)).rev();
        let lanes: Vec<Words> = bits
            .map(|bit| {
                let bit = self.folder.slice(&mask, bit, 1);
                self.folder.sext(&bit, granule)
            })
            .collect();
        self.folder.concat(&lanes.iter().collect::<Vec<_>>())
    }
}
