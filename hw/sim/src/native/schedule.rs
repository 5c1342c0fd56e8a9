//! Cuts a netlist into blocks: runs of values that are computed together or, where nothing that they depend on has
//! changed, not at all.
//!
//! Values of one instance stay together as far as their order allows, and neighbours in the hierarchy are near each
//! other, so that an idle part of the hardware is a few blocks of its own. A *cone*, whatever only one register, memory or
//! value outside uses, is torn apart only where it is very long; with lanes, where it is costly, it is a block of its own. Where
//! else blocks end, [`cut`](super::cut) decides. They are in an order of evaluation, and none needs a later one. Cheap
//! values are in none of them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::cheap::{cheap, kept};
use super::cut::{cut, Piece, MOST};
use super::words::{Id, Netlist, FLAGS};

/// The most values of the cone of a register that can be held.
const MOST_HELD: usize = 200;

/// The number of the block of a value that is in none: a leaf, a cheap one, or dead.
pub(crate) const NONE: u32 = u32::MAX;

/// Values and registers that are evaluated together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// Values that are computed and kept, in order; whatever is cheap is computed where it is needed.
    pub nodes: Vec<Id>,
    /// Registers that are decided here.
    pub states: Vec<u32>,
    /// Whether they have lanes; a block has none with and without.
    pub has_lanes: bool,
}

impl Block {
    /// Whether there is nothing to evaluate.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.states.is_empty()
    }
}

/// Blocks in their order.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub blocks: Vec<Block>,
    /// By value.
    pub block_of: Vec<u32>,
    /// How many blocks are all that outputs depend on, with empty ones up to a whole word of flags.
    pub shown: usize,
}

/// Orders what a swept netlist computes, and cuts it.
pub(crate) fn schedule(netlist: &Netlist) -> Schedule {
    let is_cheap = cheap(netlist);
    let items = Items::new(netlist, &is_cheap);
    let is_shown = items.shown(netlist, &is_cheap);
    let order: Vec<(u32, u32)> = Order::new(netlist, &items, &is_cheap, &is_shown).collect();
    let pieces = items.pieces(netlist, &order, &is_cheap);
    let blocks_of = |range: Range<usize>| {
        let blocks = cut(&pieces[range.clone()], range.start).into_iter();
        let blocks = blocks.map(|of| items.block(&order[range.start + of.start..range.start + of.end]));
        blocks.filter(|block| !block.is_empty()).collect::<Vec<Block>>()
    };
    let count = order.partition_point(|(item, _)| is_shown[*item as usize]);
    let mut blocks = blocks_of(0..count);
    blocks.resize(blocks.len().next_multiple_of(FLAGS), Block::default());
    let shown = blocks.len();
    blocks.extend(blocks_of(count..order.len()));
    let mut block_of = vec![NONE; netlist.nodes.len()];
    for (number, block) in blocks.iter().enumerate() {
        block.nodes.iter().for_each(|id| block_of[*id as usize] = number as u32);
    }
    Schedule { blocks, block_of, shown }
}

impl Schedule {
    /// Whether every value is in one block, after what it needs.
    pub fn check(&self, netlist: &Netlist) -> Result<(), String> {
        let is_cheap = cheap(netlist);
        let mut is_done: Vec<bool> = netlist.nodes.iter().map(|node| node.op.is_leaf()).collect();
        let all_done = |is_done: &[bool], values: &mut dyn Iterator<Item = Id>| {
            kept(netlist, &is_cheap, values).into_iter().all(|id| is_done[id as usize])
        };
        let mut states = 0;
        for (number, block) in self.blocks.iter().enumerate() {
            for id in &block.nodes {
                if !all_done(&is_done, &mut netlist.operands(*id)) {
                    return Err(format!("value {id} in block {number} comes before one that it needs"));
                }
                if self.block_of[*id as usize] != number as u32 || is_done[*id as usize] {
                    return Err(format!("value {id} is in several blocks"));
                }
                if let Some(of) = netlist.operands(*id).find_map(|id| self.seen_inside(netlist, id, number)) {
                    return Err(format!(
                        "value {id} in block {number} sees lanes of value {of}, which is not stored yet"
                    ));
                }
                let lanes = netlist.lanes(*id);
                if (lanes > 1) != block.has_lanes || lanes != netlist.lanes(block.nodes[0]) {
                    return Err(format!("block {number} has values with different lanes"));
                }
                is_done[*id as usize] = true;
            }
            for state in &block.states {
                if !all_done(&is_done, &mut netlist.states[*state as usize].operands()) {
                    return Err(format!("state {state} is decided in block {number}, before its values"));
                }
            }
            states += block.states.len();
        }
        let shown = netlist.outputs.iter().flatten().copied();
        if let Some(id) = kept(netlist, &is_cheap, shown).into_iter().find(|id| !self.is_shown(netlist, *id))
        {
            return Err(format!("an output depends on value {id}, which is computed with what none does"));
        }
        let mut roots = netlist.memories.iter().flat_map(|memory| memory.operands());
        if states != netlist.states.len() || !all_done(&is_done, &mut roots) {
            return Err("a register or the port of a memory is missing".to_owned());
        }
        Ok(())
    }

