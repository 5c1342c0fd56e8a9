//! From a changed module to a finished one: what nobody reads is dropped, and the checks and passes that every
//! description goes through say whether it is a module at all.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::Location;
use std::sync::Arc;

use num::Bits;

use crate::finish;
use crate::graph::{Graph, InstanceDraft, Nodes, OutputDraft, RegisterDraft};
use crate::module::{Module, ReadPort, WritePort};
use crate::op::{NodeId, Op};

/// The module without what nobody reads, if it is one. Values may be in any order; an extension to a value's own
/// width is the value itself.
pub(super) fn remake(mut module: Module) -> Option<Arc<Module>> {
    drop_unread(&mut module);
    finish::finish(&mut opened(module)).ok()
}

/// The hierarchy below `top` with `new` for the module `name`, ports matched by their names.
pub(super) fn replaced(top: &Arc<Module>, name: &str, new: &Arc<Module>) -> Option<Arc<Module>> {
    let mut made: BTreeMap<String, Arc<Module>> = BTreeMap::new();
    made.insert(name.to_owned(), Arc::clone(new));
    for module in top.hierarchy().into_iter().filter(|module| module.name != name) {
        if module.instances.iter().any(|instance| made.contains_key(&instance.module.name)) {
            made.insert(module.name.clone(), remake(over(&module, &made)?)?);
        }
    }
    made.remove(&top.name)
}

/// A module over other children; nothing where one of them has an input that was not there before.
pub(super) fn over(module: &Module, children: &BTreeMap<String, Arc<Module>>) -> Option<Module> {
    let mut changed = module.clone();
    for (index, instance) in changed.instances.iter_mut().enumerate() {
        let Some(child) = children.get(&instance.module.name) else { continue };
        let old = std::mem::replace(&mut instance.module, Arc::clone(child));
        let input = |port: &crate::Port| Some(instance.inputs[old.input_index(&port.name)?]);
        instance.inputs = child.inputs.iter().map(input).collect::<Option<Vec<_>>>()?;
        for node in &mut changed.nodes {
            if let Op::Output { instance, port } = &mut node.op {
                if *instance == index {
                    match child.output_index(&old.outputs[*port].port.name) {
                        Some(new) => *port = new,
                        None => node.op = Op::Const(Bits::zero(node.width)),
                    }
                }
            }
        }
    }
    Some(changed)
}

/// The hierarchy without outputs that no instance's parent reads.
pub(super) fn trimmed(top: &Arc<Module>) -> Option<Arc<Module>> {
    let modules = top.hierarchy();
    let mut read: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for module in &modules {
        for node in &module.nodes {
            if let Op::Output { instance, port } = node.op {
                read.entry(&module.instances[instance].module.name).or_default().insert(port);
            }
        }
    }
    let mut made: BTreeMap<String, Arc<Module>> = BTreeMap::new();
    for module in &modules {
        let mut changed = over(module, &made)?;
        if !Arc::ptr_eq(module, top) {
            let read = read.get(module.name()).cloned().unwrap_or_default();
            let mut index = 0..;
            changed.outputs.retain(|_| index.next().is_some_and(|index| read.contains(&index)));
        }
        made.insert(module.name.clone(), remake(changed)?);
    }
    made.remove(&top.name)
}

/// What the outputs depend on, now or in a later cycle.
#[derive(Default)]
struct Read {
    nodes: BTreeSet<NodeId>,
    registers: BTreeSet<usize>,
    memories: BTreeSet<usize>,
    instances: BTreeSet<usize>,
}

impl Read {
    fn of(module: &Module) -> Read {
        let mut read = Read::default();
        let mut waiting: Vec<NodeId> = module.outputs.iter().map(|output| output.node).collect();
        while let Some(id) = waiting.pop() {
            if !read.nodes.insert(id) {
                continue;
            }
            match module.node(id).op {
                Op::Register(index) => {
                    let register = &module.registers[index];
                    read.registers.insert(index);
                    waiting.extend(register.enable.into_iter().chain([register.next]));
                    waiting.extend(module.reset.filter(|_| register.reset.is_some()));
                }
                Op::Read { memory, port } => {
                    let of = &module.memories[memory];
                    waiting.extend(read_nodes(&of.reads[port]));
                    if read.memories.insert(memory) {
                        waiting.extend(of.writes.iter().flat_map(write_nodes));
                    }
                }
                Op::Output { instance, .. } => {
                    read.instances.insert(instance);
                    waiting.extend(&module.instances[instance].inputs);
                }
                ref op => waiting.extend(op.operands()),
            }
        }
        read
    }
}

