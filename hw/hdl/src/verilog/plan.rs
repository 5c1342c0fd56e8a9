//! Which values become nets, and what unnamed nets are called: after the first register, port or named net
//! that they feed, and the operation that they are.

use std::collections::BTreeSet;

use num::Bits;

use crate::assemble::claim;
use crate::module::{Module, Output, ReadPort};
use crate::naming::{output_net, word};
use crate::op::{Binary, NodeId, Op};

/// One module being printed.
pub(super) struct Printer<'a> {
    pub module: &'a Module,
    /// The text of each value where it is used: a name, a literal, an expression.
    pub text: Vec<String>,
    /// Whether the text is an operand as it stands.
    pub is_atom: Vec<bool>,
    /// How often each value is used.
    pub uses: Vec<u32>,
    /// Whether a value must have a net, because Verilog selects bits of names only.
    pub forced: Vec<bool>,
    /// Whether a value continues a chain of one associative operator.
    pub is_chained: Vec<bool>,
    /// Whether a value has a net.
    pub is_net: Vec<bool>,
    /// Which bits of each value are read.
    pub read: Vec<Bits>,
    /// Nets of instance outputs that nobody reads.
    pub unread_outputs: Vec<Unread>,
    /// What an unnamed value feeds.
    feeds: Vec<Option<Feeds>>,
    taken: BTreeSet<String>,
}

/// The net of an instance's output that nobody reads.
pub(super) struct Unread {
    pub name: String,
    pub instance: usize,
    pub port: usize,
}

/// The named thing that a value feeds.
#[derive(Clone)]
struct Feeds {
    name: String,
    /// Whether it feeds that thing itself, rather than an expression for it.
    directly: bool,
}

