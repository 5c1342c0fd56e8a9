//! The hierarchy laid out flat: one slot for every value of every instance, in an order of evaluation. Inputs of
//! an instance are its parent's values and its outputs are its own, so nothing is computed twice and paths
//! through instances need no special treatment.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use hdl::{Module, NodeId, Op, ReadPort};
use num::Bits;

use crate::watch::Probes;

/// Index of a value.
pub(crate) type Slot = usize;

/// Where a value comes from.
pub(crate) enum Source {
    /// An input of the top module.
    Input(usize),
    /// The state of this index.
    State(usize),
    /// An entry of a memory, chosen within the cycle.
    Entry { memory: usize, addr: Slot },
    /// Another value.
    Same(Slot),
    /// An operation on other values.
    Computed { module: Arc<Module>, node: NodeId, operands: Vec<Slot> },
}

/// A register, or the register of a synchronous read.
pub(crate) struct State {
    pub scope: u32,
    pub width: u32,
    pub reset: Option<(Slot, Bits)>,
    pub enable: Option<Slot>,
    pub next: Next,
}

/// What a state takes at a clock edge.
pub(crate) enum Next {
    Value(Slot),
    Entry { memory: usize, addr: Slot },
}

/// A write port.
pub(crate) struct Write {
    pub addr: Slot,
    pub data: Slot,
    pub enable: Slot,
    pub mask: Option<(Slot, u32)>,
}

/// A memory.
pub(crate) struct Memory {
    pub scope: u32,
    pub width: u32,
    pub depth: u32,
    pub writes: Vec<Write>,
}

/// What a path leads to.
pub(crate) enum Named {
    State(usize),
    Entry { memory: usize, entry: usize },
}

/// An instance and all below it, whose numbers are consecutive: `scopes` are its own and those below.
pub(crate) struct Scope {
    pub module: Arc<Module>,
    /// The instance that it is part of; the top is its own.
    pub parent: u32,
    /// The slot of its first value.
    pub base: Slot,
    /// The slots of what drives its inputs.
    pub inputs: Vec<Slot>,
    pub scopes: Range<u32>,
    pub states: Range<usize>,
    pub memories: Range<usize>,
}

/// A module and everything below it.
#[derive(Default)]
pub(crate) struct Flat {
    pub sources: Vec<Source>,
    /// The instance that each slot belongs to, in the order of the hierarchy; the top is 0.
    pub scopes: Vec<u32>,
    /// Slots in an order of evaluation.
    pub order: Vec<Slot>,
    pub outputs: Vec<Slot>,
    /// Every instance, the top first, each before those below it.
    pub instances: Vec<Scope>,
    pub states: Vec<State>,
    pub memories: Vec<Memory>,
    /// Values that are watched, and the states that show them: each takes its value at every clock edge, and nothing
    /// reads it.
    pub probes: BTreeMap<Slot, usize>,
    /// States and memories by path.
    state_paths: BTreeMap<String, usize>,
    memory_paths: BTreeMap<String, usize>,
}

impl Flat {
    pub fn new(top: &Arc<Module>) -> Flat {
        Flat::probed(top, None)
    }

    /// With probes for some values of each module, and for the inputs of the top.
    pub fn probed(top: &Arc<Module>, probes: Option<&Probes>) -> Flat {
        let mut flat = Flat::default();
        let inputs: Vec<Slot> = (0..top.inputs().len()).collect();
        flat.sources.extend(inputs.iter().map(|port| Source::Input(*port)));
        flat.scopes.extend(inputs.iter().map(|_| 0));
        if probes.is_some() {
            inputs.iter().zip(top.inputs()).for_each(|(slot, port)| flat.probe(*slot, 0, port.width));
        }
        flat.outputs = flat.add(top, "", 0, &inputs, probes);
        flat.sort();
        flat
    }

    /// Lays out an instance whose inputs are the given slots; gives the slots of its outputs.
    fn add(
        &mut self,
        module: &Arc<Module>,
        path: &str,
        parent: u32,
        inputs: &[Slot],
        probes: Option<&Probes>,
    ) -> Vec<Slot> {
        let base = self.sources.len();
        let scope = self.instances.len() as u32;
        self.instances.push(Scope {
            module: Arc::clone(module),
            parent,
            base,
            inputs: inputs.to_vec(),
            scopes: scope..scope + 1,
            states: self.states.len()..self.states.len(),
            memories: self.memories.len()..self.memories.len(),
        });
        self.scopes.resize(base + module.nodes().len(), scope);
        let slot = |id: NodeId| base + id.index();
        let (first_state, first_memory) = (self.states.len(), self.memories.len());
        self.add_registers(module, path, scope, slot);
        let reads = self.add_memories(module, path, scope, slot);
        for node in probes.and_then(|probes| probes.get(&module.fingerprint())).into_iter().flatten() {
            self.probe(slot(*node), scope, module.node(*node).width);
        }
        for id in module.node_ids() {
            let source = match &module.node(id).op {
                Op::Input(port) => Source::Same(inputs[*port]),
                Op::Register(register) => Source::State(first_state + register),
                Op::Read { memory, port } => match &module.memories()[*memory].reads[*port] {
                    ReadPort::Async { addr } => {
                        Source::Entry { memory: first_memory + memory, addr: slot(*addr) }
                    }
                    ReadPort::Sync { .. } => Source::State(reads[&(*memory, *port)]),
                },
                // The instances come below, once the slots of this module are all there.
                Op::Output { .. } => Source::Same(0),
                op => {
                    let operands = op.operands().into_iter().map(slot).collect();
                    Source::Computed { module: Arc::clone(module), node: id, operands }
                }
            };
            self.sources.push(source);
        }
        let mut outputs = Vec::new();
        for instance in module.instances() {
            let inputs: Vec<Slot> = instance.inputs.iter().map(|id| slot(*id)).collect();
            let path = format!("{path}{}.", instance.name);
            outputs.push(self.add(&instance.module, &path, scope, &inputs, probes));
        }
        let scopes = self.instances.len() as u32;
        let this = &mut self.instances[scope as usize];
        this.states.end = self.states.len();
        this.memories.end = self.memories.len();
        this.scopes.end = scopes;
        for id in module.node_ids() {
            if let Op::Output { instance, port } = module.node(id).op {
                self.sources[slot(id)] = Source::Same(outputs[instance][port]);
            }
        }
        module.outputs().iter().map(|output| slot(output.node)).collect()
    }

