//! Values without lanes that become the lanes of one, before everything else in a segment: they do not depend on it.
//!
//! Eight bytes of lanes are put together in a register, and vectors of two of those. Buses along rows and columns give the
//! same eight bytes again and again: what is known already is not made twice.

use std::collections::HashMap;

use cranelift_codegen::ir::{types, InstBuilder, Value};

use super::super::super::words::{bytes, Id, Op, CHUNK};
use super::changes::Valid;
use super::{vector, Fused};

/// What has been put together so far.
#[derive(Default)]
struct Made {
    scalars: HashMap<Id, Value>,
    /// By the lanes that they hold, and their size.
    halves: HashMap<(Vec<Id>, u32), Value>,
}

impl Fused<'_, '_> {
    /// Puts the gathered values of the segment together. Where there are several chunks they are stored, for the
    /// chunks to load.
    pub(super) fn gather(&mut self) {
        let mut made = Made::default();
        for id in &self.segment.nodes {
            let node = self.plan.netlist.nodes[*id as usize];
            let Op::Gather(list) = node.op else { continue };
            let (mut list, size) = (self.plan.netlist.lists[list as usize].clone(), bytes(node.width));
            // Behind the last lane may be anything.
            list.resize(list.len().next_multiple_of(16 / size as usize), list[list.len() - 1]);
            if node.lanes > CHUNK {
                list.resize(list.len().next_multiple_of(CHUNK as usize), list[list.len() - 1]);
            }
            let parts: Vec<Value> =
                list.chunks(16 / size as usize).map(|lanes| self.gathered(lanes, size, &mut made)).collect();
            match node.lanes <= CHUNK {
                true => drop(self.known.insert(*id, parts)),
                false => self.keep_gathered(*id, &parts, size),
            }
        }
    }

    /// Whether a value is there before the chunks are.
    pub(super) fn is_gathered_before(&self, id: Id) -> bool {
        let node = &self.plan.netlist.nodes[id as usize];
        matches!(node.op, Op::Gather(_)) && node.lanes > CHUNK
    }

    fn gathered(&mut self, lanes: &[Id], size: u32, made: &mut Made) -> Value {
        let [low, high] = [0, 1].map(|half| &lanes[half * lanes.len() / 2..][..lanes.len() / 2]);
        let low_bytes = self.half(low, size, made);
        let both = self.code.ins().splat(types::I64X2, low_bytes);
        let both = match low == high {
            true => both,
            false => {
                let high_bytes = self.half(high, size, made);
                self.code.ins().insertlane(both, high_bytes, 1)
            }
        };
        self.cast(both, vector(size))
    }

    /// Eight bytes of lanes.
    fn half(&mut self, lanes: &[Id], size: u32, made: &mut Made) -> Value {
        if let Some(half) = made.halves.get(&(lanes.to_vec(), size)) {
            return *half;
        }
        let is_one = lanes.iter().all(|id| *id == lanes[0]);
        let mut half = self.once(lanes[0], made);
        if is_one && lanes.len() > 1 {
            let everywhere = u64::MAX / ((1u128 << (8 * size)) - 1) as u64;
            half = self.code.ins().imul_imm_u(half, everywhere as i64);
        } else {
            for (id, place) in lanes.iter().zip(0..).skip(1) {
                let lane = self.once(*id, made);
                let moved = self.code.ins().ishl_imm_u(lane, i64::from(8 * size * place));
                half = self.code.ins().bor(half, moved);
            }
        }
        made.halves.insert((lanes.to_vec(), size), half);
        half
    }

    fn once(&mut self, id: Id, made: &mut Made) -> Value {
        if let Some(value) = made.scalars.get(&id) {
            return *value;
        }
        let value = self.scalar(id);
        made.scalars.insert(id, value);
        value
    }

    /// Stores all chunks of a value, and notes what changes.
    fn keep_gathered(&mut self, id: Id, parts: &[Value], size: u32) {
        let lanes = self.plan.netlist.lanes(id);
        // No register lies where a gathered value does, so only an export may change.
        let change = self.change_of(id);
        for (part, value) in (0..).zip(parts) {
            let at = self.plan.place[id as usize] + 16 * part;
            if let Some(change) = change {
                let valid = self.valid_of((lanes * size).saturating_sub(16 * part).min(16));
                let old = self.code.ins().load(vector(size), super::super::unaligned(), self.base, at as i32);
                self.compare_part(&[change], old, *value, valid);
            }
            self.code.ins().store(super::super::unaligned(), *value, self.base, at as i32);
        }
    }

    /// The first bytes of a vector, where all chunks are known.
    fn valid_of(&mut self, bytes: u32) -> Valid {
        match bytes {
            0 => Valid::None,
            16 => Valid::All,
            bytes => Valid::Some(self.first_bytes(bytes)),
        }
    }
}
