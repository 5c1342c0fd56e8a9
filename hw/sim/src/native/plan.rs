//! Where everything lies in memory, and who is woken by a change of what.
//!
//! One array of 64-bit words holds all: a byte for every unit that says whether it must be evaluated, a byte that
//! says whether it has been since the last clock edge, inputs, registers, what registers take next, values that
//! one block computes for another, memories. A value without lanes takes a word; lanes lie side by side in as many
//! bytes as their width needs. A *unit* is a block, or (after the blocks) the write ports of a memory.
//! Evaluating a unit again while nothing that it depends on has changed would change nothing: that is why units are
//! skipped, and what the rules here must keep true.

use std::collections::BTreeMap;
use std::ops::Range;

use super::schedule::{Schedule, NONE};
use super::words::{bytes, ones, Id, Netlist, Op};

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
    pub wakes: Vec<u32>,
}

/// The layout.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub netlist: Netlist,
    pub schedule: Schedule,
    /// Units: blocks, then memories.
    pub units: usize,
    /// First word of the bytes that say which blocks have been evaluated since the last edge.
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
    /// By input word: where it is kept, and the units that it wakes.
    pub inputs: Vec<(usize, Vec<u32>)>,
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
    /// By block.
    pub edges: Vec<Vec<Edge>>,
    /// Words of the array.
    pub words: usize,
}

impl Plan {
    /// Lays a scheduled netlist out.
    pub fn new(netlist: Netlist, schedule: Schedule) -> Plan {
        let is_cheap = cheap(&netlist, &for_lanes(&netlist));
        let users = Users::of(&netlist, &schedule, &is_cheap);
        let units = schedule.blocks.len() + netlist.memories.len();
        let mut plan = Plan {
            units,
            pending: units.div_ceil(8),
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
            words: 2 * units.div_ceil(8),
            is_cheap,
            netlist,
            schedule,
        };
        plan.place_inputs(users.inputs);
        plan.place_states(&users.states);
        plan.place_leaves();
        plan.place_exports(&users.values);
        plan.place_aliases();
        plan.place_memories();
        plan.scratch = plan.take(3 * plan.longest);
        plan
    }

    fn take(&mut self, words: usize) -> usize {
        self.words += words;
        self.words - words
    }

    fn place_inputs(&mut self, users: Vec<Vec<u32>>) {
        for wakes in users {
            let at = self.take(1);
            self.inputs.push((at, wakes));
        }
    }

    fn place_states(&mut self, users: &[Vec<u32>]) {
        for block in 0..self.schedule.blocks.len() {
            let states = self.schedule.blocks[block].states.clone();
            let size = |plan: &Plan, state: u32| {
                let state = &plan.netlist.states[state as usize];
                words(state.width, state.lanes)
            };
            let all = states.iter().map(|state| size(self, *state)).sum();
            let mut groups: BTreeMap<&[u32], Vec<u32>> = BTreeMap::new();
            for state in &states {
                groups.entry(&users[*state as usize]).or_default().push(*state);
            }
            let (first, next) = (self.take(all), self.take(all));
            let mut edges = Vec::new();
            let mut offset = 0;
            for (wakes, states) in groups {
                let start = offset;
                for state in states {
                    self.state_at[state as usize] = first + offset;
                    self.next_at[state as usize] = next + offset;
                    offset += size(self, state);
                }
                let range = first + start..first + offset;
                edges.push(Edge { states: range, next: next + start, wakes: wakes.to_vec() });
            }
            self.edges.push(edges);
        }
    }

