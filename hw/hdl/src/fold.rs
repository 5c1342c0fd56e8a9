//! Simplification while a value is made: constants fold, and what selects or rearranges wires is resolved at
//! once. Only rewrites that need no more hardware than the description are made; nothing is duplicated.

use num::Bits;

use crate::error::Place;
use crate::graph::Nodes;
use crate::meaning::meaning;
use crate::op::{Binary, NodeId, Op, Reduction};

impl Nodes {
    /// The value of an operation whose operands have the right widths.
    pub fn make(&mut self, op: Op, width: u32, place: Place) -> NodeId {
        if let Some(value) = self.folded(&op, width) {
            return self.lit(value, place);
        }
        match op {
            Op::Not(a) => self.make_not(a, width, place),
            Op::Binary(kind, a, b) => self.make_binary(kind, a, b, width, place),
            Op::Reduce(kind, a) => self.make_reduce(kind, a, place),
            Op::Mux { select, yes, no } => self.make_mux(select, yes, no, width, place),
            Op::Select { index, options } => self.make_select(index, options, width, place),
            Op::Slice { of, low } => self.make_slice(of, low, width, place),
            Op::Concat(parts) => self.make_concat(&parts, width, place),
            Op::Zext(a) => self.make_zext(a, width, place),
            Op::Sext(a) => self.make_sext(a, width, place),
            leaf => self.intern(leaf, width, place),
        }
    }

    fn folded(&self, op: &Op, width: u32) -> Option<Bits> {
        if op.is_leaf() {
            return None;
        }
        let operands = op.operands();
        let values: Option<Vec<&Bits>> = operands.iter().map(|id| self.constant(*id)).collect();
        values.map(|values| meaning(op, width, &values))
    }

    pub(crate) fn zero(&mut self, width: u32, place: Place) -> NodeId {
        self.lit(Bits::zero(width), place)
    }

    pub(crate) fn is_zero(&self, id: NodeId) -> bool {
        self.constant(id).is_some_and(Bits::is_zero)
    }

    fn is_ones(&self, id: NodeId) -> bool {
        self.constant(id).is_some_and(|value| value.not().is_zero())
    }

    fn make_not(&mut self, a: NodeId, width: u32, place: Place) -> NodeId {
        match self.op(a) {
            Op::Not(inner) => *inner,
            _ => self.intern(Op::Not(a), width, place),
        }
    }

    fn make_binary(&mut self, kind: Binary, a: NodeId, b: NodeId, width: u32, place: Place) -> NodeId {
        let commutes = !matches!(
            kind,
            Binary::Sub
                | Binary::LessUnsigned
                | Binary::LessSigned
                | Binary::ShiftLeft
                | Binary::ShiftRight
                | Binary::ShiftRightSigned
        );
        let (a, b) = if commutes && self.constant(a).is_some() { (b, a) } else { (a, b) };
        let simpler = match kind {
            Binary::And | Binary::Or | Binary::Xor => self.fold_logic(kind, a, b, width, place),
            Binary::Add | Binary::Sub if self.is_zero(b) => Some(a),
            Binary::Sub if a == b => Some(self.zero(width, place)),
            Binary::MulUnsigned | Binary::MulSigned if self.is_zero(b) => Some(self.zero(width, place)),
            Binary::Eq => self.fold_equal(a, b, place),
            Binary::LessUnsigned => self.fold_less_unsigned(a, b, place),
            Binary::LessSigned => self.fold_less_signed(a, b, place),
            Binary::ShiftLeft | Binary::ShiftRight | Binary::ShiftRightSigned => {
                self.fold_shift(kind, a, b, width, place)
            }
            _ => None,
        };
        simpler.unwrap_or_else(|| self.intern(Op::Binary(kind, a, b), width, place))
    }

    fn fold_logic(&mut self, kind: Binary, a: NodeId, b: NodeId, width: u32, place: Place) -> Option<NodeId> {
        let (zero, ones) = (self.is_zero(b), self.is_ones(b));
        match kind {
            Binary::And if zero || a == b => Some(b),
            Binary::And if ones => Some(a),
            Binary::Or if ones || a == b => Some(b),
            Binary::Or | Binary::Xor if zero => Some(a),
            Binary::Xor if ones => Some(self.make_not(a, width, place)),
            Binary::Xor if a == b => Some(self.zero(width, place)),
            _ => None,
        }
    }

    fn fold_equal(&mut self, a: NodeId, b: NodeId, place: Place) -> Option<NodeId> {
        let one_bit = self.width(a) == 1;
        if a == b {
            return Some(self.lit(Bits::ones(1), place));
        }
        if one_bit && self.is_zero(b) {
            return Some(self.make_not(a, 1, place));
        }
        (one_bit && self.is_ones(b)).then_some(a)
    }

