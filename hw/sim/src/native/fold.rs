//! Makes values: constants are computed, trivial operations are dropped, and what has been computed once is
//! shared, also between instances that were given the same inputs.

use std::collections::HashMap;

use super::words::{ones, Id, Netlist, Node, Op};

/// A netlist under construction.
#[derive(Default)]
pub(crate) struct Folder {
    pub netlist: Netlist,
    /// Looked up only, never iterated: the order of values is that of their making.
    known: HashMap<(Op, u32), Id>,
    /// Likewise: the number of a list.
    lists: HashMap<Vec<Id>, u32>,
    /// The instance that is being laid out.
    pub scope: u32,
}

impl Folder {
    /// The value of an operation.
    pub fn make(&mut self, op: Op, width: u32) -> Id {
        if let Some(id) = self.simpler(op, width) {
            return id;
        }
        let constant = |id: Id| self.constant(id).is_some();
        let is_known =
            !op.is_leaf() && !matches!(op, Op::Load { .. } | Op::Choose(..)) && op.direct().all(constant);
        let op = match is_known {
            true => Op::Const(self.netlist.evaluate(op, width, |id| self.constant(id).unwrap_or(0))),
            false => op,
        };
        let scope = self.scope;
        *self.known.entry((op, width)).or_insert_with(|| {
            self.netlist.nodes.push(Node { op, width, lanes: 1, scope });
            (self.netlist.nodes.len() - 1) as Id
        })
    }

    /// The option of that number, or 0 where there is none.
    pub fn choose(&mut self, index: Id, options: &[Id]) -> Id {
        let width = self.width(options[0]);
        if let Some(index) = self.constant(index) {
            let chosen = usize::try_from(index).ok().and_then(|index| options.get(index).copied());
            return chosen.unwrap_or_else(|| self.lit(0, width));
        }
        let fresh = self.lists.len() as u32;
        let list = *self.lists.entry(options.to_vec()).or_insert(fresh);
        if list == fresh {
            self.netlist.lists.push(options.to_vec());
        }
        self.make(Op::Choose(list, index), width)
    }

    pub fn lit(&mut self, value: u64, width: u32) -> Id {
        self.make(Op::Const(value), width)
    }

    pub fn width(&self, id: Id) -> u32 {
        self.netlist.width(id)
    }

    pub fn constant(&self, id: Id) -> Option<u64> {
        match self.netlist.nodes[id as usize].op {
            Op::Const(value) => Some(value),
            _ => None,
        }
    }

    /// A value that equals the operation and is there already, or has a simpler form.
    fn simpler(&mut self, op: Op, width: u32) -> Option<Id> {
        let full = ones(width);
        match op {
            Op::And(a, b) | Op::Or(a, b) if a == b => Some(a),
            Op::And(a, b) => match (self.constant(a), self.constant(b)) {
                (Some(0), _) | (_, Some(0)) => Some(self.lit(0, width)),
                (Some(ones), _) if ones == full => Some(b),
                (_, Some(ones)) if ones == full => Some(a),
                _ => None,
            },
            Op::Or(a, b) => match (self.constant(a), self.constant(b)) {
                (Some(0), _) => Some(b),
                (_, Some(0)) => Some(a),
                (Some(ones), _) | (_, Some(ones)) if ones == full => Some(self.lit(full, width)),
                _ => None,
            },
            Op::Xor(a, b) | Op::Add(a, b) if self.constant(a) == Some(0) => Some(b),
            Op::Xor(a, b) | Op::Add(a, b) | Op::Sub(a, b) if self.constant(b) == Some(0) => Some(a),
            Op::Shl(a, by) | Op::Shr(a, by) | Op::Sar(a, by) if self.constant(by) == Some(0) => Some(a),
            Op::Shl(a, by) => self.constant(by).map(|by| self.shifted_left(a, by, width)),
            Op::Shr(a, by) => self.constant(by).map(|by| self.shifted_right(a, by, width)),
            Op::Mux(_, yes, no) if yes == no => Some(yes),
            Op::Mux(select, yes, no) => self.constant(select).map(|bit| if bit == 1 { yes } else { no }),
            Op::Concat(high, rest) => self.paired(high, rest, width),
            Op::Slice(a, 0) | Op::Zext(a) | Op::Sext(a) if self.width(a) == width => Some(a),
            Op::Slice(a, low) => self.slice_of(a, low, width),
            _ => None,
        }
    }

    fn shifted_left(&mut self, a: Id, by: u64, width: u32) -> Id {
        if by >= u64::from(width) {
            return self.lit(0, width);
        }
        let kept = self.make(Op::Slice(a, 0), width - by as u32);
        let zeros = self.lit(0, by as u32);
        self.make(Op::Concat(kept, zeros), width)
    }

    fn shifted_right(&mut self, a: Id, by: u64, width: u32) -> Id {
        if by >= u64::from(width) {
            return self.lit(0, width);
        }
        let kept = self.make(Op::Slice(a, by as u32), width - by as u32);
        self.make(Op::Zext(kept), width)
    }

    /// Of many values of one width that are put together one by one, neighbours first, and then pairs of those: lanes of equal
    /// width are joined in one step. Pairs begin where `rest` ends at a multiple of theirs, as bytes do in a word.
    fn paired(&mut self, high: Id, rest: Id, width: u32) -> Option<Id> {
        let Op::Concat(middle, low) = self.netlist.nodes[rest as usize].op else { return None };
        let (of, below) = (self.width(high), self.width(low));
        if self.width(middle) != of || below % (2 * of) != 0 {
            return None;
        }
        let pair = self.make(Op::Concat(high, middle), 2 * of);
        Some(self.make(Op::Concat(pair, low), width))
    }

    /// A slice of what was put together or extended just before.
    fn slice_of(&mut self, a: Id, low: u32, width: u32) -> Option<Id> {
        match self.netlist.nodes[a as usize].op {
            Op::Slice(of, first) => Some(self.make(Op::Slice(of, first + low), width)),
            Op::Concat(high, rest) => {
                let split = self.width(rest);
                if low + width <= split {
                    Some(self.make(Op::Slice(rest, low), width))
                } else {
                    (low >= split).then(|| self.make(Op::Slice(high, low - split), width))
                }
            }
            Op::Zext(of) if low >= self.width(of) => Some(self.lit(0, width)),
            Op::Zext(of) | Op::Sext(of) if low + width <= self.width(of) => {
                Some(self.make(Op::Slice(of, low), width))
            }
            _ => None,
        }
    }
}
