//! Registers that take something in the same cycles, and what need not be computed in the others: the values that only
//! what they take depends on.
//!
//! It is done in a branch, where the registers are enabled or reset. A block is evaluated again whenever its enable
//! changes, so what was left out is made up for in time.

use std::collections::{BTreeMap, HashMap};

use super::super::cheap::kept;
use super::super::plan::Plan;
use super::super::words::Id;

/// What a branch that is not foreseen costs, in values.
const BRANCH: usize = 9;

/// What it costs, in values, to decide a register.
const REGISTER: usize = 3;

/// Registers of a block that are decided together.
#[derive(Default)]
pub(super) struct Group {
    pub states: Vec<usize>,
    /// What is computed only for them, in order.
    pub values: Vec<Id>,
    /// Whether that is done in a branch.
    pub is_guarded: bool,
}

/// The registers of a block, each in one group; those that are in no branch are alone.
pub(super) fn groups(plan: &Plan, block: usize) -> Vec<Group> {
    let netlist = &plan.netlist;
    let mut owners = Owners { plan, of: HashMap::new() };
    plan.exports[block].iter().for_each(|export| owners.claim(Owner::Others, export.values.iter().copied()));
    let block = &plan.schedule.blocks[block];
    let mut groups: Vec<Group> = Vec::new();
    let mut by_control: BTreeMap<(Id, Option<Id>, Option<usize>), usize> = BTreeMap::new();
    for index in block.states.iter().map(|state| *state as usize) {
        let state = &netlist.states[index];
        let reset = state.reset.map(|reset| reset.0);
        owners.claim(Owner::Others, state.enable.into_iter().chain(reset));
        let Some(enable) = state.enable else {
            owners.claim(Owner::Others, [state.next].into_iter());
            groups.push(Group { states: vec![index], ..Group::default() });
            continue;
        };
        // What is moved at the edge has to be there even where it is held, so that less is gained.
        let alone = (!plan.is_in_place[index]).then_some(index);
        let number = *by_control.entry((enable, reset, alone)).or_insert(groups.len());
        if number == groups.len() {
            groups.push(Group { is_guarded: true, ..Group::default() });
        }
        groups[number].states.push(index);
        owners.claim(Owner::Group(number), [state.next].into_iter());
    }
    for id in block.nodes.iter().rev() {
        let by = owners.of.get(id).copied().unwrap_or(Owner::Others);
        owners.claim(by, netlist.operands(*id));
        if let Owner::Group(number) = by {
            groups[number].values.push(*id);
        }
    }
    groups.into_iter().flat_map(Group::worth_while).collect()
}

impl Group {
    /// The group, or where a branch would cost more than it saves, its registers alone.
    fn worth_while(mut self) -> Vec<Group> {
        if !self.is_guarded || self.values.len() + REGISTER * self.states.len() < BRANCH {
            let alone = |state| Group { states: vec![state], ..Group::default() };
            return self.states.into_iter().map(alone).collect();
        }
        self.values.reverse();
        vec![self]
    }
}

/// Who uses a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// Only what the registers of a group take.
    Group(usize),
    /// Something else, or several.
    Others,
}

/// By value.
struct Owners<'a> {
    plan: &'a Plan,
    of: HashMap<Id, Owner>,
}

impl Owners<'_> {
    /// Notes that `by` needs some values.
    fn claim(&mut self, by: Owner, values: impl Iterator<Item = Id>) {
        for id in kept(&self.plan.netlist, &self.plan.is_cheap, values) {
            let known = self.of.entry(id).or_insert(by);
            if *known != by {
                *known = Owner::Others;
            }
        }
    }
}
