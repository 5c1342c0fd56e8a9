//! Writes of memories with lanes: a row, where all lanes go to one entry or none does, or lane by lane, where each has an
//! address and an enable of its own.
//!
//! Most lanes of the second kind are not written in a cycle: of eight at a time, those that are are found by their bits.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{types, InstBuilder, Value};

use super::super::plan::{flags, words, Plan};
use super::super::words::{bytes, ones, Memory, Netlist, Write};
use super::dispatch::Body;
use super::{load_bytes, offset, scalar, store_bytes, unaligned};

/// Lanes whose enables are looked at together, a byte each.
const GROUP: u32 = 8;

/// Whether machine code has all write ports.
pub(super) fn are_code(netlist: &Netlist, memory: &Memory) -> bool {
    memory.writes.iter().all(|write| is_row(netlist, write) || netlist.lanes(write.addr) > 1)
}

fn is_row(netlist: &Netlist, write: &Write) -> bool {
    write.mask.is_none() && [write.addr, write.enable].iter().all(|id| netlist.lanes(*id) == 1)
}

impl Body<'_, '_> {
    /// The write ports of a memory, in their order.
    pub(super) fn writes(&mut self, plan: &Plan, index: usize) {
        for write in &plan.netlist.memories[index].writes {
            match is_row(&plan.netlist, write) {
                true => self.write_row(plan, index, write),
                false => self.write_lanes(plan, index, write),
            }
        }
    }

    fn write_row(&mut self, plan: &Plan, index: usize, write: &Write) {
        let memory = &plan.netlist.memories[index];
        let [addr, enable] = [write.addr, write.enable].map(|id| scalar(&mut self.code, self.base, plan, id));
        let depth = self.code.ins().iconst(types::I64, i64::from(memory.depth));
        let is_inside = self.code.ins().icmp(IntCC::UnsignedLessThan, addr, depth);
        let is_inside = self.code.ins().uextend(types::I64, is_inside);
        let is_written = self.code.ins().band(enable, is_inside);
        self.when(is_written, |body| {
            let offset = offset(&mut body.code, addr, memory.stride());
            let row = body.code.ins().iadd(body.base, offset);
            // Some lanes of a value need not begin at a word.
            let data = plan.place[write.data as usize] as usize;
            let from = body.code.ins().iadd_imm_s(body.base, (data % 8) as i64);
            body.copy([from, row], [data / 8, plan.memory_at[index]], words(memory.width, memory.lanes));
            body.wake(flags(&plan.readers[index]));
        });
    }

    /// A lane beyond the last entry writes nothing, but wakes the readers as the others do: they find nothing new.
    fn write_lanes(&mut self, plan: &Plan, index: usize, write: &Write) {
        let lanes = plan.netlist.memories[index].lanes;
        let groups: Vec<(u32, Value)> = (0..lanes)
            .step_by(GROUP as usize)
            .map(|first| {
                let at = (plan.place[write.enable as usize] + first) as i32;
                let enables = self.code.ins().load(types::I64, unaligned(), self.base, at);
                // What lies behind the last lane may be anything.
                let mask = ones(8 * (lanes - first).min(GROUP)) & 0x0101_0101_0101_0101;
                (first, self.code.ins().band_imm_u(enables, mask as i64))
            })
            .collect();
        let any = groups.iter().map(|(_, enables)| *enables).reduce(|a, b| self.code.ins().bor(a, b));
        self.when(any.expect("a memory with lanes"), |body| {
            for (first, enables) in groups {
                body.when(enables, |body| body.write_group(plan, index, write, first, enables));
            }
            body.wake(flags(&plan.readers[index]));
        });
    }

    /// Those of the lanes from `first` on whose enables, a byte each, are set; one is.
    fn write_group(&mut self, plan: &Plan, index: usize, write: &Write, first: u32, enables: Value) {
        let (body, after) = (self.code.create_block(), self.code.create_block());
        let left = self.code.append_block_param(body, types::I64);
        self.code.ins().jump(body, &[enables.into()]);
        self.code.switch_to_block(body);
        let bit = self.code.ins().ctz(left);
        let lane = self.code.ins().ushr_imm_u(bit, 3);
        self.write_lane(plan, index, write, first, lane);
        let less = self.code.ins().iadd_imm_s(left, -1);
        let left = self.code.ins().band(left, less);
        self.code.ins().brif(left, body, &[left.into()], after, &[]);
        self.code.switch_to_block(after);
    }

    /// The lane `first + lane`.
    fn write_lane(&mut self, plan: &Plan, index: usize, write: &Write, first: u32, lane: Value) {
        let memory = &plan.netlist.memories[index];
        let size = memory.bytes();
        let wide = self.lanes_of(lane, size);
        let width = plan.netlist.width(write.addr);
        let place = |id: u32, size: u32| (plan.place[id as usize] + first * size) as i32;
        let addresses = self.lanes_of(lane, bytes(width));
        let addr = load_bytes(&mut self.code, bytes(width), addresses, place(write.addr, bytes(width)));
        let emit = |body: &mut Self| {
            let row = offset(&mut body.code, addr, memory.stride());
            let to = body.code.ins().iadd(wide, row);
            let at = 8 * plan.memory_at[index] as i32 + (first * size) as i32;
            let mut value = load_bytes(&mut body.code, size, wide, place(write.data, size));
            if let Some(mask) = write.mask {
                let mask = load_bytes(&mut body.code, size, wide, place(mask, size));
                let old = load_bytes(&mut body.code, size, to, at);
                let kept = body.code.ins().band_not(old, mask);
                let taken = body.code.ins().band(value, mask);
                value = body.code.ins().bor(kept, taken);
            }
            store_bytes(&mut body.code, size, value, to, at);
        };
        if ones(width) < u64::from(memory.depth) {
            return emit(self);
        }
        let depth = self.code.ins().iconst(types::I64, i64::from(memory.depth));
        let is_inside = self.code.ins().icmp(IntCC::UnsignedLessThan, addr, depth);
        self.when(is_inside, emit);
    }

    /// Where a lane is in lanes of a size, from the array on.
    fn lanes_of(&mut self, lane: Value, size: u32) -> Value {
        let offset = self.code.ins().ishl_imm_u(lane, i64::from(size.trailing_zeros()));
        self.code.ins().iadd(self.base, offset)
    }
}
