//! What need not be computed while a register is held: the values that only its next value depends on.
//!
//! They are computed in a branch, where the register is enabled or reset. A block is evaluated again whenever its enable
//! changes, so what was left out is made up for in time.

use std::collections::HashMap;

use super::super::cheap::kept;
use super::super::plan::Plan;
use super::super::words::Id;

/// Fewer values than this cost less than a branch that is not foreseen.
const FEWEST: usize = 6;

/// By register of a block, the values of the block that are computed only where it takes something, in order.
pub(super) fn guarded(plan: &Plan, block: usize) -> HashMap<usize, Vec<Id>> {
    let netlist = &plan.netlist;
    let mut owners = Owners { plan, of: HashMap::new() };
    plan.exports[block].iter().for_each(|export| owners.claim(Owner::Others, export.values.iter().copied()));
    let block = &plan.schedule.blocks[block];
    for index in block.states.iter().map(|state| *state as usize) {
        let state = &netlist.states[index];
        let by = if state.enable.is_some() { Owner::Next(index) } else { Owner::Others };
        owners.claim(by, [state.next].into_iter());
        owners.claim(Owner::Others, state.enable.into_iter().chain(state.reset.map(|reset| reset.0)));
    }
    let mut guarded: HashMap<usize, Vec<Id>> = HashMap::new();
    for id in block.nodes.iter().rev() {
        let by = owners.of.get(id).copied().unwrap_or(Owner::Others);
        owners.claim(by, netlist.operands(*id));
        if let Owner::Next(state) = by {
            guarded.entry(state).or_default().push(*id);
        }
    }
    guarded.retain(|_, values| values.len() >= FEWEST);
    guarded.values_mut().for_each(|values| values.reverse());
    guarded
}

/// Who uses a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// Only what a register takes.
    Next(usize),
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
