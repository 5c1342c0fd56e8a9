//! What the registers of a block take, and which edges change them.

use std::collections::{BTreeMap, HashMap, HashSet};

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{types, InstBuilder, MemFlagsData, Value};

use super::super::cheap::kept;
use super::super::plan::{flags, Plan, FLAGS};
use super::super::words::{Id, State};
use super::emit::Unit;
use super::guard;

/// The registers of a block while it is emitted.
pub(super) struct Registers {
    /// By register, values that are computed where it takes something only.
    guarded: HashMap<usize, Vec<Id>>,
    is_guarded: HashSet<Id>,
    /// Registers by the last of the block's values that has to be there to decide them.
    after: HashMap<Option<Id>, Vec<usize>>,
    /// By edge, the bits of its registers that change.
    changed: BTreeMap<u32, Value>,
}

impl Registers {
    pub fn new(plan: &Plan, block: usize) -> Registers {
        let guarded = guard::guarded(plan, block);
        let block = &plan.schedule.blocks[block];
        let place: HashMap<Id, usize> =
            block.nodes.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        let mut after: HashMap<Option<Id>, Vec<usize>> = HashMap::new();
        for state in block.states.iter().map(|state| *state as usize) {
            let aside = guarded.get(&state).map_or(&[][..], |values| values);
            let of_aside = aside.iter().flat_map(|id| plan.netlist.operands(*id));
            let operands = plan.netlist.states[state].operands().chain(of_aside);
            let mut needs = kept(&plan.netlist, &plan.is_cheap, operands);
            needs.retain(|id| !aside.contains(id));
            let last = needs.into_iter().filter_map(|id| place.get(&id)).max();
            after.entry(last.map(|place| block.nodes[*place])).or_default().push(state);
        }
        let is_guarded = guarded.values().flatten().copied().collect();
        Registers { guarded, is_guarded, after, changed: BTreeMap::new() }
    }

    /// Whether a value is computed with a register that alone needs it.
    pub fn is_guarded(&self, id: Id) -> bool {
        self.is_guarded.contains(&id)
    }
}

impl Unit<'_, '_, '_> {
    /// Decides the registers for which `id` was the last that had to be there.
    pub(super) fn decide_after(&mut self, id: Option<Id>, registers: &mut Registers) {
        for state in registers.after.remove(&id).into_iter().flatten() {
            self.decide(state, registers);
        }
    }

    /// Stores what a register takes at the next edge, and adds the bits that change to those of its edge. What only
    /// it needs is computed where it takes something.
    fn decide(&mut self, index: usize, registers: &mut Registers) {
        let state = &self.plan.netlist.states[index];
        let held = self.load_word(8 * self.plan.state_at[index] as i32);
        let taken = match (registers.guarded.get(&index), state.enable) {
            (Some(guarded), Some(enable)) => self.taken_where(state, enable, held, guarded),
            _ => self.taken(state, held),
        };
        self.code.ins().store(MemFlagsData::trusted(), taken, self.base, 8 * self.plan.next_at[index] as i32);
        let mut changed = self.code.ins().bxor(held, taken);
        if let Some(others) = registers.changed.get(&self.plan.edge_of[index]) {
            changed = self.code.ins().bor(changed, *others);
        }
        registers.changed.insert(self.plan.edge_of[index], changed);
    }

    fn taken(&mut self, state: &State, held: Value) -> Value {
        let mut taken = self.clean(state.next);
        if let Some(enable) = state.enable {
            let enable = self.condition(enable);
            taken = self.code.ins().select(enable, taken, held);
        }
        if let Some((reset, value)) = state.reset {
            let reset = self.condition(reset);
            let value = self.code.ins().iconst(types::I64, value as i64);
            taken = self.code.ins().select(reset, value, taken);
        }
        taken
    }

    fn taken_where(&mut self, state: &State, enable: Id, held: Value, guarded: &[Id]) -> Value {
        let mut takes = self.clean(enable);
        if let Some((reset, _)) = state.reset {
            let reset = self.clean(reset);
            takes = self.code.ins().bor(takes, reset);
        }
        let (body, after) = (self.code.create_block(), self.code.create_block());
        let taken = self.code.append_block_param(after, types::I64);
        self.code.ins().brif(takes, body, &[], after, &[held.into()]);
        self.code.switch_to_block(body);
        let before = self.so_far();
        guarded.iter().for_each(|id| self.compute(*id));
        let mut inside = self.clean(state.next);
        if let Some((reset, value)) = state.reset {
            let reset = self.condition(reset);
            let value = self.code.ins().iconst(types::I64, value as i64);
            inside = self.code.ins().select(reset, value, inside);
        }
        self.forget_since(before);
        self.code.ins().jump(after, &[inside.into()]);
        self.code.switch_to_block(after);
        taken
    }

    /// Sets the flags of edges some of whose bits change.
    pub(super) fn note_edges(&mut self, registers: &Registers) {
        let edges = &registers.changed;
        let numbers: Vec<u32> = edges.keys().copied().collect();
        for word in flags(&numbers).into_keys() {
            let mut all = self.load_word(8 * (self.plan.pending + word) as i32);
            for (edge, changed) in edges.iter().filter(|(edge, _)| **edge as usize / FLAGS == word) {
                let is_any = self.code.ins().icmp_imm_u(IntCC::NotEqual, *changed, 0);
                let is_any = self.code.ins().uextend(types::I64, is_any);
                let flag = self.code.ins().ishl_imm_u(is_any, i64::from(edge % FLAGS as u32));
                all = self.code.ins().bor(all, flag);
            }
            let at = 8 * (self.plan.pending + word) as i32;
            self.code.ins().store(MemFlagsData::trusted(), all, self.base, at);
        }
    }
}
