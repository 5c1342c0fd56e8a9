//! Attributes of ports: what a Verilog tool is told of them beyond direction and width, such as the bus that they
//! belong to. Hardware does not change by them, and no simulator looks at them; what they mean is not known here.

use std::panic::Location;

use crate::builder::Builder;
use crate::check;
use crate::graph::Graph;
use crate::module::Module;

/// An attribute of a port, for tools that read the Verilog: `(* name = "value" *)` before its declaration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// Name of the port; the implicit ports may have attributes too.
    pub port: String,
    /// Name of the attribute.
    pub name: String,
    /// Its value, a string.
    pub value: String,
}

impl Builder {
    /// The ports declared so far, inputs first.
    pub fn ports(&self) -> Vec<String> {
        let graph = self.graph.borrow();
        let outputs = graph.outputs.iter().map(|output| &output.port.name);
        graph.inputs.iter().map(|port| &port.name).chain(outputs).cloned().collect()
    }

    /// Gives a port an attribute, for tools that read the Verilog: `(* name = "value" *)`. Hardware does not change
    /// by it. The implicit ports `aclk` and `rst` may have attributes too.
    #[track_caller]
    pub fn attribute(&self, port: &str, name: &str, value: &str) {
        let (port, name, value) = (port.to_owned(), name.to_owned(), value.to_owned());
        let attribute = Attribute { port, name, value };
        self.graph.borrow_mut().attributes.push((attribute, Location::caller()));
    }
}

impl Module {
    /// Attributes of ports, in the order in which they were given.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }
}

/// An attribute belongs to a port that is there, and reads as a string of Verilog.
pub(crate) fn check(graph: &mut Graph) {
    let inputs = graph.inputs.iter().map(|port| port.name.as_str());
    let outputs = graph.outputs.iter().map(|output| output.port.name.as_str());
    let ports: Vec<&str> = inputs.chain(outputs).chain(["aclk", "rst"]).collect();
    let mut wrong = Vec::new();
    for (attribute, place) in &graph.attributes {
        if !ports.contains(&attribute.port.as_str()) {
            let help =
                format!("nearest: {}", check::nearest(&attribute.port, ports.iter().copied()).join(", "));
            wrong.push((*place, format!("there is no port {} for an attribute", attribute.port), help));
        }
        if attribute.value.contains(['"', '\\', '\n']) || !check::is_plain(&attribute.name) {
            let message = format!("the attribute {} of {} cannot be written", attribute.name, attribute.port);
            let help = "a plain name, and a value without quotes, backslashes and line breaks".to_owned();
            wrong.push((*place, message, help));
        }
    }
    for (place, message, help) in wrong {
        graph.error_with_help(place, message, Some(&help));
    }
}
