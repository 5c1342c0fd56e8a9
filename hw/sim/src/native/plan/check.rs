//! The definition of a legal layout: nothing lies on anything else, and who needs something is woken when it changes.
//!
//! It is said from the side of who needs something, a unit at a time; the layout was made from the side of what is needed.

#[cfg(test)]
mod test;

use std::collections::{HashMap, HashSet};

use super::super::schedule::Block;
use super::super::words::{Id, Op};
use super::{words, Edge, Plan, Unit, Written, FLAGS, NONE};

impl Plan {
    /// What is wrong with it, if anything.
    pub fn check(&self) -> Result<(), String> {
        self.check_places()?;
        self.check_edges()?;
        self.check_written()?;
        let exported: HashSet<(Id, u32)> = (self.exports.iter().flatten())
            .flat_map(|export| {
                export.values.iter().flat_map(|id| export.wakes.iter().map(|unit| (*id, *unit)))
            })
            .collect();
        (0..self.units).try_for_each(|unit| self.check_unit(unit, &exported))?;
        self.schedule.blocks.iter().try_for_each(|block| self.check_in_block(block))
    }

    /// Words that are taken, and by what.
    fn taken(&self) -> Vec<(usize, usize, String)> {
        let netlist = &self.netlist;
        let mut taken = vec![
            (0, self.units.div_ceil(FLAGS), "flags of units".to_owned()),
            (self.pending, self.edges.len().div_ceil(FLAGS), "flags of edges".to_owned()),
            (self.later, self.first_memory / FLAGS, "flags of units to come".to_owned()),
            (self.scratch, 3 * self.longest, "scratch".to_owned()),
        ];
        taken.extend(self.inputs.iter().enumerate().map(|(i, (at, _))| (*at, 1, format!("input {i}"))));
        taken.extend(self.constants.iter().map(|(at, value)| (*at, 1, format!("constant {value}"))));
        for (index, state) in netlist.states.iter().enumerate() {
            let size = words(state.width, state.lanes);
            taken.push((self.state_at[index], size, format!("register {index}")));
            if !self.is_in_place[index] {
                taken.push((self.next_at[index], size, format!("what register {index} takes")));
            }
        }
        for (index, memory) in netlist.memories.iter().enumerate() {
            let bytes = (memory.depth as usize + 1) * memory.stride() as usize;
            taken.push((self.memory_at[index], bytes.div_ceil(8), format!("memory {index}")));
        }
        for (id, node) in netlist.nodes.iter().enumerate() {
            let is_alias =
                node.op.is_leaf() || node.op.lane_of().is_some() || self.shared.contains_key(&(id as Id));
            if self.place[id] != NONE && !is_alias {
                taken.push((
                    self.place[id] as usize / 8,
                    words(node.width, node.lanes),
                    format!("value {id}"),
                ));
            }
        }
        taken.retain(|(_, size, _)| *size > 0);
        taken
    }

    fn check_places(&self) -> Result<(), String> {
        let mut taken = self.taken();
        taken.sort();
        for pair in taken.windows(2) {
            let [(at, size, what), (next, _, other)] = pair else { continue };
            if at + size > *next {
                return Err(format!("{other} lies on {what}, at word {next}"));
            }
        }
        match taken.last() {
            Some((at, size, what)) if at + size > self.words => {
                Err(format!("{what} ends behind the {} words of the array", self.words))
            }
            _ => Ok(()),
        }
    }

    /// Whether what is moved behind a simple edge may be.
    fn check_edges(&self) -> Result<(), String> {
        let registers: HashMap<usize, usize> =
            self.state_at.iter().copied().zip(self.next_at.iter().copied()).collect();
        let taken: Vec<(usize, usize)> = self.taken().iter().map(|(at, size, _)| (*at, *size)).collect();
        for (number, edge) in self.edges.iter().enumerate().filter(|(_, edge)| edge.is_simple()) {
            for word in edge.states.len()..Edge::MOST_WORDS {
                let (to, from) = (edge.states.start + word, edge.next + word);
                let is_taken = taken.iter().any(|(at, size)| (*at..at + size).contains(&to));
                if registers.get(&to).map_or(is_taken, |next| *next != from) || from >= self.words {
                    return Err(format!("edge {number} moves word {from} to word {to}, which is another's"));
                }
            }
        }
        let is_sorted = self.edges.is_sorted_by_key(|edge| !edge.is_simple());
        if is_sorted {
            Ok(())
        } else {
            Err("simple edges do not come first".to_owned())
        }
    }

