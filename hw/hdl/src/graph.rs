//! The graph under construction: values are shared (one node per distinct operation on the same operands),
//! mistakes are collected, and everything stateful is kept as a draft until `finish`.

use std::collections::HashMap;
use std::sync::Arc;

use num::Bits;

use crate::attribute::Attribute;
use crate::error::{Error, Place};
use crate::module::{Module, Port};
use crate::op::{Binary, Node, NodeId, Op};

/// The values of a module, each distinct one once.
#[derive(Default)]
pub(crate) struct Nodes {
    pub nodes: Vec<Node>,
    /// What the designer called it.
    pub names: Vec<Option<String>>,
    /// Where it was first described.
    pub places: Vec<Place>,
    /// Only looked up, never iterated: the order of nodes is that of construction.
    index: HashMap<Node, NodeId>,
}

impl Nodes {
    /// Values that are there already. None of them is shared with those that are made later.
    pub fn of(nodes: Vec<Node>, names: Vec<Option<String>>, places: Vec<Place>) -> Nodes {
        Nodes { nodes, names, places, index: HashMap::new() }
    }

    pub fn width(&self, id: NodeId) -> u32 {
        self.nodes[id.index()].width
    }

    pub fn op(&self, id: NodeId) -> &Op {
        &self.nodes[id.index()].op
    }

    pub fn constant(&self, id: NodeId) -> Option<&Bits> {
        match self.op(id) {
            Op::Const(value) => Some(value),
            _ => None,
        }
    }

    pub fn lit(&mut self, value: Bits, place: Place) -> NodeId {
        let width = value.width();
        self.intern(Op::Const(value), width, place)
    }

    /// The node of exactly this operation.
    pub fn intern(&mut self, op: Op, width: u32, place: Place) -> NodeId {
        let node = Node { op, width };
        if let Some(id) = self.index.get(&node) {
            return *id;
        }
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(node.clone());
        self.names.push(None);
        self.places.push(place);
        self.index.insert(node, id);
        id
    }

    /// Gives a value a name. Constants and inputs keep none, and the first name stays.
    pub fn name(&mut self, id: NodeId, name: &str) {
        let slot = &self.names[id.index()];
        if slot.is_none() && !matches!(self.op(id), Op::Const(_) | Op::Input(_)) {
            self.names[id.index()] = Some(name.to_owned());
        }
    }
}

/// A forward declaration.
pub(crate) struct WireDraft {
    pub name: String,
    pub width: u32,
    pub driver: Option<NodeId>,
    pub place: Place,
}

/// A register under construction.
pub(crate) struct RegisterDraft {
    pub name: String,
    /// A pipeline register that nobody named: it is dropped where nobody reads it.
    pub automatic: bool,
    pub width: u32,
    pub reset: Option<Bits>,
    pub enable: Option<NodeId>,
    pub next: Option<NodeId>,
    pub place: Place,
}

/// An instance under construction.
pub(crate) struct InstanceDraft {
    pub name: String,
    pub module: Arc<Module>,
    pub inputs: Vec<Option<NodeId>>,
    pub place: Place,
}

/// An output under construction.
pub(crate) struct OutputDraft {
    pub port: Port,
    pub node: NodeId,
    pub place: Place,
}

/// A module under construction.
pub(crate) struct Graph {
    pub name: String,
    pub doc: String,
    pub place: Place,
    pub table: Nodes,
    pub inputs: Vec<Port>,
    pub input_places: Vec<Place>,
    pub outputs: Vec<OutputDraft>,
    pub attributes: Vec<(Attribute, Place)>,
    pub wires: Vec<WireDraft>,
    pub registers: Vec<RegisterDraft>,
    pub memories: Vec<crate::module::Memory>,
    pub memory_places: Vec<Place>,
    pub instances: Vec<InstanceDraft>,
    /// Where the designer chose one.
    pub reset: Option<NodeId>,
    pub errors: Vec<Error>,
}

