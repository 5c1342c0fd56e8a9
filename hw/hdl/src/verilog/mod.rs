//! A module as Verilog-2001: one file a module, one definition for any number of instances.
//!
//! What the text promises its readers and their tools: names from the design, explicit widths everywhere (no
//! implicit extension or truncation), one clocked style, no `initial`, no latches, no pragmas; what is not read
//! is gathered in one wire `unused`. `verilator -Wall` and `iverilog -g2001` accept it without a word. Text that
//! was written elsewhere is printed as it came, in a file of its own (see `foreign`).

mod declared;
mod expression;
mod foreign;
mod memory;
mod nets;
mod plan;
mod state;

use std::fmt::Write;
use std::sync::Arc;

use crate::module::{Module, Port};
use crate::op::Op;
use plan::Printer;

pub use declared::{declared, scopes, Declared, Kind, Scope, Shows};

/// Column at which comments are wrapped.
const COLUMNS: usize = 100;

/// One file of Verilog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerilogFile {
    /// File name, `<module>.v`.
    pub name: String,
    /// Contents.
    pub text: String,
}

/// Every module of the hierarchy, leaves first.
pub fn print(top: &Arc<Module>) -> Vec<VerilogFile> {
    print_with(top, "")
}

/// As [`print`], with a line in every header that says what the files were generated from.
pub fn print_with(top: &Arc<Module>, origin: &str) -> Vec<VerilogFile> {
    let file = |module: &Arc<Module>| VerilogFile {
        name: format!("{}.v", module.name),
        text: match module.foreign() {
            Some(foreign) => foreign::print(module, &foreign.text, origin),
            None => print_module(module, origin),
        },
    };
    top.hierarchy().iter().map(file).collect()
}

/// A module whose values all have their text, and what that took.
struct Named<'a> {
    printer: Printer<'a>,
    /// Declarations of the nets.
    nets: String,
    /// The instances, with the nets of what nobody reads.
    instances: String,
}

/// Decides every name of a module.
fn named(module: &Module) -> Named<'_> {
    let mut printer = Printer::new(module);
    let nets = printer.nets();
    let instances = printer.instances();
    Named { printer, nets, instances }
}

fn print_module(module: &Module, origin: &str) -> String {
    let Named { mut printer, nets, instances } = named(module);
    let clocked = printer.clocked();
    let outputs = printer.outputs();
    let declarations = printer.declarations();
    let unused = printer.unused();
    let mut text = header(module, origin);
    text += &ports(module, &printer);
    for section in [declarations, nets, instances, clocked, outputs, unused] {
        if !section.is_empty() {
            text.push('\n');
            text += &folded(&section);
        }
    }
    text += "\nendmodule\n";
    text
}

fn header(module: &Module, origin: &str) -> String {
    let mut text = String::new();
    let title = format!("{}: {}", module.name, module.doc);
    for line in title.lines().chain(origin.lines()) {
        text += &wrapped(line);
    }
    text.push('\n');
    text
}

/// Long statements continued on lines of their own: before an operator or after a comma, outside parentheses.
fn folded(section: &str) -> String {
    let mut text = String::new();
    for line in section.lines() {
        let indent = line.len() - line.trim_start().len();
        let mut column = 0;
        for (i, piece) in pieces(line).into_iter().enumerate() {
            if i > 0 && column + piece.len() > COLUMNS {
                let _ = write!(text, "\n{:1$}", "", indent + 8);
                column = indent + 7;
                text += piece.trim_start();
            } else {
                text += piece;
            }
            column += piece.len();
        }
        text.push('\n');
    }
    text
}

/// A line cut where it may be continued.
fn pieces(line: &str) -> Vec<&str> {
    let (mut pieces, mut from, mut depth) = (Vec::new(), 0, 0);
    for (at, c) in line.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ' ' if depth == 0 => {
                let is_operator = line[at + 1..].starts_with(['&', '|', '^', '+', '-', '?', ':']);
                if is_operator || line[..at].ends_with(',') {
                    pieces.push(&line[from..at]);
                    from = at;
                }
            }
            _ => {}
        }
    }
    pieces.push(&line[from..]);
    pieces
}

/// A comment, wrapped between words.
fn wrapped(line: &str) -> String {
    let (mut text, mut column) = ("//".to_owned(), 2);
    for word in line.split_whitespace() {
        if column + 1 + word.len() > COLUMNS {
            text += "\n//";
            column = 2;
        }
        text.push(' ');
        text += word;
        column += 1 + word.len();
    }
    text + "\n"
}

