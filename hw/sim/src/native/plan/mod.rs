//! Where everything lies in memory, and who is woken by a change of what.
//!
//! One array of 64-bit words holds all: a bit for every unit that says whether it must be evaluated, a bit for every
//! edge that says whether its registers change, inputs, registers, what registers take next, values that
//! one block computes for another, memories. A value without lanes takes a word; lanes lie side by side in as many
//! bytes as their width needs. A *unit* is a block or, after the blocks, the write ports of a memory; an *edge* is some
//! registers of a block.
//! Evaluating a unit again while nothing that it depends on has changed would change nothing: that is why units are
//! skipped, and what the rules here must keep true.

mod check;
mod users;

use std::collections::BTreeMap;
use std::ops::Range;

use self::users::Users;
use super::cheap::{cheap, for_lanes};
use super::schedule::{Schedule, NONE};
use super::words::{bytes, ones, padded, Id, Netlist, Op};

/// Flags in a word.
pub(crate) const FLAGS: usize = 64;

/// The words, counted from the first, and the bits in which some flags are.
pub(crate) fn flags(of: &[u32]) -> BTreeMap<usize, u64> {
    let mut words = BTreeMap::new();
    of.iter()
        .for_each(|flag| *words.entry(*flag as usize / FLAGS).or_default() |= 1 << (*flag as usize % FLAGS));
    words
}

/// Values that wake the same units when they change.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    pub values: Vec<Id>,
    pub wakes: Vec<u32>,
}

/// Registers of one block, side by side, that wake the same units when they change.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    /// Where they lie.
    pub states: Range<usize>,
    /// Where what they take lies.
    pub next: usize,
    /// Words and bits of the units' flags.
    pub wakes: Vec<(usize, u64)>,
}

impl Edge {
    /// Words at which an edge may be no longer to be simple, and words of flags that it may set at most.
    pub const SIMPLE: (usize, usize) = (2, 2);

    /// Whether it is like most: short, with few to wake.
    pub fn is_simple(&self) -> bool {
        self.states.len() <= Edge::SIMPLE.0 && self.wakes.len() <= Edge::SIMPLE.1
    }
}

/// Units that are evaluated one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Whatever follows from inputs and state.
    Blocks,
    /// The write ports of memories.
    Memories,
}

/// What a unit is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Block(usize),
    Memory(usize),
    /// A number between the blocks and the memories: there is nothing to evaluate.
    Nothing,
}

/// The layout.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub netlist: Netlist,
    pub schedule: Schedule,
    /// Units: blocks, then memories.
    pub units: usize,
    /// The unit of the first memory, whose bit is the first of a word.
    pub first_memory: usize,
    /// First word of the bits that say which edges change something.
    pub pending: usize,
    /// By value: whether each unit that needs it computes it anew.
    pub is_cheap: Vec<bool>,
    /// By value: the byte where it is kept, or [`NONE`].
    pub place: Vec<u32>,
    /// Words that hold constants.
    pub constants: Vec<(usize, u64)>,
    /// The word where lanes are computed that are compared with those before; as many as any value takes, thrice.
    pub scratch: usize,
    /// Words of the longest value.
    pub longest: usize,
    /// By input word: where it is kept, and words and bits of the flags of the units that it wakes.
    pub inputs: Vec<(usize, Vec<(usize, u64)>)>,
    /// By state: where it is kept.
    pub state_at: Vec<usize>,
    /// By state: where what it takes is kept.
    pub next_at: Vec<usize>,
    /// By memory: its first word.
    pub memory_at: Vec<usize>,
    /// By memory: the units that read it.
    pub readers: Vec<Vec<u32>>,
    /// By block.
    pub exports: Vec<Vec<Export>>,
    /// All of them, those that are simple first. As many words as a simple one may have can be copied for each: those
    /// behind it hold what takes registers, or nothing.
    pub edges: Vec<Edge>,
    /// By state.
    pub edge_of: Vec<u32>,
    /// Words of the array.
    pub words: usize,
}

