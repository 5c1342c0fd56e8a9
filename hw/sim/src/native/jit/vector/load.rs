//! Reads of memories at an address of each lane's own: lane by lane.

use cranelift_codegen::ir::{types, InstBuilder};

use super::super::super::words::{bytes, ones, Id};
use super::super::{load_bytes, offset};
use super::{lane, vector, Fused, Parts};

impl Fused<'_, '_> {
    /// The lanes of a memory, each of the entry at its own address.
    pub(super) fn loaded(&mut self, memory: u32, addr: Id) -> Parts {
        let of = &self.plan.netlist.memories[memory as usize];
        let at = 8 * self.plan.memory_at[memory as usize] as u32;
        let (size, width) = (of.bytes(), self.plan.netlist.width(addr));
        let (addr_size, addresses) = (bytes(width), self.clean(addr));
        let mut parts = Parts::new();
        for number in 0..self.lanes() {
            let (part, place) = (number * addr_size / 16, number % (16 / addr_size));
            let mut entry = self.extracted(addresses[part as usize], place as u8, addr_size);
            if ones(width) > u64::from(of.depth) {
                let end = self.code.ins().iconst(types::I64, i64::from(of.depth));
                entry = self.code.ins().umin(entry, end);
            }
            let row = offset(&mut self.code, entry, of.stride());
            let row = self.code.ins().iadd(self.base, row);
            let value = load_bytes(&mut self.code, size, row, (at + number * size) as i32);
            let place = number % (16 / size);
            match parts.last_mut() {
                Some(part) if place > 0 => {
                    let value = if size == 8 { value } else { self.code.ins().ireduce(lane(size), value) };
                    *part = self.code.ins().insertlane(*part, value, place as u8);
                }
                _ => {
                    let first = self.code.ins().scalar_to_vector(types::I64X2, value);
                    parts.push(self.cast(first, vector(size)));
                }
            }
        }
        parts
    }
}
