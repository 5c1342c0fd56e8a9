//! Registers that are written in place: all that read one are evaluated before the block that decides it, or in that block
//! before it does, and only once a cycle. What it takes is stored where it is held, and nothing is left for the edge.
//!
//! Their users are woken for the next cycle, by flags that become those of the units at the edge.
//!
//! A register with lanes that is never held *shares* the place of the value that it takes: that is stored, and compared with
//! what was there, once for both. As nothing reads the register after that, nothing sees it too early.

use std::collections::{BTreeMap, BTreeSet};

use super::super::schedule::Block;
use super::super::words::{Id, Op, State};
use super::users::Users;
use super::{words, Plan, FLAGS};

/// Registers of a block that wake the same units when they change.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub states: Vec<u32>,
    /// The units' numbers.
    pub wakes: Vec<u32>,
}

impl Plan {
    /// By register: whether it is written in place.
    pub(super) fn find_in_place(&mut self, users: &Users) {
        for (number, block) in self.schedule.blocks.iter().enumerate().skip(self.schedule.shown) {
            for state in &block.states {
                let is_read_before =
                    users.states[*state as usize].last().is_none_or(|unit| *unit <= number as u32);
                self.is_in_place[*state as usize] = is_read_before && !self.is_read_aside(block, *state);
            }
        }
    }

    /// Finds the values that share their places with registers.
    pub(super) fn find_shared(&mut self) {
        for block in self.schedule.blocks.iter().filter(|block| block.has_lanes) {
            for state in block.states.iter().filter(|state| self.is_in_place[**state as usize]) {
                let Some(value) = self.shared_with(block, *state) else { continue };
                self.shared.entry(value).or_insert(*state);
            }
        }
    }

    /// The value that a register takes, if it may share its place: nothing but that value may depend on the register in
    /// its block, or it might be read after the value has been stored.
    pub(super) fn shared_with(&self, block: &Block, state: u32) -> Option<Id> {
        let State { next, enable, reset, .. } = self.netlist.states[state as usize];
        let is_always = enable.is_none() && reset.is_none();
        let op = |id: Id| self.netlist.nodes[id as usize].op;
        let is_state = |id: Id| op(op(id).lane_of().map_or(id, |(of, _)| of)) == Op::State(state);
        let reads = |id: &Id| *id != next && self.netlist.operands(*id).any(is_state);
        let is_free = block.nodes.contains(&next) && !block.nodes.iter().any(reads);
        let is_gathered = matches!(op(next), Op::Gather(_));
        (is_always && is_free && !is_gathered).then_some(next)
    }

    /// Whether something in a register's own block with lanes reads other lanes of it than it computes, or another register
    /// takes it: they might find it changed.
    fn is_read_aside(&self, block: &Block, state: u32) -> bool {
        let op = |id: Id| self.netlist.nodes[id as usize].op;
        let is_state = |id: Id| op(id) == Op::State(state);
        let is_aside = |id: Id| op(id).lane_of().is_some_and(|(of, _)| is_state(of));
        // What is gathered is put together before anything is written.
        let nodes = block.nodes.iter().filter(|id| !matches!(op(**id), Op::Gather(_)));
        let mut of_nodes = nodes.flat_map(|id| self.netlist.operands(*id));
        let mut of_states = block.states.iter().flat_map(|other| {
            self.netlist.states[*other as usize].operands().map(move |operand| (*other, operand))
        });
        let takes = |(other, id): (u32, Id)| is_aside(id) || (other != state && is_state(id));
        block.has_lanes && (of_nodes.any(is_aside) || of_states.any(takes))
    }

    /// The number of the group of a register that is written in place, among those of its block.
    pub fn written_of(&self, block: usize, state: usize) -> usize {
        let number = self.written[block].iter().position(|of| of.states.contains(&(state as u32)));
        number.expect("a register of the block that is written in place")
    }

    /// The words of the units' flags that may be set at the edge, ascending.
    pub fn woken_later(&self) -> BTreeSet<usize> {
        let wakes = self.written.iter().flatten().flat_map(|of| &of.wakes);
        wakes.map(|unit| *unit as usize / FLAGS).collect()
    }

    /// Gives the registers of a block that are written in place their places.
    pub(super) fn place_written(&mut self, states: Vec<u32>, users: &[Vec<u32>]) {
        let mut groups: BTreeMap<&[u32], Vec<u32>> = BTreeMap::new();
        for state in states {
            let of = &self.netlist.states[state as usize];
            let size = words(of.width, of.lanes);
            self.state_at[state as usize] = self.take(size);
            self.next_at[state as usize] = self.state_at[state as usize];
            groups.entry(&users[state as usize]).or_default().push(state);
        }
        let written = groups.into_iter().map(|(wakes, states)| Written { states, wakes: wakes.to_vec() });
        self.written.push(written.collect());
    }
}