    fn is_shown(&self, netlist: &Netlist, id: Id) -> bool {
        netlist.nodes[id as usize].op.is_leaf() || (self.block_of[id as usize] as usize) < self.shown
    }

    /// The value of a block of which `id` is a lane, or some.
    fn seen_inside(&self, netlist: &Netlist, id: Id, block: usize) -> Option<Id> {
        let of = netlist.nodes[id as usize].op.lane_of()?.0;
        (self.block_of[of as usize] as usize == block).then_some(of)
    }

    /// As text, a block a line.
    pub fn dump(&self) -> String {
        let block = |(number, block): (usize, &Block)| {
            let Block { nodes, states, has_lanes } = block;
            let lanes = if *has_lanes { " with lanes" } else { "" };
            let shown = if number < self.shown { ", of outputs" } else { "" };
            format!("block {number}{lanes}{shown}: values {nodes:?}, registers {states:?}\n")
        };
        self.blocks.iter().enumerate().filter(|(_, block)| !block.is_empty()).map(block).collect()
    }
}

/// What is put in order: values and registers, each with its cone.
struct Items {
    all: Vec<Block>,
    scopes: Vec<u32>,
    /// By value; [`NONE`] for one that is in no block.
    of_node: Vec<u32>,
}

impl Items {
    fn new(netlist: &Netlist, is_cheap: &[bool]) -> Items {
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
    fn block(&self, order: &[(u32, u32)]) -> Block {
        let mut block = Block::default();
        for item in order.iter().map(|(item, _)| &self.all[*item as usize]) {
            block.nodes.extend(&item.nodes);
            block.states.extend(&item.states);
            block.has_lanes = item.has_lanes;
        }
        block
    }

    /// By item: whether an output depends on it.
    fn shown(&self, netlist: &Netlist, is_cheap: &[bool]) -> Vec<bool> {
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
    fn pieces(&self, netlist: &Netlist, order: &[(u32, u32)], is_cheap: &[bool]) -> Vec<Piece> {
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
    fn operands<'a>(&'a self, netlist: &'a Netlist, item: usize) -> impl Iterator<Item = Id> + 'a {
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

/// Gives items in an order of evaluation: as many as can be of one instance, then those of the next.
struct Order<'a> {
    items: &'a Items,
    /// By item.
    users: Vec<Vec<u32>>,
    waits_for: Vec<u32>,
    is_shown: &'a [bool],
    /// Those that outputs depend on, which come first, and the others.
    ready: [BTreeMap<u32, Vec<u32>>; 2],
    scope: u32,
}

impl<'a> Order<'a> {
    fn new(netlist: &Netlist, items: &'a Items, is_cheap: &[bool], is_shown: &'a [bool]) -> Order<'a> {
        let count = items.all.len();
        let mut order = Order {
            items,
            users: vec![Vec::new(); count],
            waits_for: vec![0; count],
            is_shown,
            ready: [BTreeMap::new(), BTreeMap::new()],
            scope: 0,
        };
        for number in 0..count {
            for operand in kept(netlist, is_cheap, items.operands(netlist, number)) {
                let from = items.of_node[operand as usize];
                if from != NONE && from != number as u32 {
                    order.users[from as usize].push(number as u32);
                    order.waits_for[number] += 1;
                }
            }
        }
        for item in 0..count as u32 {
            if order.waits_for[item as usize] == 0 {
                order.offer(item);
            }
        }
        order
    }

    fn offer(&mut self, item: u32) {
        let ready = &mut self.ready[usize::from(!self.is_shown[item as usize])];
        ready.entry(self.items.scopes[item as usize]).or_default().push(item);
    }
}

impl Iterator for Order<'_> {
    type Item = (u32, u32);

    fn next(&mut self) -> Option<(u32, u32)> {
        let ready = self.ready.iter_mut().find(|ready| !ready.is_empty())?;
        let here = ready.range(self.scope..).next().or_else(|| ready.iter().next());
        let scope = *here?.0;
        let of_scope = ready.get_mut(&scope)?;
        let item = of_scope.pop()?;
        if of_scope.is_empty() {
            ready.remove(&scope);
        }
        self.scope = scope;
        for user in std::mem::take(&mut self.users[item as usize]) {
            self.waits_for[user as usize] -= 1;
            if self.waits_for[user as usize] == 0 {
                self.offer(user);
            }
        }
        Some((item, scope))
    }
}
