//! `Signal`: a value of a module under construction, and what rearranges or chooses values.
//!
//! A wrong use is recorded with its line and stands for zero; the description goes on and `finish` reports it.

use std::cell::RefCell;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use num::Bits;

use crate::error::Place;
use crate::graph::Graph;
use crate::op::{Binary, NodeId, Op, Reduction};

/// A value of a module under construction. Cheap to clone.
#[derive(Clone)]
pub struct Signal {
    pub(crate) graph: Rc<RefCell<Graph>>,
    pub(crate) id: NodeId,
    pub(crate) width: u32,
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.graph.try_borrow() {
            Ok(graph) => write!(f, "{}:{}", graph.describe(self.id), self.width),
            Err(_) => write!(f, "signal {}:{}", self.id.0, self.width),
        }
    }
}

impl Signal {
    /// Width in bits.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Gives the value a name in the Verilog. The first name of a value stays.
    #[must_use = "names the signal that it returns"]
    #[track_caller]
    pub fn named(&self, name: &str) -> Signal {
        let mut graph = self.graph.borrow_mut();
        let register = match graph.table.op(self.id) {
            Op::Register(register) if graph.registers[*register].automatic => Some(*register),
            Op::Register(_) => return self.clone(),
            _ => None,
        };
        crate::check::name(&mut graph, name, Location::caller());
        match register {
            Some(register) => {
                graph.registers[register].name = name.to_owned();
                graph.registers[register].automatic = false;
            }
            None => graph.table.name(self.id, name),
        }
        self.clone()
    }

    /// Bits `low .. low + width`.
    #[track_caller]
    pub fn slice(&self, low: u32, width: u32) -> Signal {
        if width == 0 || low.saturating_add(width) > self.width {
            let message = format!(
                "bits {low}..{} are taken of {}, which has {}",
                low.saturating_add(width),
                self.describe(),
                self.width
            );
            return self.wrong(width, message);
        }
        self.make(Op::Slice { of: self.id, low }, width)
    }

    /// One bit.
    #[track_caller]
    pub fn bit(&self, index: u32) -> Signal {
        self.slice(index, 1)
    }

    /// `self` above `low`.
    #[track_caller]
    pub fn cat(&self, low: &Signal) -> Signal {
        Signal::concat(&[self.clone(), low.clone()])
    }

    /// The parts side by side, highest first. Panics where there are none (there is no module to blame).
    #[track_caller]
    pub fn concat(parts: &[Signal]) -> Signal {
        let first = parts.first().expect("a concatenation needs a part");
        if let Some(stranger) = parts.iter().find(|part| !first.same_module(part)) {
            return first.wrong_module(stranger);
        }
        let width = parts.iter().map(|part| part.width).sum();
        first.make(Op::Concat(parts.iter().map(|part| part.id).collect()), width)
    }

    /// The parts side by side, lowest first: part i of equal parts is bits `i * width ..`.
    #[track_caller]
    pub fn join(parts: &[Signal]) -> Signal {
        let reversed: Vec<Signal> = parts.iter().rev().cloned().collect();
        Signal::concat(&reversed)
    }

    /// `n` copies side by side.
    #[track_caller]
    pub fn replicate(&self, n: u32) -> Signal {
        if n == 0 {
            return self.wrong(1, format!("{} is replicated 0 times", self.describe()));
        }
        self.make(Op::Concat(vec![self.id; n as usize]), self.width * n)
    }

    /// Zero-extended, or cut, to `width`.
    #[track_caller]
    pub fn zext(&self, width: u32) -> Signal {
        match width > self.width {
            true => self.make(Op::Zext(self.id), width),
            false => self.slice(0, width),
        }
    }

    /// Sign-extended, or cut, to `width`.
    #[track_caller]
    pub fn sext(&self, width: u32) -> Signal {
        match width > self.width {
            true => self.make(Op::Sext(self.id), width),
            false => self.slice(0, width),
        }
    }

    /// The low `width` bits.
    #[track_caller]
    pub fn trunc(&self, width: u32) -> Signal {
        self.slice(0, width)
    }

    /// Whether any bit is set.
    #[track_caller]
    pub fn any(&self) -> Signal {
        self.make(Op::Reduce(Reduction::Or, self.id), 1)
    }

    /// Whether all bits are set.
    #[track_caller]
    pub fn all(&self) -> Signal {
        self.make(Op::Reduce(Reduction::And, self.id), 1)
    }

    /// Whether an odd number of bits is set.
    #[track_caller]
    pub fn parity(&self) -> Signal {
        self.make(Op::Reduce(Reduction::Xor, self.id), 1)
    }

    /// Whether no bit is set.
    #[track_caller]
    pub fn is_zero(&self) -> Signal {
        let any = self.any();
        any.make(Op::Not(any.id), 1)
    }

    /// An operation of two operands of one width.
    #[track_caller]
    pub(crate) fn binary(&self, kind: Binary, rhs: &Signal, width: u32) -> Signal {
        let what = format!("operands of `{}`", crate::graph::symbol(kind));
        match self.mismatch(rhs, &what, width) {
            Some(wrong) => wrong,
            None => self.make(Op::Binary(kind, self.id, rhs.id), width),
        }
    }

    #[track_caller]
    pub(crate) fn make(&self, op: Op, width: u32) -> Signal {
        let id = self.graph.borrow_mut().table.make(op, width, Location::caller());
        Signal { graph: Rc::clone(&self.graph), id, width }
    }

    /// A constant of the same module.
    #[track_caller]
    pub(crate) fn constant(&self, value: Bits) -> Signal {
        let width = value.width();
        self.make(Op::Const(value), width)
    }

    pub(crate) fn describe(&self) -> String {
        self.graph.borrow().describe(self.id)
    }

    pub(crate) fn same_module(&self, other: &Signal) -> bool {
        Rc::ptr_eq(&self.graph, &other.graph)
    }

    /// Records a mistake and gives a stand-in of `width` bits.
    #[track_caller]
    pub(crate) fn wrong(&self, width: u32, message: String) -> Signal {
        let place: Place = Location::caller();
        let mut graph = self.graph.borrow_mut();
        graph.error(place, message);
        let id = graph.stand_in(width, place);
        Signal { graph: Rc::clone(&self.graph), id, width: width.max(1) }
    }

    #[track_caller]
    pub(crate) fn wrong_module(&self, other: &Signal) -> Signal {
        let elsewhere = other.graph.borrow().name.clone();
        let message = format!("{} belongs to module {elsewhere}, not to this one", other.describe());
        self.wrong(self.width, message)
    }

    #[track_caller]
    pub(crate) fn mismatch(&self, rhs: &Signal, what: &str, width: u32) -> Option<Signal> {
        if !self.same_module(rhs) {
            return Some(self.wrong_module(rhs));
        }
        if self.width == rhs.width {
            return None;
        }
        let message = format!(
            "{what} have {} and {} bits: {} and {}",
            self.width,
            rhs.width,
            self.describe(),
            rhs.describe()
        );
        Some(self.wrong(width, message))
    }
}