    fn probe(&mut self, slot: Slot, scope: u32, width: u32) {
        self.probes.insert(slot, self.states.len());
        self.states.push(State { scope, width, reset: None, enable: None, next: Next::Value(slot) });
    }

    fn add_registers(&mut self, module: &Module, path: &str, scope: u32, slot: impl Fn(NodeId) -> Slot) {
        for register in module.registers() {
            self.state_paths.insert(format!("{path}{}", register.name), self.states.len());
            let reset = module.reset().map(&slot).zip(register.reset.clone());
            let (enable, next) = (register.enable.map(&slot), Next::Value(slot(register.next)));
            self.states.push(State { scope, width: register.width, reset, enable, next });
        }
    }

    /// Gives the states of the synchronous read ports.
    fn add_memories(
        &mut self,
        module: &Module,
        path: &str,
        scope: u32,
        slot: impl Fn(NodeId) -> Slot,
    ) -> BTreeMap<(usize, usize), usize> {
        let mut reads = BTreeMap::new();
        for (index, memory) in module.memories().iter().enumerate() {
            let this = self.memories.len();
            self.memory_paths.insert(format!("{path}{}", memory.name), this);
            let writes = memory.writes.iter().map(|write| Write {
                addr: slot(write.addr),
                data: slot(write.data),
                enable: slot(write.enable),
                mask: write.mask.map(|mask| (slot(mask), write.granule)),
            });
            let writes = writes.collect();
            self.memories.push(Memory { scope, width: memory.width, depth: memory.depth, writes });
            for (port, read) in memory.reads.iter().enumerate() {
                if let ReadPort::Sync { name, addr, enable } = read {
                    reads.insert((index, port), self.states.len());
                    self.state_paths.insert(format!("{path}{name}"), self.states.len());
                    let next = Next::Entry { memory: this, addr: slot(*addr) };
                    self.states.push(State {
                        scope,
                        width: memory.width,
                        reset: None,
                        enable: Some(slot(*enable)),
                        next,
                    });
                }
            }
        }
        reads
    }

    /// Finds an order in which every value comes after those that it needs.
    fn sort(&mut self) {
        let mut visited = vec![false; self.sources.len()];
        for root in 0..self.sources.len() {
            let mut stack = vec![(root, false)];
            while let Some((slot, is_ready)) = stack.pop() {
                if is_ready {
                    self.order.push(slot);
                } else if !visited[slot] {
                    visited[slot] = true;
                    stack.push((slot, true));
                    stack.extend(self.needs(slot).iter().map(|need| (*need, false)));
                }
            }
        }
    }

    /// What has this path: `pe_3.accumulator`, `bank.words[17]`.
    pub fn find(&self, path: &str) -> Option<Named> {
        if let Some(state) = self.state_paths.get(path) {
            return Some(Named::State(*state));
        }
        let (memory, index) = path.strip_suffix(']')?.rsplit_once('[')?;
        let (memory, entry) = (*self.memory_paths.get(memory)?, index.parse::<usize>().ok()?);
        (entry < self.memories[memory].depth as usize).then_some(Named::Entry { memory, entry })
    }

    /// The memory that has this path.
    pub fn find_memory(&self, path: &str) -> Option<&Memory> {
        self.memory_paths.get(path).map(|memory| &self.memories[*memory])
    }

    /// The paths of memories.
    pub fn memory_paths(&self) -> impl Iterator<Item = &str> {
        self.memory_paths.keys().map(String::as_str)
    }

    /// The paths of states and memories.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.state_paths.keys().chain(self.memory_paths.keys()).map(String::as_str)
    }

    fn needs(&self, slot: Slot) -> Vec<Slot> {
        match &self.sources[slot] {
            Source::Input(_) | Source::State(_) => Vec::new(),
            Source::Entry { addr, .. } => vec![*addr],
            Source::Same(of) => vec![*of],
            Source::Computed { operands, .. } => operands.clone(),
        }
    }
}
