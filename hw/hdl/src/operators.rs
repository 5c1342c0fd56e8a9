//! The operators of Rust on signals: `!`, `&`, `|`, `^`, and `+`, `-` modulo the operands' one width. Each takes
//! signals or references to them; the sums and the logic also take a number on the right.

use std::ops::{Add, BitAnd, BitOr, BitXor, Not, Sub};

use crate::op::{Binary, Op};
use crate::signal::Signal;

macro_rules! operator {
    ($trait:ident, $method:ident, $kind:expr) => {
        impl $trait<&Signal> for &Signal {
            type Output = Signal;
            #[track_caller]
            fn $method(self, rhs: &Signal) -> Signal {
                self.binary($kind, rhs, self.width())
            }
        }
        impl $trait<Signal> for &Signal {
            type Output = Signal;
            #[track_caller]
            fn $method(self, rhs: Signal) -> Signal {
                self.binary($kind, &rhs, self.width())
            }
        }
        impl $trait<&Signal> for Signal {
            type Output = Signal;
            #[track_caller]
            fn $method(self, rhs: &Signal) -> Signal {
                self.binary($kind, rhs, self.width())
            }
        }
        impl $trait<Signal> for Signal {
            type Output = Signal;
            #[track_caller]
            fn $method(self, rhs: Signal) -> Signal {
                self.binary($kind, &rhs, self.width())
            }
        }
        impl $trait<i64> for &Signal {
            type Output = Signal;
            #[track_caller]
            fn $method(self, rhs: i64) -> Signal {
                self.binary($kind, &self.lit_like(rhs), self.width())
            }
        }
        impl $trait<i64> for Signal {
            type Output = Signal;
            #[track_caller]
            fn $method(self, rhs: i64) -> Signal {
                self.binary($kind, &self.lit_like(rhs), self.width())
            }
        }
    };
}

operator!(BitAnd, bitand, Binary::And);
operator!(BitOr, bitor, Binary::Or);
operator!(BitXor, bitxor, Binary::Xor);
operator!(Add, add, Binary::Add);
operator!(Sub, sub, Binary::Sub);

impl Not for &Signal {
    type Output = Signal;
    #[track_caller]
    fn not(self) -> Signal {
        self.make(Op::Not(self.id), self.width())
    }
}

impl Not for Signal {
    type Output = Signal;
    #[track_caller]
    fn not(self) -> Signal {
        self.make(Op::Not(self.id), self.width())
    }
}
