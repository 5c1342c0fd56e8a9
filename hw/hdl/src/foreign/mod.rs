//! Modules that were written elsewhere: Verilog text, and what must be known of it to instantiate it.
//!
//! To the modules above it a foreign module is like any other: its outputs are driven, and combinational loops
//! through it are found. What it computes is not known here, so nothing but a Verilog tool runs it. Nor is its
//! text read beyond the names of the modules in it: that ports and dependencies are those of the text is the
//! word of whoever declares them (the adapters that read them off another language's objects, mostly). Of a
//! wrong width Verilator's lint warns at every instance.
//!
//! ```
//! const TEXT: &str = "module delay(input clk, input [7:0] d, output reg [7:0] q);
//!     always @(posedge clk) q <= d;
//! endmodule";
//! let delay = hdl::ForeignBuilder::new("delay", "One cycle.", TEXT)
//!     .clock("clk")
//!     .input("d", 8, "a value")
//!     .output("q", 8, "the value a cycle later")
//!     .depends("q", &[])
//!     .finish()
//!     .expect("a correct declaration");
//! let b = hdl::Builder::new("two", "Two cycles.");
//! let first = b.instance("first", &delay).connect("d", &b.input("d", 8, "a value")).out("q");
//! b.output("q", &b.instance("second", &delay).connect("d", &first).out("q"), "the value later");
//! let two = b.finish().expect("a correct description");
//! assert_eq!(two.foreign_path().as_deref(), Some("two.first"));
//! assert!(hdl::verilog::print(&two)[0].text.contains("always @(posedge clk) q <= d;"));
//! ```

mod text;

use std::panic::Location;
use std::sync::Arc;

use crate::check;
use crate::error::{Errors, Place};
use crate::graph::{Graph, OutputDraft};
use crate::module::{Module, Output, Port};
use crate::op::NodeId;

/// What a foreign module has instead of values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Foreign {
    /// Verilog of the module and of those that it instantiates.
    pub text: String,
    /// The names of the modules in the text.
    pub modules: Vec<String>,
    /// The port that takes the clock, where it has one.
    pub clock: Option<String>,
}

/// The value of a foreign output, of which there is none: whoever asks for it panics.
const NOWHERE: NodeId = NodeId(u32::MAX);

/// A foreign module being declared.
pub struct ForeignBuilder {
    /// Ports and mistakes; there are no values in it.
    graph: Graph,
    text: String,
    clock: Option<String>,
    depends: Vec<(String, Vec<String>, Place)>,
}

impl ForeignBuilder {
    /// Starts the declaration of module `name` of the Verilog `text`; `doc` says what it does.
    #[track_caller]
    pub fn new(name: &str, doc: &str, text: &str) -> ForeignBuilder {
        let place = Location::caller();
        let mut graph = Graph::new(name, doc, place);
        check::name(&mut graph, name, place);
        ForeignBuilder { graph, text: text.to_owned(), clock: None, depends: Vec::new() }
    }

    /// The port that takes the clock, at whose rising edges everything in the module happens. It is connected by
    /// itself and is none of the inputs.
    #[track_caller]
    pub fn clock(mut self, name: &str) -> ForeignBuilder {
        let place = Location::caller();
        check_port(&mut self.graph, name, 1, place);
        if let Some(first) = self.clock.replace(name.to_owned()) {
            self.graph.error(place, format!("there are two clocks, {first} and {name}"));
        }
        self
    }

    /// An input port of `width` bits. One that is called `rst` must be a synchronous reset, active high: it is
    /// connected by itself where nobody does.
    #[track_caller]
    pub fn input(mut self, name: &str, width: u32, doc: &str) -> ForeignBuilder {
        let place = Location::caller();
        let port = self.port(name, width, doc, place);
        if name == "rst" && width != 1 {
            self.graph.error(place, format!("the reset `rst` has {}", check::bits(width)));
        }
        self.graph.inputs.push(port);
        self.graph.input_places.push(place);
        self
    }

    /// An output port of `width` bits. It counts as following every input within the cycle, which may be too
    /// careful (see [`ForeignBuilder::depends`]) but overlooks no combinational loop.
    #[track_caller]
    pub fn output(mut self, name: &str, width: u32, doc: &str) -> ForeignBuilder {
        let place = Location::caller();
        let port = self.port(name, width, doc, place);
        self.graph.outputs.push(OutputDraft { port, node: NOWHERE, place });
        self
    }

    /// Says that the output `output` follows only these inputs within the cycle; none, where a register drives
    /// it.
    #[track_caller]
    pub fn depends(mut self, output: &str, inputs: &[&str]) -> ForeignBuilder {
        let inputs = inputs.iter().map(|&name| name.to_owned()).collect();
        self.depends.push((output.to_owned(), inputs, Location::caller()));
        self
    }

