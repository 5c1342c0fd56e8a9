//! Registers, and the edges that move what they take into them.
//!
//! Most edges move a word or two, and wake units whose flags lie in a word or two: these are *simple*, and for each as many
//! words are moved as the longest has. A word behind it is the next register's of the same block, which then takes early what
//! it takes anyway, or is spare. Registers with lanes have two words or more, so nothing is moved behind them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{flags, words, Plan, NONE};

/// Registers of one block, side by side, that wake the same units when they change.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    /// Where they lie.
    pub states: Range<usize>,
    /// Where what they take lies.
    pub next: usize,
    /// Words and bits of the units' flags.
    pub wakes: Vec<(usize, u64)>,
}

impl Edge {
    /// The most words that a simple edge moves.
    pub const MOST_WORDS: usize = 2;
    /// The most words of flags in which it wakes units.
    pub const MOST_WAKES: usize = 2;

    /// Whether it is short, with few to wake.
    pub fn is_simple(&self) -> bool {
        self.states.len() <= Edge::MOST_WORDS && self.wakes.len() <= Edge::MOST_WAKES
    }
}

impl Plan {
    pub(super) fn place_states(&mut self, users: &[Vec<u32>]) {
        for block in 0..self.schedule.blocks.len() {
            let all = self.schedule.blocks[block].states.clone();
            let (written, states): (Vec<u32>, Vec<u32>) =
                all.into_iter().partition(|state| self.is_in_place[*state as usize]);
            self.place_written(written, users);
            let size = |plan: &Plan, state: u32| {
                let state = &plan.netlist.states[state as usize];
                words(state.width, state.lanes)
            };
            let all: usize = states.iter().map(|state| size(self, *state)).sum();
            let mut groups: BTreeMap<&[u32], Vec<u32>> = BTreeMap::new();
            for state in &states {
                groups.entry(&users[*state as usize]).or_default().push(*state);
            }
            let is_single = !states.is_empty() && !self.schedule.blocks[block].has_lanes;
            let spare = if is_single { Edge::MOST_WORDS - 1 } else { 0 };
            let (first, next) = (self.take(all + spare), self.take(all + spare));
            let mut offset = 0;
            for (wakes, states) in groups {
                let start = offset;
                for state in states {
                    self.state_at[state as usize] = first + offset;
                    self.next_at[state as usize] = next + offset;
                    self.edge_of[state as usize] = self.edges.len() as u32;
                    offset += size(self, state);
                }
                let range = first + start..first + offset;
                self.edges.push(Edge {
                    states: range,
                    next: next + start,
                    wakes: flags(wakes).into_iter().collect(),
                });
            }
        }
    }

    /// Those that are simple come first.
    pub(super) fn sort_edges(&mut self) {
        let mut order: Vec<usize> = (0..self.edges.len()).collect();
        order.sort_by_key(|edge| !self.edges[*edge].is_simple());
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, from)| place[*from] = to as u32);
        self.edges = order.iter().map(|edge| self.edges[*edge].clone()).collect();
        let of_states = self.edge_of.iter_mut().filter(|edge| **edge != NONE);
        of_states.for_each(|edge| *edge = place[*edge as usize]);
    }
}
