//! Comparisons: 1-bit results of two signals of one width, or of a signal and a number.
//!
//! Only equality and "less" are operations of their own; the others are these, swapped or complemented.

use num::Bits;

use crate::op::Binary;
use crate::signal::Signal;

/// Declares comparisons with a signal.
macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident = |$a:ident, $b:ident| $body:expr;)*) => {
        impl Signal {
            $($(#[$doc])* #[track_caller] pub fn $name(&self, rhs: &Signal) -> Signal {
                let ($a, $b) = (self, rhs);
                $body
            })*
        }
    };
}

comparisons! {
    /// Whether both are equal.
    eq = |a, b| a.binary(Binary::Eq, b, 1);
    /// Whether they differ.
    ne = |a, b| !a.eq(b);
    /// Unsigned `self < rhs`.
    ult = |a, b| a.binary(Binary::LessUnsigned, b, 1);
    /// Unsigned `self <= rhs`.
    ule = |a, b| !b.ult(a);
    /// Unsigned `self > rhs`.
    ugt = |a, b| b.ult(a);
    /// Unsigned `self >= rhs`.
    uge = |a, b| !a.ult(b);
    /// Signed `self < rhs`.
    slt = |a, b| a.binary(Binary::LessSigned, b, 1);
    /// Signed `self <= rhs`.
    sle = |a, b| !b.slt(a);
    /// Signed `self > rhs`.
    sgt = |a, b| b.slt(a);
    /// Signed `self >= rhs`.
    sge = |a, b| !a.slt(b);
}

impl Signal {
    /// Whether it equals `value`, which must be a signed or an unsigned number of this width.
    #[track_caller]
    pub fn eq_lit(&self, value: i64) -> Signal {
        self.eq(&self.lit_like(value))
    }

    /// Whether it differs from `value`.
    #[track_caller]
    pub fn ne_lit(&self, value: i64) -> Signal {
        !self.eq_lit(value)
    }

    /// Unsigned `self < value`; always so where `value` does not fit.
    #[track_caller]
    pub fn ult_lit(&self, value: u64) -> Signal {
        match num::bits_for_unsigned(value) > self.width() {
            true => self.constant(Bits::ones(1)),
            false => self.ult(&self.constant(Bits::from_u64(self.width(), value))),
        }
    }

    /// Unsigned `self <= value`.
    #[track_caller]
    pub fn ule_lit(&self, value: u64) -> Signal {
        match value.checked_add(1) {
            Some(above) => self.ult_lit(above),
            None => !self.ugt_lit(value),
        }
    }

    /// Unsigned `self > value`; never so where `value` does not fit.
    #[track_caller]
    pub fn ugt_lit(&self, value: u64) -> Signal {
        match num::bits_for_unsigned(value) > self.width() {
            true => self.constant(Bits::zero(1)),
            false => self.ugt(&self.constant(Bits::from_u64(self.width(), value))),
        }
    }

    /// Unsigned `self >= value`.
    #[track_caller]
    pub fn uge_lit(&self, value: u64) -> Signal {
        !self.ult_lit(value)
    }

    /// Signed `self < value`.
    #[track_caller]
    pub fn slt_lit(&self, value: i64) -> Signal {
        self.slt(&self.lit_like(value))
    }

    /// Signed `self >= value`.
    #[track_caller]
    pub fn sge_lit(&self, value: i64) -> Signal {
        !self.slt_lit(value)
    }

    /// Signed `self > value`.
    #[track_caller]
    pub fn sgt_lit(&self, value: i64) -> Signal {
        self.sgt(&self.lit_like(value))
    }

    /// Signed `self <= value`.
    #[track_caller]
    pub fn sle_lit(&self, value: i64) -> Signal {
        !self.sgt_lit(value)
    }

    /// The constant `value` in the width of `self`.
    #[track_caller]
    pub(crate) fn lit_like(&self, value: i64) -> Signal {
        match crate::check::literal(self.width(), value) {
            Ok(bits) => self.constant(bits),
            Err(message) => self.wrong(self.width(), message),
        }
    }
}
