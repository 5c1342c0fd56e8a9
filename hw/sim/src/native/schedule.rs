//! Cuts a netlist into blocks: runs of values that are computed together or, where nothing that they depend on has
//! changed, not at all.
//!
//! Values of one instance stay together as far as their order allows, and neighbours in the hierarchy are near each
//! other, so that an idle part of the hardware is a few blocks of its own. What nothing depends on is left out.
//! Blocks are in an order of evaluation, and none needs a later one.

use std::collections::BTreeMap;

use super::words::{Id, Netlist};

/// A block is closed at this many values.
const MOST: usize = 200;

/// A block of this many values is closed where the next value belongs to another instance.
const FEW: usize = 40;

/// The number of the block of a value that is not computed: a leaf, or dead.
pub(crate) const NONE: u32 = u32::MAX;

/// Values and registers that are evaluated together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// Computed values, in order.
    pub nodes: Vec<Id>,
    /// Registers that are decided here.
    pub states: Vec<u32>,
}

/// Blocks in their order.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub blocks: Vec<Block>,
    /// By value.
    pub block_of: Vec<u32>,
}

/// What is put in order.
#[derive(Clone, Copy)]
enum Item {
    Node(Id),
    State(u32),
}

/// Orders what is alive and cuts it.
pub(crate) fn schedule(netlist: &Netlist) -> Schedule {
    let mut schedule = Schedule { blocks: Vec::new(), block_of: vec![NONE; netlist.nodes.len()] };
    let mut block = Block::default();
    let mut last_scope = None;
    for (item, scope) in Order::new(netlist) {
        let size = block.nodes.len() + block.states.len();
        if size >= MOST || size >= FEW && last_scope != Some(scope) {
            schedule.blocks.push(std::mem::take(&mut block));
        }
        match item {
            Item::Node(id) => {
                schedule.block_of[id as usize] = schedule.blocks.len() as u32;
                block.nodes.push(id);
            }
            Item::State(state) => block.states.push(state),
        }
        last_scope = Some(scope);
    }
    schedule.blocks.push(block);
    schedule
}

impl Schedule {
    /// Whether every live value is in one block, after what it needs.
    pub fn check(&self, netlist: &Netlist) -> Result<(), String> {
        let mut is_done: Vec<bool> = netlist.nodes.iter().map(|node| node.op.is_leaf()).collect();
        let mut states = 0;
        for (number, block) in self.blocks.iter().enumerate() {
            for id in &block.nodes {
                if !netlist.nodes[*id as usize].op.operands().all(|operand| is_done[operand as usize]) {
                    return Err(format!("value {id} in block {number} comes before one that it needs"));
                }
                if self.block_of[*id as usize] != number as u32 || is_done[*id as usize] {
                    return Err(format!("value {id} is in several blocks"));
                }
                is_done[*id as usize] = true;
            }
            for state in &block.states {
                if !netlist.states[*state as usize].operands().all(|operand| is_done[operand as usize]) {
                    return Err(format!("state {state} is decided in block {number}, before its values"));
                }
            }
            states += block.states.len();
        }
        let mut roots = netlist.memories.iter().flat_map(|memory| memory.operands());
        if states != netlist.states.len() || !roots.all(|id| is_done[id as usize]) {
            return Err("a register or the port of a memory is missing".to_owned());
        }
        Ok(())
    }
}

/// Gives items in an order of evaluation: as many as can be of one instance, then those of the next.
struct Order<'a> {
    netlist: &'a Netlist,
    /// By item: values, then states.
    users: Vec<Vec<u32>>,
    waits_for: Vec<u32>,
    ready: BTreeMap<u32, Vec<u32>>,
    scope: u32,
}

impl<'a> Order<'a> {
    fn new(netlist: &'a Netlist) -> Order<'a> {
        let count = netlist.nodes.len() + netlist.states.len();
        let mut order = Order {
            netlist,
            users: vec![Vec::new(); count],
            waits_for: vec![0; count],
            ready: BTreeMap::new(),
            scope: 0,
        };
        let is_live = live(netlist);
        for item in (0..count as u32).rev() {
            let operands: Vec<Id> = match order.item(item) {
                Item::Node(id) if !is_live[id as usize] => continue,
                Item::Node(id) => netlist.nodes[id as usize].op.operands().collect(),
                Item::State(state) => netlist.states[state as usize].operands().collect(),
            };
            let computed = operands.into_iter().filter(|id| !netlist.nodes[*id as usize].op.is_leaf());
            for operand in computed {
                order.users[operand as usize].push(item);
                order.waits_for[item as usize] += 1;
            }
            if order.waits_for[item as usize] == 0 {
                order.offer(item);
            }
        }
        order
    }

    fn item(&self, item: u32) -> Item {
        match (item as usize).checked_sub(self.netlist.nodes.len()) {
            Some(state) => Item::State(state as u32),
            None => Item::Node(item),
        }
    }

    fn scope_of(&self, item: u32) -> u32 {
        match self.item(item) {
            Item::Node(id) => self.netlist.nodes[id as usize].scope,
            Item::State(state) => self.netlist.states[state as usize].scope,
        }
    }

    fn offer(&mut self, item: u32) {
        self.ready.entry(self.scope_of(item)).or_default().push(item);
    }
}

impl Iterator for Order<'_> {
    type Item = (Item, u32);

    fn next(&mut self) -> Option<(Item, u32)> {
        let here = self.ready.range(self.scope..).next().or_else(|| self.ready.iter().next());
        let scope = *here?.0;
        let ready = self.ready.get_mut(&scope)?;
        let item = ready.pop()?;
        if ready.is_empty() {
            self.ready.remove(&scope);
        }
        self.scope = scope;
        for user in std::mem::take(&mut self.users[item as usize]) {
            self.waits_for[user as usize] -= 1;
            if self.waits_for[user as usize] == 0 {
                self.offer(user);
            }
        }
        Some((self.item(item), scope))
    }
}

/// The computed values that an output, a register or a memory depends on.
pub(crate) fn live(netlist: &Netlist) -> Vec<bool> {
    let mut is_live = vec![false; netlist.nodes.len()];
    let outputs = netlist.outputs.iter().flatten().copied();
    let states = netlist.states.iter().flat_map(|state| state.operands());
    for root in outputs.chain(states).chain(netlist.memories.iter().flat_map(|memory| memory.operands())) {
        is_live[root as usize] = true;
    }
    for (id, node) in netlist.nodes.iter().enumerate().rev() {
        if is_live[id] {
            node.op.operands().for_each(|operand| is_live[operand as usize] = true);
            is_live[id] = !node.op.is_leaf();
        }
    }
    is_live
}
