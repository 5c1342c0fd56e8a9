//! What the registers of a block take, what that changes, and who is woken by it.

use std::collections::{BTreeMap, HashMap, HashSet};

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{types, BlockArg, InstBuilder, MemFlagsData, Value};

use super::super::cheap::kept;
use super::super::plan::{flags, Plan};
use super::super::words::{Id, Op, State};
use super::emit::Unit;
use super::guard::{groups, Group};

/// The registers of a block while it is emitted.
pub(super) struct Registers {
    groups: Vec<Group>,
    /// Values that are computed with the registers that alone need them.
    is_guarded: HashSet<Id>,
    /// Groups by the last of the block's values that has to be there to decide them.
    after: HashMap<Option<Id>, Vec<usize>>,
    /// Registers that are read once more after they have been decided.
    is_read_later: HashSet<usize>,
    /// The bits that change.
    changed: BTreeMap<Change, Value>,
    /// What is to be stored last of all, and where.
    stores: Vec<(Value, i32)>,
}

/// Registers that wake the same units when they change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Edge(u32),
    /// Those of the block that are written in place, by number.
    Written(usize),
}

impl Registers {
    pub fn new(plan: &Plan, number: usize) -> Registers {
        let groups = groups(plan, number);
        let block = &plan.schedule.blocks[number];
        let place: HashMap<Id, usize> =
            block.nodes.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        let mut after: HashMap<Option<Id>, Vec<usize>> = HashMap::new();
        for (number, group) in groups.iter().enumerate() {
            let mut needs = kept(&plan.netlist, &plan.is_cheap, group.operands(plan));
            needs.retain(|id| !group.values.contains(id));
            let last = needs.into_iter().filter_map(|id| place.get(&id)).max();
            after.entry(last.map(|place| block.nodes[*place])).or_default().push(number);
        }
        let of_branches = groups.iter().filter(|group| group.is_guarded);
        let is_guarded = of_branches.flat_map(|group| group.values.iter().copied()).collect();
        let (changed, stores, is_read_later) = (BTreeMap::new(), Vec::new(), HashSet::new());
        let mut registers = Registers { groups, is_guarded, after, is_read_later, changed, stores };
        registers.find_read_later(plan, &block.nodes);
        registers
    }

    /// Goes through what is computed and decided from the last to the first.
    fn find_read_later(&mut self, plan: &Plan, nodes: &[Id]) {
        let mut is_read = HashSet::new();
        for id in nodes.iter().rev().map(|id| Some(*id)).chain([None]) {
            for group in self.after.get(&id).into_iter().flatten().rev().map(|group| &self.groups[*group]) {
                self.is_read_later.extend(group.states.iter().filter(|state| is_read.contains(*state)));
                is_read.extend(states_read(plan, group.operands(plan)));
            }
            if let Some(id) = id.filter(|id| !self.is_guarded.contains(id)) {
                is_read.extend(states_read(plan, plan.netlist.operands(id)));
            }
        }
    }

    /// Whether a value is computed with registers that alone need it.
    pub fn is_guarded(&self, id: Id) -> bool {
        self.is_guarded.contains(&id)
    }
}

/// The registers that are read to have some values.
fn states_read<'a>(plan: &'a Plan, ids: impl Iterator<Item = Id>) -> impl Iterator<Item = usize> + 'a {
    let state = |id: Id| match plan.netlist.nodes[id as usize].op {
        Op::State(state) => Some(state as usize),
        _ => None,
    };
    kept(&plan.netlist, &plan.is_cheap, ids).into_iter().filter_map(state)
}

impl Group {
    /// What its registers, and what is computed for them, are computed from.
    fn operands<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = Id> + 'a {
        let of_values = self.values.iter().flat_map(|id| plan.netlist.operands(*id));
        of_values.chain(self.states.iter().flat_map(|state| plan.netlist.states[*state].operands()))
    }
}

