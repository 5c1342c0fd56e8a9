//! The ports of a block, read by walking over it as rust-hdl's own writer of Verilog does: a signal directly in the
//! block is a port, one in an interface or an array carries the names on the way to it, and what lies in a block
//! inside is none.

use rust_hdl::prelude::*;

/// What a port is to us.
pub enum Kind {
    Clock,
    Input,
    Output,
}

/// A port.
pub struct Port {
    pub name: String,
    pub kind: Kind,
    pub width: u32,
    pub doc: String,
}

/// A walk over a block, and what it found.
#[derive(Default)]
pub struct Ports {
    pub found: Vec<Port>,
    /// What we can make nothing of, a sentence each.
    pub problems: Vec<String>,
    /// The blocks around, outermost first.
    blocks: Vec<Scope>,
    /// The interfaces around.
    interfaces: Vec<String>,
}

/// A block being walked over.
struct Scope {
    name: String,
    /// Whether it writes no Verilog.
    is_silent: bool,
    has_outputs: bool,
}

impl Probe for Ports {
    fn visit_start_scope(&mut self, name: &str, block: &dyn Block) {
        let is_silent = matches!(block.hdl(), Verilog::Empty);
        self.blocks.push(Scope { name: name.to_owned(), is_silent, has_outputs: false });
    }

    fn visit_end_scope(&mut self, _name: &str, _block: &dyn Block) {
        let path = self.blocks.iter().map(|block| block.name.as_str()).collect::<Vec<_>>().join(".");
        if self.blocks.pop().is_some_and(|block| block.is_silent && block.has_outputs) {
            self.problems.push(format!("{path} has outputs and no Verilog; its `update` lacks #[hdl_gen]"));
        }
    }

    fn visit_start_namespace(&mut self, name: &str, _block: &dyn Block) {
        self.interfaces.push(name.to_owned());
    }

    fn visit_end_namespace(&mut self, _name: &str, _block: &dyn Block) {
        self.interfaces.pop();
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let is_output = signal.kind() == AtomKind::OutputParameter;
        if let Some(block) = self.blocks.last_mut() {
            block.has_outputs |= is_output;
        }
        if self.blocks.len() == 1 && signal.kind().is_parameter() {
            let path = self.interfaces.iter().map(String::as_str).chain([name]);
            self.port(path.collect::<Vec<_>>().join("$"), signal);
        }
    }
}

impl Ports {
    fn port(&mut self, name: String, signal: &dyn Atom) {
        let of = signal.descriptor();
        let is_clock = of.name == Clock::descriptor().name && signal.bits() == 1;
        let kind = match signal.kind() {
            AtomKind::InputParameter if is_clock => Kind::Clock,
            AtomKind::InputParameter => Kind::Input,
            AtomKind::OutputParameter if is_clock => {
                return self
                    .problems
                    .push(format!("{name} gives a clock; ours is one, and comes from outside"));
            }
            AtomKind::OutputParameter => Kind::Output,
            _ => return self.problems.push(format!("{name} is an InOut, which our modules cannot drive")),
        };
        self.found.push(Port { name, kind, width: signal.bits() as u32, doc: in_words(&of) });
    }
}

/// A type as the comment beside a port: for a struct its fields, lowest first, for an enumeration its names.
fn in_words(of: &TypeDescriptor) -> String {
    let name = of.name.replace("::", "");
    match &of.kind {
        TypeKind::Bits(_) | TypeKind::Signed(_) => name,
        TypeKind::Enum(names) => {
            let names = names.iter().map(|name| name.rsplit("::").next().unwrap_or_default());
            let values = names.enumerate().map(|(value, name)| format!("{value} {name}"));
            format!("{name}: {}", values.collect::<Vec<_>>().join(", "))
        }
        TypeKind::Composite(fields) => {
            let mut low = 0;
            let mut words = Vec::new();
            for field in fields {
                let high = low + width(&field.kind);
                words.push(format!("{} [{}:{low}]", field.fieldname, high - 1));
                low = high;
            }
            format!("{name}: {}", words.join(", "))
        }
    }
}

/// Bits of a type.
fn width(of: &TypeDescriptor) -> usize {
    match &of.kind {
        TypeKind::Bits(width) | TypeKind::Signed(width) => *width,
        TypeKind::Enum(names) => clog2(names.len()),
        TypeKind::Composite(fields) => fields.iter().map(|field| width(&field.kind)).sum(),
    }
}
