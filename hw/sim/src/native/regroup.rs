//! From packed tuples to a netlist with lanes.
//!
//! Values are made in an order in which none needs a later one: by their *level*, the length of the longest path to
//! them from registers and inputs. A tuple has the level of its highest value. A value that stands in a tuple is
//! picked from it, unless it is lower than the tuple: then something that the tuple needs might need it, and it is
//! computed by itself as before.

use super::families::Family;
use super::group::{Kind, Member, Pack, PackId, Packer, WritePacks};
use super::words::{Id, Memory, Netlist, Node, Op, State, Write};

/// A netlist with lanes, and where registers and memories of the old one are in it: which, and in which lane.
pub(crate) struct Grouped {
    pub netlist: Netlist,
    pub states: Vec<(u32, u32)>,
    pub memories: Vec<(u32, u32)>,
}

/// Gives values, registers and memories of families lanes.
pub(crate) fn group(old: &Netlist, families: &[Family], scopes: usize) -> Grouped {
    let packer = Packer::new(old, families, scopes);
    let states = places(&packer.state_of, |member| packer.is_uniform[member.family][member.index]);
    let memories = places(&packer.memory_of, |_| false);
    let mut regroup = Regroup {
        old,
        new: Netlist { inputs: old.inputs.clone(), ..Netlist::default() },
        levels: levels(old),
        copies: vec![None; old.nodes.len()],
        made: vec![None; packer.packs.len()],
        splats: vec![None; packer.packs.len()],
        state_values: vec![None; old.states.len()],
        states,
        memories,
        packer,
    };
    regroup.make_values();
    regroup.make_states();
    regroup.make_memories();
    let words = |words: &Vec<Id>| words.iter().map(|id| regroup.earlier(*id)).collect();
    regroup.new.outputs = old.outputs.iter().map(words).collect();
    Grouped { netlist: regroup.new, states: regroup.states, memories: regroup.memories }
}

/// Where each of some registers or memories goes: those of a family become one with lanes, or one for all.
fn places(members: &[Option<Member>], is_uniform: impl Fn(Member) -> bool) -> Vec<(u32, u32)> {
    let mut firsts = std::collections::HashMap::new();
    let mut count = 0;
    let place = |member: &Option<Member>| {
        let fresh = count;
        let at = match member {
            Some(Member { family, index, .. }) => *firsts.entry((*family, *index)).or_insert(fresh),
            None => fresh,
        };
        count += u32::from(at == fresh);
        match member {
            Some(member) if !is_uniform(*member) => (at, member.lane as u32),
            _ => (at, 0),
        }
    };
    members.iter().map(place).collect()
}

/// By value: the length of the longest path to it.
fn levels(netlist: &Netlist) -> Vec<u32> {
    let mut levels: Vec<u32> = Vec::with_capacity(netlist.nodes.len());
    for id in 0..netlist.nodes.len() as Id {
        let below = netlist.operands(id).map(|operand| levels[operand as usize] + 1);
        levels.push(below.max().unwrap_or(0));
    }
    levels
}

/// What is made at once, in this order within a level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    /// A tuple's operation, and registers with lanes.
    Lanes(PackId),
    /// A value by itself.
    Copy(Id),
    /// A value as a lane of a tuple.
    Pick(Id, PackId, u32),
    /// A value that equals another.
    Same(Id, Id),
    /// A tuple of single values.
    Gather(PackId),
}

struct Regroup<'a> {
    old: &'a Netlist,
    new: Netlist,
    levels: Vec<u32>,
    packer: Packer<'a>,
    /// By old value.
    copies: Vec<Option<Id>>,
    /// By tuple: its value, which has lanes unless it is uniform.
    made: Vec<Option<Id>>,
    /// By uniform tuple: it with lanes.
    splats: Vec<Option<Id>>,
    /// By new register: its value.
    state_values: Vec<Option<Id>>,
    states: Vec<(u32, u32)>,
    memories: Vec<(u32, u32)>,
}