impl Unit<'_, '_, '_> {
    /// Decides the registers for which `id` was the last that had to be there.
    pub(super) fn decide_after(&mut self, id: Option<Id>, registers: &mut Registers) {
        for number in registers.after.remove(&id).into_iter().flatten() {
            let group = std::mem::take(&mut registers.groups[number]);
            match group.is_guarded {
                true => self.decide_guarded(&group, registers),
                false => group.states.iter().for_each(|state| self.decide(*state, registers)),
            }
        }
    }

    fn decide(&mut self, index: usize, registers: &mut Registers) {
        let state = &self.plan.netlist.states[index];
        let held = self.held(index);
        let mut taken = self.clean(state.next);
        if let Some(enable) = state.enable {
            let enable = self.condition(enable);
            taken = self.code.ins().select(enable, taken, held);
        }
        taken = self.reset(state, taken);
        self.take(index, held, taken, registers);
    }

    /// Decides registers in a branch, where they take something. Those that can be written there are.
    fn decide_guarded(&mut self, group: &Group, registers: &mut Registers) {
        let plan = self.plan;
        let first = &plan.netlist.states[group.states[0]];
        let controls = first.enable.into_iter().chain(first.reset.map(|reset| reset.0));
        let controls: Vec<Value> = controls.map(|id| self.clean(id)).collect();
        let takes = controls.into_iter().reduce(|a, b| self.code.ins().bor(a, b)).expect("an enable");
        let is_inside = |index: &usize| plan.is_in_place[*index] && !registers.is_read_later.contains(index);
        let (inside, outside): (Vec<usize>, Vec<usize>) =
            group.states.iter().partition(|index| is_inside(index));
        let held: Vec<Value> = outside.iter().map(|index| self.held(*index)).collect();
        let (body, after) = (self.code.create_block(), self.code.create_block());
        let taken: Vec<Value> =
            outside.iter().map(|_| self.code.append_block_param(after, types::I64)).collect();
        let arguments: Vec<BlockArg> = held.iter().map(|held| BlockArg::Value(*held)).collect();
        self.code.ins().brif(takes, body, &[], after, &arguments);
        self.code.switch_to_block(body);
        let before = self.so_far();
        group.values.iter().for_each(|id| self.compute(*id));
        let mut takes = |index: &usize| {
            let state = &plan.netlist.states[*index];
            let next = self.clean(state.next);
            self.reset(state, next)
        };
        let taken_outside: Vec<BlockArg> =
            outside.iter().map(|index| BlockArg::Value(takes(index))).collect();
        let taken_inside: Vec<Value> = inside.iter().map(takes).collect();
        self.write_in_place(&inside, &taken_inside);
        self.forget_since(before);
        self.code.ins().jump(after, &taken_outside);
        self.code.switch_to_block(after);
        for ((index, held), taken) in outside.into_iter().zip(held).zip(taken) {
            self.take(index, held, taken, registers);
        }
    }

    /// Writes registers in place, and wakes their users.
    fn write_in_place(&mut self, states: &[usize], taken: &[Value]) {
        let mut changed = BTreeMap::new();
        for (index, taken) in states.iter().zip(taken) {
            let held = self.held(*index);
            self.note(self.change_of(*index), held, *taken, &mut changed);
        }
        for (index, taken) in states.iter().zip(taken) {
            let at = self.next_at(*index);
            self.code.ins().store(MemFlagsData::trusted(), *taken, self.base, at);
        }
        self.wake_changed(&changed);
    }

    fn held(&mut self, index: usize) -> Value {
        self.load_word(8 * self.plan.state_at[index] as i32)
    }

    fn next_at(&self, index: usize) -> i32 {
        8 * self.plan.next_at[index] as i32
    }

    fn change_of(&self, index: usize) -> Change {
        match self.plan.is_in_place[index] {
            true => Change::Written(self.plan.written_of(self.block, index)),
            false => Change::Edge(self.plan.edge_of[index]),
        }
    }

    fn reset(&mut self, state: &State, taken: Value) -> Value {
        let Some((reset, value)) = state.reset else { return taken };
        let reset = self.condition(reset);
        let value = self.code.ins().iconst(types::I64, value as i64);
        self.code.ins().select(reset, value, taken)
    }

    /// Stores what a register takes, now or at the end, and notes what that changes.
    fn take(&mut self, index: usize, held: Value, taken: Value, registers: &mut Registers) {
        let at = self.next_at(index);
        match self.plan.is_in_place[index] && registers.is_read_later.contains(&index) {
            true => registers.stores.push((taken, at)),
            false => drop(self.code.ins().store(MemFlagsData::trusted(), taken, self.base, at)),
        }
        self.note(self.change_of(index), held, taken, &mut registers.changed);
    }

    /// Adds the bits that change.
    fn note(&mut self, change: Change, held: Value, taken: Value, all: &mut BTreeMap<Change, Value>) {
        let mut changed = self.code.ins().bxor(held, taken);
        if let Some(others) = all.get(&change) {
            changed = self.code.ins().bor(changed, *others);
        }
        all.insert(change, changed);
    }

    /// Stores what had to wait, and wakes whom the registers wake.
    pub(super) fn finish(&mut self, registers: &Registers) {
        for (taken, at) in &registers.stores {
            self.code.ins().store(MemFlagsData::trusted(), *taken, self.base, *at);
        }
        self.wake_changed(&registers.changed);
    }

    /// Sets the flags of edges some of whose bits change, and of units that are to wake at the edge.
    fn wake_changed(&mut self, changed: &BTreeMap<Change, Value>) {
        let mut by_word: BTreeMap<usize, Vec<(u64, Value)>> = BTreeMap::new();
        for (change, changed) in changed {
            let (first, flags) = match change {
                Change::Edge(edge) => (self.plan.pending, flags(&[*edge])),
                Change::Written(number) => {
                    (self.plan.later, flags(&self.plan.written[self.block][*number].wakes))
                }
            };
            if flags.is_empty() {
                continue;
            }
            let is_any = self.code.ins().icmp_imm_u(IntCC::NotEqual, *changed, 0);
            let is_any = self.code.ins().uextend(types::I64, is_any);
            for (word, bits) in flags {
                by_word.entry(first + word).or_default().push((bits, is_any));
            }
        }
        for (word, changes) in by_word {
            let mut all = self.load_word(8 * word as i32);
            for (bits, is_any) in changes {
                let flags = match bits.is_power_of_two() {
                    true => self.code.ins().ishl_imm_u(is_any, i64::from(bits.trailing_zeros())),
                    false => {
                        let mask = self.code.ins().ineg(is_any);
                        self.code.ins().band_imm_u(mask, bits as i64)
                    }
                };
                all = self.code.ins().bor(all, flags);
            }
            self.code.ins().store(MemFlagsData::trusted(), all, self.base, 8 * word as i32);
        }
    }
}
