//! `Builder`: where a module's description starts and ends. What it hands out lives in `signal` and `state`.

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

use num::Bits;

use crate::check;
use crate::error::Errors;
use crate::finish;
use crate::graph::{Graph, InstanceDraft, OutputDraft, RegisterDraft, WireDraft};
use crate::instance::InstanceHandle;
use crate::module::{Memory, Module, Port};
use crate::op::{NodeId, Op};
use crate::signal::Signal;
use crate::state::{MemoryHandle, Reg, Wire};

/// A module under construction. Clones are the same module.
#[derive(Clone)]
pub struct Builder {
    pub(crate) graph: Rc<RefCell<Graph>>,
}

impl Builder {
    /// Starts a module; `doc` says what it does and becomes the header comment of its Verilog.
    #[track_caller]
    pub fn new(name: &str, doc: &str) -> Builder {
        let place = Location::caller();
        let mut graph = Graph::new(name, doc, place);
        check::name(&mut graph, name, place);
        Builder { graph: Rc::new(RefCell::new(graph)) }
    }

    /// An input port.
    #[track_caller]
    pub fn input(&self, name: &str, width: u32, doc: &str) -> Signal {
        let width = self.declare(name, width);
        let mut graph = self.graph.borrow_mut();
        let port = graph.inputs.len();
        graph.inputs.push(Port { name: name.to_owned(), width, doc: doc.to_owned() });
        graph.input_places.push(Location::caller());
        drop(graph);
        self.make(Op::Input(port), width)
    }

    /// An output port that shows `value`.
    #[track_caller]
    pub fn output(&self, name: &str, value: &Signal, doc: &str) {
        let width = self.declare(name, value.width);
        let node = self.own(value);
        let port = Port { name: name.to_owned(), width, doc: doc.to_owned() };
        self.graph.borrow_mut().outputs.push(OutputDraft { port, node, place: Location::caller() });
    }

    /// A constant: a signed or an unsigned number of `width` bits.
    #[track_caller]
    pub fn lit(&self, width: u32, value: i64) -> Signal {
        match check::literal(width, value) {
            Ok(bits) => self.bits(bits),
            Err(message) => self.zero(1).wrong(width, message),
        }
    }

    /// A constant.
    #[track_caller]
    pub fn bits(&self, value: Bits) -> Signal {
        let width = value.width();
        self.make(Op::Const(value), width)
    }

    /// All zeros.
    #[track_caller]
    pub fn zero(&self, width: u32) -> Signal {
        let width = self.positive(width, "a constant");
        self.bits(Bits::zero(width))
    }

    /// One bit, set.
    #[track_caller]
    pub fn one(&self) -> Signal {
        self.bits(Bits::ones(1))
    }

    /// A forward declaration: a value that is used before it is described.
    #[track_caller]
    pub fn wire(&self, name: &str, width: u32) -> Wire {
        let width = self.declare(name, width);
        let mut graph = self.graph.borrow_mut();
        let index = graph.wires.len();
        graph.wires.push(WireDraft { name: name.to_owned(), width, driver: None, place: Location::caller() });
        drop(graph);
        Wire { signal: self.make(Op::Wire(index), width), index }
    }

    /// A register. It needs a `next`; without `reset` it ignores the reset, without `enable` it is never held.
    #[track_caller]
    pub fn reg(&self, name: &str, width: u32) -> Reg {
        let width = self.declare(name, width);
        let mut graph = self.graph.borrow_mut();
        let index = graph.registers.len();
        graph.registers.push(RegisterDraft {
            name: name.to_owned(),
            automatic: false,
            width,
            reset: None,
            enable: None,
            next: None,
            place: Location::caller(),
        });
        drop(graph);
        Reg { signal: self.make(Op::Register(index), width), index }
    }

    /// `value` one cycle later; not reset.
    #[track_caller]
    pub fn delay(&self, name: &str, value: &Signal) -> Signal {
        let register = self.reg(name, value.width);
        register.next(value);
        register.q()
    }

