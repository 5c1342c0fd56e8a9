//! A whole hierarchy in which nothing is wider than so many bits.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::inline::push;
use super::remake::{over, remake};
use crate::module::{Memory, Module, ReadPort};
use crate::op::{Binary, NodeId, Op};

/// The hierarchy with at most `most` bits in every value; nothing where that is no change.
pub(super) fn capped(top: &Arc<Module>, most: u32) -> Option<Arc<Module>> {
    let mut made: BTreeMap<String, Arc<Module>> = BTreeMap::new();
    let is_wide = |module: &Arc<Module>| module.nodes.iter().any(|node| node.width > most);
    let modules = top.hierarchy();
    if !modules.iter().any(is_wide) {
        return None;
    }
    for module in modules {
        let mut narrow = over(&module, &made)?;
        cap(&mut narrow, most);
        made.insert(module.name.clone(), remake(narrow)?);
    }
    made.remove(&top.name)
}

fn cap(module: &mut Module, most: u32) {
    let count = module.nodes.len();
    module.nodes.iter_mut().for_each(|node| node.width = node.width.min(most));
    for id in 0..count {
        let op = narrowed(module, NodeId(id as u32), most);
        module.nodes[id].op = op;
    }
    module.inputs.iter_mut().for_each(|port| port.width = port.width.min(most));
    module.outputs.iter_mut().for_each(|output| output.port.width = output.port.width.min(most));
    for register in &mut module.registers {
        register.width = register.width.min(most);
        register.reset = register.reset.as_ref().map(|value| value.slice(0, register.width));
    }
    for index in 0..module.memories.len() {
        let mut memory = module.memories[index].clone();
        memory.width = memory.width.min(most);
        memory.depth = memory.depth.min(1 << most.min(31));
        for write in &mut memory.writes {
            write.granule = if write.mask.is_some() { 1 } else { memory.width };
            write.mask = write.mask.map(|mask| fit(module, mask, memory.width));
        }
        module.memories[index] = memory;
    }
}

/// The operation of a value on operands that have become narrow.
fn narrowed(module: &mut Module, id: NodeId, most: u32) -> Op {
    let width = module.node(id).width;
    match module.node(id).op.clone() {
        Op::Const(value) => Op::Const(value.slice(0, width)),
        Op::Slice { of, low } => {
            let room = module.node(of).width;
            let taken = width.min(room);
            let slice = push(module, Op::Slice { of, low: low.min(room - taken) }, taken);
            Op::Zext(slice)
        }
        Op::Binary(kind @ (Binary::MulUnsigned | Binary::MulSigned), a, b) => {
            let full = module.node(a).width + module.node(b).width;
            let product = push(module, Op::Binary(kind, a, b), full);
            fitted(module, product, width)
        }
        Op::Concat(parts) => {
            let full = parts.iter().map(|part| module.node(*part).width).sum();
            let joined = push(module, Op::Concat(parts), full);
            fitted(module, joined, width)
        }
        Op::Select { index, mut options } => {
            options.truncate(1 << most.min(31));
            Op::Select { index, options }
        }
        op => op,
    }
}

/// A value, extended with zeros or cut.
pub(super) fn fit(module: &mut Module, id: NodeId, width: u32) -> NodeId {
    let op = fitted(module, id, width);
    push(module, op, width)
}

fn fitted(module: &Module, id: NodeId, width: u32) -> Op {
    match module.node(id).width > width {
        true => Op::Slice { of: id, low: 0 },
        false => Op::Zext(id),
    }
}

/// What addresses a memory's ports.
pub(super) fn addresses(memory: &mut Memory) -> Vec<&mut NodeId> {
    let writes = memory.writes.iter_mut().map(|write| &mut write.addr);
    let reads = memory.reads.iter_mut().map(|read| match read {
        ReadPort::Async { addr } | ReadPort::Sync { addr, .. } => addr,
    });
    writes.chain(reads).collect()
}
