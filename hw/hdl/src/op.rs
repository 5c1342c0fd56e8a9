//! The operations that values are made of, and the nodes that carry them.

use num::Bits;

/// The index of a node in [`crate::Module::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// As an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One value of the graph: an operation and the width of its result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// What computes it.
    pub op: Op,
    /// Width in bits, at least 1.
    pub width: u32,
}

/// An operation. [`crate::meaning`] says what each computes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A constant.
    Const(Bits),
    /// Input port of this index.
    Input(usize),
    /// A forward declaration; a finished module has none.
    #[doc(hidden)]
    Wire(usize),
    /// What the register of this index holds.
    Register(usize),
    /// What a memory's read port gives.
    Read {
        /// Index of the memory.
        memory: usize,
        /// Index of its read port.
        port: usize,
    },
    /// What an instance's output port gives.
    Output {
        /// Index of the instance.
        instance: usize,
        /// Index of the output port of its module.
        port: usize,
    },
    /// Complement.
    Not(NodeId),
    /// An operation of two operands.
    Binary(Binary, NodeId, NodeId),
    /// All bits of one operand to one bit.
    Reduce(Reduction, NodeId),
    /// `yes` where the 1-bit `select` is set, else `no`.
    Mux {
        /// Chooses.
        select: NodeId,
        /// Where `select` is 1.
        yes: NodeId,
        /// Where `select` is 0.
        no: NodeId,
    },
    /// The option of that index, or zero where there is none.
    Select {
        /// Chooses, unsigned.
        index: NodeId,
        /// Options, all of the result's width.
        options: Vec<NodeId>,
    },
    /// The result's width of bits of `of`, from bit `low` up.
    Slice {
        /// Operand.
        of: NodeId,
        /// Lowest bit taken.
        low: u32,
    },
    /// The parts side by side, highest first.
    Concat(Vec<NodeId>),
    /// Extended with zeros.
    Zext(NodeId),
    /// Extended with the sign bit.
    Sext(NodeId),
}

/// Operations of two operands. Logic and sums take and give one width; products are as wide as both operands
/// together; comparisons give 1 bit; the amount of a shift is unsigned and of any width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // The names are the operations; the text above says what they take and give.
pub enum Binary {
    And,
    Or,
    Xor,
    Add,
    Sub,
    MulUnsigned,
    MulSigned,
    Eq,
    LessUnsigned,
    LessSigned,
    ShiftLeft,
    ShiftRight,
    ShiftRightSigned,
}

/// Reductions to one bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // The names are the operations; the text above says what they take and give.
pub enum Reduction {
    And,
    Or,
    Xor,
}

impl Op {
    /// The values that it computes from. Reads of memories and outputs of instances have none here: theirs
    /// are with the port.
    pub fn operands(&self) -> Vec<NodeId> {
        match self {
            Op::Const(_)
            | Op::Input(_)
            | Op::Wire(_)
            | Op::Register(_)
            | Op::Read { .. }
            | Op::Output { .. } => Vec::new(),
            Op::Not(a) | Op::Reduce(_, a) | Op::Zext(a) | Op::Sext(a) => vec![*a],
            Op::Slice { of, .. } => vec![*of],
            Op::Binary(_, a, b) => vec![*a, *b],
            Op::Mux { select, yes, no } => vec![*select, *yes, *no],
            Op::Select { index, options } => std::iter::once(*index).chain(options.iter().copied()).collect(),
            Op::Concat(parts) => parts.clone(),
        }
    }

    /// The same operation on other values.
    pub(crate) fn map(&self, mut to: impl FnMut(NodeId) -> NodeId) -> Op {
        match self {
            Op::Not(a) => Op::Not(to(*a)),
            Op::Reduce(kind, a) => Op::Reduce(*kind, to(*a)),
            Op::Zext(a) => Op::Zext(to(*a)),
            Op::Sext(a) => Op::Sext(to(*a)),
            Op::Slice { of, low } => Op::Slice { of: to(*of), low: *low },
            Op::Binary(kind, a, b) => Op::Binary(*kind, to(*a), to(*b)),
            Op::Mux { select, yes, no } => Op::Mux { select: to(*select), yes: to(*yes), no: to(*no) },
            Op::Select { index, options } => {
                Op::Select { index: to(*index), options: options.iter().map(|option| to(*option)).collect() }
            }
            Op::Concat(parts) => Op::Concat(parts.iter().map(|part| to(*part)).collect()),
            leaf => leaf.clone(),
        }
    }

    /// Whether it is a constant, a port, a state or an instance's output: not computed here.
    pub fn is_leaf(&self) -> bool {
        self.operands().is_empty()
    }
}
