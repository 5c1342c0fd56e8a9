//! `Module`: a finished, checked piece of hardware, as plain immutable data for printers and simulators.
//!
//! All values are two-state vectors of explicit width. `nodes` is in an order of evaluation: whatever a node
//! needs combinationally, also through instances and asynchronous memory reads, has a lower index.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use num::Bits;

use crate::attribute::Attribute;
use crate::foreign::Foreign;
use crate::op::{Node, NodeId};

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
    /// Its value; no node at all where the module is foreign.
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
#[derive(Clone, Debug, Default)]
pub struct Module {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) names: Vec<Option<String>>,
    pub(crate) registers: Vec<Register>,
    pub(crate) memories: Vec<Memory>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) reset: Option<NodeId>,
    pub(crate) clocked: bool,
    pub(crate) foreign: Option<Foreign>,
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

    /// Whether it, or an instance in it, holds state, and so has a clock: the implicit port `aclk`, or a foreign
    /// module's [`Module::clock_port`].
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
        (&self.registers, &self.memories, &self.instances, self.reset, &self.foreign, &self.attributes)
            .hash(&mut hasher);
        self.fingerprint = hasher.finish();
    }
}
