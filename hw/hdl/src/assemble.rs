//! The finished module out of a checked and ordered description: narrowed, without what is not used, with what
//! each output depends on and with final names.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::check;
use crate::finish::Live;
use crate::graph::{Graph, Nodes};
use crate::module::{Instance, Memory, Module, Output, ReadPort, Register, WritePort};
use crate::naming;
use crate::narrow;
use crate::op::{NodeId, Op};

/// The module, from narrowed and renumbered values.
pub(crate) fn assemble(graph: &Graph, live: &Live) -> Module {
    let narrowed = narrow::narrow(graph, live);
    let to = |id: NodeId| narrowed.of(id);
    let memories = graph.memories.iter().map(|memory| map_memory(memory, to)).collect();
    let instances: Vec<Instance> = graph
        .instances
        .iter()
        .map(|instance| Instance {
            name: instance.name.clone(),
            module: Arc::clone(&instance.module),
            inputs: instance.inputs.iter().flatten().map(|input| to(*input)).collect(),
        })
        .collect();
    let registers = live.registers.iter().map(|index| {
        let register = &graph.registers[*index];
        Register {
            name: register.name.clone(),
            width: register.width,
            reset: register.reset.clone(),
            enable: register.enable.map(to),
            next: to(register.next.expect("drivers were checked")),
        }
    });
    let outputs = graph.outputs.iter().map(|output| Output {
        port: output.port.clone(),
        node: to(output.node),
        depends_on: Vec::new(),
    });
    let mut module = Module {
        name: graph.name.clone(),
        doc: graph.doc.clone(),
        inputs: graph.inputs.clone(),
        outputs: outputs.collect(),
        attributes: graph.attributes.iter().map(|(attribute, _)| attribute.clone()).collect(),
        registers: registers.collect(),
        memories,
        instances,
        reset: graph.reset.map(to),
        ..Module::default()
    };
    compact(&mut module, narrowed.table);
    module.clocked = !module.registers.is_empty()
        || !module.memories.is_empty()
        || module.instances.iter().any(|instance| instance.module.clocked);
    find_dependencies(&mut module);
    naming::name_stages(&mut module);
    unique_names(&mut module);
    module.compute_fingerprint();
    module
}

/// A memory whose ports take other values.
pub(crate) fn map_memory(memory: &Memory, mut to: impl FnMut(NodeId) -> NodeId) -> Memory {
    let mut memory = memory.clone();
    for write in &mut memory.writes {
        let WritePort { addr, data, enable, mask, .. } = write;
        for node in [addr, data, enable].into_iter().chain(mask) {
            *node = to(*node);
        }
    }
    for read in &mut memory.reads {
        match read {
            ReadPort::Async { addr } => *addr = to(*addr),
            ReadPort::Sync { addr, enable, .. } => (*addr, *enable) = (to(*addr), to(*enable)),
        }
    }
    memory
}

/// Every place where the module refers to a value from outside its graph.
fn references(module: &mut Module) -> Vec<&mut NodeId> {
    let mut all: Vec<&mut NodeId> = Vec::new();
    all.extend(module.outputs.iter_mut().map(|output| &mut output.node));
    for register in &mut module.registers {
        all.push(&mut register.next);
        all.extend(&mut register.enable);
    }
    for memory in &mut module.memories {
        for WritePort { addr, data, enable, mask, .. } in &mut memory.writes {
            all.extend([addr, data, enable].into_iter().chain(mask));
        }
        for read in &mut memory.reads {
            match read {
                ReadPort::Async { addr } => all.push(addr),
                ReadPort::Sync { addr, enable, .. } => all.extend([addr, enable]),
            }
        }
    }
    all.extend(module.instances.iter_mut().flat_map(|instance| &mut instance.inputs));
    all.extend(&mut module.reset);
    all
}