fn ports(module: &Module, printer: &Printer) -> String {
    let clock = Port { name: "aclk".to_owned(), width: 1, doc: "clock".to_owned() };
    let mut rows: Vec<(String, &str, &str)> = Vec::new();
    let is_reset = |port: &&Port| port.name == "rst";
    let inputs = module.inputs.iter();
    let ordered = module.clocked.then_some(&clock).into_iter();
    let ordered = ordered.chain(inputs.clone().filter(is_reset)).chain(inputs.filter(|port| !is_reset(port)));
    for port in ordered {
        rows.push((format!("input  wire {}", range(port.width)), &port.name, &port.doc));
    }
    for output in &module.outputs {
        let kind = if printer.is_register_port(output) { "reg " } else { "wire" };
        rows.push((
            format!("output {kind} {}", range(output.port.width)),
            &output.port.name,
            &output.port.doc,
        ));
    }
    let left = rows.iter().map(|(left, ..)| left.trim_end().len()).max().unwrap_or(0);
    let middle = rows.iter().map(|(_, name, _)| name.len() + 1).max().unwrap_or(0);
    let mut text = format!("module {} (\n", module.name);
    for (i, (kind, name, doc)) in rows.iter().enumerate() {
        let comma = if i + 1 < rows.len() { "," } else { "" };
        let doc: Vec<&str> = doc.split_whitespace().collect();
        let doc = if doc.is_empty() { String::new() } else { format!("// {}", doc.join(" ")) };
        for attribute in module.attributes.iter().filter(|attribute| attribute.port == **name) {
            let _ = writeln!(text, "    (* {} = \"{}\" *)", attribute.name, attribute.value);
        }
        let line = format!("    {:left$} {:middle$} {doc}", kind.trim_end(), format!("{name}{comma}"));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text + ");\n"
}

/// The range of a declaration, and a space where there is one.
fn range(width: u32) -> String {
    match width {
        1 => String::new(),
        _ => format!("[{}:0] ", width - 1),
    }
}

impl Printer<'_> {
    /// Registers and memories.
    fn declarations(&self) -> String {
        let mut text = String::new();
        for register in &self.module.registers {
            if !self.is_port(&register.name) {
                let _ = writeln!(text, "    reg {}{};", range(register.width), register.name);
            }
        }
        for memory in &self.module.memories {
            text += &self.memory_declaration(memory);
        }
        text
    }

    /// Output ports that are not themselves the net or register that they show.
    fn outputs(&mut self) -> String {
        let mut text = String::new();
        for output in &self.module.outputs {
            let value = self.whole(output.node);
            if value != output.port.name {
                let _ = writeln!(text, "    assign {} = {value};", output.port.name);
            }
        }
        text
    }

    /// Everything that is declared and not read.
    fn unused(&self) -> String {
        let mut parts = vec!["1'b0".to_owned()];
        let read = |id: usize| &self.read[id];
        let mut inputs_read = vec![false; self.module.inputs.len()];
        let mut state_read: Vec<&str> = Vec::new();
        for id in self.module.node_ids() {
            match &self.module.node(id).op {
                Op::Input(port) => inputs_read[*port] = true,
                Op::Register(index) => state_read.push(&self.module.registers[*index].name),
                _ => {}
            }
            if let Some(name) = self.net_name(id).filter(|name| !self.is_output(name)) {
                parts.extend(unread(&name, read(id.index())));
            }
        }
        let inputs = self.module.inputs.iter().zip(inputs_read);
        parts.extend(inputs.filter(|(_, read)| !read).map(|(port, _)| port.name.clone()));
        let registers = self.module.registers.iter().map(|register| register.name.as_str());
        let dead = registers.filter(|name| !state_read.contains(name) && !self.is_port(name));
        parts.extend(dead.map(str::to_owned));
        parts.extend(self.unused_memories());
        parts.extend(self.unread_outputs.iter().map(|unread| unread.name.clone()));
        if parts.len() == 1 {
            return String::new();
        }
        let text = format!("    wire unused = &{{{}}};\n", parts.join(", "));
        match text.len() <= COLUMNS {
            true => text,
            false => format!("    wire unused = &{{\n        {}\n    }};\n", parts.join(",\n        ")),
        }
    }
}

/// The parts of a net that are not read, highest first.
fn unread(name: &str, read: &num::Bits) -> Vec<String> {
    let mut parts = Vec::new();
    let mut high = read.width();
    while high > 0 {
        let top = high - 1;
        if read.bit(top) {
            high = top;
            continue;
        }
        let mut low = top;
        while low > 0 && !read.bit(low - 1) {
            low -= 1;
        }
        parts.push(match (top + 1 - low, low) {
            (width, _) if width == read.width() => name.to_owned(),
            (1, _) => format!("{name}[{low}]"),
            _ => format!("{name}[{top}:{low}]"),
        });
        high = low;
    }
    parts
}
