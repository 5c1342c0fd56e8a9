//! Signals that choose, shift and multiply signals.

use num::Bits;

use crate::check::bits;
use crate::op::{Binary, Op};
use crate::signal::Signal;

impl Signal {
    /// `yes` where `self`, 1 bit, is set, else `no`.
    #[track_caller]
    pub fn mux(&self, yes: &Signal, no: &Signal) -> Signal {
        if self.width != 1 {
            let message = format!("{} chooses in a mux but has {} bits", self.describe(), self.width);
            return self.wrong(yes.width, message);
        }
        if let Some(wrong) = yes.mismatch(no, "the two sides of a mux", yes.width) {
            return wrong;
        }
        if !self.same_module(yes) {
            return self.wrong_module(yes);
        }
        self.make(Op::Mux { select: self.id, yes: yes.id, no: no.id }, yes.width)
    }

    /// The option whose index is `self`, unsigned; zero where there is none.
    #[track_caller]
    pub fn select(&self, options: &[Signal]) -> Signal {
        let Some(first) = options.first() else {
            return self.wrong(1, format!("{} selects among no options", self.describe()));
        };
        if self.width < 32 && options.len() > 1 << self.width {
            let message = format!(
                "{} of {} selects among {} options",
                self.describe(),
                bits(self.width),
                options.len()
            );
            return self.wrong(first.width, message);
        }
        for option in options {
            if let Some(wrong) = first.mismatch(option, "the options of a select", first.width) {
                return wrong;
            }
        }
        if !self.same_module(first) {
            return self.wrong_module(first);
        }
        let options = options.iter().map(|option| option.id).collect();
        self.make(Op::Select { index: self.id, options }, first.width)
    }

    /// `self` where `bit` is set, else zero.
    #[track_caller]
    pub fn gate(&self, bit: &Signal) -> Signal {
        bit.mux(self, &self.constant(Bits::zero(self.width)))
    }

    /// `self << by`, as wide as `self`; `by` is unsigned and of any width.
    #[track_caller]
    pub fn shift_left(&self, by: &Signal) -> Signal {
        self.shift(Binary::ShiftLeft, by)
    }

    /// `self >> by` with zeros in; `by` is unsigned and of any width.
    #[track_caller]
    pub fn shift_right(&self, by: &Signal) -> Signal {
        self.shift(Binary::ShiftRight, by)
    }

    /// `self >> by` with copies of the sign in; `by` is unsigned and of any width.
    #[track_caller]
    pub fn shift_right_signed(&self, by: &Signal) -> Signal {
        self.shift(Binary::ShiftRightSigned, by)
    }

    /// The unsigned product, as wide as both operands together.
    #[track_caller]
    pub fn mul_u(&self, rhs: &Signal) -> Signal {
        self.binary_any_width(Binary::MulUnsigned, rhs, self.width + rhs.width)
    }

    /// The signed product, as wide as both operands together.
    #[track_caller]
    pub fn mul_s(&self, rhs: &Signal) -> Signal {
        self.binary_any_width(Binary::MulSigned, rhs, self.width + rhs.width)
    }

    #[track_caller]
    fn shift(&self, kind: Binary, by: &Signal) -> Signal {
        // Verilog tools shift by at most 32 bits; any larger amount is the same as the width.
        const WIDEST: u32 = 31;
        if by.width <= WIDEST {
            return self.binary_any_width(kind, by, self.width);
        }
        let beyond = by.slice(WIDEST, by.width - WIDEST).any();
        let all = by.constant(Bits::ones(WIDEST));
        self.shift(kind, &beyond.mux(&all, &by.trunc(WIDEST)))
    }

    #[track_caller]
    fn binary_any_width(&self, kind: Binary, rhs: &Signal, width: u32) -> Signal {
        match self.same_module(rhs) {
            true => self.make(Op::Binary(kind, self.id, rhs.id), width),
            false => self.wrong_module(rhs),
        }
    }
}