    /// `value` one cycle later; `reset` during reset.
    #[track_caller]
    pub fn delay_reset(&self, name: &str, value: &Signal, reset: i64) -> Signal {
        let register = self.reg(name, value.width);
        register.reset(reset).next(value);
        register.q()
    }

    /// A memory of `depth` entries of `width` bits. Its addresses have exactly the bits that `depth` needs.
    #[track_caller]
    pub fn memory(&self, name: &str, width: u32, depth: u32) -> MemoryHandle {
        let width = self.declare(name, width);
        let depth = self.positive(depth, "the depth of a memory");
        let mut graph = self.graph.borrow_mut();
        let index = graph.memories.len();
        let (writes, reads) = (Vec::new(), Vec::new());
        graph.memories.push(Memory { name: name.to_owned(), width, depth, writes, reads });
        graph.memory_places.push(Location::caller());
        MemoryHandle { graph: Rc::clone(&self.graph), index, width, depth }
    }

    /// An instance of a finished module. Clock and reset are connected by themselves.
    #[track_caller]
    pub fn instance(&self, name: &str, module: &Arc<Module>) -> InstanceHandle {
        self.declare(name, 1);
        let mut graph = self.graph.borrow_mut();
        let index = graph.instances.len();
        graph.instances.push(InstanceDraft {
            name: name.to_owned(),
            module: Arc::clone(module),
            inputs: vec![None; module.inputs().len()],
            place: Location::caller(),
        });
        InstanceHandle { graph: Rc::clone(&self.graph), module: Arc::clone(module), index }
    }

    /// Resets this module's registers, and its instances, by `reset` instead of by an implicit port `rst`.
    #[track_caller]
    pub fn reset_from(&self, reset: &Signal) {
        let node = self.own(reset);
        let mut graph = self.graph.borrow_mut();
        if reset.width != 1 {
            let message = format!("the reset {} has {}", graph.describe(node), check::bits(reset.width));
            graph.error(Location::caller(), message);
        } else if graph.reset.replace(node).is_some() {
            graph.error(Location::caller(), "the reset is chosen twice".to_owned());
        }
    }

    /// Checks the description and makes the module, or tells everything that is wrong with it.
    pub fn finish(&self) -> Result<Arc<Module>, Errors> {
        finish::finish(&mut self.graph.borrow_mut())
    }

    #[track_caller]
    fn make(&self, op: Op, width: u32) -> Signal {
        let id = self.graph.borrow_mut().table.make(op, width, Location::caller());
        Signal { graph: Rc::clone(&self.graph), id, width }
    }

    /// Checks a name and a width.
    #[track_caller]
    fn declare(&self, name: &str, width: u32) -> u32 {
        check::name(&mut self.graph.borrow_mut(), name, Location::caller());
        self.positive(width, name)
    }

    #[track_caller]
    fn positive(&self, value: u32, what: &str) -> u32 {
        if value == 0 {
            let message = format!("{what} is 0 bits wide or 0 deep");
            self.graph.borrow_mut().error(Location::caller(), message);
        }
        value.max(1)
    }

    /// The node of a signal that must be of this module.
    #[track_caller]
    fn own(&self, signal: &Signal) -> NodeId {
        own(&self.graph, signal)
    }
}

/// The node of a signal that must be of the module `graph`; a stand-in where it is not.
#[track_caller]
pub(crate) fn own(graph: &Rc<RefCell<Graph>>, signal: &Signal) -> NodeId {
    if Rc::ptr_eq(graph, &signal.graph) {
        return signal.id;
    }
    let elsewhere = signal.graph.borrow().name.clone();
    let message = format!("{} belongs to module {elsewhere}, not to this one", signal.describe());
    let mut graph = graph.borrow_mut();
    graph.error(Location::caller(), message);
    graph.stand_in(signal.width, Location::caller())
}
