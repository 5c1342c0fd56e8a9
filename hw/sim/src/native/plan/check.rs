//! The definition of a legal layout: nothing lies on anything else, and who needs something is woken when it changes.
//!
//! It is said from the side of who needs something, a unit at a time; the layout was made from the side of what is needed.

use std::collections::{HashMap, HashSet};

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
        (0..self.units).try_for_each(|unit| self.check_unit(unit, &exported))
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
            if let Some(state) = sharing.find(|state| self.shared_with(block, **state).is_none()) {
                return Err(format!("register {state} may not share the place of what it takes"));
            }
        }
        match is_left.iter().position(|is_left| *is_left) {
            Some(state) => Err(format!("nothing writes register {state}")),
            None => Ok(()),
        }
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
                    let edge = &self.edges[self.edge_of[state as usize] as usize];
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

#[cfg(test)]
mod tests {
    use super::super::super::pipeline::lower;
    use super::*;
    use crate::watch::Probes;
    use hdl::random::hierarchy;

    /// Plans of random netlists, with `wrong` done to each that gives occasion to it.
    fn broken(wrong: impl Fn(&mut Plan) -> bool) -> Vec<Result<(), String>> {
        let plans = (1..=20).map(|seed| lower(&hierarchy(seed, 60), None, |_, _| {}).plan);
        plans.filter_map(|mut plan| wrong(&mut plan).then(|| plan.check())).collect()
    }

    /// The same without registers that are written in place.
    fn broken_with_edges(wrong: impl Fn(&mut Plan) -> bool) -> Vec<Result<(), String>> {
        let watched = |seed| lower(&hierarchy(seed, 60), Some(&Probes::new()), |_, _| {}).plan;
        let plans = (1..=10).map(watched);
        plans.filter_map(|mut plan| wrong(&mut plan).then(|| plan.check())).collect()
    }

    #[track_caller]
    fn all_say(what: &str, results: &[Result<(), String>]) {
        assert!(results.len() >= 3, "an occasion");
        for result in results {
            assert!(result.as_ref().is_err_and(|error| error.contains(what)), "{result:?}");
        }
    }

    #[test]
    fn what_the_passes_make_is_legal() {
        assert_eq!(broken(|_| true), vec![Ok(()); 20]);
        assert_eq!(broken_with_edges(|_| true), vec![Ok(()); 10]);
    }

    #[test]
    fn a_user_that_is_not_woken_is_found() {
        let export = |plan: &mut Plan| {
            let mut exports = plan.exports.iter_mut().flatten().filter(|export| !export.wakes.is_empty());
            exports.next().map(|export| export.wakes.pop()).is_some()
        };
        all_say("does not wake it", &broken(export));
        let edge = |plan: &mut Plan| {
            let mut edges = plan.edges.iter_mut().filter(|edge| !edge.wakes.is_empty());
            edges.next().map(|edge| edge.wakes.clear()).is_some()
        };
        all_say("does not wake it", &broken_with_edges(edge));
        let later = |plan: &mut Plan| {
            let mut groups = plan.written.iter_mut().flatten().filter(|of| !of.wakes.is_empty());
            groups.next().map(|of| of.wakes.clear()).is_some()
        };
        all_say("does not wake it", &broken(later));
        let reader = |plan: &mut Plan| plan.readers.iter_mut().find_map(|readers| readers.pop()).is_some();
        all_say("a write of which", &broken(reader));
    }

    #[test]
    fn what_is_moved_over_something_else_is_found() {
        let edge = |plan: &mut Plan| {
            let short = plan.edges.iter_mut().find(|edge| edge.states.len() == 1 && edge.is_simple());
            short.map(|edge| edge.next += 1).is_some()
        };
        let moved = broken_with_edges(edge);
        assert!(moved.iter().filter(|result| result.is_err()).count() >= 3, "{moved:?}");
        let order = |plan: &mut Plan| {
            let is_mixed = plan.edges.iter().any(Edge::is_simple) && !plan.edges.iter().all(Edge::is_simple);
            plan.edges.reverse();
            is_mixed
        };
        assert!(broken_with_edges(order).iter().all(Result::is_err));
    }

    #[test]
    fn a_register_that_is_written_too_early_is_found() {
        // One that has to wait for the edge, because a later unit reads it.
        let early = |plan: &mut Plan| {
            let blocks = plan.schedule.blocks.iter().enumerate().skip(plan.schedule.shown);
            let mut states =
                blocks.flat_map(|(number, block)| block.states.iter().map(move |state| (number, *state)));
            let Some((block, state)) = states.find(|(_, state)| !plan.is_in_place[*state as usize]) else {
                return false;
            };
            let edge = &plan.edges[plan.edge_of[state as usize] as usize];
            let is_woken = |unit: &u32| plan.is_among(*unit as usize, &edge.wakes);
            let wakes = (0..plan.units as u32).filter(is_woken).collect();
            plan.written[block].push(Written { states: vec![state], wakes });
            plan.is_in_place[state as usize] = true;
            true
        };
        all_say("after it has been written", &broken(early));
        let shown = |plan: &mut Plan| {
            let Some(group) = plan.written.iter_mut().find_map(Vec::pop) else { return false };
            plan.schedule.blocks[0].states.extend(&group.states);
            plan.written[0].push(group);
            true
        };
        all_say("in place", &broken(shown));
        let forgotten = |plan: &mut Plan| plan.written.iter_mut().find_map(Vec::pop).is_some();
        all_say("register", &broken(forgotten));
    }

    #[test]
    fn a_place_that_may_not_be_shared_is_found() {
        let shared = |plan: &mut Plan| {
            let mut states =
                plan.schedule.blocks.iter().filter(|block| block.has_lanes).flat_map(|block| &block.states);
            let held = states.find(|state| plan.netlist.states[**state as usize].enable.is_some());
            held.copied()
                .map(|state| plan.shared.insert(plan.netlist.states[state as usize].next, state))
                .is_some()
        };
        all_say("may not share", &broken(shared));
    }

    #[test]
    fn what_lies_on_something_else_is_found() {
        let register = |plan: &mut Plan| {
            let is_any = !plan.state_at.is_empty();
            if is_any {
                plan.next_at[0] = plan.state_at[0];
            }
            is_any
        };
        all_say("lies on", &broken_with_edges(register));
        let end = |plan: &mut Plan| {
            plan.words -= 1;
            true
        };
        all_say("ends behind", &broken(end));
    }
}
