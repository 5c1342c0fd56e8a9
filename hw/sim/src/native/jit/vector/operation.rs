//! Operations on the vectors of a chunk.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{types, InstBuilder, Value};
use cranelift_frontend::FunctionBuilder;

use super::super::super::words::{bytes, Id, Op};
use super::uniform::Uniform;
use super::{vector, Fused, Parts};

impl Fused<'_, '_> {
    /// `yes` where a bit is set, which may be the same for all lanes, else `no`.
    pub(super) fn controlled(
        &mut self,
        bit: Id,
        yes: &[Value],
        no: &[Value],
        size: u32,
        uniform: &Uniform,
    ) -> Parts {
        let masks = match uniform.controls.get(&(bit, size)) {
            Some(mask) => vec![*mask; self.parts(size) as usize],
            None => self.masks(bit, size),
        };
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

    /// All bits of a lane of a size where the 1-bit value is set.
    fn masks(&mut self, bit: Id, size: u32) -> Parts {
        let bits = self.operand(bit);
        let bits = self.resized(bits, 1, size);
        bits.into_iter().map(|bits| self.code.ins().ineg(bits)).collect()
    }

    /// Lanes of another size; what does not fit is cut off.
    pub(super) fn resized(&mut self, mut parts: Parts, from: u32, to: u32) -> Parts {
        let mut size = from;
        while size < to {
            let halves = |part: Value| [self.code.ins().uwiden_low(part), self.code.ins().uwiden_high(part)];
            parts = parts.into_iter().flat_map(halves).collect();
            size *= 2;
            parts.truncate(self.parts(size) as usize);
        }
        while size > to {
            size /= 2;
            parts = parts.chunks(2).map(|pair| self.narrowed(pair[0], pair[pair.len() - 1], size)).collect();
        }
        parts
    }

    /// The low halves of the lanes of two vectors, in one with lanes of `size`.
    fn narrowed(&mut self, low: Value, high: Value, size: u32) -> Value {
        let (low, high) = (self.cast(low, types::I8X16), self.cast(high, types::I8X16));
        let lane_bytes = |lane: u32| (0..size).map(move |byte| (2 * size * lane + byte) as u8);
        let order: Vec<u8> = (0..16 / size).flat_map(lane_bytes).collect();
        let order = self.code.func.dfg.immediates.push(order.into());
        let shuffled = self.code.ins().shuffle(low, high, order);
        self.cast(shuffled, vector(size))
    }

    pub(super) fn value(&mut self, id: Id, uniform: &Uniform) {
        let node = self.plan.netlist.nodes[id as usize];
        let (width, size) = (|id: Id| self.plan.netlist.width(id), bytes(node.width));
        let parts = match node.op {
            // What was gathered is known already.
            Op::Gather(_) => return,
            Op::Splat(_) => vec![uniform.splats[&id]; self.parts(size) as usize],
            Op::Load { memory, addr, .. } if self.plan.netlist.lanes(addr) > 1 => self.loaded(memory, addr),
            Op::Load { memory, .. } => {
                let at = 8 * self.plan.memory_at[memory as usize] as u32;
                self.load(uniform.rows[&id], at, size)
            }
            Op::Not(a) => self.cut_all(node.width, uniform, &[a], |code, of| code.ins().bnot(of[0])),
            Op::And(a, b) => self.each(&[a, b], |code, of| code.ins().band(of[0], of[1])),
            Op::Or(a, b) => self.each(&[a, b], |code, of| code.ins().bor(of[0], of[1])),
            Op::Xor(a, b) => self.each(&[a, b], |code, of| code.ins().bxor(of[0], of[1])),
            Op::Add(a, b) => {
                self.cut_all(node.width, uniform, &[a, b], |code, of| code.ins().iadd(of[0], of[1]))
            }
            Op::Sub(a, b) => {
                self.cut_all(node.width, uniform, &[a, b], |code, of| code.ins().isub(of[0], of[1]))
            }
            Op::Mul(a, b) => {
                self.cut_all(node.width, uniform, &[a, b], |code, of| code.ins().imul(of[0], of[1]))
            }
            Op::Eq(a, b) => {
                let masks = self.each(&[a, b], |code, of| code.ins().icmp(IntCC::Equal, of[0], of[1]));
                self.bits(masks, bytes(width(a)))
            }
            Op::Less(a, b) => {
                let masks =
                    self.each(&[a, b], |code, of| code.ins().icmp(IntCC::UnsignedLessThan, of[0], of[1]));
                self.bits(masks, bytes(width(a)))
            }
            Op::LessSigned(a, b) => {
                let sign = uniform.signs[&id];
                let turn = |this: &mut Self, id: Id| -> Parts {
                    let parts = this.operand(id);
                    parts.into_iter().map(|part| this.code.ins().bxor(part, sign)).collect()
                };
                let (a_parts, b_parts) = (turn(self, a), turn(self, b));
                let pairs = a_parts.iter().zip(&b_parts);
                let less = |(a, b): (&Value, &Value)| self.code.ins().icmp(IntCC::UnsignedLessThan, *a, *b);
                let masks = pairs.map(less).collect();
                self.bits(masks, bytes(width(a)))
            }
            Op::Mux(select, yes, no) => {
                let masks = self.masks(select, size);
                let pairs = |parts: Parts| masks.iter().copied().zip(parts);
                match (self.is_zero(yes), self.is_zero(no)) {
                    (_, true) => {
                        let yes = pairs(self.operand(yes));
                        yes.map(|(mask, part)| self.code.ins().band(part, mask)).collect()
                    }
                    (true, _) => {
                        let no = pairs(self.operand(no));
                        no.map(|(mask, part)| self.code.ins().band_not(part, mask)).collect()
                    }
                    _ => {
                        let (yes, no) = (self.operand(yes), self.operand(no));
                        self.select(&masks, &yes, &no)
                    }
                }
            }
            Op::Slice(a, low) => {
                let from = bytes(width(a));
                let moved = self.each(&[a], |code, of| match low {
                    0 => of[0],
                    low => code.ins().ushr_imm_u(of[0], i64::from(low)),
                });
                let parts = self.resized(moved, from, size);
                self.cut(parts, node.width, uniform)
            }
            Op::Zext(a) => {
                let parts = self.operand(a);
                self.resized(parts, bytes(width(a)), size)
            }
            Op::Sext(a) if width(a) == 1 => {
                let masks = self.masks(a, size);
                self.cut(masks, node.width, uniform)
            }
            Op::Sext(a) => {
                let (above, parts) = (i64::from(8 * size - width(a)), self.operand(a));
                let parts = self.resized(parts, bytes(width(a)), size);
                let extend = |part: Value| {
                    let top = self.code.ins().ishl_imm_u(part, above);
                    self.code.ins().sshr_imm_u(top, above)
                };
                let parts = parts.into_iter().map(extend).collect();
                self.cut(parts, node.width, uniform)
            }
            Op::Concat(high, low) => {
                let above = i64::from(width(low));
                let (high, low) = ((self.operand(high), width(high)), (self.operand(low), width(low)));
                let [high, low] = [high, low].map(|(parts, width)| self.resized(parts, bytes(width), size));
                let join = |(high, low): (&Value, &Value)| {
                    let high = self.code.ins().ishl_imm_u(*high, above);
                    self.code.ins().bor(high, *low)
                };
                high.iter().zip(&low).map(join).collect()
            }
            Op::Shl(a, by) | Op::Shr(a, by) | Op::Sar(a, by) => {
                let parts = self.shifted(node.op, a, by, node.width);
                self.cut(parts, node.width, uniform)
            }
            other => panic!("{other:?} is not fused"),
        };
        self.known.insert(id, parts);
    }

    /// An operation on every vector of its operands.
    fn each(&mut self, of: &[Id], emit: impl Fn(&mut FunctionBuilder, &[Value]) -> Value) -> Parts {
        let operands: Vec<Parts> = of.iter().map(|id| self.operand(*id)).collect();
        let part = |part: usize| {
            let of: Vec<Value> = operands.iter().map(|parts| parts[part]).collect();
            emit(&mut self.code, &of)
        };
        (0..operands[0].len()).map(part).collect()
    }

    /// The same, with zeros above the width.
    fn cut_all(
        &mut self,
        width: u32,
        uniform: &Uniform,
        of: &[Id],
        emit: impl Fn(&mut FunctionBuilder, &[Value]) -> Value,
    ) -> Parts {
        let parts = self.each(of, emit);
        self.cut(parts, width, uniform)
    }

    fn cut(&mut self, parts: Parts, width: u32, uniform: &Uniform) -> Parts {
        if width == 8 * bytes(width) {
            return parts;
        }
        parts.into_iter().map(|part| self.code.ins().band(part, uniform.masks[&width])).collect()
    }

    /// 1-bit lanes from masks of a size.
    fn bits(&mut self, masks: Parts, size: u32) -> Parts {
        let narrow = self.resized(masks, size, 1);
        let one = self.code.ins().iconst(types::I8, 1);
        let one = self.code.ins().splat(types::I8X16, one);
        narrow.into_iter().map(|mask| self.code.ins().band(mask, one)).collect()
    }
}
