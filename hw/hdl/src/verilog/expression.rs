//! Values as Verilog expressions. Operands have the widths that Verilog would give them, so that its rules of
//! extension never apply; what depends on signedness gets a net of its own, because an unsigned neighbour
//! would change it.

use num::Bits;

use super::plan::Printer;
use crate::module::ReadPort;
use crate::op::{Binary, NodeId, Op, Reduction};

/// Largest number that is written in decimal.
const LARGEST_DECIMAL: u64 = 9999;

/// A sized literal.
pub(super) fn literal(value: &Bits) -> String {
    let small = value.words()[1..].iter().all(|word| *word == 0) && value.to_u64() <= LARGEST_DECIMAL;
    match value.width() {
        1 => format!("1'b{}", value.to_u64()),
        width if small => format!("{width}'d{}", value.to_u64()),
        _ => value.to_string(),
    }
}

impl Printer<'_> {
    /// The text of a whole value, which is thereby read.
    pub fn whole(&mut self, id: NodeId) -> String {
        self.read[id.index()] = Bits::ones(self.module.node(id).width);
        self.text[id.index()].clone()
    }

    /// As an operand: in parentheses where it needs them.
    pub fn operand(&mut self, id: NodeId) -> String {
        let text = self.whole(id);
        match self.is_atom[id.index()] {
            true => text,
            false => format!("({text})"),
        }
    }

    /// Some bits of a value that has a name, or of a constant.
    pub fn part(&mut self, id: NodeId, low: u32, width: u32) -> String {
        let full = self.module.node(id).width;
        if let Op::Const(value) = &self.module.node(id).op {
            return literal(&value.slice(low, width));
        }
        if width == full {
            return self.whole(id);
        }
        let mask = Bits::ones(width).zext(full).shl(low);
        self.read[id.index()] = self.read[id.index()].or(&mask);
        let name = &self.text[id.index()];
        match width {
            1 => format!("{name}[{low}]"),
            _ => format!("{name}[{}:{low}]", low + width - 1),
        }
    }

    /// The expression of a computed value, and whether it is an operand as it stands.
    pub fn expression(&mut self, id: NodeId) -> (String, bool) {
        let node = self.module.node(id);
        match &node.op {
            Op::Not(a) => self.not(*a, node.width),
            Op::Binary(kind, a, b) => (self.binary(*kind, *a, *b), false),
            Op::Reduce(kind, a) => {
                let sign = match kind {
                    Reduction::And => "&",
                    Reduction::Or => "|",
                    Reduction::Xor => "^",
                };
                // `^~x` is an operator of its own, so a complement goes into parentheses.
                let text = self.operand(*a);
                match text.starts_with(['~', '!']) {
                    true => (format!("{sign}({text})"), false),
                    false => (format!("{sign}{text}"), false),
                }
            }
            Op::Mux { select, yes, no } => {
                let [select, yes, no] = [*select, *yes, *no].map(|id| self.operand(id));
                (format!("{select} ? {yes} : {no}"), false)
            }
            Op::Slice { of, low } => (self.part(*of, *low, node.width), true),
            Op::Concat(parts) => (self.concat(parts), true),
            Op::Zext(a) => {
                let zeros = literal(&Bits::zero(node.width - self.module.node(*a).width));
                let low = self.whole(*a);
                let low = self.opened(*a, low);
                (format!("{{{zeros}, {low}}}"), true)
            }
            Op::Sext(a) => (self.sign_extended(*a, node.width), true),
            Op::Read { memory, port } => {
                let memory = &self.module.memories[*memory];
                let addr = match memory.reads[*port] {
                    ReadPort::Async { addr } | ReadPort::Sync { addr, .. } => addr,
                };
                (self.read_entry(memory, addr), true)
            }
            op => unreachable!("{op:?} has a name of its own"),
        }
    }

    /// The inside of an inlined concatenation.
    fn opened(&self, id: NodeId, text: String) -> String {
        let is_concat = matches!(self.module.node(id).op, Op::Concat(_)) && !self.is_net[id.index()];
        match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(inner) if is_concat && !inner.starts_with(|c: char| c.is_ascii_digit()) => inner.to_owned(),
            _ => text,
        }
    }

    fn not(&mut self, a: NodeId, width: u32) -> (String, bool) {
        let inlined = !self.is_net[a.index()];
        if let (Op::Binary(kind, x, y), true) = (&self.module.node(a).op, inlined) {
            let opposite = match kind {
                Binary::Eq => Some("!="),
                Binary::LessUnsigned | Binary::LessSigned => Some(">="),
                _ => None,
            };
            if let Some(sign) = opposite {
                let signed = *kind == Binary::LessSigned;
                let [x, y] = [*x, *y].map(|id| self.compared(id, signed));
                return (format!("{x} {sign} {y}"), false);
            }
        }
        let sign = if width == 1 { "!" } else { "~" };
        (format!("{sign}{}", self.operand(a)), true)
    }

    fn compared(&mut self, id: NodeId, signed: bool) -> String {
        match signed {
            true => format!("$signed({})", self.whole(id)),
            false => self.operand(id),
        }
    }

    fn binary(&mut self, kind: Binary, a: NodeId, b: NodeId) -> String {
        let sign = crate::graph::symbol(kind);
        match kind {
            Binary::LessSigned => format!("{} {sign} {}", self.compared(a, true), self.compared(b, true)),
            Binary::MulSigned => format!("$signed({}) {sign} $signed({})", self.whole(a), self.whole(b)),
            Binary::ShiftRightSigned => format!("$signed({}) {sign} {}", self.whole(a), self.operand(b)),
            Binary::MulUnsigned => {
                let width = |id: NodeId| self.module.node(id).width;
                let [more_a, more_b] = [width(b), width(a)].map(|zeros| literal(&Bits::zero(zeros)));
                format!("{{{more_a}, {}}} {sign} {{{more_b}, {}}}", self.whole(a), self.whole(b))
            }
            _ => format!("{} {sign} {}", self.chained(kind, a), self.chained(kind, b)),
        }
    }

    /// An operand: without parentheses where it continues a chain of the same associative operator.
    fn chained(&mut self, kind: Binary, id: NodeId) -> String {
        match self.continues(kind, id) && !self.is_net[id.index()] {
            true => self.whole(id),
            false => self.operand(id),
        }
    }

    /// Whether a value is the same associative operation as its user.
    pub fn continues(&self, kind: Binary, id: NodeId) -> bool {
        let associative = matches!(kind, Binary::And | Binary::Or | Binary::Xor | Binary::Add);
        associative && matches!(self.module.node(id).op, Op::Binary(own, ..) if own == kind)
    }

    fn concat(&mut self, parts: &[NodeId]) -> String {
        if parts.iter().all(|part| *part == parts[0]) {
            return format!("{{{}{{{}}}}}", parts.len(), self.whole(parts[0]));
        }
        let parts: Vec<String> = parts.iter().map(|part| self.whole(*part)).collect();
        format!("{{{}}}", parts.join(", "))
    }

    fn sign_extended(&mut self, a: NodeId, width: u32) -> String {
        let inner = self.module.node(a).width;
        if inner == 1 {
            return format!("{{{width}{{{}}}}}", self.whole(a));
        }
        let sign = self.part(a, inner - 1, 1);
        let copies = width - inner;
        let high = if copies == 1 { sign } else { format!("{{{copies}{{{sign}}}}}") };
        format!("{{{high}, {}}}", self.whole(a))
    }
}
