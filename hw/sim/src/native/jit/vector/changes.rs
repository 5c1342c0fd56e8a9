//! What changes in a segment: the bits that differ from those before, and what is noted where there are any. What lies
//! behind the last lane differs as it likes.

use std::collections::BTreeMap;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{types, InstBuilder, MemFlagsData, Value};

use super::super::super::plan::flags;
use super::super::super::words::CHUNK;
use super::{Change, Fused};

/// Which bits of a vector belong to lanes.
pub(super) enum Valid {
    All,
    Some(Value),
    None,
}

impl Fused<'_, '_> {
    /// Adds the bits that differ to those of changes that are noted together.
    pub(super) fn compare(&mut self, changes: &[Change], old: &[Value], new: &[Value], size: u32) {
        for (part, (old, new)) in (0..).zip(old.iter().zip(new)) {
            let valid = self.valid(part, size);
            self.compare_part(changes, *old, *new, valid);
        }
    }

    /// The same of one vector.
    pub(super) fn compare_part(&mut self, changes: &[Change], old: Value, new: Value, valid: Valid) {
        let mut bits = self.code.ins().bxor(old, new);
        bits = self.cast(bits, types::I8X16);
        match valid {
            Valid::None => return,
            Valid::Some(mask) => bits = self.code.ins().band(bits, mask),
            Valid::All => {}
        }
        let all = self.changes.get(changes).map_or(bits, |others| self.code.ins().bor(bits, *others));
        self.changes.insert(changes.to_vec(), all);
    }

    /// What of a part of the chunk belongs to lanes, and not to what lies behind the last one.
    fn valid(&mut self, part: u32, size: u32) -> Valid {
        let lanes = self.lanes();
        let bytes = match lanes % CHUNK {
            0 => return Valid::All,
            last => (last * size).saturating_sub(16 * part).min(16),
        };
        match (self.lane, bytes) {
            (_, 16) => Valid::All,
            (None, 0) => Valid::None,
            (None, bytes) => Valid::Some(self.first_bytes(bytes)),
            // In the last of several chunks; in the others all is valid.
            (Some(first), bytes) => {
                let before = i64::from(lanes / CHUNK * CHUNK);
                let is_earlier = self.code.ins().icmp_imm_u(IntCC::UnsignedLessThan, first, before);
                let is_earlier = self.code.ins().uextend(types::I64, is_earlier);
                let all = self.code.ins().ineg(is_earlier);
                let all = self.code.ins().splat(types::I64X2, all);
                let all = self.cast(all, types::I8X16);
                let mask = self.first_bytes(bytes);
                Valid::Some(self.code.ins().bor(all, mask))
            }
        }
    }

    /// All bits of the first bytes of a vector.
    pub(super) fn first_bytes(&mut self, count: u32) -> Value {
        let bytes: Vec<u8> = (0..16).map(|byte| if byte < count { 0xff } else { 0 }).collect();
        let constant = self.code.func.dfg.constants.insert(bytes.into());
        self.code.ins().vconst(types::I8X16, constant)
    }

    /// Sets the flags of all that changes, where some of `bits` are set.
    pub(super) fn note(&mut self, bits: Value, changes: &[Change]) {
        let plan = self.plan;
        let mut all_flags = BTreeMap::new();
        for change in changes {
            let (first, of) = match change {
                Change::Edge(edge) => (plan.pending, std::slice::from_ref(edge)),
                Change::Written(number) => (plan.later, &plan.written[self.segment.block][*number].wakes[..]),
                Change::Export(number) => (0, &plan.exports[self.segment.block][*number].wakes[..]),
            };
            for (word, bits) in flags(of) {
                *all_flags.entry(first + word).or_insert(0) |= bits;
            }
        }
        let is_any = self.code.ins().vany_true(bits);
        let is_any = self.code.ins().uextend(types::I64, is_any);
        let all = self.code.ins().ineg(is_any);
        for (word, bits) in all_flags {
            let at = 8 * word as i32;
            let before = self.code.ins().load(types::I64, MemFlagsData::trusted(), self.base, at);
            let set = self.code.ins().band_imm_u(all, bits as i64);
            let after = self.code.ins().bor(before, set);
            self.code.ins().store(MemFlagsData::trusted(), after, self.base, at);
        }
    }
}