    fn place_leaves(&mut self) {
        let is_for_lanes = for_lanes(&self.netlist);
        for id in 0..self.netlist.nodes.len() {
            let at = match self.netlist.nodes[id].op {
                Op::Input(word) => self.inputs[word as usize].0,
                Op::State(state) => self.state_at[state as usize],
                Op::Const(value) if is_for_lanes[id] => {
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
                let is_alias = matches!(node.op, Op::Pick(..) | Op::View(..));
                if (is_exported || node.lanes > 1) && !is_alias {
                    self.place[id as usize] = 8 * self.take(words(node.width, node.lanes)) as u32;
                }
                if is_exported && !is_alias {
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

    /// Blocks, their sizes, and whom they wake.
    pub fn dump(&self) -> String {
        let mut text = String::new();
        for (number, block) in self.schedule.blocks.iter().enumerate() {
            let (nodes, states) = (block.nodes.len(), block.states.len());
            text += &format!("block {number}: {nodes} values, {states} registers\n");
            for export in &self.exports[number] {
                text += &format!("  values {:?} wake {:?}\n", export.values, export.wakes);
            }
            for edge in &self.edges[number] {
                text += &format!("  registers at {:?} wake {:?}\n", edge.states, edge.wakes);
            }
        }
        text
    }
}

/// The units that use something, ascending.
struct Users {
    /// By computed value; its own block is not among them.
    values: Vec<Vec<u32>>,
    inputs: Vec<Vec<u32>>,
    states: Vec<Vec<u32>>,
    memories: Vec<Vec<u32>>,
}

impl Users {
    fn of(netlist: &Netlist, schedule: &Schedule, is_cheap: &[bool]) -> Users {
        let mut users = Users {
            values: vec![Vec::new(); netlist.nodes.len()],
            inputs: vec![Vec::new(); netlist.inputs.len()],
            states: vec![Vec::new(); netlist.states.len()],
            memories: vec![Vec::new(); netlist.memories.len()],
        };
        let known = (netlist, schedule, is_cheap);
        for (unit, block) in schedule.blocks.iter().enumerate() {
            let unit = unit as u32;
            for id in &block.nodes {
                let op = netlist.nodes[*id as usize].op;
                if let Op::Load { memory, .. } = op {
                    add(&mut users.memories[memory as usize], unit);
                }
                netlist.operands(*id).for_each(|operand| users.add(&known, operand, unit));
            }
            // A register that is held reads itself. That need not wake its block: it changes only where it is
            // not held, and then what it takes does not depend on what it held.
            for state in &block.states {
                let state = &netlist.states[*state as usize];
                state.operands().for_each(|operand| users.add(&known, operand, unit));
            }
        }
        for (index, memory) in netlist.memories.iter().enumerate() {
            let unit = (schedule.blocks.len() + index) as u32;
            memory.operands().for_each(|operand| users.add(&known, operand, unit));
        }
        users
    }

    fn add(&mut self, known: &(&Netlist, &Schedule, &[bool]), value: Id, unit: u32) {
        let (netlist, schedule, is_cheap) = *known;
        match netlist.nodes[value as usize].op {
            Op::Input(word) => add(&mut self.inputs[word as usize], unit),
            Op::State(state) => add(&mut self.states[state as usize], unit),
            Op::Const(_) => {}
            _ if schedule.block_of[value as usize] == unit => {}
            _ if is_cheap[value as usize] => {
                netlist.operands(value).for_each(|operand| self.add(known, operand, unit))
            }
            _ => add(&mut self.values[value as usize], unit),
        }
    }
}

/// Comparisons of one value with so many constants are a decoder.
const DECODER: usize = 4;

/// Words that a value takes.
pub(crate) fn words(width: u32, lanes: u32) -> usize {
    match lanes {
        1 => 1,
        _ => (lanes as usize * bytes(width) as usize).div_ceil(8),
    }
}

/// By value: whether it is one that something with lanes reads.
fn for_lanes(netlist: &Netlist) -> Vec<bool> {
    let mut is_read = vec![false; netlist.nodes.len()];
    let nodes = (0..netlist.nodes.len() as Id).filter(|id| netlist.lanes(*id) > 1);
    let states = netlist.states.iter().filter(|state| state.lanes > 1);
    let memories = netlist.memories.iter().filter(|memory| memory.lanes > 1);
    let of_nodes = nodes.flat_map(|id| netlist.operands(id));
    let of_states = states.flat_map(|state| state.operands());
    let of_memories = memories.flat_map(|memory| memory.operands());
    let all = of_nodes.chain(of_states).chain(of_memories).filter(|id| netlist.lanes(*id) == 1);
    all.for_each(|id| is_read[id as usize] = true);
    is_read
}

/// Values that are computed anew wherever they are needed, because to keep and compare them costs more: those that
/// say no less than their only operand, and the outputs of decoders; not if something with lanes reads them. Lanes
/// of other values are where those are.
fn cheap(netlist: &Netlist, is_for_lanes: &[bool]) -> Vec<bool> {
    let constant = |id: Id| matches!(netlist.nodes[id as usize].op, Op::Const(_));
    let compared = |op: Op| match op {
        Op::Eq(a, b) if constant(b) => Some(a),
        Op::Eq(a, b) if constant(a) => Some(b),
        _ => None,
    };
    let mut comparisons = vec![0; netlist.nodes.len()];
    let all = netlist.nodes.iter().filter_map(|node| compared(node.op));
    all.for_each(|operand| comparisons[operand as usize] += 1);
    let is_cheap = |op: Op| match op {
        Op::Not(_) | Op::Zext(_) | Op::Sext(_) => true,
        op => compared(op).is_some_and(|operand| comparisons[operand as usize] >= DECODER),
    };
    let by_value = netlist.nodes.iter().zip(is_for_lanes);
    by_value
        .map(|(node, is_for_lanes)| match node.op {
            Op::Pick(..) | Op::View(..) => true,
            op => node.lanes == 1 && !is_for_lanes && is_cheap(op),
        })
        .collect()
}

fn add(users: &mut Vec<u32>, unit: u32) {
    if users.last() != Some(&unit) {
        users.push(unit);
    }
}
