//! Shifts by an amount of each lane's own, for which vectors of 128 bits have no instruction: to the left by little is
//! to multiply by a power of two, which is looked up; all others are done lane by lane.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{types, InstBuilder, Value};

use super::super::super::segments::multiplies;
use super::super::super::words::{bytes, Id, Op};
use super::{lane, vector, Fused, Parts};

impl Fused<'_, '_> {
    /// The lanes of `a` shifted to the left by less than 16; what is above the width may be anything.
    fn multiplied(&mut self, a: Id, by: Id, size: u32) -> Parts {
        let (parts, amounts) = (self.clean(a), self.clean(by));
        let [low, high] = [0, 8].map(|above| {
            let powers: Vec<u8> = (0..16).map(|by| (1u32 << by >> above) as u8).collect();
            let powers = self.code.func.dfg.constants.insert(powers.into());
            self.code.ins().vconst(types::I8X16, powers)
        });
        let mut factors = Parts::new();
        for amounts in amounts {
            let [low, high] = [low, high].map(|powers| self.code.ins().swizzle(powers, amounts));
            for first in [0, 8] {
                let order: Vec<u8> = (first..first + 8).flat_map(|lane| [lane, lane + 16]).collect();
                let order = self.code.func.dfg.immediates.push(order.into());
                let power = self.code.ins().shuffle(low, high, order);
                factors.push(self.cast(power, vector(2)));
            }
        }
        factors.truncate(self.parts(2) as usize);
        let factors = self.resized(factors, 2, size);
        parts.iter().zip(factors).map(|(part, factor)| self.code.ins().imul(*part, factor)).collect()
    }

    /// The lanes of `a` shifted as `op` says; what is above the width may be anything.
    pub(super) fn shifted(&mut self, op: Op, a: Id, by: Id, width: u32) -> Parts {
        let (size, by_width) = (bytes(width), self.plan.netlist.width(by));
        if multiplies(op, width, by_width) {
            return self.multiplied(a, by, size);
        }
        let (parts, amounts) = (self.clean(a), self.clean(by));
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
    pub(super) fn extracted(&mut self, from: Value, place: u8, size: u32) -> Value {
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
