//! Lanes of another size: two vectors become one, or one becomes two, by the instructions that machines have for it. Masks are 0
//! or -1 whatever their size, so that they need no zeros: saturation narrows them, and each lane twice widens them.

use cranelift_codegen::ir::{types, InstBuilder, Value};

use super::super::super::words::{bytes, Id};
use super::{vector, Fused, Parts};

impl Fused<'_, '_> {
    /// Lanes of another size: 0 above what they had, and what does not fit is cut off.
    pub(super) fn resized(&mut self, parts: Parts, from: u32, to: u32) -> Parts {
        let mut parts = self.widened(parts, from, to, |this, part| {
            [this.code.ins().uwiden_low(part), this.code.ins().uwiden_high(part)]
        });
        let mut size = from;
        while size > to {
            size /= 2;
            parts = parts.chunks(2).map(|pair| self.narrowed(pair[0], pair[pair.len() - 1], size)).collect();
        }
        parts
    }

    /// The lanes of a value as signed numbers of a size.
    pub(super) fn extended(&mut self, a: Id, size: u32) -> Parts {
        let (width, parts) = (self.plan.netlist.width(a), self.raw(a));
        let from = bytes(width);
        // x86 has no shifts of single bytes: those that become wider anyway do so first.
        let at_least = if width < 8 * from { from.max(2).min(size) } else { from };
        let mut parts = self.resized(parts, from, at_least);
        let above = i64::from(8 * at_least - width);
        if width < 8 * from {
            let extend = |part: Value| {
                let top = self.code.ins().ishl_imm_u(part, above);
                self.code.ins().sshr_imm_u(top, above)
            };
            parts = parts.into_iter().map(extend).collect();
        }
        self.widened(parts, at_least, size, |this, part| {
            [this.code.ins().swiden_low(part), this.code.ins().swiden_high(part)]
        })
    }

    /// Lanes of at least their size, which `halves` doubles: of a vector, those of its first and of its second half.
    fn widened(
        &mut self,
        mut parts: Parts,
        from: u32,
        to: u32,
        halves: impl Fn(&mut Self, Value) -> [Value; 2],
    ) -> Parts {
        let mut size = from;
        while size < to {
            parts = parts.into_iter().flat_map(|part| halves(self, part)).collect();
            size *= 2;
            parts.truncate(self.parts(size) as usize);
        }
        parts
    }

    /// The low halves of the lanes of two vectors, in one with lanes of `size`.
    fn narrowed(&mut self, low: Value, high: Value, size: u32) -> Value {
        let lane_bytes = |lane: u32| (0..size).map(move |byte| (2 * size * lane + byte) as u8);
        self.shuffled(low, high, (0..16 / size).flat_map(lane_bytes).collect(), size)
    }

    /// Masks of half the size, from those of two vectors.
    pub(super) fn narrowed_mask(&mut self, low: Value, high: Value, size: u32) -> Value {
        match size {
            // Lanes of 64 bits are not narrowed so by every code generator.
            1 | 2 => self.code.ins().snarrow(low, high),
            _ => self.narrowed(low, high, size),
        }
    }

    /// Lanes of a size whose low halves are the lanes of one value, and whose high halves are those of another.
    pub(super) fn interleaved(&mut self, low: &[Value], high: &[Value], size: u32) -> Parts {
        let pairs = low.iter().zip(high);
        let mut parts: Parts = pairs
            .flat_map(|(low, high)| [0, 8].map(|first| self.interleaved_half(*low, *high, first, size)))
            .collect();
        parts.truncate(self.parts(size) as usize);
        parts
    }

    /// Half of the lanes of two vectors, from a byte on, in pairs that are lanes of a size.
    fn interleaved_half(&mut self, low: Value, high: Value, first: u32, size: u32) -> Value {
        let half = size / 2;
        let bytes = |lane: u32, of: u32| (0..half).map(move |byte| (of + first + half * lane + byte) as u8);
        let lane_bytes = |lane: u32| bytes(lane, 0).chain(bytes(lane, 16));
        self.shuffled(low, high, (0..16 / size).flat_map(lane_bytes).collect(), size)
    }

    /// Some bytes of two vectors, by number, as lanes of a size.
    fn shuffled(&mut self, a: Value, b: Value, order: Vec<u8>, size: u32) -> Value {
        let (a, b) = (self.cast(a, types::I8X16), self.cast(b, types::I8X16));
        let order = self.code.func.dfg.immediates.push(order.into());
        let shuffled = self.code.ins().shuffle(a, b, order);
        self.cast(shuffled, vector(size))
    }
}