/// Keeps the values that are used, in their order.
fn compact(module: &mut Module, table: Nodes) {
    let mut used = vec![false; table.nodes.len()];
    for id in references(module) {
        used[id.index()] = true;
    }
    for index in (0..used.len()).rev().filter(|index| used[*index]).collect::<Vec<_>>() {
        let mut stack = table.nodes[index].op.operands();
        while let Some(id) = stack.pop() {
            if !used[id.index()] {
                used[id.index()] = true;
                stack.extend(table.nodes[id.index()].op.operands());
            }
        }
    }
    let mut to = vec![NodeId(0); used.len()];
    for (index, (node, name)) in table.nodes.into_iter().zip(table.names).enumerate() {
        if used[index] {
            to[index] = NodeId(module.nodes.len() as u32);
            let op = node.op.map(|id| to[id.index()]);
            module.nodes.push(crate::op::Node { op, width: node.width });
            module.names.push(name);
        }
    }
    for id in references(module) {
        *id = to[id.index()];
    }
}

/// Which inputs each output depends on within a cycle.
fn find_dependencies(module: &mut Module) {
    let mut sets: Vec<BTreeSet<usize>> = Vec::with_capacity(module.nodes.len());
    for node in &module.nodes {
        let mut set = BTreeSet::new();
        let needs = match &node.op {
            Op::Input(port) => {
                set.insert(*port);
                Vec::new()
            }
            Op::Read { memory, port } => match module.memories[*memory].reads[*port] {
                ReadPort::Async { addr } => vec![addr],
                ReadPort::Sync { .. } => Vec::new(),
            },
            Op::Output { instance, port } => {
                let instance = &module.instances[*instance];
                let output = &instance.module.outputs[*port];
                output.depends_on.iter().map(|input| instance.inputs[*input]).collect()
            }
            op => op.operands(),
        };
        for id in needs {
            set.extend(&sets[id.index()]);
        }
        sets.push(set);
    }
    for output in &mut module.outputs {
        output.depends_on = sets[output.node.index()].iter().copied().collect();
    }
}

/// Makes the names of registers and values unique; ports, memories and instances have theirs already. A value
/// or a register may share the name of an output that shows it.
fn unique_names(module: &mut Module) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    taken.extend(module.inputs.iter().map(|port| port.name.clone()));
    taken.extend(module.outputs.iter().map(|output| output.port.name.clone()));
    taken.extend(module.memories.iter().map(|memory| memory.name.clone()));
    taken.extend(module.instances.iter().map(|instance| instance.name.clone()));
    let mut shown: Vec<Vec<String>> = vec![Vec::new(); module.nodes.len()];
    for output in &module.outputs {
        shown[output.node.index()].push(output.port.name.clone());
    }
    for index in 0..module.nodes.len() {
        let own = shown[index].clone();
        let mut claim = |name: &str| match own.iter().any(|shown| shown == name) {
            true => name.to_owned(),
            false => claim(&mut taken, name),
        };
        match module.nodes[index].op {
            Op::Register(register) => {
                let register = &mut module.registers[register];
                register.name = claim(&register.name);
            }
            Op::Read { memory, port } => match &mut module.memories[memory].reads[port] {
                ReadPort::Sync { name, .. } => *name = claim(name),
                ReadPort::Async { .. } => module.names[index] = module.names[index].as_deref().map(claim),
            },
            _ => module.names[index] = module.names[index].as_deref().map(claim),
        }
    }
    let read: BTreeSet<usize> = module.nodes.iter().filter_map(|node| register_of(&node.op)).collect();
    for (index, register) in module.registers.iter_mut().enumerate() {
        if !read.contains(&index) {
            register.name = claim(&mut taken, &register.name);
        }
    }
}

fn register_of(op: &Op) -> Option<usize> {
    match op {
        Op::Register(index) => Some(*index),
        _ => None,
    }
}

/// `name`, or `name_2` and so on where it is taken.
pub(crate) fn claim(taken: &mut BTreeSet<String>, name: &str) -> String {
    let mut candidate = name.to_owned();
    let mut n = 1;
    while taken.contains(&candidate) || check::is_reserved(&candidate) {
        n += 1;
        candidate = format!("{name}_{n}");
    }
    taken.insert(candidate.clone());
    candidate
}
