//! Blocks written in [rust-hdl](https://docs.rs/rust-hdl/0.46.0) as modules of ours: the bridge for a core or an op
//! that exists already.
//!
//! [`import`] connects a block, lets rust-hdl check it and write its Verilog, reads its ports off the object, and
//! gives a foreign module (see [`hdl::ForeignBuilder`]), of which instances are made as of any other. What comes
//! in cannot be simulated here, only by a Verilog tool. The crate knows neither networks nor accelerators.
//!
//! ```
//! use rust_hdl::prelude::*;
//!
//! /// Counts the cycles in which `tick` is high.
//! #[derive(LogicBlock, Default)]
//! struct Counter {
//!     pub clock: Signal<In, Clock>,
//!     pub tick: Signal<In, Bit>,
//!     pub count: Signal<Out, Bits<8>>,
//!     held: DFF<Bits<8>>,
//! }
//!
//! impl Logic for Counter {
//!     #[hdl_gen]
//!     fn update(&mut self) {
//!         dff_setup!(self, clock, held);
//!         if self.tick.val() {
//!             self.held.d.next = self.held.q.val() + 1;
//!         }
//!         self.count.next = self.held.q.val();
//!     }
//! }
//!
//! let counter = nasa_rust_hdl::describe("counter", Counter::default()).expect("a correct block");
//! let counter = counter.depends("count", &[]).finish().expect("a register drives `count`");
//!
//! let b = hdl::Builder::new("toggles", "Counts every other cycle.");
//! let core = b.instance("core", &counter);
//! core.connect("tick", &!core.out("count").bit(0));
//! b.output("count", &core.out("count"), "how often");
//! let toggles = b.finish().expect("a correct description");
//! assert!(hdl::verilog::print(&toggles)[1].text.contains("counter core ("));
//! ```
//!
//! Ports: a struct of rust-hdl (`LogicStruct`) is one port, a packed vector whose fields the comment beside it
//! lists; an interface or an array becomes a port for each signal, named as rust-hdl names them (`bus$data`,
//! `lanes$0`). There is one clock: an input of type `Clock`, connected by itself. An input `rst` is taken for a
//! synchronous reset, active high. `InOut` ports, second clocks and clocks as outputs are refused.

mod error;
mod ports;

use std::sync::Arc;

use hdl::{ForeignBuilder, Module};
use rust_hdl::core::check_error::check_all;
use rust_hdl::prelude::{Block, ModuleDefines};

pub use error::Error;
use ports::{Kind, Ports};

/// The block as a foreign module `name`. Each of its outputs counts as following every input within the cycle;
/// where that makes a combinational loop that is none, use [`describe`].
#[track_caller]
pub fn import<B: Block>(name: &str, block: B) -> Result<Arc<Module>, Error> {
    describe(name, block)?.finish().map_err(Error::Declaration)
}

/// As [`import`], short of its last step: [`ForeignBuilder::depends`] can say which inputs an output follows.
#[track_caller]
pub fn describe<B: Block>(name: &str, mut block: B) -> Result<ForeignBuilder, Error> {
    block.connect_all();
    let mut ports = Ports::default();
    block.accept(name, &mut ports);
    let mut problems = ports.problems;
    problems.extend(check_all(&block).err().map(|error| error::words(name, error)));
    if !problems.is_empty() {
        return Err(Error::Block { name: name.to_owned(), problems });
    }
    let mut verilog = ModuleDefines::default();
    block.accept(name, &mut verilog);
    let doc = format!("The rust-hdl block {}.", std::any::type_name::<B>());
    let mut module = ForeignBuilder::new(name, &doc, &verilog.defines());
    for port in ports.found {
        module = match port.kind {
            Kind::Clock => module.clock(&port.name),
            Kind::Input => module.input(&port.name, port.width, &port.doc),
            Kind::Output => module.output(&port.name, port.width, &port.doc),
        };
    }
    Ok(module)
}