    /// Whether each register that is written in place is, by a block that is evaluated once a cycle, and shares its place only
    /// with what it may.
    fn check_written(&self) -> Result<(), String> {
        let mut is_left = self.is_in_place.clone();
        for (number, block) in self.schedule.blocks.iter().enumerate() {
            let mut states = self.written[number].iter().flat_map(|of| &of.states);
            let wrong = states.find(|state| {
                number < self.schedule.shown
                    || !block.states.contains(state)
                    || !std::mem::take(&mut is_left[**state as usize])
            });
            if let Some(state) = wrong {
                return Err(format!("block {number} may not write register {state} in place"));
            }
            let shares =
                |state: &&u32| self.shared.get(&self.netlist.states[**state as usize].next) == Some(*state);
            let mut sharing = block.states.iter().filter(shares);
            let is_apart = |state: u32| {
                let next = self.netlist.states[state as usize].next;
                self.place[next as usize] as usize != 8 * self.state_at[state as usize]
            };
            let wrong = |state: &&u32| self.shared_with(block, **state).is_none() || is_apart(**state);
            if let Some(state) = sharing.find(wrong) {
                return Err(format!("register {state} may not share the place of what it takes"));
            }
        }
        match is_left.iter().position(|is_left| *is_left) {
            Some(state) => Err(format!("nothing writes register {state}")),
            None => Ok(()),
        }
    }

    /// Whether what is written in place is where it is held, and with lanes, which are written some at a time, no other
    /// register of the block takes it.
    fn check_in_block(&self, block: &Block) -> Result<(), String> {
        for state in block.states.iter().filter(|state| self.is_in_place[**state as usize]) {
            if self.next_at[*state as usize] != self.state_at[*state as usize] {
                return Err(format!("register {state} is written in place, but elsewhere"));
            }
            let mut others = block.states.iter().filter(|other| *other != state);
            let reads = |other: &&u32| {
                let mut operands = self.netlist.states[**other as usize].operands();
                operands.any(|id| self.netlist.nodes[id as usize].op == Op::State(*state))
            };
            if let Some(other) = others.find(reads).filter(|_| block.has_lanes) {
                return Err(format!("register {other} may take register {state} after it has been written"));
            }
        }
        Ok(())
    }

    fn check_unit(&self, unit: usize, exported: &HashSet<(Id, u32)>) -> Result<(), String> {
        let netlist = &self.netlist;
        let mut needs: Vec<Id> = Vec::new();
        match self.unit(unit) {
            Unit::Nothing => {}
            Unit::Memory(memory) => needs.extend(netlist.memories[memory].operands()),
            Unit::Block(block) => {
                let block = &self.schedule.blocks[block];
                for id in &block.nodes {
                    needs.extend(netlist.operands(*id));
                    if let Op::Load { memory, .. } = netlist.nodes[*id as usize].op {
                        if !self.readers[memory as usize].contains(&(unit as u32)) {
                            return Err(format!(
                                "unit {unit} reads memory {memory}, a write of which does not wake it"
                            ));
                        }
                    }
                }
                needs
                    .extend(block.states.iter().flat_map(|state| netlist.states[*state as usize].operands()));
            }
        }
        while let Some(id) = needs.pop() {
            let node = &netlist.nodes[id as usize];
            let is_woken = match node.op {
                Op::Const(_) => true,
                Op::Input(word) => self.is_among(unit, &self.inputs[word as usize].1),
                Op::State(state) if self.is_in_place[state as usize] => {
                    let is_woken =
                        |of: &Written| of.states.contains(&state) && of.wakes.contains(&(unit as u32));
                    let by = self.written.iter().position(|all| all.iter().any(is_woken));
                    if by.is_some_and(|block| block < unit) {
                        return Err(format!(
                            "unit {unit} reads register {state} after it has been written in place"
                        ));
                    }
                    by.is_some()
                }
                Op::State(state) => {
                    let edge = self.edges.get(self.edge_of[state as usize] as usize);
                    let edge = edge.ok_or_else(|| format!("register {state} has no edge"))?;
                    edge.states.contains(&self.state_at[state as usize]) && self.is_among(unit, &edge.wakes)
                }
                _ if self.schedule.block_of[id as usize] as usize == unit => true,
                _ if self.is_cheap[id as usize] => {
                    needs.extend(netlist.operands(id));
                    true
                }
                _ => self.place[id as usize] != NONE && exported.contains(&(id, unit as u32)),
            };
            if !is_woken {
                return Err(format!("unit {unit} needs value {id}, a change of which does not wake it"));
            }
        }
        Ok(())
    }

    fn is_among(&self, unit: usize, flags: &[(usize, u64)]) -> bool {
        flags.iter().any(|(word, bits)| *word == unit / FLAGS && bits >> (unit % FLAGS) & 1 == 1)
    }
}
