//! What a module is described with besides values: forward declarations, registers, memories.

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;

use crate::builder::own;
use crate::check;
use crate::graph::Graph;
use crate::module::{ReadPort, WritePort};
use crate::op::{NodeId, Op};
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
            let message = format!(
                "{} of {} is driven by {}",
                graph.path(&wire.name),
                check::bits(wire.width),
                check::bits(value.width)
            );
            graph.error(place, message);
        } else if let Some(first) = wire.driver {
            let message = format!(
                "{} is driven twice: by {} (described at {}) and by {}",
                graph.path(&wire.name),
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
        let name = graph.path(&graph.registers[self.index].name);
        let slot = slot(&mut graph.registers[self.index]);
        let twice = slot.is_some();
        slot.get_or_insert(node);
        if twice {
            graph.error(place, format!("the {what} of register {name} is driven twice"));
        }
        if value.width != width {
            let driver = graph.describe(node);
            let message = format!(
                "the {what} of register {name} has {}, {driver} has {}",
                check::bits(width),
                value.width
            );
            graph.error(place, message);
        }
    }
}

/// A memory. One of a single entry still has an address of one bit, which is ignored.
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
            self.address("write address", addr),
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
            self.address("write address", addr),
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
        let addr = self.address("read address", addr);
        self.add_read(ReadPort::Async { addr })
    }

    /// A register `name` that takes, while `enable` is 1, what the entry held before this cycle's writes: block
    /// RAM.
    #[track_caller]
    pub fn read_sync(&self, name: &str, addr: &Signal, enable: &Signal) -> Signal {
        check::name(&mut self.graph.borrow_mut(), name, Location::caller());
        let addr = self.address("read address", addr);
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
    fn address(&self, what: &str, addr: &Signal) -> NodeId {
        let node = self.port(what, addr, self.addr_width());
        match self.depth {
            1 => self.graph.borrow_mut().stand_in(1, Location::caller()),
            _ => node,
        }
    }

    #[track_caller]
    fn port(&self, what: &str, signal: &Signal, width: u32) -> NodeId {
        let node = own(&self.graph, signal);
        if signal.width != width {
            let name = self.name();
            let mut graph = self.graph.borrow_mut();
            let driver = graph.describe(node);
            let message =
                format!("the {what} of {name} has {}, {driver} has {}", check::bits(width), signal.width);
            graph.error(Location::caller(), message);
        }
        node
    }

    fn name(&self) -> String {
        let graph = self.graph.borrow();
        graph.path(&graph.memories[self.index].name)
    }
}