impl Plan {
    /// Lays a scheduled netlist out.
    pub fn new(netlist: Netlist, schedule: Schedule) -> Plan {
        let is_cheap = cheap(&netlist);
        let first_memory = schedule.blocks.len().next_multiple_of(FLAGS);
        let users = Users::of(&netlist, &schedule, &is_cheap, first_memory);
        let units = first_memory + netlist.memories.len();
        let mut plan = Plan {
            units,
            first_memory,
            pending: units.div_ceil(FLAGS),
            place: vec![NONE; netlist.nodes.len()],
            constants: Vec::new(),
            scratch: 0,
            longest: netlist.nodes.iter().map(|node| words(node.width, node.lanes)).max().unwrap_or(0),
            inputs: Vec::new(),
            state_at: vec![0; netlist.states.len()],
            next_at: vec![0; netlist.states.len()],
            memory_at: Vec::new(),
            readers: users.memories,
            exports: Vec::new(),
            edges: Vec::new(),
            edge_of: vec![0; netlist.states.len()],
            // Every register could be an edge of its own.
            words: units.div_ceil(FLAGS) + netlist.states.len().div_ceil(FLAGS),
            is_cheap,
            netlist,
            schedule,
        };
        plan.place_inputs(users.inputs);
        plan.place_states(&users.states);
        plan.sort_edges();
        plan.place_leaves();
        plan.place_exports(&users.values);
        plan.place_aliases();
        plan.place_memories();
        // The last of all: vectors of neighbouring lanes are read whole, and may end in what comes behind.
        plan.scratch = plan.take(3 * plan.longest);
        plan
    }

    /// What a unit is: the number of a block, or a memory.
    pub fn unit(&self, unit: usize) -> Unit {
        match unit.checked_sub(self.first_memory) {
            Some(memory) => Unit::Memory(memory),
            None if unit < self.schedule.blocks.len() => Unit::Block(unit),
            None => Unit::Nothing,
        }
    }

    /// The words of the flags of a part.
    pub fn flags_of(&self, part: Part) -> Range<usize> {
        let first_memory = self.first_memory / FLAGS;
        match part {
            Part::Blocks => 0..first_memory,
            Part::Memories => first_memory..self.units.div_ceil(FLAGS),
        }
    }

    /// Whether a unit has lanes.
    pub fn has_lanes(&self, unit: usize) -> bool {
        match self.unit(unit) {
            Unit::Block(block) => self.schedule.blocks[block].has_lanes,
            Unit::Memory(memory) => self.netlist.memories[memory].lanes > 1,
            Unit::Nothing => false,
        }
    }

    fn take(&mut self, words: usize) -> usize {
        self.words += words;
        self.words - words
    }

    fn place_inputs(&mut self, users: Vec<Vec<u32>>) {
        for wakes in users {
            let at = self.take(1);
            self.inputs.push((at, flags(&wakes).into_iter().collect()));
        }
    }

    fn place_states(&mut self, users: &[Vec<u32>]) {
        for block in 0..self.schedule.blocks.len() {
            let states = self.schedule.blocks[block].states.clone();
            let size = |plan: &Plan, state: u32| {
                let state = &plan.netlist.states[state as usize];
                words(state.width, state.lanes)
            };
            let all: usize = states.iter().map(|state| size(self, *state)).sum();
            let mut groups: BTreeMap<&[u32], Vec<u32>> = BTreeMap::new();
            for state in &states {
                groups.entry(&users[*state as usize]).or_default().push(*state);
            }
            let spare = Edge::SIMPLE.0 - 1;
            let (first, next) = (self.take(all + spare), self.take(all + spare));
            let mut offset = 0;
            for (wakes, states) in groups {
                let start = offset;
                for state in states {
                    self.state_at[state as usize] = first + offset;
                    self.next_at[state as usize] = next + offset;
                    self.edge_of[state as usize] = self.edges.len() as u32;
                    offset += size(self, state);
                }
                let range = first + start..first + offset;
                self.edges.push(Edge {
                    states: range,
                    next: next + start,
                    wakes: flags(wakes).into_iter().collect(),
                });
            }
        }
    }

