//! Instance grouping: the same value of equal instances becomes one value with lanes.
//!
//! Registers and memories of the instances of a family correspond by position. A *tuple* of values, one of each
//! instance, is packed if the same operation makes them from tuples that are packed themselves, down to registers
//! and memories with lanes. What is equal in all instances stays a single value: all registers start at 0 and have
//! equal reset values, so one is taken to be equal until it is found to take different values. What has no pattern
//! is gathered, value by value.
//!
//! Here it is decided what is packed; `regroup` makes the netlist of it.

use std::collections::HashMap;

use super::families::Family;
use super::words::{Id, Netlist, Op};

/// The number of a packed tuple.
pub(crate) type PackId = usize;

/// A place in a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub family: usize,
    /// Which register's word, or memory, of the instance.
    pub index: usize,
    pub lane: usize,
}

/// How a tuple is made.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// The same in all lanes, as in the first.
    Uniform,
    /// A register with lanes.
    State(Member),
    /// Neighbouring lanes of a register with lanes.
    View(Member),
    /// The operation of its values, on packed operands.
    Lanes(Vec<PackId>),
    /// No pattern.
    Gather,
}

/// A tuple of values, one a lane.
pub(crate) struct Pack {
    pub values: Vec<Id>,
    pub kind: Kind,
}

/// Packs tuples.
pub(crate) struct Packer<'a> {
    pub netlist: &'a Netlist,
    pub families: &'a [Family],
    pub packs: Vec<Pack>,
    known: HashMap<Vec<Id>, PackId>,
    /// By state word.
    pub state_of: Vec<Option<Member>>,
    /// By memory.
    pub memory_of: Vec<Option<Member>>,
    /// By scope.
    family_of: Vec<Option<usize>>,
    /// By family and state word of an instance: whether it is equal in all of them.
    pub is_uniform: Vec<Vec<bool>>,
}

