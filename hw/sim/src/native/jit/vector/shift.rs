//! Shifts by an amount of each lane's own, for which vectors of 128 bits have no instruction: lane by lane.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{types, InstBuilder, Value};

use super::super::super::words::{bytes, Id, Op};
use super::{lane, Fused, Parts};

impl Fused<'_, '_> {
    /// The lanes of `a` shifted as `op` says; what is above the width may be anything.
    pub(super) fn shifted(&mut self, op: Op, a: Id, by: Id, width: u32) -> Parts {
        let (size, by_width) = (bytes(width), self.plan.netlist.width(by));
        let (parts, amounts) = (self.operand(a), self.operand(by));
        let amounts = match bytes(by_width) > size {
            true => panic!("an amount wider than what it shifts is not fused"),
            false => self.resized(amounts, bytes(by_width), size),
        };
        let (lanes, in_part) = (self.lanes(), 16 / size);
        let shifted = |(part, (mut all, amounts)): (u32, (Value, Value))| {
            for place in 0..in_part.min(lanes - part * in_part) {
                let [value, amount] = [all, amounts].map(|from| self.extracted(from, place as u8, size));
                let shifted = self.shifted_lane(op, value, amount, width, by_width);
                let shifted = match size {
                    8 => shifted,
                    size => self.code.ins().ireduce(lane(size), shifted),
                };
                all = self.code.ins().insertlane(all, shifted, place as u8);
            }
            all
        };
        (0..).zip(parts.into_iter().zip(amounts)).map(shifted).collect()
    }

    /// A lane in 64 bits.
    fn extracted(&mut self, from: Value, place: u8, size: u32) -> Value {
        let value = self.code.ins().extractlane(from, place);
        match size {
            8 => value,
            _ => self.code.ins().uextend(types::I64, value),
        }
    }

    fn shifted_lane(&mut self, op: Op, value: Value, amount: Value, width: u32, by_width: u32) -> Value {
        // The machine takes the amount modulo 64.
        let is_small = by_width <= 6;
        if let Op::Sar(..) = op {
            let above = i64::from(64 - width);
            let top = self.code.ins().ishl_imm_u(value, above);
            let signed = self.code.ins().sshr_imm_u(top, above);
            let most = self.code.ins().iconst(types::I64, 63);
            let amount = if is_small { amount } else { self.code.ins().umin(amount, most) };
            return self.code.ins().sshr(signed, amount);
        }
        let shifted = match op {
            Op::Shl(..) => self.code.ins().ishl(value, amount),
            _ => self.code.ins().ushr(value, amount),
        };
        if is_small {
            return shifted;
        }
        let is_beyond = self.code.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, amount, 63);
        let zero = self.code.ins().iconst(types::I64, 0);
        self.code.ins().select(is_beyond, zero, shifted)
    }
}
