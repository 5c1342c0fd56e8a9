//! Where everything lies in memory, and who is woken by a change of what.
//!
//! One array of 64-bit words holds all: a bit for every unit that says whether it must be evaluated, and one whether it must
//! be in the next cycle, a bit for every edge that says whether its registers change, inputs, registers, what registers
//! take next, values that one block computes for another, memories. A value without lanes takes a word; lanes lie side by
//! side in as many bytes as their width needs. A *unit* is a block or, after the blocks, the write ports of a memory; an
//! *edge* is some registers of a block. Evaluating a unit in a cycle in which nothing that it depends on has changed since it
//! was evaluated last would change nothing: that is why units are skipped, and what the rules here must keep true.

mod check;
mod edges;
mod places;
mod users;
mod written;

use std::collections::BTreeMap;
use std::ops::Range;

pub(crate) use self::edges::Edge;
use self::users::Users;
pub(crate) use self::written::Written;
use super::cheap::cheap;
use super::schedule::{Schedule, NONE};
pub(crate) use super::words::FLAGS;
use super::words::{bytes, ones, padded, Id, Netlist, Op};

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

/// Units that are evaluated one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Whatever outputs depend on.
    Shown,
    /// Whatever else follows from inputs and state, registers among it; once a cycle.
    Hidden,
    /// The write ports of memories.
    Memories,
}

/// What a unit is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Block(usize),
    Memory(usize),
    /// A number between the parts: there is nothing to evaluate.
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
    /// By state: whether it takes it at once, so that there is nothing to move at the edge.
    pub is_in_place: Vec<bool>,
    /// Values, each with a register that is where it is.
    pub shared: BTreeMap<Id, u32>,
    /// By block: those of its registers.
    pub written: Vec<Vec<Written>>,
    /// First word of the units' flags that are set at the edge.
    pub later: usize,
    /// By memory: its first word.
    pub memory_at: Vec<usize>,
    /// By memory: the units that read it.
    pub readers: Vec<Vec<u32>>,
    /// By block.
    pub exports: Vec<Vec<Export>>,
    /// All of them, those that are simple first.
    pub edges: Vec<Edge>,
    /// By state; [`NONE`] for one that is written in place.
    pub edge_of: Vec<u32>,
    /// Words of the array.
    pub words: usize,
}

impl Plan {
    /// Lays a scheduled netlist out. Where registers are watched, all are moved at the edge, where changes are looked for.
    pub fn new(netlist: Netlist, schedule: Schedule, is_watched: bool) -> Plan {
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
            is_in_place: vec![false; netlist.states.len()],
            shared: BTreeMap::new(),
            written: Vec::new(),
            later: 0,
            memory_at: Vec::new(),
            readers: Vec::new(),
            exports: Vec::new(),
            edges: Vec::new(),
            edge_of: vec![NONE; netlist.states.len()],
            // Every register could be an edge of its own.
            words: units.div_ceil(FLAGS) + netlist.states.len().div_ceil(FLAGS),
            is_cheap,
            netlist,
            schedule,
        };
        if !is_watched {
            plan.find_in_place(&users);
            plan.find_shared();
        }
        plan.later = plan.take(first_memory / FLAGS);
        plan.readers = users.memories;
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
        match (unit.checked_sub(self.first_memory), self.schedule.blocks.get(unit)) {
            (Some(memory), _) => Unit::Memory(memory),
            (None, Some(block)) if !block.is_empty() => Unit::Block(unit),
            _ => Unit::Nothing,
        }
    }

    /// The words of the flags of a part.
    pub fn flags_of(&self, part: Part) -> Range<usize> {
        let (shown, first_memory) = (self.schedule.shown / FLAGS, self.first_memory / FLAGS);
        match part {
            Part::Shown => 0..shown,
            Part::Hidden => shown..first_memory,
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
        for (number, written) in self.written.iter().enumerate() {
            for Written { states, wakes } in written {
                text += &format!("block {number}: registers {states:?} in place wake {wakes:?}\n");
            }
        }
        for (value, state) in &self.shared {
            text += &format!("value {value} is where register {state} is\n");
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
