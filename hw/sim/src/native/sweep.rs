//! Dead logic: drops values that no output, register or memory depends on.

use super::words::{Id, Netlist, Write};

/// By value: whether something depends on it.
pub(crate) fn live(netlist: &Netlist) -> Vec<bool> {
    let mut is_live = vec![false; netlist.nodes.len()];
    let outputs = netlist.outputs.iter().flatten().copied();
    let states = netlist.states.iter().flat_map(|state| state.operands());
    for root in outputs.chain(states).chain(netlist.memories.iter().flat_map(|memory| memory.operands())) {
        is_live[root as usize] = true;
    }
    for id in (0..netlist.nodes.len() as Id).rev() {
        if is_live[id as usize] {
            netlist.operands(id).for_each(|operand| is_live[operand as usize] = true);
        }
    }
    is_live
}

/// The netlist without dead values. Registers and memories stay: somebody may want to look at them.
pub(crate) fn sweep(old: Netlist) -> Netlist {
    let is_live = live(&old);
    let mut new_id = vec![Id::MAX; old.nodes.len()];
    let mut nodes = Vec::new();
    let mut lists: Vec<Vec<Id>> = Vec::new();
    for (id, node) in old.nodes.iter().enumerate().filter(|(id, _)| is_live[*id]) {
        let mut node = *node;
        node.op = node.op.map(|operand| new_id[operand as usize]);
        if let Some(list) = node.op.list() {
            lists.push(old.lists[list as usize].iter().map(|id| new_id[*id as usize]).collect());
            node.op = node.op.with_list(lists.len() as u32 - 1);
        }
        new_id[id] = nodes.len() as Id;
        nodes.push(node);
    }
    let of = |id: Id| new_id[id as usize];
    let mut new = Netlist { nodes, lists, ..old };
    for state in &mut new.states {
        state.next = of(state.next);
        state.enable = state.enable.map(of);
        state.reset = state.reset.map(|(reset, value)| (of(reset), value));
    }
    for write in new.memories.iter_mut().flat_map(|memory| &mut memory.writes) {
        let Write { addr, enable, data, mask } = *write;
        *write = Write { addr: of(addr), enable: of(enable), data: of(data), mask: mask.map(of) };
    }
    new.outputs = new.outputs.into_iter().map(|words| words.into_iter().map(of).collect()).collect();
    new
}
