//! What the Verilog of a hierarchy declares: the ports, registers and nets of every instance, by name, and what of
//! the module each of them shows. Whoever records a run takes its signals from here. The names are those that the
//! printer decides, so a recording and the text have the same ones.
//!
//! Memories are not listed, nor is `unused`, which only keeps linters quiet. Of a foreign module nothing is: what its
//! text declares is known to its authors alone.

use std::collections::HashMap;
use std::sync::Arc;

use super::named;
use crate::module::{Module, ReadPort};
use crate::op::{NodeId, Op};

/// A declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Name, unique in the module.
    pub name: String,
    /// Width in bits.
    pub width: u32,
    /// How it is declared.
    pub kind: Kind,
    /// What it shows.
    pub shows: Shows,
}

/// How something is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `input wire`.
    Input,
    /// `output wire` or `output reg`.
    Output,
    /// `wire`.
    Wire,
    /// `reg`.
    Reg,
}

/// What of a module a declaration shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// The clock.
    Clock,
    /// The input of this index.
    Input(usize),
    /// A value.
    Value(NodeId),
    /// The register of this index.
    Register(usize),
    /// The register of a synchronous read port.
    Read {
        /// Index of the memory.
        memory: usize,
        /// Index of the port.
        port: usize,
    },
    /// An instance's output that nobody reads.
    Output {
        /// Index of the instance.
        instance: usize,
        /// Index of the port.
        port: usize,
    },
}

/// An instance in a hierarchy.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Its name; that of the module at the top.
    pub name: String,
    /// Names from the top down, with dots between.
    pub path: String,
    /// What it is an instance of.
    pub module: Arc<Module>,
    /// Index of the instance that it is in.
    pub parent: Option<usize>,
    /// What it declares, in the order clock, inputs, outputs, registers, nets.
    pub declared: Arc<[Declared]>,
}

/// Every instance of the hierarchy, each before those in it, which come in their order.
pub fn scopes(top: &Arc<Module>) -> Vec<Scope> {
    let mut scopes = Vec::new();
    add(top, top.name(), None, &mut scopes, &mut HashMap::new());
    scopes
}

/// `known`, by fingerprint of modules, is looked up only.
fn add(
    module: &Arc<Module>,
    name: &str,
    parent: Option<usize>,
    scopes: &mut Vec<Scope>,
    known: &mut HashMap<u64, Arc<[Declared]>>,
) {
    let declared = known.entry(module.fingerprint()).or_insert_with(|| declared(module).into());
    let path = match parent {
        Some(parent) => format!("{}.{name}", scopes[parent].path),
        None => name.to_owned(),
    };
    let (name, declared, this) = (name.to_owned(), Arc::clone(declared), scopes.len());
    scopes.push(Scope { name, path, module: Arc::clone(module), parent, declared });
    for instance in module.instances() {
        add(&instance.module, &instance.name, Some(this), scopes, known);
    }
}

/// What a module declares, in the order clock, inputs, outputs, registers, nets.
pub fn declared(module: &Module) -> Vec<Declared> {
    if module.foreign().is_some() {
        return Vec::new();
    }
    let mut all = ports(module);
    let is_port = |name: &str| module.output_index(name).is_some();
    let mut add = |name: &str, width, kind, shows| {
        if !is_port(name) {
            all.push(Declared { name: name.to_owned(), width, kind, shows });
        }
    };
    for (index, register) in module.registers().iter().enumerate() {
        add(&register.name, register.width, Kind::Reg, Shows::Register(index));
    }
    for (memory, all) in module.memories().iter().enumerate() {
        for (port, read) in all.reads.iter().enumerate() {
            if let ReadPort::Sync { name, .. } = read {
                add(name, all.width, Kind::Reg, Shows::Read { memory, port });
            }
        }
    }
    let printer = named(module).printer;
    for id in module.node_ids() {
        let node = module.node(id);
        let is_output = matches!(node.op, Op::Output { .. });
        if printer.is_net[id.index()] || is_output {
            let kind = if matches!(node.op, Op::Select { .. }) { Kind::Reg } else { Kind::Wire };
            add(&printer.text[id.index()], node.width, kind, Shows::Value(id));
        }
    }
    for unread in &printer.unread_outputs {
        let (instance, port) = (unread.instance, unread.port);
        let width = module.instances()[instance].module.outputs()[port].port.width;
        add(&unread.name, width, Kind::Wire, Shows::Output { instance, port });
    }
    all
}

fn ports(module: &Module) -> Vec<Declared> {
    let declare = |name: &str, width, kind, shows| Declared { name: name.to_owned(), width, kind, shows };
    let clock = declare(module.clock_port(), 1, Kind::Input, Shows::Clock);
    let inputs = module.inputs().iter().enumerate();
    let inputs = inputs.map(|(i, port)| declare(&port.name, port.width, Kind::Input, Shows::Input(i)));
    let outputs = module
        .outputs()
        .iter()
        .map(|output| declare(&output.port.name, output.port.width, Kind::Output, Shows::Value(output.node)));
    module.clocked().then_some(clock).into_iter().chain(inputs).chain(outputs).collect()
}