    fn fold_less_unsigned(&mut self, a: NodeId, b: NodeId, place: Place) -> Option<NodeId> {
        if a == b || self.is_zero(b) || self.is_ones(a) {
            return Some(self.zero(1, place));
        }
        self.is_zero(a).then(|| self.make_reduce(Reduction::Or, b, place))
    }

    fn fold_less_signed(&mut self, a: NodeId, b: NodeId, place: Place) -> Option<NodeId> {
        let width = self.width(a);
        let least = Bits::from_u64(1, 1).zext(width).shl(width - 1);
        let never =
            a == b || self.constant(b) == Some(&least) || self.constant(a).is_some_and(|a| *a == least.not());
        if never {
            return Some(self.zero(1, place));
        }
        self.is_zero(b).then(|| self.make_slice(a, width - 1, 1, place))
    }

    fn fold_shift(
        &mut self,
        kind: Binary,
        a: NodeId,
        by: NodeId,
        width: u32,
        place: Place,
    ) -> Option<NodeId> {
        if let Op::Zext(narrow) = *self.op(by) {
            return Some(self.make(Op::Binary(kind, a, narrow), width, place));
        }
        if self.is_zero(a) {
            return Some(a);
        }
        let by = self.constant(by)?;
        let wide = by.words()[1..].iter().any(|word| *word > 0);
        let by = if wide { width } else { by.to_u64().min(u64::from(width)) as u32 };
        Some(self.shift_by(kind, a, by, width, place))
    }

    fn make_reduce(&mut self, kind: Reduction, a: NodeId, place: Place) -> NodeId {
        if self.width(a) == 1 {
            return a;
        }
        match (kind, self.op(a)) {
            (Reduction::And, Op::Zext(_)) => self.zero(1, place),
            (Reduction::Or | Reduction::Xor, Op::Zext(inner)) => {
                let inner = *inner;
                self.make_reduce(kind, inner, place)
            }
            (Reduction::And | Reduction::Or, Op::Sext(inner)) => {
                let inner = *inner;
                self.make_reduce(kind, inner, place)
            }
            _ => self.intern(Op::Reduce(kind, a), 1, place),
        }
    }

    fn make_mux(&mut self, select: NodeId, yes: NodeId, no: NodeId, width: u32, place: Place) -> NodeId {
        if let Op::Not(inner) = *self.op(select) {
            return self.make_mux(inner, no, yes, width, place);
        }
        let inner = |id: NodeId, taken: bool| match self.op(id) {
            Op::Mux { select: s, yes, no } if *s == select => [*no, *yes][usize::from(taken)],
            _ => id,
        };
        let (yes, no) = (inner(yes, true), inner(no, false));
        if yes == no {
            return yes;
        }
        if let Some(chosen) = self.constant(select) {
            return if chosen.bit(0) { yes } else { no };
        }
        if width == 1 {
            if let Some(simpler) = self.fold_bit_mux(select, yes, no, place) {
                return simpler;
            }
        }
        self.intern(Op::Mux { select, yes, no }, width, place)
    }

    fn fold_bit_mux(&mut self, select: NodeId, yes: NodeId, no: NodeId, place: Place) -> Option<NodeId> {
        let not_select = |nodes: &mut Nodes| nodes.make_not(select, 1, place);
        if self.is_zero(no) {
            return Some(self.make_binary(Binary::And, select, yes, 1, place));
        }
        if self.is_ones(yes) {
            return Some(self.make_binary(Binary::Or, select, no, 1, place));
        }
        if self.is_zero(yes) {
            let not = not_select(self);
            return Some(self.make_binary(Binary::And, not, no, 1, place));
        }
        if self.is_ones(no) {
            let not = not_select(self);
            return Some(self.make_binary(Binary::Or, not, yes, 1, place));
        }
        None
    }

    fn make_select(&mut self, index: NodeId, options: Vec<NodeId>, width: u32, place: Place) -> NodeId {
        if let Some(value) = self.constant(index) {
            let fits = value.words()[1..].iter().all(|word| *word == 0);
            let chosen = if fits { options.get(value.to_u64() as usize).copied() } else { None };
            return chosen.unwrap_or_else(|| self.zero(width, place));
        }
        let complete = 1usize.checked_shl(self.width(index)) == Some(options.len());
        if complete && options.iter().all(|option| *option == options[0]) {
            return options[0];
        }
        if complete && options.len() == 2 {
            return self.make_mux(index, options[1], options[0], width, place);
        }
        self.intern(Op::Select { index, options }, width, place)
    }
}
