//! Values that are not worth keeping: whoever needs one computes it anew.

use super::words::{Id, Netlist, Op};

/// Comparisons of one value with so many constants are a decoder.
const DECODER: usize = 4;

/// By value: whether it is one that something with lanes reads.
pub(super) fn for_lanes(netlist: &Netlist) -> Vec<bool> {
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

/// Values that are computed anew wherever they are needed, and so in no block, because to keep and compare them costs
/// more: those that say no less than their only operand, some bits of a register or an input, and the outputs of
/// decoders; not if something with lanes reads them, or the world. Lanes of other values are where those are.
pub(super) fn cheap(netlist: &Netlist) -> Vec<bool> {
    let constant = |id: Id| matches!(netlist.nodes[id as usize].op, Op::Const(_));
    let compared = |op: Op| match op {
        Op::Eq(a, b) if constant(b) => Some(a),
        Op::Eq(a, b) if constant(a) => Some(b),
        _ => None,
    };
    let mut comparisons = vec![0; netlist.nodes.len()];
    let all = netlist.nodes.iter().filter_map(|node| compared(node.op));
    all.for_each(|operand| comparisons[operand as usize] += 1);
    let mut is_kept = for_lanes(netlist);
    netlist.outputs.iter().flatten().for_each(|id| is_kept[*id as usize] = true);
    let is_cheap = |op: Op| match op {
        Op::Not(_) | Op::Zext(_) | Op::Sext(_) => true,
        Op::Slice(of, _) => netlist.nodes[of as usize].op.is_leaf(),
        op => compared(op).is_some_and(|operand| comparisons[operand as usize] >= DECODER),
    };
    let by_value = netlist.nodes.iter().zip(is_kept);
    by_value
        .map(|(node, is_kept)| {
            node.op.lane_of().is_some() || (node.lanes == 1 && !is_kept && is_cheap(node.op))
        })
        .collect()
}

/// What has to be there for some values: themselves, or what is needed to compute them anew.
pub(super) fn kept(netlist: &Netlist, is_cheap: &[bool], values: impl Iterator<Item = Id>) -> Vec<Id> {
    let mut left: Vec<Id> = values.collect();
    let mut kept = Vec::new();
    while let Some(id) = left.pop() {
        match is_cheap[id as usize] {
            true => left.extend(netlist.operands(id)),
            false => kept.push(id),
        }
    }
    kept
}
