//! A signal as a number: signed two's complement with exact, growing widths. This is how a formula written over
//! [`num::Num`] becomes a datapath.

use std::panic::Location;
use std::rc::Rc;

use num::{bits_for_signed, bits_for_unsigned, Bits, Num};

use crate::graph::RegisterDraft;
use crate::op::{Binary, Op};
use crate::signal::Signal;

impl Num for Signal {
    type Bit = Signal;

    fn lit(&self, value: i64) -> Signal {
        self.constant(Bits::from_i64(bits_for_signed(value), value))
    }

    fn width(&self) -> u32 {
        self.width
    }

    #[track_caller]
    fn add(&self, rhs: &Signal) -> Signal {
        let width = self.width.max(rhs.width) + 1;
        self.sext(width).binary(Binary::Add, &rhs.sext(width), width)
    }

    #[track_caller]
    fn sub(&self, rhs: &Signal) -> Signal {
        let width = self.width.max(rhs.width) + 1;
        self.sext(width).binary(Binary::Sub, &rhs.sext(width), width)
    }

    #[track_caller]
    fn mul(&self, rhs: &Signal) -> Signal {
        self.mul_s(rhs)
    }

    #[track_caller]
    fn shl(&self, by: &Signal, max: u32) -> Signal {
        self.sext(self.width + max).shift_left(&amount(by, max))
    }

    #[track_caller]
    fn shr(&self, by: &Signal, max: u32) -> Signal {
        self.shift_right_signed(&amount(by, max))
    }

    #[track_caller]
    fn is_negative(&self) -> Signal {
        self.bit(self.width - 1)
    }

    #[track_caller]
    fn is_zero(&self) -> Signal {
        Signal::is_zero(self)
    }

    #[track_caller]
    fn select(condition: &Signal, yes: &Signal, no: &Signal) -> Signal {
        let width = yes.width.max(no.width);
        condition.mux(&yes.sext(width), &no.sext(width))
    }

    #[track_caller]
    fn fit(&self, width: u32) -> Signal {
        self.sext(width)
    }

    #[track_caller]
    fn called(&self, name: &str) -> Signal {
        self.named(name)
    }

    #[track_caller]
    fn less(&self, rhs: &Signal) -> Signal {
        let width = self.width.max(rhs.width);
        self.sext(width).slt(&rhs.sext(width))
    }

    /// A register without reset, one for all stages of one value. It is named after what it delays, unless it is
    /// given a name of its own.
    #[track_caller]
    fn stage(&self) -> Signal {
        let mut graph = self.graph.borrow_mut();
        let same = |register: &RegisterDraft| register.automatic && register.next == Some(self.id);
        let register = graph.registers.iter().position(same).unwrap_or(graph.registers.len());
        if register == graph.registers.len() {
            graph.registers.push(RegisterDraft {
                name: String::new(),
                automatic: true,
                width: self.width,
                reset: None,
                enable: None,
                next: Some(self.id),
                place: Location::caller(),
            });
        }
        let id = graph.table.intern(Op::Register(register), self.width, Location::caller());
        Signal { graph: Rc::clone(&self.graph), id, width: self.width }
    }
}

/// A shift amount of at most `max`, without the bits that are 0 for all of them.
#[track_caller]
fn amount(by: &Signal, max: u32) -> Signal {
    by.trunc(bits_for_unsigned(u64::from(max)).min(by.width))
}