impl<'a> Printer<'a> {
    pub fn new(module: &'a Module) -> Printer<'a> {
        let count = module.nodes.len();
        let mut printer = Printer {
            module,
            text: vec![String::new(); count],
            is_atom: vec![true; count],
            uses: vec![0; count],
            forced: vec![false; count],
            is_chained: vec![false; count],
            is_net: vec![false; count],
            read: module.nodes.iter().map(|node| Bits::zero(node.width)).collect(),
            unread_outputs: Vec::new(),
            feeds: vec![None; count],
            taken: BTreeSet::new(),
        };
        printer.find_taken();
        printer.find_roots();
        for id in module.node_ids().rev() {
            printer.look_at(id);
        }
        printer
    }

    fn find_taken(&mut self) {
        let module = self.module;
        let inputs = module.inputs.iter().map(|port| &port.name);
        let outputs = module.outputs.iter().map(|output| &output.port.name);
        let state = module.registers.iter().map(|register| &register.name);
        let memories = module.memories.iter().map(|memory| &memory.name);
        let instances = module.instances.iter().map(|instance| &instance.name);
        let named = module.names.iter().flatten();
        self.taken.extend(
            inputs.chain(outputs).chain(state).chain(memories).chain(instances).chain(named).cloned(),
        );
        for read in module.memories.iter().flat_map(|memory| &memory.reads) {
            if let ReadPort::Sync { name, .. } = read {
                self.taken.insert(name.clone());
            }
        }
    }

    /// A fresh name.
    pub fn claim(&mut self, name: &str) -> String {
        claim(&mut self.taken, name)
    }

    /// Counts the uses from outside the graph of values.
    fn find_roots(&mut self) {
        let module = self.module;
        for output in &module.outputs {
            self.used(output.node, &output.port.name, true);
        }
        for register in &module.registers {
            self.used(register.next, &format!("{}_next", register.name), true);
            if let Some(enable) = register.enable {
                self.used(enable, &format!("{}_enable", register.name), true);
            }
        }
        for memory in &module.memories {
            for write in &memory.writes {
                self.used(write.addr, &format!("{}_write_addr", memory.name), true);
                self.used(write.data, &format!("{}_write_data", memory.name), true);
                self.used(write.enable, &format!("{}_write", memory.name), true);
                if let Some(mask) = write.mask {
                    self.used(mask, &format!("{}_write_mask", memory.name), true);
                    self.force(mask);
                    self.force(write.data);
                    self.force(write.addr);
                    self.force(write.enable);
                }
            }
            for read in &memory.reads {
                match read {
                    ReadPort::Async { addr } => {
                        self.used(*addr, &format!("{}_read_addr", memory.name), true);
                    }
                    ReadPort::Sync { name, addr, enable } => {
                        self.used(*addr, &format!("{name}_addr"), true);
                        self.used(*enable, &format!("{name}_enable"), true);
                    }
                }
            }
        }
        for instance in &module.instances {
            for (port, input) in instance.module.inputs.iter().zip(&instance.inputs) {
                self.used(*input, &format!("{}_{}", instance.name, port.name), true);
            }
        }
        if let Some(reset) = module.reset {
            self.used(reset, "reset", true);
        }
    }

    /// Counts the uses by one value; its own users were looked at before.
    fn look_at(&mut self, id: NodeId) {
        let node = self.module.node(id);
        let feeds = match (self.module.name_of(id), &self.feeds[id.index()]) {
            (Some(name), _) => name.to_owned(),
            (None, Some(feeds)) => feeds.name.clone(),
            (None, None) => "value".to_owned(),
        };
        for operand in node.op.operands() {
            self.used(operand, &feeds, false);
        }
        match &node.op {
            Op::Slice { of, .. } => self.force(*of),
            Op::Sext(of) if self.module.node(*of).width > 1 => self.force(*of),
            Op::Select { .. } | Op::Read { .. } | Op::Output { .. } => self.force(id),
            Op::Binary(Binary::MulSigned | Binary::MulUnsigned | Binary::ShiftRightSigned, ..) => {
                self.force(id)
            }
            Op::Binary(kind, a, b) => {
                for operand in [a, b] {
                    self.is_chained[operand.index()] = self.continues(*kind, *operand);
                }
            }
            _ => {}
        }
        if self.module.name_of(id).is_some() {
            self.force(id);
        }
    }

    fn used(&mut self, id: NodeId, name: &str, directly: bool) {
        self.uses[id.index()] += 1;
        self.feeds[id.index()].get_or_insert_with(|| Feeds { name: name.to_owned(), directly });
    }

    fn force(&mut self, id: NodeId) {
        self.forced[id.index()] = true;
    }

    /// The name of the net of a computed value; the output that it drives is its net where it may be.
    pub fn new_net(&mut self, id: NodeId) -> String {
        if let Some(name) = self.module.name_of(id) {
            return name.to_owned();
        }
        let op = &self.module.node(id).op;
        if let Some(output) = self.module.outputs.iter().find(|output| output.node == id) {
            return output.port.name.clone();
        }
        let name = match (op, &self.feeds[id.index()]) {
            (Op::Output { instance, port }, _) => output_net(self.module, *instance, *port),
            (Op::Read { memory, .. }, _) => format!("{}_read", self.module.memories[*memory].name),
            (_, Some(Feeds { name, directly: true })) => name.clone(),
            (op, Some(Feeds { name, .. })) => format!("{name}_{}", word(op)),
            (op, None) => word(op).to_owned(),
        };
        self.claim(&name)
    }

    /// The name of a value that has a declaration: a net, a port or a register.
    pub fn net_name(&self, id: NodeId) -> Option<String> {
        let declared = match &self.module.node(id).op {
            Op::Input(_) | Op::Register(_) | Op::Read { .. } | Op::Output { .. } => true,
            Op::Const(_) => false,
            _ => self.is_net[id.index()],
        };
        declared.then(|| self.text[id.index()].clone())
    }

    /// Whether a name is an output port.
    pub fn is_output(&self, name: &str) -> bool {
        self.module.output_index(name).is_some()
    }

    /// Whether a register's name is that of the output that shows it.
    pub fn is_port(&self, register: &str) -> bool {
        self.is_output(register)
    }

    /// Whether an output is itself a register (or the `reg` of a selection).
    pub fn is_register_port(&self, output: &Output) -> bool {
        let own = match &self.module.node(output.node).op {
            Op::Register(_) => true,
            Op::Read { memory, port } => {
                matches!(self.module.memories[*memory].reads[*port], ReadPort::Sync { .. })
            }
            Op::Select { .. } => true,
            _ => false,
        };
        own && self.text[output.node.index()] == output.port.name
    }
}