    fn sort_edges(&mut self) {
        let mut order: Vec<usize> = (0..self.edges.len()).collect();
        order.sort_by_key(|edge| !self.edges[*edge].is_simple());
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, from)| place[*from] = to as u32);
        self.edges = order.iter().map(|edge| self.edges[*edge].clone()).collect();
        self.edge_of.iter_mut().for_each(|edge| *edge = place[*edge as usize]);
    }

    fn place_leaves(&mut self) {
        let is_for_lanes = for_lanes(&self.netlist);
        for (id, is_for_lanes) in is_for_lanes.into_iter().enumerate() {
            let at = match self.netlist.nodes[id].op {
                Op::Input(word) => self.inputs[word as usize].0,
                Op::State(state) => self.state_at[state as usize],
                Op::Const(value) if is_for_lanes => {
                    let at = self.take(1);
                    self.constants.push((at, value));
                    at
                }
                _ => continue,
            };
            self.place[id] = 8 * at as u32;
        }
    }

    fn place_exports(&mut self, users: &[Vec<u32>]) {
        let mut is_output = vec![false; self.netlist.nodes.len()];
        self.netlist.outputs.iter().flatten().for_each(|id| is_output[*id as usize] = true);
        for block in 0..self.schedule.blocks.len() {
            let nodes = self.schedule.blocks[block].nodes.clone();
            let mut groups: BTreeMap<&[u32], Vec<Id>> = BTreeMap::new();
            for id in nodes {
                let node = self.netlist.nodes[id as usize];
                let is_exported = is_output[id as usize] || !users[id as usize].is_empty();
                if is_exported || node.lanes > 1 {
                    self.place[id as usize] = 8 * self.take(words(node.width, node.lanes)) as u32;
                }
                if is_exported {
                    groups.entry(&users[id as usize]).or_default().push(id);
                }
            }
            let exports = groups.into_iter().map(|(wakes, values)| Export { values, wakes: wakes.to_vec() });
            self.exports.push(exports.collect());
        }
    }

    /// Lanes of a value are where the value is.
    fn place_aliases(&mut self) {
        for id in 0..self.netlist.nodes.len() {
            let node = &self.netlist.nodes[id];
            if let Op::Pick(of, lane) | Op::View(of, lane) = node.op {
                self.place[id] = self.place[of as usize] + lane * bytes(node.width);
            }
        }
    }

    /// A memory has one entry more than its depth: it stays 0, and stands for all beyond the end.
    fn place_memories(&mut self) {
        for index in 0..self.netlist.memories.len() {
            let memory = &self.netlist.memories[index];
            let bytes = (memory.depth as usize + 1) * memory.stride() as usize;
            let at = self.take(bytes.div_ceil(8));
            self.memory_at.push(at);
        }
    }

    /// A value without lanes that is kept somewhere.
    pub fn read(&self, arena: &[u64], id: Id) -> u64 {
        let (node, place) = (&self.netlist.nodes[id as usize], self.place[id as usize] as usize);
        match node.op {
            Op::Const(value) => value,
            Op::Pick(..) => arena[place / 8] >> (place % 8 * 8) & ones(node.width),
            _ => arena[place / 8],
        }
    }

    /// What blocks and registers wake.
    pub fn dump(&self) -> String {
        let mut text = String::new();
        for (number, exports) in self.exports.iter().enumerate() {
            for export in exports {
                text += &format!("block {number}: values {:?} wake {:?}\n", export.values, export.wakes);
            }
        }
        for edge in &self.edges {
            text += &format!("registers at {:?} wake {:x?}\n", edge.states, edge.wakes);
        }
        text
    }
}

/// Words that a value takes.
pub(crate) fn words(width: u32, lanes: u32) -> usize {
    match lanes {
        1 => 1,
        _ => (padded(lanes) * bytes(width)) as usize / 8,
    }
}
