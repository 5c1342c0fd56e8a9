//! What a module is described with besides values: forward declarations, registers, memories, instances.

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

use crate::builder::own;
use crate::check;
use crate::graph::Graph;
use crate::module::{Module, NodeId, Op, ReadPort, WritePort};
use crate::signal::Signal;

/// A value used before it is described. It must be driven once.
#[derive(Clone)]
pub struct Wire {
    pub(crate) signal: Signal,
    pub(crate) index: usize,
}

impl Wire {
    /// The value.
    pub fn signal(&self) -> Signal {
        self.signal.clone()
    }

    /// Says what the value is.
    #[track_caller]
    pub fn drive(&self, value: &Signal) {
        let place = Location::caller();
        let node = own(&self.signal.graph, value);
        let mut graph = self.signal.graph.borrow_mut();
        let wire = &graph.wires[self.index];
        if wire.width != value.width {
            let message = format!("{} of {} bits is driven by {} bits", wire.name, wire.width, value.width);
            graph.error(place, message);
        } else if let Some(first) = wire.driver {
            let message = format!(
                "{} is driven twice: by {} (described at {}) and by {}",
                wire.name,
                graph.describe(first),
                graph.table.places[first.index()],
                graph.describe(node)
            );
            graph.error(place, message);
        }
        graph.wires[self.index].driver.get_or_insert(node);
    }
}

/// A register.
#[derive(Clone)]
pub struct Reg {
    pub(crate) signal: Signal,
    pub(crate) index: usize,
}

impl Reg {
    /// What it holds.
    pub fn q(&self) -> Signal {
        self.signal.clone()
    }

    /// The value that the synchronous reset gives it.
    #[track_caller]
    pub fn reset(&self, value: i64) -> &Reg {
        let place = Location::caller();
        let mut graph = self.signal.graph.borrow_mut();
        match check::literal(self.signal.width, value) {
            Ok(bits) => graph.registers[self.index].reset = Some(bits),
            Err(message) => graph.error(place, message),
        }
        drop(graph);
        self
    }

    /// Held while `enable` is 0.
    #[track_caller]
    pub fn enable(&self, enable: &Signal) -> &Reg {
        self.connect("enable", 1, enable, |register| &mut register.enable);
        self
    }

    /// What it takes at the clock edge.
    #[track_caller]
    pub fn next(&self, value: &Signal) -> &Reg {
        self.connect("next", self.signal.width, value, |register| &mut register.next);
        self
    }

    #[track_caller]
    fn connect(
        &self,
        what: &str,
        width: u32,
        value: &Signal,
        slot: impl Fn(&mut crate::graph::RegisterDraft) -> &mut Option<NodeId>,
    ) {
        let place = Location::caller();
        let node = own(&self.signal.graph, value);
        let mut graph = self.signal.graph.borrow_mut();
        let name = graph.registers[self.index].name.clone();
        let slot = slot(&mut graph.registers[self.index]);
        let twice = slot.is_some();
        slot.get_or_insert(node);
        if twice {
            graph.error(place, format!("the {what} of register {name} is driven twice"));
        }
        if value.width != width {
            let driver = graph.describe(node);
            let message =
                format!("the {what} of register {name} has {width} bits, {driver} has {}", value.width);
            graph.error(place, message);
        }
    }
}

/// A memory.
#[derive(Clone)]
pub struct MemoryHandle {
    pub(crate) graph: Rc<RefCell<Graph>>,
    pub(crate) index: usize,
    pub(crate) width: u32,
    pub(crate) depth: u32,
}

impl MemoryHandle {
    /// Bits of an address.
    pub fn addr_width(&self) -> u32 {
        num::bits_for_unsigned(u64::from(self.depth - 1))
    }

    /// Writes `data` while `enable` is 1. Of two ports that write one entry at once the later one wins.
    #[track_caller]
    pub fn write(&self, addr: &Signal, data: &Signal, enable: &Signal) {
        let [addr, data, enable] = [
            self.port("write address", addr, self.addr_width()),
            self.port("write data", data, self.width),
            self.port("write enable", enable, 1),
        ];
        let port = WritePort { addr, data, enable, mask: None, granule: self.width };
        self.graph.borrow_mut().memories[self.index].writes.push(port);
    }

    /// Writes, while `enable` is 1, the groups of `granule` bits whose bit of `mask` is 1.
    #[track_caller]
    pub fn write_masked(&self, addr: &Signal, data: &Signal, enable: &Signal, mask: &Signal, granule: u32) {
        if granule == 0 || !self.width.is_multiple_of(granule) {
            let message = format!("{} of {} bits has no lanes of {granule} bits", self.name(), self.width);
            self.graph.borrow_mut().error(Location::caller(), message);
            return;
        }
        let [addr, data, enable, mask] = [
            self.port("write address", addr, self.addr_width()),
            self.port("write data", data, self.width),
            self.port("write enable", enable, 1),
            self.port("write mask", mask, self.width / granule),
        ];
        let port = WritePort { addr, data, enable, mask: Some(mask), granule };
        self.graph.borrow_mut().memories[self.index].writes.push(port);
    }

