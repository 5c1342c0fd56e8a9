//! An instance as logic of the module around it.

use std::sync::Arc;

use crate::assemble::map_memory;
use crate::module::{Instance, Memory, Module, Register};
use crate::op::{Binary, Node, NodeId, Op};

/// Puts what is in an instance in its place; nothing where there is no such instance.
pub(super) fn inline(module: &mut Module, index: usize) {
    let Some(Instance { name, module: child, inputs }) = module.instances.get(index).cloned() else { return };
    let first = module.nodes.len();
    let to = |id: NodeId| NodeId((first + id.index()) as u32);
    let (registers, memories, instances) =
        (module.registers.len(), module.memories.len(), module.instances.len());
    for node in &child.nodes {
        let op = match &node.op {
            Op::Input(port) => Op::Zext(inputs[*port]),
            Op::Register(register) => Op::Register(registers + register),
            Op::Read { memory, port } => Op::Read { memory: memories + memory, port: *port },
            Op::Output { instance, port } => Op::Output { instance: instances + instance, port: *port },
            op => op.map(to),
        };
        push(module, op, node.width);
    }
    let renamed = |inner: &str| format!("{name}_{inner}");
    for register in &child.registers {
        let Register { width, ref reset, .. } = *register;
        let (enable, next) = (register.enable.map(to), to(register.next));
        module.registers.push(Register {
            name: renamed(&register.name),
            width,
            reset: reset.clone(),
            enable,
            next,
        });
    }
    for memory in &child.memories {
        module.memories.push(Memory { name: renamed(&memory.name), ..map_memory(memory, to) });
    }
    for instance in &child.instances {
        let inputs = instance.inputs.iter().map(|id| to(*id)).collect();
        let (name, module_of) = (renamed(&instance.name), Arc::clone(&instance.module));
        module.instances.push(Instance { name, module: module_of, inputs });
    }
    for id in 0..first {
        if let Op::Output { instance, port } = module.nodes[id].op {
            if instance == index {
                module.nodes[id].op = Op::Zext(to(child.outputs[port].node));
            }
        }
    }
    if let Some(reset) = child.reset {
        let passed_on = match child.node(reset).op {
            Op::Input(port) => inputs[port],
            _ => to(reset),
        };
        join_resets(module, registers, passed_on);
    }
}

/// The registers from `first` on are reset by `reset`, all others by what resets the module. Where those differ the
/// reset of the former becomes part of what they take.
fn join_resets(module: &mut Module, first: usize, reset: NodeId) {
    if !module.registers[..first].iter().any(|register| register.reset.is_some()) {
        module.reset = Some(reset);
    }
    if module.reset == Some(reset) {
        return;
    }
    for index in first..module.registers.len() {
        let Register { width, reset: Some(value), enable, next, .. } = module.registers[index].clone() else {
            continue;
        };
        let value = push(module, Op::Const(value), width);
        let next = push(module, Op::Mux { select: reset, yes: value, no: next }, width);
        let enable = enable.map(|enable| push(module, Op::Binary(Binary::Or, reset, enable), 1));
        let register = &mut module.registers[index];
        (register.reset, register.enable, register.next) = (None, enable, next);
    }
}

/// A new value.
pub(super) fn push(module: &mut Module, op: Op, width: u32) -> NodeId {
    module.nodes.push(Node { op, width });
    module.names.push(None);
    NodeId(module.nodes.len() as u32 - 1)
}
