//! The kinds of values, and how wide they are: each kind must be seen within a machine word, in a whole one, and beyond.

use hdl::{Binary, Module, NodeId, Op, ReadPort, Reduction};

/// The kinds, in the order of [`kind`]'s numbers.
pub(super) const KINDS: [&str; 29] = [
    "constant",
    "input",
    "register",
    "read within the cycle",
    "read at its end",
    "instance's output",
    "not",
    "and",
    "or",
    "xor",
    "add",
    "sub",
    "unsigned product",
    "signed product",
    "equal",
    "less",
    "signed less",
    "shift left",
    "shift right",
    "signed shift right",
    "all bits",
    "any bit",
    "parity",
    "mux",
    "select",
    "slice",
    "concatenation",
    "zero extension",
    "sign extension",
];

/// Widths that are counted apart.
pub(super) const CLASSES: [&str; 4] = ["1", "2 to 63", "64", "65 and more"];

/// The number of a value's kind.
pub(super) fn kind(module: &Module, op: &Op) -> usize {
    match op {
        Op::Const(_) => 0,
        Op::Input(_) => 1,
        Op::Register(_) => 2,
        Op::Read { memory, port } => match module.memories()[*memory].reads[*port] {
            ReadPort::Async { .. } => 3,
            ReadPort::Sync { .. } => 4,
        },
        Op::Output { .. } => 5,
        Op::Not(_) => 6,
        Op::Binary(binary, ..) => {
            7 + match binary {
                Binary::And => 0,
                Binary::Or => 1,
                Binary::Xor => 2,
                Binary::Add => 3,
                Binary::Sub => 4,
                Binary::MulUnsigned => 5,
                Binary::MulSigned => 6,
                Binary::Eq => 7,
                Binary::LessUnsigned => 8,
                Binary::LessSigned => 9,
                Binary::ShiftLeft => 10,
                Binary::ShiftRight => 11,
                Binary::ShiftRightSigned => 12,
            }
        }
        Op::Reduce(Reduction::And, _) => 20,
        Op::Reduce(Reduction::Or, _) => 21,
        Op::Reduce(Reduction::Xor, _) => 22,
        Op::Mux { .. } => 23,
        Op::Select { .. } => 24,
        Op::Slice { .. } => 25,
        Op::Concat(_) => 26,
        Op::Zext(_) => 27,
        Op::Sext(_) => 28,
        Op::Wire(_) => panic!("a finished module has no wires"),
    }
}

/// The class of the widest of a value and its operands.
pub(super) fn class(module: &Module, id: NodeId) -> usize {
    let operands = module.node(id).op.operands().into_iter();
    let widest = operands.chain([id]).map(|id| module.node(id).width).max().unwrap_or(1);
    match widest {
        1 => 0,
        2..=63 => 1,
        64 => 2,
        _ => 3,
    }
}

/// Whether there are values of a kind and class: what takes bits away or adds some has two bits somewhere, so has a
/// product, and all bits of one are that one.
pub(super) fn is_possible(kind: usize, class: usize) -> bool {
    let has_two = ["unsigned product", "signed product", "all bits", "any bit", "parity", "slice"];
    let grows = ["concatenation", "zero extension", "sign extension"];
    class > 0 || !has_two.iter().chain(&grows).any(|name| *name == KINDS[kind])
}