    /// The entry within the same cycle: registers or LUT RAM.
    #[track_caller]
    pub fn read(&self, addr: &Signal) -> Signal {
        let addr = self.port("read address", addr, self.addr_width());
        self.add_read(ReadPort::Async { addr })
    }

    /// A register `name` that takes, while `enable` is 1, what the entry held before this cycle's writes: block
    /// RAM.
    #[track_caller]
    pub fn read_sync(&self, name: &str, addr: &Signal, enable: &Signal) -> Signal {
        check::name(&mut self.graph.borrow_mut(), name, Location::caller());
        let addr = self.port("read address", addr, self.addr_width());
        let enable = self.port("read enable", enable, 1);
        self.add_read(ReadPort::Sync { name: name.to_owned(), addr, enable })
    }

    #[track_caller]
    fn add_read(&self, read: ReadPort) -> Signal {
        let mut graph = self.graph.borrow_mut();
        let reads = &mut graph.memories[self.index].reads;
        let port = reads.iter().position(|known| *known == read).unwrap_or_else(|| {
            reads.push(read);
            reads.len() - 1
        });
        let id = graph.table.make(Op::Read { memory: self.index, port }, self.width, Location::caller());
        Signal { graph: Rc::clone(&self.graph), id, width: self.width }
    }

    #[track_caller]
    fn port(&self, what: &str, signal: &Signal, width: u32) -> NodeId {
        let node = own(&self.graph, signal);
        if signal.width != width {
            let name = self.name();
            let mut graph = self.graph.borrow_mut();
            let driver = graph.describe(node);
            let message = format!("the {what} of {name} has {width} bits, {driver} has {}", signal.width);
            graph.error(Location::caller(), message);
        }
        node
    }

    fn name(&self) -> String {
        self.graph.borrow().memories[self.index].name.clone()
    }
}

/// An instance of another module.
#[derive(Clone)]
pub struct InstanceHandle {
    pub(crate) graph: Rc<RefCell<Graph>>,
    pub(crate) module: Arc<Module>,
    pub(crate) index: usize,
}

impl InstanceHandle {
    /// What it is an instance of.
    pub fn module(&self) -> &Arc<Module> {
        &self.module
    }

    /// Drives an input port.
    #[track_caller]
    pub fn connect(&self, port: &str, value: &Signal) -> &InstanceHandle {
        let place = Location::caller();
        let node = own(&self.graph, value);
        let Some(index) = self.module.input_index(port) else {
            let names = self.module.inputs().iter().map(|port| port.name.as_str());
            self.unknown(port, "input", check::nearest(port, names), place);
            return self;
        };
        let mut graph = self.graph.borrow_mut();
        let path = format!("{}.{port}", graph.instances[self.index].name);
        let slot = &mut graph.instances[self.index].inputs[index];
        let twice = slot.is_some();
        slot.get_or_insert(node);
        if twice {
            graph.error(place, format!("{path} is driven twice"));
        }
        let width = self.module.inputs()[index].width;
        if width != value.width {
            let driver = graph.describe(node);
            graph.error(place, format!("{path} has {width} bits, {driver} has {}", value.width));
        }
        drop(graph);
        self
    }

    /// The value of an output port.
    #[track_caller]
    pub fn out(&self, port: &str) -> Signal {
        let place = Location::caller();
        let found = self.module.output_index(port);
        if found.is_none() {
            let names = self.module.outputs().iter().map(|output| output.port.name.as_str());
            self.unknown(port, "output", check::nearest(port, names), place);
        }
        let mut graph = self.graph.borrow_mut();
        let (id, width) = match found {
            Some(port) => {
                let width = self.module.outputs()[port].port.width;
                (graph.table.make(Op::Output { instance: self.index, port }, width, place), width)
            }
            None => (graph.stand_in(1, place), 1),
        };
        Signal { graph: Rc::clone(&self.graph), id, width }
    }

    fn unknown(&self, port: &str, kind: &str, nearest: Vec<String>, place: crate::error::Place) {
        let mut graph = self.graph.borrow_mut();
        let name = &graph.instances[self.index].name;
        let message = format!("{name} ({}) has no {kind} {port}", self.module.name());
        let help = format!("nearest: {}", nearest.join(", "));
        graph.error_with_help(place, message, (!nearest.is_empty()).then_some(help.as_str()));
    }
}
