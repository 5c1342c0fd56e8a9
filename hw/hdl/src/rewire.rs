//! Simplification of what only rearranges wires: slices, concatenations, extensions and shifts by constants are
//! resolved into each other, so that a net is selected from once.

use crate::error::Place;
use crate::graph::Nodes;
use crate::op::{Binary, NodeId, Op};

impl Nodes {
    /// A shift by a constant is a rearrangement of wires.
    pub(crate) fn shift_by(&mut self, kind: Binary, a: NodeId, by: u32, width: u32, place: Place) -> NodeId {
        if by == width && kind == Binary::ShiftRightSigned {
            let sign = self.make_slice(a, width - 1, 1, place);
            return self.make_sext(sign, width, place);
        }
        if by == width {
            return self.zero(width, place);
        }
        if by == 0 {
            return a;
        }
        if kind == Binary::ShiftLeft {
            let kept = self.make_slice(a, 0, width - by, place);
            let zeros = self.zero(by, place);
            return self.make_concat(&[kept, zeros], width, place);
        }
        let kept = self.make_slice(a, by, width - by, place);
        match kind {
            Binary::ShiftRight => self.make_zext(kept, width, place),
            _ => self.make_sext(kept, width, place),
        }
    }

    pub(crate) fn make_slice(&mut self, of: NodeId, low: u32, width: u32, place: Place) -> NodeId {
        if width == self.width(of) {
            return of;
        }
        match self.op(of).clone() {
            Op::Const(value) => self.lit(value.slice(low, width), place),
            Op::Slice { of, low: below } => self.make_slice(of, below + low, width, place),
            Op::Concat(parts) => self.slice_of_concat(&parts, low, width, place),
            Op::Zext(a) => self.slice_of_extension(a, low, width, false, place),
            Op::Sext(a) => self.slice_of_extension(a, low, width, true, place),
            _ => self.intern(Op::Slice { of, low }, width, place),
        }
    }

    fn slice_of_concat(&mut self, parts: &[NodeId], low: u32, width: u32, place: Place) -> NodeId {
        let (mut bottom, mut taken) = (0, Vec::new());
        for part in parts.iter().rev() {
            let top = bottom + self.width(*part);
            let (from, to) = (low.max(bottom), (low + width).min(top));
            if from < to {
                taken.push(self.make_slice(*part, from - bottom, to - from, place));
            }
            bottom = top;
        }
        taken.reverse();
        self.make_concat(&taken, width, place)
    }

    fn slice_of_extension(&mut self, a: NodeId, low: u32, width: u32, signed: bool, place: Place) -> NodeId {
        let inner = self.width(a);
        let kept = if low < inner {
            self.make_slice(a, low, width.min(inner - low), place)
        } else if signed {
            self.make_slice(a, inner - 1, 1, place)
        } else {
            self.zero(1, place)
        };
        self.make(if signed { Op::Sext(kept) } else { Op::Zext(kept) }, width, place)
    }

    pub(crate) fn make_concat(&mut self, parts: &[NodeId], width: u32, place: Place) -> NodeId {
        let mut merged: Vec<NodeId> = Vec::new();
        for part in self.flat(parts, place) {
            let joined = merged.last().and_then(|last| self.join(*last, part, place));
            match joined {
                Some(joined) => {
                    merged.pop();
                    merged.push(joined);
                }
                None => merged.push(part),
            }
        }
        if merged.len() > 1 && self.is_zero(merged[0]) {
            let rest: u32 = merged[1..].iter().map(|part| self.width(*part)).sum();
            let rest = self.make_concat(&merged[1..], rest, place);
            return self.make_zext(rest, width, place);
        }
        if merged.len() == 1 {
            return merged[0];
        }
        self.intern(Op::Concat(merged), width, place)
    }

    /// The parts with concatenations and zero extensions among them opened.
    fn flat(&mut self, parts: &[NodeId], place: Place) -> Vec<NodeId> {
        let mut flat = Vec::new();
        for part in parts {
            match self.op(*part).clone() {
                Op::Concat(inner) => flat.extend(inner),
                Op::Zext(inner) => {
                    let zeros = self.width(*part) - self.width(inner);
                    flat.push(self.zero(zeros, place));
                    flat.extend(self.flat(&[inner], place));
                }
                _ => flat.push(*part),
            }
        }
        flat
    }

    /// Neighbours that are one: two constants, or two adjacent slices of one value.
    fn join(&mut self, high: NodeId, low: NodeId, place: Place) -> Option<NodeId> {
        match (self.op(high).clone(), self.op(low).clone()) {
            (Op::Const(a), Op::Const(b)) => Some(self.lit(a.concat(&b), place)),
            (Op::Slice { of: a, low: above }, Op::Slice { of: b, low: below })
                if a == b && above == below + self.width(low) =>
            {
                let width = self.width(high) + self.width(low);
                Some(self.make_slice(a, below, width, place))
            }
            _ => None,
        }
    }

    pub(crate) fn make_zext(&mut self, a: NodeId, width: u32, place: Place) -> NodeId {
        if width == self.width(a) {
            return a;
        }
        match *self.op(a) {
            Op::Zext(inner) => self.make_zext(inner, width, place),
            Op::Const(ref value) => {
                let value = value.zext(width);
                self.lit(value, place)
            }
            _ => self.intern(Op::Zext(a), width, place),
        }
    }

    pub(crate) fn make_sext(&mut self, a: NodeId, width: u32, place: Place) -> NodeId {
        if width == self.width(a) {
            return a;
        }
        match *self.op(a) {
            Op::Sext(inner) => self.make_sext(inner, width, place),
            Op::Zext(_) => self.make_zext(a, width, place),
            Op::Const(ref value) => {
                let value = value.sext(width);
                self.lit(value, place)
            }
            _ => self.intern(Op::Sext(a), width, place),
        }
    }
}
