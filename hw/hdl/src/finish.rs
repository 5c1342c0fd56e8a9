//! From a description to a module: checks, an order of evaluation, narrowing, final names.

use std::sync::Arc;

use crate::assemble::assemble;
use crate::check;
use crate::error::Errors;
use crate::graph::Graph;
use crate::module::{Module, Port, ReadPort};
use crate::op::{NodeId, Op};

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
