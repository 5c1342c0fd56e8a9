//! From a description to a module: checks, an order of evaluation, narrowing, final names.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::check;
use crate::error::Errors;
use crate::graph::{Graph, Nodes};
use crate::module::{Instance, Module, NodeId, Op, Output, Port, ReadPort, Register, WritePort};
use crate::naming;
use crate::narrow;

/// The implicit reset port.
const RESET: &str = "rst";

/// Checks and makes the module.
pub(crate) fn finish(graph: &mut Graph) -> Result<Arc<Module>, Errors> {
    check::structure(graph);
    if graph.errors.is_empty() {
        connect_reset(graph);
        let live = order(graph);
        if graph.errors.is_empty() {
            return Ok(Arc::new(assemble(graph, &live)));
        }
    }
    Err(Errors(graph.errors.clone()))
}

/// Gives the module a reset where something needs one, and connects it to the instances.
fn connect_reset(graph: &mut Graph) {
    let unconnected = |instance: &crate::graph::InstanceDraft| {
        instance.module.input_index(RESET).is_some_and(|port| instance.inputs[port].is_none())
    };
    let needed = graph.registers.iter().any(|register| register.reset.is_some())
        || graph.instances.iter().any(unconnected);
    if !needed {
        graph.reset = None;
        return;
    }
    let reset = graph.reset.unwrap_or_else(|| {
        let doc = "synchronous reset, active high".to_owned();
        graph.inputs.push(Port { name: RESET.to_owned(), width: 1, doc });
        graph.input_places.push(graph.place);
        graph.table.make(Op::Input(graph.inputs.len() - 1), 1, graph.place)
    });
    graph.reset = Some(reset);
    for instance in &mut graph.instances {
        if let Some(port) = instance.module.input_index(RESET) {
            instance.inputs[port].get_or_insert(reset);
        }
    }
}

/// What the outside sees, in the order of evaluation, and which registers are read at all.
pub(crate) struct Live {
    pub order: Vec<NodeId>,
    pub registers: Vec<usize>,
}

/// The values that anything outside the combinational logic takes.
pub(crate) fn roots(graph: &Graph, registers: &[usize]) -> Vec<NodeId> {
    let mut roots: Vec<NodeId> = graph.outputs.iter().map(|output| output.node).collect();
    for register in registers.iter().map(|index| &graph.registers[*index]) {
        roots.extend(register.next.iter().chain(&register.enable));
    }
    for memory in &graph.memories {
        for write in &memory.writes {
            roots.extend([write.addr, write.data, write.enable].iter().chain(&write.mask));
        }
        for read in &memory.reads {
            match read {
                ReadPort::Async { addr } => roots.push(*addr),
                ReadPort::Sync { addr, enable, .. } => roots.extend([*addr, *enable]),
            }
        }
    }
    for instance in &graph.instances {
        roots.extend(instance.inputs.iter().flatten());
    }
    roots.extend(graph.reset);
    roots
}

/// Orders all live values, each after what it needs; records a combinational loop.
fn order(graph: &mut Graph) -> Live {
    let mut registers: Vec<usize> =
        (0..graph.registers.len()).filter(|index| !graph.registers[*index].automatic).collect();
    let mut walk = Walk { state: vec![State::New; graph.table.nodes.len()], order: Vec::new() };
    let mut waiting = roots(graph, &registers);
    while !waiting.is_empty() {
        let from = walk.order.len();
        for root in std::mem::take(&mut waiting) {
            walk.visit(graph, root);
        }
        for id in &walk.order[from..] {
            if let Op::Register(index) = *graph.table.op(*id) {
                if graph.registers[index].automatic {
                    registers.push(index);
                    waiting.extend(graph.registers[index].next);
                }
            }
        }
    }
    registers.sort_unstable();
    Live { order: walk.order, registers }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

/// A depth-first walk along what values need.
struct Walk {
    state: Vec<State>,
    order: Vec<NodeId>,
}

impl Walk {
    fn visit(&mut self, graph: &mut Graph, root: NodeId) {
        if self.state[root.index()] != State::New {
            return;
        }
        let mut path = vec![(root, check::needs(graph, root).into_iter())];
        self.state[root.index()] = State::Open;
        while let Some((id, needs)) = path.last_mut() {
            let Some(next) = needs.next() else {
                self.state[id.index()] = State::Done;
                self.order.push(*id);
                path.pop();
                continue;
            };
            match self.state[next.index()] {
                State::Done => {}
                State::New => {
                    self.state[next.index()] = State::Open;
                    path.push((next, check::needs(graph, next).into_iter()));
                }
                State::Open => {
                    let start = path.iter().position(|(id, _)| *id == next).unwrap_or(0);
                    let members: Vec<NodeId> = path[start..].iter().map(|(id, _)| *id).collect();
                    check::report_loop(graph, &members);
                }
            }
        }
    }
}

/// The module, from narrowed and renumbered values.
fn assemble(graph: &Graph, live: &Live) -> Module {
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
        registers: registers.collect(),
        memories,
        instances,
        reset: graph.reset.map(to),
        clocked: false,
        fingerprint: 0,
        nodes: Vec::new(),
        names: Vec::new(),
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

fn map_memory(memory: &crate::module::Memory, mut to: impl FnMut(NodeId) -> NodeId) -> crate::module::Memory {
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
            module.nodes.push(crate::module::Node { op, width: node.width });
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
