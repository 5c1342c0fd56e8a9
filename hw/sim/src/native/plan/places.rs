//! Where inputs, values and memories are.

use std::collections::BTreeMap;

use super::super::cheap::for_lanes;
use super::super::words::{bytes, Id, Op};
use super::{flags, words, Export, Plan};

impl Plan {
    pub(super) fn place_inputs(&mut self, users: Vec<Vec<u32>>) {
        for wakes in users {
            let at = self.take(1);
            self.inputs.push((at, flags(&wakes).into_iter().collect()));
        }
    }

    pub(super) fn place_leaves(&mut self) {
        let is_for_lanes = for_lanes(&self.netlist);
        for (id, is_for_lanes) in is_for_lanes.into_iter().enumerate() {
            let at = match self.netlist.nodes[id].op {
                Op::Input(word) => self.inputs[word as usize].0,
                Op::State(state) => self.state_at[state as usize],
                Op::Const(value) if is_for_lanes => {
                    let at = self.take(1);
                    self.constants.push((at, value));
                    at
                }
                _ => continue,
            };
            self.place[id] = 8 * at as u32;
        }
    }

    pub(super) fn place_exports(&mut self, users: &[Vec<u32>]) {
        let mut is_output = vec![false; self.netlist.nodes.len()];
        self.netlist.outputs.iter().flatten().for_each(|id| is_output[*id as usize] = true);
        for block in 0..self.schedule.blocks.len() {
            let nodes = self.schedule.blocks[block].nodes.clone();
            let mut groups: BTreeMap<&[u32], Vec<Id>> = BTreeMap::new();
            for id in nodes {
                let node = self.netlist.nodes[id as usize];
                let is_exported = is_output[id as usize] || !users[id as usize].is_empty();
                if let Some(state) = self.shared.get(&id) {
                    self.place[id as usize] = 8 * self.state_at[*state as usize] as u32;
                } else if is_exported || node.lanes > 1 {
                    self.place[id as usize] = 8 * self.take(words(node.width, node.lanes)) as u32;
                }
                if is_exported {
                    groups.entry(&users[id as usize]).or_default().push(id);
                }
            }
            let exports = groups.into_iter().map(|(wakes, values)| Export { values, wakes: wakes.to_vec() });
            self.exports.push(exports.collect());
        }
    }

    /// Lanes of a value are where the value is.
    pub(super) fn place_aliases(&mut self) {
        for id in 0..self.netlist.nodes.len() {
            let node = &self.netlist.nodes[id];
            if let Some((of, lane)) = node.op.lane_of() {
                self.place[id] = self.place[of as usize] + lane * bytes(node.width);
            }
        }
    }

    /// A memory has one entry more than its depth: it stays 0, and stands for all beyond the end.
    pub(super) fn place_memories(&mut self) {
        for index in 0..self.netlist.memories.len() {
            let memory = &self.netlist.memories[index];
            let bytes = (memory.depth as usize + 1) * memory.stride() as usize;
            let at = self.take(bytes.div_ceil(8));
            self.memory_at.push(at);
        }
    }
}
