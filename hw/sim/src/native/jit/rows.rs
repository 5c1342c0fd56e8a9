//! Writes of memories with lanes, a row at a time: where all lanes go to one entry, or none does.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{types, InstBuilder, Value};

use super::super::plan::{flags, words, Plan};
use super::super::words::{Memory, Netlist, Write};
use super::dispatch::Body;
use super::scalar;

/// Whether every port writes whole rows.
pub(super) fn are_whole(netlist: &Netlist, memory: &Memory) -> bool {
    let is_whole = |write: &Write| {
        write.mask.is_none() && [write.addr, write.enable].iter().all(|id| netlist.lanes(*id) == 1)
    };
    memory.writes.iter().all(is_whole)
}

impl Body<'_, '_> {
    /// The write ports of a memory, in their order.
    pub(super) fn write_rows(&mut self, plan: &Plan, index: usize) {
        let memory = &plan.netlist.memories[index];
        for write in &memory.writes {
            let [addr, enable] =
                [write.addr, write.enable].map(|id| scalar(&mut self.code, self.base, plan, id));
            let depth = self.code.ins().iconst(types::I64, i64::from(memory.depth));
            let is_inside = self.code.ins().icmp(IntCC::UnsignedLessThan, addr, depth);
            let is_inside = self.code.ins().uextend(types::I64, is_inside);
            let is_written = self.code.ins().band(enable, is_inside);
            self.when(is_written, |body| body.write_row(plan, index, write, addr));
        }
    }

    fn write_row(&mut self, plan: &Plan, index: usize, write: &Write, addr: Value) {
        let memory = &plan.netlist.memories[index];
        let offset = self.code.ins().imul_imm_u(addr, i64::from(memory.stride()));
        let row = self.code.ins().iadd(self.base, offset);
        let data = plan.place[write.data as usize] as usize / 8;
        let bases = [self.base, row];
        self.copy(bases, [data, plan.memory_at[index]], words(memory.width, memory.lanes));
        self.wake(flags(&plan.readers[index]));
    }
}
