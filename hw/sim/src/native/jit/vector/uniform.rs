//! What is the same in all chunks of a segment, computed once before them.

use std::collections::HashMap;

use cranelift_codegen::ir::{types, InstBuilder, Value};

use super::super::super::words::{bytes, ones, Id, Op};
use super::super::{offset, scalar};
use super::{lane, vector, Fused};

/// What is the same in all chunks.
#[derive(Default)]
pub(super) struct Uniform {
    pub splats: HashMap<Id, Value>,
    /// Addresses of memories' rows, less those of the memories.
    pub rows: HashMap<Id, Value>,
    /// All bits of a lane of a size, where a bit is set that is the same for all lanes.
    pub controls: HashMap<(Id, u32), Value>,
    /// Reset values, by register.
    pub resets: HashMap<usize, Value>,
    /// The bits of a width, by width.
    pub width_masks: HashMap<u32, Value>,
}

impl Fused<'_, '_> {
    /// What is the same in all chunks, computed before them.
    pub(super) fn uniform(&mut self) -> Uniform {
        let mut uniform = Uniform::default();
        for id in &self.segment.nodes {
            let node = self.plan.netlist.nodes[*id as usize];
            let size = bytes(node.width);
            uniform.width_masks.insert(node.width, self.mask(node.width));
            match node.op {
                Op::Splat(a) => {
                    let value = self.scalar(a);
                    uniform.splats.insert(*id, self.splat(value, size));
                }
                Op::Load { memory, addr, .. } if self.plan.netlist.lanes(addr) == 1 => {
                    let of = &self.plan.netlist.memories[memory as usize];
                    let (addr, end) =
                        (self.scalar(addr), self.code.ins().iconst(types::I64, i64::from(of.depth)));
                    let entry = self.code.ins().umin(addr, end);
                    let offset = offset(&mut self.code, entry, of.stride());
                    uniform.rows.insert(*id, self.code.ins().iadd(self.base, offset));
                }
                Op::Mux(select, ..) => {
                    if let Some(bit) = self.splatted(select) {
                        uniform.controls.insert((select, size), self.control(bit, size));
                    }
                }
                _ => {}
            }
        }
        for state in &self.segment.states {
            let of = &self.plan.netlist.states[*state];
            let size = bytes(of.width);
            for control in [of.enable, of.reset.map(|reset| reset.0)].into_iter().flatten() {
                if self.plan.netlist.lanes(control) == 1 {
                    uniform.controls.insert((control, size), self.control(control, size));
                }
            }
            if let Some((_, value)) = of.reset {
                let value = self.code.ins().iconst(types::I64, value as i64);
                uniform.resets.insert(*state, self.splat(value, size));
            }
        }
        uniform
    }

    /// The bit that is the same in all lanes of a value, which the segment computes.
    fn splatted(&self, id: Id) -> Option<Id> {
        match self.plan.netlist.nodes[id as usize].op {
            Op::Splat(bit) if self.segment.nodes.contains(&id) => Some(bit),
            _ => None,
        }
    }

    fn control(&mut self, bit: Id, size: u32) -> Value {
        let bit = self.scalar(bit);
        let all = self.code.ins().ineg(bit);
        self.splat(all, size)
    }

    fn mask(&mut self, width: u32) -> Value {
        let mask = self.code.ins().iconst(types::I64, ones(width) as i64);
        self.splat(mask, bytes(width))
    }

    fn splat(&mut self, value: Value, size: u32) -> Value {
        let value = match size {
            8 => value,
            size => self.code.ins().ireduce(lane(size), value),
        };
        self.code.ins().splat(vector(size), value)
    }

    /// A value without lanes.
    pub(super) fn scalar(&mut self, id: Id) -> Value {
        scalar(&mut self.code, self.base, self.plan, id)
    }
}
