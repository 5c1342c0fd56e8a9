//! The changes that are tried, in this order: what takes away most comes first, since everything after it is then
//! quicker.

use std::ops::Range;
use std::sync::Arc;

use num::Bits;

use super::cap::{capped, fit};
use super::inline::inline;
use super::Search;
use crate::module::{Module, Port};
use crate::op::{NodeId, Op};

/// All of them once.
pub(super) fn all<F: FnMut(&Arc<Module>) -> bool>(search: &mut Search<F>) {
    let top = search.best.name.clone();
    search.change_many(
        &top,
        |module| module.outputs.len(),
        |module, range| drop(module.outputs.drain(range)),
    );
    observe_operands(search, &top);
    for name in names(search) {
        search.change_many(&name, |module| module.instances.len(), without_instances);
        search.change_many(&name, |module| module.nodes.len(), zeroed);
    }
    for index in (0..search.best.instances.len()).rev() {
        search.change(&top, |module| inline(module, index));
    }
    for name in names(search) {
        bypass(search, &name);
        simplify_states(search, &name);
    }
    free_values(search, &top);
    for most in [1, 2, 4, 8, 16, 32, 63, 64, 65, 128] {
        let candidate = capped(&search.best, most);
        if search.offer(candidate) {
            break;
        }
    }
}

/// The modules, the top first.
fn names<F>(search: &Search<F>) -> Vec<String> {
    search.best.hierarchy().iter().rev().map(|module| module.name.clone()).collect()
}

fn zero(module: &mut Module, id: usize) {
    module.nodes[id].op = Op::Const(Bits::zero(module.nodes[id].width));
}

fn zeroed(module: &mut Module, range: Range<usize>) {
    range.for_each(|id| zero(module, id));
}

fn without_instances(module: &mut Module, range: Range<usize>) {
    for id in 0..module.nodes.len() {
        match module.nodes[id].op {
            Op::Output { instance, .. } if range.contains(&instance) => zero(module, id),
            _ => {}
        }
    }
}

/// An output shows an operand of what it shows.
fn observe_operands<F: FnMut(&Arc<Module>) -> bool>(search: &mut Search<F>, top: &str) {
    for output in (0..search.best.outputs.len()).rev() {
        let mut operand = 0;
        // After a step towards the inputs all operands of the new value are tried.
        while let Some(node) = search.best.outputs.get(output).map(|output| output.node) {
            let operands = match search.best.node(node).op {
                Op::Register(register) => vec![search.best.registers[register].next],
                ref op => op.operands(),
            };
            let Some(shown) = operands.get(operand).copied() else { break };
            let is_taken = search.change(top, |module| {
                module.outputs[output].node = shown;
                module.outputs[output].port.width = module.node(shown).width;
            });
            operand = if is_taken { 0 } else { operand + 1 };
        }
    }
}

/// A value is one of its operands, cut or extended.
fn bypass<F: FnMut(&Arc<Module>) -> bool>(search: &mut Search<F>, name: &str) {
    let count = search.module(name).map_or(0, |module| module.nodes.len());
    for id in (0..count).rev() {
        let Some(module) = search.module(name) else { return };
        let operands = module.nodes.get(id).map_or(Vec::new(), |node| node.op.operands());
        for operand in operands {
            let is_taken = search.change(name, |module| {
                let width = module.nodes[id].width;
                module.nodes[id].op = match module.node(operand).width > width {
                    true => Op::Slice { of: operand, low: 0 },
                    false => Op::Zext(operand),
                };
            });
            if is_taken {
                break;
            }
        }
    }
}

/// Registers that are what they take, or have no reset or no enable; memories with fewer ports, without masks, and with fewer entries.
fn simplify_states<F: FnMut(&Arc<Module>) -> bool>(search: &mut Search<F>, name: &str) {
    let controls = |module: &Module| module.registers.len();
    search.change_many(name, controls, |module, range| {
        for id in 0..module.nodes.len() {
            match module.nodes[id].op {
                Op::Register(register) if range.contains(&register) => {
                    module.nodes[id].op = Op::Zext(module.registers[register].next);
                }
                _ => {}
            }
        }
    });
    search.change_many(name, controls, |module, range| {
        module.registers[range].iter_mut().for_each(|register| register.reset = None);
    });
    search.change_many(name, controls, |module, range| {
        module.registers[range].iter_mut().for_each(|register| register.enable = None);
    });
    let memories = search.module(name).map_or(0, |module| module.memories.len());
    for index in (0..memories).rev() {
        search.change_many(
            name,
            |module| module.memories.get(index).map_or(0, |memory| memory.writes.len()),
            |module, range| drop(module.memories[index].writes.drain(range)),
        );
        search.change(name, |module| {
            let writes = module.memories.get_mut(index).map(|memory| memory.writes.iter_mut());
            writes.into_iter().flatten().for_each(|write| write.mask = None);
        });
        while search.change(name, |module| halve(module, index)) {}
    }
}

/// A memory with half as many entries.
fn halve(module: &mut Module, index: usize) {
    let Some(memory) = module.memories.get(index).filter(|memory| memory.depth > 2) else { return };
    let mut memory = memory.clone();
    memory.depth /= 2;
    let width = num::bits_for_unsigned(u64::from(memory.depth - 1));
    for addr in super::cap::addresses(&mut memory) {
        *addr = fit(module, *addr, width);
    }
    module.memories[index] = memory;
}

/// A value of the top comes from outside.
fn free_values<F: FnMut(&Arc<Module>) -> bool>(search: &mut Search<F>, top: &str) {
    for id in (0..search.best.nodes.len()).rev() {
        search.change(top, |module| {
            if id < module.nodes.len() && !matches!(module.nodes[id].op, Op::Input(_) | Op::Const(_)) {
                let width = module.node(NodeId(id as u32)).width;
                let name = format!("free_{}", module.inputs.len());
                module.inputs.push(Port { name, width, doc: "anything".to_owned() });
                module.nodes[id].op = Op::Input(module.inputs.len() - 1);
            }
        });
    }
}
