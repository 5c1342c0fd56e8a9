//! Cuts a netlist into blocks: runs of values that are computed together or, where nothing that they depend on has
//! changed, not at all.
//!
//! Values of one instance stay together as far as their order allows, and neighbours in the hierarchy are near each
//! other, so that an idle part of the hardware is a few blocks of its own. A *cone*, whatever only one register, memory or
//! value outside uses, is torn apart only where it is very long ([`items`]); with lanes, where it is costly, it is a block of
//! its own. Where else blocks end, [`cut`](mod@cut) decides. They are in an order of evaluation ([`order`]), and none needs a
//! later one; what outputs depend on comes first. Cheap values are in none of them.

mod cut;
mod items;
mod order;

use std::ops::Range;

use self::cut::cut;
use self::items::Items;
use self::order::Order;
use super::cheap::{cheap, kept};
use super::words::{Id, Netlist, FLAGS};

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