fn read_nodes(read: &ReadPort) -> Vec<NodeId> {
    match *read {
        ReadPort::Async { addr } => vec![addr],
        ReadPort::Sync { addr, enable, .. } => vec![addr, enable],
    }
}

fn write_nodes(write: &WritePort) -> Vec<NodeId> {
    [write.addr, write.data, write.enable].into_iter().chain(write.mask).collect()
}

/// Keeps the members of `kept`; gives the new number of each old one.
fn keep<T>(all: &mut Vec<T>, kept: &BTreeSet<usize>) -> BTreeMap<usize, usize> {
    let mut index = 0..;
    all.retain(|_| index.next().is_some_and(|index| kept.contains(&index)));
    kept.iter().enumerate().map(|(new, old)| (*old, new)).collect()
}

fn drop_unread(module: &mut Module) {
    let read = Read::of(module);
    let used = |select: fn(&Op) -> Option<usize>| -> BTreeSet<usize> {
        read.nodes.iter().filter_map(|id| select(&module.node(*id).op)).collect()
    };
    let inputs = used(|op| if let Op::Input(port) = op { Some(*port) } else { None });
    let mut reads: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); module.memories.len()];
    for id in &read.nodes {
        if let Op::Read { memory, port } = module.node(*id).op {
            reads[memory].insert(port);
        }
    }
    let inputs = keep(&mut module.inputs, &inputs);
    let registers = keep(&mut module.registers, &read.registers);
    let reads: Vec<_> = module
        .memories
        .iter_mut()
        .zip(&reads)
        .map(|(memory, reads)| keep(&mut memory.reads, reads))
        .collect();
    let memories = keep(&mut module.memories, &read.memories);
    let instances = keep(&mut module.instances, &read.instances);
    for (index, node) in module.nodes.iter_mut().enumerate() {
        if !read.nodes.contains(&NodeId(index as u32)) {
            node.op = Op::Const(Bits::zero(node.width));
            continue;
        }
        match &mut node.op {
            Op::Input(port) => *port = inputs[port],
            Op::Register(register) => *register = registers[register],
            Op::Output { instance, .. } => *instance = instances[instance],
            Op::Read { memory, port } => (*memory, *port) = (memories[memory], reads[*memory][port]),
            _ => {}
        }
    }
    if !module.registers.iter().any(|register| register.reset.is_some()) {
        module.reset = None;
    }
}

/// The module as a description that has yet to be finished.
fn opened(module: Module) -> Graph {
    let here = Location::caller();
    let mut graph = Graph::new(&module.name, &module.doc, here);
    let places = vec![here; module.nodes.len()];
    graph.table = Nodes::of(module.nodes, module.names, places);
    graph.input_places = vec![here; module.inputs.len()];
    graph.inputs = module.inputs;
    let output = |output: crate::Output| OutputDraft { port: output.port, node: output.node, place: here };
    graph.outputs = module.outputs.into_iter().map(output).collect();
    let register = |register: crate::Register| RegisterDraft {
        name: register.name,
        automatic: false,
        width: register.width,
        reset: register.reset,
        enable: register.enable,
        next: Some(register.next),
        place: here,
    };
    graph.registers = module.registers.into_iter().map(register).collect();
    graph.memory_places = vec![here; module.memories.len()];
    graph.memories = module.memories;
    let instance = |instance: crate::Instance| InstanceDraft {
        name: instance.name,
        module: instance.module,
        inputs: instance.inputs.into_iter().map(Some).collect(),
        place: here,
    };
    graph.instances = module.instances.into_iter().map(instance).collect();
    graph.reset = module.reset;
    graph
}
