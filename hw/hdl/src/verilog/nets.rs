//! Which values are written where they are used, and which get a net: what has a name, what is used more than
//! once, what is long, and what Verilog selects bits of.

use std::fmt::Write;

use num::Bits;

use super::expression::literal;
use super::plan::Printer;
use super::range;
use crate::module::ReadPort;
use crate::op::{NodeId, Op};

/// Longer expressions get a net.
const LONGEST: usize = 72;

/// A part of a chain of one associative operator may be this long before it gets a net.
const LONGEST_CHAIN: usize = 400;

impl Printer<'_> {
    /// Decides the text of every value, in order; gives the declarations of the nets.
    pub fn nets(&mut self) -> String {
        let mut declarations = String::new();
        for id in self.module.node_ids() {
            let net = self.decide(id);
            declarations += &net;
        }
        declarations
    }

    /// Sets the text of a value, and gives its declaration where it has one.
    fn decide(&mut self, id: NodeId) -> String {
        let node = self.module.node(id);
        let index = id.index();
        match &node.op {
            Op::Const(value) => {
                self.text[index] = literal(value);
                return String::new();
            }
            Op::Input(port) => {
                self.text[index] = self.module.inputs[*port].name.clone();
                return String::new();
            }
            Op::Register(register) => {
                self.text[index] = self.module.registers[*register].name.clone();
                return String::new();
            }
            Op::Read { memory, port } => {
                if let ReadPort::Sync { name, .. } = &self.module.memories[*memory].reads[*port] {
                    self.text[index] = name.clone();
                    return String::new();
                }
            }
            Op::Output { .. } => {
                let name = self.new_net(id);
                self.text[index] = name.clone();
                return self.declared(node.width, &name);
            }
            Op::Select { index: chooser, options } => return self.decide_select(id, *chooser, options),
            _ => {}
        }
        let (text, is_atom) = self.expression(id);
        let shared = self.uses[index] > 1 && !self.is_cheap(id);
        let longest = if self.is_chained[index] { LONGEST_CHAIN } else { LONGEST };
        if self.forced[index] || shared || text.len() > longest {
            let name = self.new_net(id);
            self.is_net[index] = true;
            self.text[index] = name.clone();
            return match self.is_output(&name) {
                true => format!("    assign {name} = {text};\n"),
                false => format!("    wire {}{name} = {text};\n", range(node.width)),
            };
        }
        self.text[index] = text;
        self.is_atom[index] = is_atom;
        String::new()
    }

    fn declared(&self, width: u32, name: &str) -> String {
        match self.is_output(name) {
            true => String::new(),
            false => format!("    wire {}{name};\n", range(width)),
        }
    }

    /// Whether repeating the text is better than a net.
    fn is_cheap(&self, id: NodeId) -> bool {
        match self.module.node(id).op {
            Op::Slice { .. } => true,
            Op::Not(a) => self.net_name(a).is_some(),
            _ => false,
        }
    }

    fn decide_select(&mut self, id: NodeId, index: NodeId, options: &[NodeId]) -> String {
        let width = self.module.node(id).width;
        let name = self.new_net(id);
        self.is_net[id.index()] = true;
        self.text[id.index()] = name.clone();
        let mut text = String::new();
        if !self.is_output(&name) {
            let _ = writeln!(text, "    reg {}{name};", range(width));
        }
        let index_width = self.module.node(index).width;
        let complete = 1usize.checked_shl(index_width) == Some(options.len());
        let _ = writeln!(text, "    always @(*) begin\n        case ({})", self.whole(index));
        for (i, option) in options.iter().enumerate() {
            let value = self.whole(*option);
            let label = match complete && i + 1 == options.len() {
                true => "default".to_owned(),
                false => literal(&Bits::from_u64(index_width, i as u64)),
            };
            let _ = writeln!(text, "            {label}: {name} = {value};");
        }
        if !complete {
            let _ = writeln!(text, "            default: {name} = {};", literal(&Bits::zero(width)));
        }
        text + "        endcase\n    end\n"
    }
}