impl Regroup<'_> {
    fn make_values(&mut self) {
        let mut items: Vec<(u32, Item)> = Vec::new();
        let mut stands_in = vec![None; self.old.nodes.len()];
        for (pack, Pack { values, kind }) in self.packer.packs.iter().enumerate() {
            let level = self.level(values);
            let is_top = |id: &Id| self.levels[*id as usize] == level;
            match kind {
                Kind::Lanes(_) => {
                    items.push((level, Item::Lanes(pack)));
                    for (lane, id) in values.iter().enumerate().filter(|(_, id)| is_top(id)) {
                        stands_in[*id as usize].get_or_insert(Item::Pick(*id, pack, lane as u32));
                    }
                }
                Kind::State(_) => items.push((level, Item::Lanes(pack))),
                Kind::View(_) | Kind::Gather => items.push((level, Item::Gather(pack))),
                Kind::Uniform if is_top(&values[0]) => {
                    for id in values.iter().filter(|id| is_top(id) && **id != values[0]) {
                        stands_in[*id as usize].get_or_insert(Item::Same(*id, values[0]));
                    }
                }
                Kind::Uniform => {}
            }
        }
        for (id, item) in stands_in.into_iter().enumerate() {
            items.push((self.levels[id], item.unwrap_or(Item::Copy(id as Id))));
        }
        items.sort_unstable();
        for (_, item) in items {
            match item {
                Item::Lanes(pack) | Item::Gather(pack) => self.make_pack(pack),
                Item::Copy(id) => self.copies[id as usize] = Some(self.copy(id)),
                Item::Same(id, other) => self.copies[id as usize] = Some(self.copy_of(other)),
                Item::Pick(id, pack, lane) => {
                    let of = self.made[pack].expect("a tuple comes before its lanes are picked");
                    self.copies[id as usize] = Some(self.push(Op::Pick(of, lane), id, 1));
                }
            }
        }
    }

    /// The new value of an old one that has had its turn.
    fn earlier(&self, id: Id) -> Id {
        self.copies[id as usize].expect("values are made in an order in which none needs a later one")
    }

    fn level(&self, values: &[Id]) -> u32 {
        values.iter().map(|id| self.levels[*id as usize]).max().unwrap_or(0)
    }

    /// A new value with the width and place in the hierarchy of an old one.
    fn push(&mut self, op: Op, like: Id, lanes: u32) -> Id {
        let Node { width, scope, .. } = self.old.nodes[like as usize];
        self.new.nodes.push(Node { op, width, lanes, scope });
        (self.new.nodes.len() - 1) as Id
    }

    fn copy_of(&mut self, id: Id) -> Id {
        match self.copies[id as usize] {
            Some(copy) => copy,
            // Only what is equal to another is asked for before its turn, and then both have one level.
            None => {
                let copy = self.copy(id);
                self.copies[id as usize] = Some(copy);
                copy
            }
        }
    }

    fn copy(&mut self, id: Id) -> Id {
        if let Some(copy) = self.copies[id as usize] {
            return copy;
        }
        let op = match self.old.nodes[id as usize].op {
            Op::State(state) => return self.state_lane(id, state),
            Op::Load { memory, addr, .. } => {
                let (memory, lane) = self.memories[memory as usize];
                Op::Load { memory, lane, addr: self.earlier(addr) }
            }
            op => op.map(|operand| self.earlier(operand)),
        };
        let op = op.list().map_or(op, |list| {
            let list = self.old.lists[list as usize].iter().map(|id| self.earlier(*id)).collect();
            self.listed(op, list)
        });
        self.push(op, id, 1)
    }

    /// A register, or a lane of it.
    fn state_lane(&mut self, like: Id, old: u32) -> Id {
        let all = self.state(like, old);
        match self.new.lanes(all) {
            1 => all,
            _ => self.push(Op::Pick(all, self.states[old as usize].1), like, 1),
        }
    }

    /// A register with all its lanes.
    fn state(&mut self, like: Id, old: u32) -> Id {
        let new = self.states[old as usize].0;
        if let Some(value) = self.state_values[new as usize] {
            return value;
        }
        let value = self.push(Op::State(new), like, self.lanes_of_state(old));
        self.state_values[new as usize] = Some(value);
        value
    }

    fn lanes_of_state(&self, old: u32) -> u32 {
        match self.packer.state_of[old as usize] {
            Some(member) if !self.packer.is_uniform[member.family][member.index] => self.lanes(member),
            _ => 1,
        }
    }

    fn lanes(&self, member: Member) -> u32 {
        self.packer.families[member.family].scopes.len() as u32
    }

    fn make_pack(&mut self, pack: PackId) {
        let Pack { values, kind } = &self.packer.packs[pack];
        let (first, lanes, values, kind) = (values[0], values.len() as u32, values.clone(), kind.clone());
        let made = match kind {
            Kind::Uniform => return,
            Kind::State(member) | Kind::View(member) => {
                let Op::State(state) = self.old.nodes[first as usize].op else { panic!("a register") };
                let all = self.state(first, state);
                match kind {
                    Kind::View(_) => self.push(Op::View(all, member.lane as u32), first, lanes),
                    _ => all,
                }
            }
            Kind::Lanes(packs) => {
                let op = self.lane_op(first, &packs);
                self.push(op, first, lanes)
            }
            Kind::Gather => {
                let list = values.iter().map(|id| self.earlier(*id)).collect();
                let op = self.listed(Op::Gather(0), list);
                self.push(op, first, lanes)
            }
        };
        self.made[pack] = Some(made);
    }

    /// The operation of a tuple. The address of a memory may be one for all lanes.
    fn lane_op(&mut self, like: Id, packs: &[PackId]) -> Op {
        match self.old.nodes[like as usize].op {
            Op::Load { memory, .. } => {
                let addr = self.one_or_lanes(packs[0]);
                Op::Load { memory: self.memories[memory as usize].0, lane: 0, addr }
            }
            op => {
                let operands: Vec<Id> = packs.iter().map(|pack| self.with_lanes(*pack)).collect();
                let mut operands = operands.into_iter();
                let op = op.map(|_| operands.next().expect("an operand for each"));
                match op.list() {
                    Some(_) => self.listed(op, operands.collect()),
                    None => op,
                }
            }
        }
    }

    /// An operation on a new list.
    fn listed(&mut self, op: Op, list: Vec<Id>) -> Op {
        self.new.lists.push(list);
        op.with_list(self.new.lists.len() as u32 - 1)
    }

    fn one_or_lanes(&mut self, pack: PackId) -> Id {
        match self.packer.packs[pack].kind {
            Kind::Uniform => self.earlier(self.packer.packs[pack].values[0]),
            _ => self.made[pack].expect("an earlier tuple"),
        }
    }

    fn with_lanes(&mut self, pack: PackId) -> Id {
        let value = self.one_or_lanes(pack);
        let Pack { values, kind: Kind::Uniform } = &self.packer.packs[pack] else { return value };
        let (like, lanes) = (values[0], values.len() as u32);
        match self.splats[pack] {
            Some(splat) => splat,
            None => {
                let splat = self.push(Op::Splat(value), like, lanes);
                self.splats[pack] = Some(splat);
                splat
            }
        }
    }

    fn make_states(&mut self) {
        let old = self.old;
        for (index, state) in old.states.iter().enumerate() {
            // Others have become a lane of an earlier one, or equal it.
            if self.states[index].0 as usize == self.new.states.len() {
                let lanes = self.lanes_of_state(index as u32);
                let (next, enable, reset) = match self.packer.state_of[index] {
                    Some(member) if lanes > 1 => self.packed_state(member),
                    _ => {
                        let copy = |id: Id| self.earlier(id);
                        (copy(state.next), state.enable.map(copy), state.reset.map(|reset| copy(reset.0)))
                    }
                };
                let reset = reset.zip(state.reset.map(|reset| reset.1));
                self.new.states.push(State { lanes, next, enable, reset, ..*state });
            }
        }
    }

    /// What decides a register with lanes: next, enable, reset.
    fn packed_state(&mut self, member: Member) -> (Id, Option<Id>, Option<Id>) {
        let packs = self.packer.state_packs(member.family, member.index);
        let next = self.with_lanes(packs.next);
        let [enable, reset] =
            [packs.enable, packs.reset].map(|pack| pack.map(|pack| self.one_or_lanes(pack)));
        (next, enable, reset)
    }

    fn make_memories(&mut self) {
        let old = self.old;
        for (index, memory) in old.memories.iter().enumerate() {
            if self.memories[index].0 as usize == self.new.memories.len() {
                let (lanes, writes) = match self.packer.memory_of[index] {
                    Some(member) => (self.lanes(member), self.packed_writes(member)),
                    None => (1, memory.writes.iter().map(|write| self.copy_write(write)).collect()),
                };
                self.new.memories.push(Memory { lanes, writes, ..*memory });
            }
        }
    }

    fn packed_writes(&mut self, member: Member) -> Vec<Write> {
        let ports = self.packer.write_packs(member.family, member.index);
        let write = |packs: WritePacks| {
            let addr = self.one_or_lanes(packs.addr);
            let enable = match self.new.lanes(addr) {
                1 => self.one_or_lanes(packs.enable),
                _ => self.with_lanes(packs.enable),
            };
            let data = self.with_lanes(packs.data);
            Write { addr, enable, data, mask: packs.mask.map(|mask| self.with_lanes(mask)) }
        };
        ports.into_iter().map(write).collect()
    }

    fn copy_write(&self, write: &Write) -> Write {
        let copy = |id: Id| self.earlier(id);
        let Write { addr, enable, data, mask } = *write;
        Write { addr: copy(addr), enable: copy(enable), data: copy(data), mask: mask.map(copy) }
    }
}
