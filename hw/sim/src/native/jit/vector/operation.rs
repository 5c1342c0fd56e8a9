//! Operations on the vectors of a chunk. What an operation leaves above the width of its result is cut off by whoever has to see
//! zeros there, as most never do; and a comparison gives masks before it gives bits, as most bits choose something.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value};
use cranelift_frontend::FunctionBuilder;

use super::super::super::words::{bytes, Id, Op};
use super::{Fused, Parts};

impl Fused<'_, '_> {
    /// `yes` where a bit is set, which may be the same for all lanes, else `no`.
    pub(super) fn controlled(&mut self, bit: Id, yes: &[Value], no: &[Value], size: u32) -> Parts {
        let masks = self.masks(bit, size);
        self.select(&masks, yes, no)
    }

    fn select(&mut self, masks: &[Value], yes: &[Value], no: &[Value]) -> Parts {
        let select =
            |((mask, yes), no): ((&Value, &Value), &Value)| self.code.ins().bitselect(*mask, *yes, *no);
        masks.iter().zip(yes).zip(no).map(select).collect()
    }

    /// Whether a value is 0 in every lane, always.
    fn is_zero(&self, id: Id) -> bool {
        let op = |id: Id| self.plan.netlist.nodes[id as usize].op;
        matches!(op(id), Op::Splat(of) if op(of) == Op::Const(0))
    }

    pub(super) fn value(&mut self, id: Id) {
        let node = self.plan.netlist.nodes[id as usize];
        let (parts, is_raw) = self.operation(id, node.op, node.width);
        self.known.insert(id, parts);
        if is_raw && node.width < 8 * bytes(node.width) {
            self.is_raw.insert(id);
        }
    }

    /// The result of an operation, and whether it may be anything above its width.
    fn operation(&mut self, id: Id, op: Op, width: u32) -> (Parts, bool) {
        let (width_of, size) = (|id: Id| self.plan.netlist.width(id), bytes(width));
        match op {
            // What was gathered is known already.
            Op::Gather(_) => (self.clean(id), false),
            Op::Splat(_) => (vec![self.uniform.splats[&id]; self.parts(size) as usize], false),
            Op::Load { memory, addr, .. } if self.plan.netlist.lanes(addr) > 1 => {
                (self.loaded(memory, addr), false)
            }
            Op::Load { memory, .. } => {
                let at = 8 * self.plan.memory_at[memory as usize] as u32;
                (self.load(self.uniform.rows[&id], at, size), false)
            }
            Op::Not(a) => (self.each([a], |code, [a]| code.ins().bnot(a)), true),
            Op::And(a, b) => {
                let parts = self.each([a, b], |code, [a, b]| code.ins().band(a, b));
                (parts, self.is_raw.contains(&a) && self.is_raw.contains(&b))
            }
            Op::Or(a, b) => self.mixed([a, b], |code, [a, b]| code.ins().bor(a, b)),
            Op::Xor(a, b) => self.mixed([a, b], |code, [a, b]| code.ins().bxor(a, b)),
            Op::Add(a, b) => (self.each([a, b], |code, [a, b]| code.ins().iadd(a, b)), true),
            Op::Sub(a, b) => (self.each([a, b], |code, [a, b]| code.ins().isub(a, b)), true),
            Op::Mul(a, b) => (self.each([a, b], |code, [a, b]| code.ins().imul(a, b)), true),
            Op::Eq(a, b) => (self.compared(id, IntCC::Equal, [a, b]), false),
            Op::Less(a, b) => (self.compared(id, IntCC::UnsignedLessThan, [a, b]), false),
            Op::LessSigned(a, b) => (self.compared(id, IntCC::SignedLessThan, [a, b]), false),
            Op::Mux(select, yes, no) => self.chosen(select, yes, no, size),
            Op::Slice(a, low) => {
                let is_top = low + width == width_of(a);
                let moved = self.each([a], |code, [a]| match low {
                    0 => a,
                    low => code.ins().ushr_imm_u(a, i64::from(low)),
                });
                (self.resized(moved, bytes(width_of(a)), size), !is_top || self.is_raw.contains(&a))
            }
            Op::Zext(a) => {
                let parts = self.clean(a);
                (self.resized(parts, bytes(width_of(a)), size), false)
            }
            Op::Sext(a) if width_of(a) == 1 => (self.masks(a, size), true),
            Op::Sext(a) => (self.extended(a, size), true),
            Op::Concat(high, low) => self.joined(high, low, size),
            Op::Shl(a, by) | Op::Shr(a, by) | Op::Sar(a, by) => (self.shifted(op, a, by, width), true),
            other => panic!("{other:?} is not fused"),
        }
    }

