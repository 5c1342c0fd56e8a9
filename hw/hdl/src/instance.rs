//! Instances of finished modules inside a module under construction.

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

use crate::builder::own;
use crate::check;
use crate::error::Place;
use crate::graph::Graph;
use crate::module::Module;
use crate::op::Op;
use crate::signal::Signal;

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
        let path = format!("{}.{port}", graph.path(&graph.instances[self.index].name));
        let slot = &mut graph.instances[self.index].inputs[index];
        let twice = slot.is_some();
        slot.get_or_insert(node);
        if twice {
            graph.error(place, format!("{path} is driven twice"));
        }
        let width = self.module.inputs()[index].width;
        if width != value.width {
            let driver = graph.describe(node);
            graph.error(place, format!("{path} has {}, {driver} has {}", check::bits(width), value.width));
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

    fn unknown(&self, port: &str, kind: &str, nearest: Vec<String>, place: Place) {
        let mut graph = self.graph.borrow_mut();
        let name = graph.path(&graph.instances[self.index].name);
        let message = format!("{name} ({}) has no {kind} {port}", self.module.name());
        let help = format!("nearest: {}", nearest.join(", "));
        graph.error_with_help(place, message, (!nearest.is_empty()).then_some(help.as_str()));
    }
}