impl Graph {
    pub fn new(name: &str, doc: &str, place: Place) -> Graph {
        Graph {
            name: name.to_owned(),
            doc: doc.to_owned(),
            place,
            table: Nodes::default(),
            inputs: Vec::new(),
            input_places: Vec::new(),
            outputs: Vec::new(),
            attributes: Vec::new(),
            wires: Vec::new(),
            registers: Vec::new(),
            memories: Vec::new(),
            memory_places: Vec::new(),
            instances: Vec::new(),
            reset: None,
            errors: Vec::new(),
        }
    }

    pub fn error(&mut self, place: Place, message: String) {
        self.error_with_help(place, message, None);
    }

    pub fn error_with_help(&mut self, place: Place, message: String, help: Option<&str>) {
        let error = Error { module: self.name.clone(), message, place, help: help.map(str::to_owned) };
        self.errors.push(error);
    }

    /// A zero that stands in for a value that could not be made, so that the description goes on.
    pub fn stand_in(&mut self, width: u32, place: Place) -> NodeId {
        self.table.lit(Bits::zero(width.max(1)), place)
    }

    /// Where a name of this module is: `module.name`.
    pub fn path(&self, name: &str) -> String {
        format!("{}.{name}", self.name)
    }

    /// What to call a value in a message: its path, or the operation on the names of its operands.
    pub fn describe(&self, id: NodeId) -> String {
        let text = self.describe_to(id, 2);
        let is_name = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
        match self.table.op(id) {
            Op::Const(_) => text,
            _ if is_name => self.path(&text),
            _ => text,
        }
    }

    fn describe_to(&self, id: NodeId, depth: u32) -> String {
        if let Some(name) = &self.table.names[id.index()] {
            return name.clone();
        }
        let inner = |id: NodeId| match depth {
            0 => "..".to_owned(),
            _ => self.describe_to(id, depth - 1),
        };
        match self.table.op(id) {
            Op::Const(value) => value.to_string(),
            Op::Input(port) => self.inputs[*port].name.clone(),
            Op::Wire(wire) => self.wires[*wire].name.clone(),
            Op::Register(register) => self.registers[*register].name.clone(),
            Op::Read { memory, .. } => format!("read of {}", self.memories[*memory].name),
            Op::Output { instance, port } => {
                let instance = &self.instances[*instance];
                format!("{}.{}", instance.name, instance.module.outputs()[*port].port.name)
            }
            Op::Not(a) => format!("!{}", inner(*a)),
            Op::Binary(kind, a, b) => format!("({} {} {})", inner(*a), symbol(*kind), inner(*b)),
            Op::Slice { of, low } => {
                let high = low + self.table.width(id) - 1;
                format!("{}[{high}:{low}]", inner(*of))
            }
            Op::Zext(a) | Op::Sext(a) => inner(*a),
            Op::Mux { select, yes, no } => format!("({} ? {} : {})", inner(*select), inner(*yes), inner(*no)),
            Op::Select { index, .. } => format!("select by {}", inner(*index)),
            Op::Concat(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| inner(*part)).collect();
                format!("{{{}}}", parts.join(", "))
            }
            Op::Reduce(_, a) => format!("reduction of {}", inner(*a)),
        }
    }
}

/// The operator in the notation of the description.
pub(crate) fn symbol(kind: Binary) -> &'static str {
    match kind {
        Binary::And => "&",
        Binary::Or => "|",
        Binary::Xor => "^",
        Binary::Add => "+",
        Binary::Sub => "-",
        Binary::MulUnsigned | Binary::MulSigned => "*",
        Binary::Eq => "==",
        Binary::LessUnsigned | Binary::LessSigned => "<",
        Binary::ShiftLeft => "<<",
        Binary::ShiftRight => ">>",
        Binary::ShiftRightSigned => ">>>",
    }
}