    /// An operation on every vector of its operands, whose bits above the width change nothing below it.
    fn each<const N: usize>(
        &mut self,
        of: [Id; N],
        emit: impl Fn(&mut FunctionBuilder, [Value; N]) -> Value,
    ) -> Parts {
        let operands = of.map(|id| self.raw(id));
        let part = |part: usize| emit(&mut self.code, std::array::from_fn(|of| operands[of][part]));
        (0..operands[0].len()).map(part).collect()
    }

    /// The same; raw where one operand is.
    fn mixed(
        &mut self,
        of: [Id; 2],
        emit: impl Fn(&mut FunctionBuilder, [Value; 2]) -> Value,
    ) -> (Parts, bool) {
        (self.each(of, emit), of.iter().any(|id| self.is_raw.contains(id)))
    }

    /// One of two values, or 0; raw where one of them is.
    fn chosen(&mut self, select: Id, yes: Id, no: Id, size: u32) -> (Parts, bool) {
        let masks = self.masks(select, size);
        let is_raw = self.is_raw.contains(&yes) || self.is_raw.contains(&no);
        let pairs = |parts: Parts| masks.iter().copied().zip(parts);
        let parts = match (self.is_zero(yes), self.is_zero(no)) {
            (_, true) => {
                let yes = pairs(self.raw(yes));
                yes.map(|(mask, part)| self.code.ins().band(part, mask)).collect()
            }
            (true, _) => {
                let no = pairs(self.raw(no));
                no.map(|(mask, part)| self.code.ins().band_not(part, mask)).collect()
            }
            _ => {
                let (yes, no) = (self.raw(yes), self.raw(no));
                self.select(&masks, &yes, &no)
            }
        };
        (parts, is_raw)
    }

    /// The bits of `high` above those of `low`, raw where they are: where these have half the bytes of a lane, those get the
    /// other half; else they are moved there.
    fn joined(&mut self, high: Id, low: Id, size: u32) -> (Parts, bool) {
        let (high_width, low_width) = (self.plan.netlist.width(high), self.plan.netlist.width(low));
        // In this order: both may be the same value.
        let low = self.clean(low);
        let (high, is_raw) = (self.raw(high), self.is_raw.contains(&high));
        if size > 1 && low_width == 4 * size {
            let high = self.resized(high, bytes(high_width), size / 2);
            return (self.interleaved(&low, &high, size), is_raw);
        }
        let [high, low] = [(high, high_width), (low, low_width)]
            .map(|(parts, width)| self.resized(parts, bytes(width), size));
        let join = |(high, low): (&Value, &Value)| {
            let high = self.code.ins().ishl_imm_u(*high, i64::from(low_width));
            self.code.ins().bor(high, *low)
        };
        (high.iter().zip(&low).map(join).collect(), is_raw)
    }

    /// The 1-bit lanes of a comparison, whose masks are known with it.
    fn compared(&mut self, id: Id, how: IntCC, of: [Id; 2]) -> Parts {
        let width = self.plan.netlist.width(of[0]);
        let operands = of.map(|id| match how {
            IntCC::SignedLessThan => self.signed(id),
            _ => self.clean(id),
        });
        let pairs = operands[0].iter().zip(&operands[1]);
        let mut masks: Parts = pairs.map(|(a, b)| self.code.ins().icmp(how, *a, *b)).collect();
        let mut size = bytes(width);
        self.known_masks.insert((id, size), masks.clone());
        while size > 1 {
            size /= 2;
            masks =
                masks.chunks(2).map(|pair| self.narrowed_mask(pair[0], pair[pair.len() - 1], size)).collect();
            self.known_masks.insert((id, size), masks.clone());
        }
        let one = self.uniform.width_masks[&1];
        masks.into_iter().map(|mask| self.code.ins().band(mask, one)).collect()
    }

    /// Lanes whose sign is where that of a number of their size is: they compare as signed numbers do.
    fn signed(&mut self, id: Id) -> Parts {
        let width = self.plan.netlist.width(id);
        let parts = self.raw(id);
        match i64::from(8 * bytes(width) - width) {
            0 => parts,
            above => parts.into_iter().map(|part| self.code.ins().ishl_imm_u(part, above)).collect(),
        }
    }

    /// All bits of a lane of a size where a 1-bit value is set.
    fn masks(&mut self, bit: Id, size: u32) -> Parts {
        if let Some(mask) = self.uniform.controls.get(&(bit, size)) {
            return vec![*mask; self.parts(size) as usize];
        }
        if let Some(masks) = self.known_masks.get(&(bit, size)) {
            return masks.clone();
        }
        let masks: Parts = match size {
            1 => self.clean(bit).into_iter().map(|bits| self.code.ins().ineg(bits)).collect(),
            _ => {
                let halves = self.masks(bit, size / 2);
                self.interleaved(&halves, &halves, size)
            }
        };
        self.known_masks.insert((bit, size), masks.clone());
        masks
    }
}
