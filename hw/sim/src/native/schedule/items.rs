//! Values and registers with whatever only they use: what is put in order, and never torn apart.

use super::super::cheap::kept;
use super::super::words::{Id, Netlist};
use super::cut::{Piece, MOST};
use super::{Block, NONE};

/// The most values of the cone of a register that can be held.
const MOST_HELD: usize = 200;

/// What is put in order: values and registers, each with its cone.
pub(super) struct Items {
    pub all: Vec<Block>,
    /// By item: the instance that it belongs to.
    pub scopes: Vec<u32>,
    /// By value; [`NONE`] for one that is in no block.
    pub of_node: Vec<u32>,
}

impl Items {
    pub fn new(netlist: &Netlist, is_cheap: &[bool]) -> Items {
        let mut items =
            Items { all: Vec::new(), scopes: Vec::new(), of_node: vec![NONE; netlist.nodes.len()] };
        let mut users = vec![User::Nobody; netlist.nodes.len()];
        for (index, state) in netlist.states.iter().enumerate() {
            let block = Block { states: vec![index as u32], has_lanes: state.lanes > 1, ..Block::default() };
            let item = items.add(block, state.scope);
            state.operands().for_each(|id| users[id as usize].add(User::Item(item)));
        }
        for (index, memory) in netlist.memories.iter().enumerate() {
            memory.operands().for_each(|id| users[id as usize].add(User::Memory(index as u32)));
        }
        for id in (0..netlist.nodes.len() as Id).rev() {
            let node = &netlist.nodes[id as usize];
            if node.op.is_leaf() {
                continue;
            }
            if is_cheap[id as usize] {
                // What is seen by lane has to be stored before, so it is no part of what sees it so.
                let user = if node.op.lane_of().is_some() { User::Several } else { users[id as usize] };
                netlist.operands(id).for_each(|operand| users[operand as usize].add(user));
                continue;
            }
            let has_lanes = node.lanes > 1;
            let is_in_cone = |number: u32| {
                let item = &items.all[number as usize];
                // While a register is held, what only its next value needs costs nothing.
                let is_held = netlist.states.get(number as usize).is_some_and(|state| state.enable.is_some());
                let most = if is_held { MOST_HELD } else { MOST };
                item.has_lanes == has_lanes && (has_lanes || item.nodes.len() < most)
            };
            let item = match users[id as usize] {
                User::Item(item) if is_in_cone(item) => item,
                _ => items.add(Block { has_lanes, ..Block::default() }, node.scope),
            };
            items.all[item as usize].nodes.push(id);
            items.of_node[id as usize] = item;
            netlist.operands(id).for_each(|operand| users[operand as usize].add(User::Item(item)));
        }
        items.all.iter_mut().for_each(|item| item.nodes.reverse());
        items.decide_where_computed(netlist);
        items
    }

    /// A register with lanes whose value others use, too, is decided where that is computed, which has it at hand. Its
    /// controls must not have to be computed first: they might need the value.
    fn decide_where_computed(&mut self, netlist: &Netlist) {
        for (item, state) in netlist.states.iter().enumerate() {
            let controls = state.operands().filter(|id| *id != state.next);
            let is_free = controls.into_iter().all(|id| netlist.nodes[id as usize].op.is_leaf());
            let from = self.of_node[state.next as usize];
            if state.lanes > 1 && is_free && from != NONE && from != item as u32 {
                self.all[item] = Block::default();
                self.all[from as usize].states.push(item as u32);
            }
        }
    }

    /// The items of an order as a block.
    pub fn block(&self, order: &[(u32, u32)]) -> Block {
        let mut block = Block::default();
        for item in order.iter().map(|(item, _)| &self.all[*item as usize]) {
            block.nodes.extend(&item.nodes);
            block.states.extend(&item.states);
            block.has_lanes = item.has_lanes;
        }
        block
    }

    /// By item: whether an output depends on it.
    pub fn shown(&self, netlist: &Netlist, is_cheap: &[bool]) -> Vec<bool> {
        let mut is_shown = vec![false; self.all.len()];
        let mut left = kept(netlist, is_cheap, netlist.outputs.iter().flatten().copied());
        while let Some(id) = left.pop() {
            let item = self.of_node[id as usize];
            if item != NONE && !std::mem::replace(&mut is_shown[item as usize], true) {
                left.extend(kept(netlist, is_cheap, self.operands(netlist, item as usize)));
            }
        }
        is_shown
    }

    /// What cutting needs to know of the items, in their order.
    pub fn pieces(&self, netlist: &Netlist, order: &[(u32, u32)], is_cheap: &[bool]) -> Vec<Piece> {
        let mut place = vec![0; self.all.len()];
        order.iter().enumerate().for_each(|(at, (item, _))| place[*item as usize] = at);
        let last = self.last_needed(netlist, &place, is_cheap);
        let piece = |(item, scope): &(u32, u32)| {
            let Block { nodes, states, has_lanes } = &self.all[*item as usize];
            let needed = nodes.iter().map(|id| last[*id as usize]).collect();
            Piece { size: nodes.len() + states.len(), scope: *scope, is_alone: *has_lanes, needed }
        };
        order.iter().map(piece).collect()
    }

    /// What an item computes from.
    pub fn operands<'a>(&'a self, netlist: &'a Netlist, item: usize) -> impl Iterator<Item = Id> + 'a {
        let Block { nodes, states, .. } = &self.all[item];
        let of_nodes = nodes.iter().flat_map(|id| netlist.operands(*id));
        of_nodes.chain(states.iter().flat_map(|state| netlist.states[*state as usize].operands()))
    }

    /// By value: the last place that needs it.
    fn last_needed(&self, netlist: &Netlist, place: &[usize], is_cheap: &[bool]) -> Vec<usize> {
        let mut last = vec![0; netlist.nodes.len()];
        for (item, at) in place.iter().enumerate() {
            for id in kept(netlist, is_cheap, self.operands(netlist, item)) {
                last[id as usize] = last[id as usize].max(*at);
            }
        }
        let of_memories = netlist.memories.iter().flat_map(|memory| memory.operands());
        let outside = netlist.outputs.iter().flatten().copied().chain(of_memories);
        kept(netlist, is_cheap, outside).into_iter().for_each(|id| last[id as usize] = usize::MAX);
        last
    }

    fn add(&mut self, item: Block, scope: u32) -> u32 {
        self.all.push(item);
        self.scopes.push(scope);
        self.all.len() as u32 - 1
    }
}

/// Who uses a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum User {
    Nobody,
    Item(u32),
    Memory(u32),
    Several,
}

impl User {
    fn add(&mut self, user: User) {
        *self = match *self {
            User::Nobody => user,
            known if known == user => known,
            _ => User::Several,
        };
    }
}