impl<'a> Packer<'a> {
    /// Packs everything that the registers and memories of families are made of.
    pub fn new(netlist: &'a Netlist, families: &'a [Family], scopes: usize) -> Packer<'a> {
        let mut packer = Packer {
            netlist,
            families,
            packs: Vec::new(),
            known: HashMap::new(),
            state_of: vec![None; netlist.states.len()],
            memory_of: vec![None; netlist.memories.len()],
            family_of: vec![None; scopes],
            is_uniform: families.iter().map(|family| vec![true; family.states[0].len()]).collect(),
        };
        for (number, family) in families.iter().enumerate() {
            packer.enroll(number, family);
        }
        while packer.refute() {
            packer.packs.clear();
            packer.known.clear();
        }
        packer.pack_all();
        packer
    }

    fn enroll(&mut self, family: usize, members: &Family) {
        for lane in 0..members.scopes.len() {
            for (index, state) in members.states[lane].clone().enumerate() {
                self.state_of[state] = Some(Member { family, index, lane });
            }
            for (index, memory) in members.memories[lane].clone().enumerate() {
                self.memory_of[memory] = Some(Member { family, index, lane });
            }
            for scope in members.scopes[lane].clone() {
                self.family_of[scope as usize] = Some(family);
            }
        }
    }

    /// Takes back that registers are equal in all instances where they take different values; whether any did.
    fn refute(&mut self) -> bool {
        let mut is_any = false;
        for family in 0..self.families.len() {
            for index in 0..self.is_uniform[family].len() {
                if self.is_uniform[family][index] && !self.takes_the_same(family, index) {
                    self.is_uniform[family][index] = false;
                    is_any = true;
                }
            }
        }
        is_any
    }

    fn takes_the_same(&mut self, family: usize, index: usize) -> bool {
        let packs = self.state_packs(family, index);
        [Some(packs.next), packs.enable, packs.reset]
            .into_iter()
            .flatten()
            .all(|pack| matches!(self.packs[pack].kind, Kind::Uniform))
    }

    /// What decides a register with lanes.
    pub fn state_packs(&mut self, family: usize, index: usize) -> StatePacks {
        let (netlist, ranges) = (self.netlist, &self.families[family].states);
        let states: Vec<_> = ranges.iter().map(|range| &netlist.states[range.start + index]).collect();
        let next = states.iter().map(|state| state.next).collect();
        let enable = states.iter().map(|state| state.enable).collect();
        let reset = states.iter().map(|state| state.reset.map(|reset| reset.0)).collect();
        StatePacks { next: self.pack(next), enable: self.pack_some(enable), reset: self.pack_some(reset) }
    }

    fn pack_some(&mut self, values: Option<Vec<Id>>) -> Option<PackId> {
        values.map(|values| self.pack(values))
    }

    /// What the ports of a memory with lanes write.
    pub fn write_packs(&mut self, family: usize, index: usize) -> Vec<WritePacks> {
        let (netlist, ranges) = (self.netlist, &self.families[family].memories);
        let memories: Vec<_> = ranges.iter().map(|range| &netlist.memories[range.start + index]).collect();
        let port = |port: usize| {
            let writes: Vec<_> = memories.iter().map(|memory| memory.writes[port]).collect();
            let mask = writes.iter().map(|write| write.mask).collect();
            WritePacks {
                addr: self.pack(writes.iter().map(|write| write.addr).collect()),
                enable: self.pack(writes.iter().map(|write| write.enable).collect()),
                data: self.pack(writes.iter().map(|write| write.data).collect()),
                mask: self.pack_some(mask),
            }
        };
        (0..memories[0].writes.len()).map(port).collect()
    }

    fn pack_all(&mut self) {
        for family in 0..self.families.len() {
            for index in 0..self.is_uniform[family].len() {
                if !self.is_uniform[family][index] {
                    self.state_packs(family, index);
                }
            }
            let memories = self.families[family].memories[0].clone();
            (0..memories.len()).for_each(|index| drop(self.write_packs(family, index)));
        }
    }

    /// Packs a tuple, after the tuples that it needs. A chain of operations may be longer than the stack of a
    /// thread, so what waits is kept here.
    fn pack(&mut self, values: Vec<Id>) -> PackId {
        let mut waiting = vec![values.clone()];
        while let Some(tuple) = waiting.last() {
            let needs = self.needs(tuple);
            let missing: Vec<Vec<Id>> =
                needs.iter().filter(|need| !self.known.contains_key(*need)).cloned().collect();
            if missing.is_empty() || self.known.contains_key(tuple) {
                let tuple = waiting.pop().expect("the tuple just looked at");
                self.add(tuple, &needs);
            } else {
                waiting.extend(missing);
            }
        }
        self.known[&values]
    }

    /// Notes a tuple whose needs are known.
    fn add(&mut self, values: Vec<Id>, needs: &[Vec<Id>]) {
        if self.known.contains_key(&values) {
            return;
        }
        let packs: Vec<PackId> = needs.iter().map(|need| self.known[need]).collect();
        let kind = self.kind(&values, packs);
        self.packs.push(Pack { values: values.clone(), kind });
        self.known.insert(values, self.packs.len() - 1);
    }

    /// The tuples that an operation of a tuple works on; none where it has no pattern, or is no operation.
    fn needs(&self, values: &[Id]) -> Vec<Vec<Id>> {
        if !self.is_operation(values) {
            return Vec::new();
        }
        let operands: Vec<Vec<Id>> = values.iter().map(|id| self.netlist.operands(*id).collect()).collect();
        let tuple = |position: usize| operands.iter().map(|operands| operands[position]).collect();
        (0..operands[0].len()).map(tuple).collect()
    }

    /// Whether one operation, lane by lane, makes all values of a tuple.
    fn is_operation(&self, values: &[Id]) -> bool {
        let node = |id: Id| &self.netlist.nodes[id as usize];
        let first = node(values[0]);
        let widths = |id: Id| self.netlist.operands(id).map(|operand| node(operand).width);
        let has_shape = |id: &Id| {
            let is_as_wide = node(*id).width == first.width && widths(*id).eq(widths(values[0]));
            is_as_wide && shape(node(*id).op) == shape(first.op)
        };
        let is_same = values.iter().all(|value| *value == values[0]);
        if first.op.is_leaf() || is_same || !values.iter().all(has_shape) {
            return false;
        }
        match first.op {
            Op::Load { .. } => self.is_of_one_memory(values),
            _ => self.is_of_one_family(values),
        }
    }

    /// Whether a tuple has a value of a family for each of its instances.
    fn is_of_one_family(&self, values: &[Id]) -> bool {
        let family = |id: Id| self.family_of[self.netlist.nodes[id as usize].scope as usize];
        let is_whole = |number: usize| self.families[number].scopes.len() == values.len();
        family(values[0]).is_some_and(is_whole) && values.iter().all(|id| family(*id) == family(values[0]))
    }

    fn kind(&self, values: &[Id], packs: Vec<PackId>) -> Kind {
        let op = self.netlist.nodes[values[0] as usize].op;
        let is_uniform = |pack: &PackId| matches!(self.packs[*pack].kind, Kind::Uniform);
        match op {
            _ if values.iter().all(|value| *value == values[0]) => Kind::Uniform,
            Op::State(_) => self.state_kind(values),
            _ if packs.is_empty() => Kind::Gather,
            // What memories hold may differ, whatever the address.
            Op::Load { .. } => Kind::Lanes(packs),
            _ if packs.iter().all(is_uniform) => Kind::Uniform,
            _ => Kind::Lanes(packs),
        }
    }

    fn state_kind(&self, values: &[Id]) -> Kind {
        let member = |id: &Id| match self.netlist.nodes[*id as usize].op {
            Op::State(state) => self.state_of[state as usize],
            _ => None,
        };
        let Some(members) = values.iter().map(member).collect::<Option<Vec<Member>>>() else {
            return Kind::Gather;
        };
        let first = members[0];
        let is_next = |(i, member): (usize, &Member)| *member == Member { lane: first.lane + i, ..first };
        let is_one =
            members.iter().all(|member| (member.family, member.index) == (first.family, first.index));
        if is_one && self.is_uniform[first.family][first.index] {
            return Kind::Uniform;
        }
        match members.iter().enumerate().all(is_next) {
            false => Kind::Gather,
            true if members.len() == self.families[first.family].scopes.len() => Kind::State(first),
            true => Kind::View(first),
        }
    }

    /// Whether each value is read from its lane of one memory.
    fn is_of_one_memory(&self, values: &[Id]) -> bool {
        let member = |id: &Id| match self.netlist.nodes[*id as usize].op {
            Op::Load { memory, .. } => self.memory_of[memory as usize],
            _ => None,
        };
        let Some(first) = member(&values[0]) else { return false };
        let is_all = values.len() == self.families[first.family].scopes.len();
        is_all && (values.iter().enumerate()).all(|(lane, id)| member(id) == Some(Member { lane, ..first }))
    }
}

/// What decides a register with lanes.
pub(crate) struct StatePacks {
    pub next: PackId,
    pub enable: Option<PackId>,
    pub reset: Option<PackId>,
}

/// What a port of a memory with lanes writes.
pub(crate) struct WritePacks {
    pub addr: PackId,
    pub enable: PackId,
    pub data: PackId,
    pub mask: Option<PackId>,
}

/// What values of one tuple have in common: the operation, whatever it works on.
fn shape(op: Op) -> Op {
    match op.map(|_| 0) {
        Op::Const(_) => Op::Const(0),
        Op::Input(_) => Op::Input(0),
        Op::State(_) => Op::State(0),
        Op::Load { addr, .. } => Op::Load { memory: 0, lane: 0, addr },
        Op::Choose(_, index) => Op::Choose(0, index),
        other => other,
    }
}