    /// Checks the declaration and makes the module, or tells everything that is wrong with it.
    pub fn finish(mut self) -> Result<Arc<Module>, Errors> {
        let modules = text::modules(&self.text);
        self.check_text(&modules);
        check::port_names(&mut self.graph);
        let depends_on = self.dependencies();
        if !self.graph.errors.is_empty() {
            return Err(Errors(self.graph.errors));
        }
        let outputs = self.graph.outputs.into_iter().zip(depends_on);
        let mut module = Module {
            name: self.graph.name,
            doc: self.graph.doc,
            inputs: self.graph.inputs,
            outputs: outputs
                .map(|(output, depends_on)| Output { port: output.port, node: NOWHERE, depends_on })
                .collect(),
            clocked: self.clock.is_some(),
            foreign: Some(Foreign { text: self.text, modules, clock: self.clock }),
            ..Module::default()
        };
        module.compute_fingerprint();
        Ok(Arc::new(module))
    }

    fn port(&mut self, name: &str, width: u32, doc: &str, place: Place) -> Port {
        check_port(&mut self.graph, name, width, place);
        Port { name: name.to_owned(), width, doc: doc.to_owned() }
    }

    /// The text must have the module, and each module once; the clock must be none of the inputs.
    fn check_text(&mut self, modules: &[String]) {
        let (name, place) = (self.graph.name.clone(), self.graph.place);
        if let Some(clock) = self.clock.clone().filter(|clock| self.is_port(clock)) {
            self.graph.error(place, format!("{clock} is the clock and a port besides"));
        }
        if !modules.contains(&name) {
            let found = if modules.is_empty() { "none".to_owned() } else { modules.join(", ") };
            self.graph.error(place, format!("its Verilog has no module {name}; those that it has: {found}"));
        }
        for (at, module) in modules.iter().enumerate() {
            if modules[..at].contains(module) {
                self.graph.error(place, format!("its Verilog defines module {module} twice"));
            }
        }
    }

    fn is_port(&self, name: &str) -> bool {
        let inputs = self.graph.inputs.iter();
        inputs.chain(self.graph.outputs.iter().map(|output| &output.port)).any(|port| port.name == name)
    }

    /// The inputs, by index, that each output follows.
    fn dependencies(&mut self) -> Vec<Vec<usize>> {
        let all: Vec<usize> = (0..self.graph.inputs.len()).collect();
        let mut depends_on = vec![all; self.graph.outputs.len()];
        for (output, inputs, place) in std::mem::take(&mut self.depends) {
            let known: Vec<String> =
                self.graph.outputs.iter().map(|output| output.port.name.clone()).collect();
            let Some(output) = self.find("output", &output, &known, place) else { continue };
            let known: Vec<String> = self.graph.inputs.iter().map(|port| port.name.clone()).collect();
            let found = inputs.iter().filter_map(|input| self.find("input", input, &known, place));
            depends_on[output] = found.collect();
            depends_on[output].sort_unstable();
        }
        depends_on
    }

    /// The index of a port, or a mistake.
    fn find(&mut self, kind: &str, name: &str, known: &[String], place: Place) -> Option<usize> {
        let found = known.iter().position(|other| other == name);
        if found.is_none() {
            let nearest = check::nearest(name, known.iter().map(String::as_str));
            let help = format!("nearest: {}", nearest.join(", "));
            let help = (!nearest.is_empty()).then_some(help.as_str());
            self.graph.error_with_help(place, format!("there is no {kind} {name}"), help);
        }
        found
    }
}

/// Records a port of a foreign module that ours cannot be connected to. Verilog's `$` is good enough, and the
/// names of the implicit ports mean what they mean.
fn check_port(graph: &mut Graph, port: &str, width: u32, place: Place) {
    if !matches!(port, "aclk" | "rst") {
        check::name(graph, &port.replace('$', "_"), place);
    }
    if width == 0 {
        graph.error(place, format!("{port} is 0 bits wide"));
    }
}

impl Module {
    /// The Verilog that it is, where it was written elsewhere. Such a module has ports, and nothing else that
    /// could be looked at.
    pub fn foreign(&self) -> Option<&Foreign> {
        self.foreign.as_ref()
    }

    /// Where in the hierarchy the first foreign module is: `top.core.divider`. Whoever runs modules himself must
    /// refuse one that contains such a thing.
    pub fn foreign_path(&self) -> Option<String> {
        if self.foreign.is_some() {
            return Some(self.name.clone());
        }
        self.instances.iter().find_map(|instance| {
            let below = instance.module.foreign_path()?;
            let rest = below.strip_prefix(instance.module.name()).unwrap_or_default();
            Some(format!("{}.{}{rest}", self.name, instance.name))
        })
    }

    /// The port that takes the clock, where it is [`Module::clocked`].
    pub fn clock_port(&self) -> &str {
        self.foreign.as_ref().and_then(|foreign| foreign.clock.as_deref()).unwrap_or("aclk")
    }
}
