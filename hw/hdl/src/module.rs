//! `Module`: a finished, checked piece of hardware, as plain immutable data for printers and simulators.
//!
//! All values are two-state vectors of explicit width. `nodes` is in an order of evaluation: whatever a node
//! needs combinationally, also through instances and asynchronous memory reads, has a lower index.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use num::Bits;

/// The index of a node in [`Module::nodes`].
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
#[allow(missing_docs)]
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
#[allow(missing_docs)]
pub enum Reduction {
    And,
    Or,
    Xor,
}

/// A port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Port {
    /// Name.
    pub name: String,
    /// Width in bits.
    pub width: u32,
    /// One line for the reader of the Verilog.
    pub doc: String,
}

/// An output port and what drives it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Output {
    /// The port.
    pub port: Port,
    /// Its value.
    pub node: NodeId,
    /// Indices of the inputs that it depends on within the same cycle, ascending.
    pub depends_on: Vec<usize>,
}

/// A register: at a clock edge it takes `reset` while the module's reset is high, else `next` while `enable`
/// is high. It starts at 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Register {
    /// Name, unique in the module.
    pub name: String,
    /// Width in bits.
    pub width: u32,
    /// Value that a synchronous reset gives it; a register without one ignores the reset.
    pub reset: Option<Bits>,
    /// Held while this is 0.
    pub enable: Option<NodeId>,
    /// What it takes.
    pub next: NodeId,
}

/// A memory: written at clock edges; starts at 0, and no reset touches it. An address at or beyond `depth`
/// writes nothing; what it reads is 0 in simulation and must not be relied on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Memory {
    /// Name, unique in the module.
    pub name: String,
    /// Bits of an entry.
    pub width: u32,
    /// Number of entries.
    pub depth: u32,
    /// Write ports; where two write one entry at once, the later one wins.
    pub writes: Vec<WritePort>,
    /// Read ports.
    pub reads: Vec<ReadPort>,
}

/// A memory's write port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WritePort {
    /// Entry.
    pub addr: NodeId,
    /// Value.
    pub data: NodeId,
    /// Writes while this is 1.
    pub enable: NodeId,
    /// Where present, bit i says whether bits `i * granule ..` are written.
    pub mask: Option<NodeId>,
    /// Bits that a bit of `mask` stands for.
    pub granule: u32,
}

/// A memory's read port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReadPort {
    /// Gives the entry within the same cycle.
    Async {
        /// Entry.
        addr: NodeId,
    },
    /// Takes, at a clock edge where `enable` is 1, what the entry held before that edge.
    Sync {
        /// Name of the register that holds the value read.
        name: String,
        /// Entry.
        addr: NodeId,
        /// Held while this is 0.
        enable: NodeId,
    },
}

/// An instance of another module.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Name, unique in the module.
    pub name: String,
    /// What it is an instance of.
    pub module: Arc<Module>,
    /// What drives its inputs, in the order of [`Module::inputs`].
    pub inputs: Vec<NodeId>,
}

impl Hash for Instance {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, self.module.fingerprint, &self.inputs).hash(state);
    }
}

/// A finished module.
#[derive(Debug)]
pub struct Module {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) names: Vec<Option<String>>,
    pub(crate) registers: Vec<Register>,
    pub(crate) memories: Vec<Memory>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) reset: Option<NodeId>,
    pub(crate) clocked: bool,
    pub(crate) fingerprint: u64,
}

impl Module {
    /// Its name, also that of its Verilog file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does: the header comment of its Verilog.
    pub fn doc(&self) -> &str {
        &self.doc
    }

    /// Input ports, the implicit `rst` among them where the module has one. The clock is none of them.
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// Output ports.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// Every value, in an order of evaluation.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One value.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The ids of [`Module::nodes`], in their order.
    pub fn node_ids(&self) -> impl DoubleEndedIterator<Item = NodeId> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// The name that the designer gave a value, if any.
    pub fn name_of(&self, id: NodeId) -> Option<&str> {
        self.names[id.index()].as_deref()
    }

    /// Registers.
    pub fn registers(&self) -> &[Register] {
        &self.registers
    }

    /// Memories.
    pub fn memories(&self) -> &[Memory] {
        &self.memories
    }

    /// Instances.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// The 1-bit value that resets the registers (and the instances), if any has a reset value.
    pub fn reset(&self) -> Option<NodeId> {
        self.reset
    }

    /// Whether it, or an instance in it, holds state, and so has the implicit clock port `aclk`.
    pub fn clocked(&self) -> bool {
        self.clocked
    }

    /// Equal for equal descriptions (names and hierarchy included), whichever `Arc` holds them.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Index of the input port of that name.
    pub fn input_index(&self, name: &str) -> Option<usize> {
        self.inputs.iter().position(|port| port.name == name)
    }

    /// Index of the output port of that name.
    pub fn output_index(&self, name: &str) -> Option<usize> {
        self.outputs.iter().position(|output| output.port.name == name)
    }

    /// Every module of the hierarchy once, each before those that instantiate it; `self` is the last.
    pub fn hierarchy(self: &Arc<Module>) -> Vec<Arc<Module>> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect(self: &Arc<Module>, found: &mut Vec<Arc<Module>>) {
        if found.iter().any(|module| module.name == self.name) {
            return;
        }
        for instance in &self.instances {
            instance.module.collect(found);
        }
        found.push(Arc::clone(self));
    }

    pub(crate) fn compute_fingerprint(&mut self) {
        let mut hasher = DefaultHasher::new();
        (&self.name, &self.doc, &self.inputs, &self.outputs, &self.nodes, &self.names).hash(&mut hasher);
        (&self.registers, &self.memories, &self.instances, self.reset).hash(&mut hasher);
        self.fingerprint = hasher.finish();
    }
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
