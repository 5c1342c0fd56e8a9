//! Narrowing: bits that nobody reads are not computed.
//!
//! A datapath of exact growing widths that ends in a cut leaves upper bits without a reader. This pass finds,
//! against the order of evaluation, how many low bits of each value are read, and makes every value anew in
//! that width; forward declarations vanish, and constants that came through them fold.

use crate::finish::{roots, Live};
use crate::graph::{Graph, Nodes};
use crate::module::ReadPort;
use crate::op::{Binary, NodeId, Op};

/// The values anew, and where the old ones went.
pub(crate) struct Narrowed {
    pub table: Nodes,
    to: Vec<Option<NodeId>>,
}

impl Narrowed {
    /// The new value of a root, in its full width.
    pub fn of(&self, old: NodeId) -> NodeId {
        self.to[old.index()].expect("a live value")
    }
}

/// Makes the live values of a graph anew.
pub(crate) fn narrow(graph: &Graph, live: &Live) -> Narrowed {
    let demand = demands(graph, live);
    let mut register_index = vec![0; graph.registers.len()];
    for (new, old) in live.registers.iter().enumerate() {
        register_index[*old] = new;
    }
    let mut narrowed = Narrowed { table: Nodes::default(), to: vec![None; graph.table.nodes.len()] };
    for id in live.order.iter().filter(|id| demand[id.index()] > 0) {
        let new = remake(graph, &mut narrowed, *id, demand[id.index()], &register_index);
        narrowed.to[id.index()] = Some(new);
        let name = match graph.table.op(*id) {
            Op::Wire(wire) => Some(&graph.wires[*wire].name),
            _ => graph.table.names[id.index()].as_ref(),
        };
        if let Some(name) = name {
            if graph.can_be_named(narrowed.table.op(new)) {
                narrowed.table.name(new, name);
            }
        }
    }
    narrowed
}

impl Graph {
    /// Whether a value has no name of its own by what it is.
    pub fn can_be_named(&self, op: &Op) -> bool {
        match op {
            Op::Const(_) | Op::Input(_) | Op::Register(_) => false,
            Op::Read { memory, port } => {
                matches!(self.memories[*memory].reads[*port], ReadPort::Async { .. })
            }
            _ => true,
        }
    }
}

/// How many low bits of each value are read.
fn demands(graph: &Graph, live: &Live) -> Vec<u32> {
    let width = |id: NodeId| graph.table.width(id);
    let mut demand = vec![0; graph.table.nodes.len()];
    for root in roots(graph, &live.registers) {
        demand[root.index()] = width(root);
    }
    for id in live.order.iter().rev() {
        let wanted = demand[id.index()];
        let mut raise = |id: NodeId, bits: u32| {
            let slot: &mut u32 = &mut demand[id.index()];
            *slot = (*slot).max(bits.min(width(id)));
        };
        if wanted == 0 {
            continue;
        }
        match graph.table.op(*id) {
            Op::Wire(wire) => graph.wires[*wire].driver.into_iter().for_each(|driver| raise(driver, wanted)),
            op => {
                for (operand, bits) in operand_demands(graph, op, wanted) {
                    raise(operand, bits);
                }
            }
        }
    }
    demand
}

/// How many low bits of its operands an operation reads for the low `wanted` bits of its result.
fn operand_demands(graph: &Graph, op: &Op, wanted: u32) -> Vec<(NodeId, u32)> {
    const ALL: u32 = u32::MAX;
    let every = |bits: u32| op.operands().into_iter().map(|operand| (operand, bits)).collect();
    match op {
        Op::Not(_) | Op::Zext(_) | Op::Sext(_) => every(wanted),
        Op::Binary(kind, a, b) => match kind {
            Binary::And | Binary::Or | Binary::Xor | Binary::Add | Binary::Sub => every(wanted),
            Binary::MulUnsigned | Binary::MulSigned => every(wanted),
            Binary::ShiftLeft => vec![(*a, wanted), (*b, ALL)],
            _ => every(ALL),
        },
        Op::Mux { select, yes, no } => vec![(*select, ALL), (*yes, wanted), (*no, wanted)],
        Op::Select { index, options } => {
            let options = options.iter().map(|option| (*option, wanted));
            std::iter::once((*index, ALL)).chain(options).collect()
        }
        Op::Slice { of, low } => vec![(*of, low + wanted)],
        Op::Concat(parts) => concat_demands(graph, parts, wanted),
        _ => every(ALL),
    }
}

/// The parts, highest first, of which anything is read, and how much.
fn concat_demands(graph: &Graph, parts: &[NodeId], wanted: u32) -> Vec<(NodeId, u32)> {
    let (mut left, mut read) = (wanted, Vec::new());
    for part in parts.iter().rev().take_while(|_| wanted > 0) {
        if left == 0 {
            break;
        }
        let bits = left.min(graph.table.width(*part));
        read.push((*part, bits));
        left -= bits;
    }
    read.reverse();
    read
}

/// The low `wanted` bits of a value (all bits where it is not computed here).
fn remake(graph: &Graph, out: &mut Narrowed, id: NodeId, wanted: u32, registers: &[usize]) -> NodeId {
    let place = graph.table.places[id.index()];
    let full = graph.table.width(id);
    let op = graph.table.op(id);
    let mut operand = |old: NodeId, bits: u32| {
        let new = out.to[old.index()].expect("operands come first");
        let bits = bits.min(graph.table.width(old));
        out.table.make(Op::Slice { of: new, low: 0 }, bits, place)
    };
    let (op, width) = match op {
        Op::Wire(wire) => {
            let driver = graph.wires[*wire].driver.expect("drivers were checked");
            return operand(driver, wanted);
        }
        Op::Register(index) => (Op::Register(registers[*index]), full),
        Op::Const(value) => (Op::Const(value.zext(wanted)), wanted),
        Op::Slice { of, low } => {
            let new = operand(*of, low + wanted);
            (Op::Slice { of: new, low: *low }, wanted)
        }
        Op::Concat(parts) => {
            let read = concat_demands(graph, parts, wanted);
            (Op::Concat(read.into_iter().map(|(part, bits)| operand(part, bits)).collect()), wanted)
        }
        Op::Zext(a) | Op::Sext(a) if wanted <= graph.table.width(*a) => return operand(*a, wanted),
        op if op.is_leaf() => (op.clone(), full),
        op => remake_computed(graph, op, wanted, full, &mut operand),
    };
    let made = out.table.make(op, width, place);
    let is_leaf = graph.table.op(id).is_leaf();
    if is_leaf || width == wanted {
        return made;
    }
    out.table.make(Op::Slice { of: made, low: 0 }, wanted, place)
}

/// An operation on operands cut to what it reads, and the width of its result.
fn remake_computed(
    graph: &Graph,
    op: &Op,
    wanted: u32,
    full: u32,
    operand: &mut impl FnMut(NodeId, u32) -> NodeId,
) -> (Op, u32) {
    let mut reads = operand_demands(graph, op, wanted).into_iter();
    let mut product = 0;
    let new = op.map(|old| {
        let (_, bits) = reads.next().expect("a demand for every operand");
        product += bits.min(graph.table.width(old));
        operand(old, bits)
    });
    let width = match op {
        Op::Binary(Binary::MulUnsigned | Binary::MulSigned, ..) => product,
        Op::Binary(
            Binary::Eq
            | Binary::LessUnsigned
            | Binary::LessSigned
            | Binary::ShiftRight
            | Binary::ShiftRightSigned,
            ..,
        )
        | Op::Reduce(..) => full,
        _ => wanted,
    };
    (new, width)
}
