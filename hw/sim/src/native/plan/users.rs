//! Who uses what: the units that a change wakes, and the values that each user computes anew.

use super::super::schedule::Schedule;
use super::super::words::{Id, Netlist, Op};

/// The units that use something, ascending.
pub(super) struct Users {
    /// By computed value; its own block is not among them.
    pub values: Vec<Vec<u32>>,
    pub inputs: Vec<Vec<u32>>,
    pub states: Vec<Vec<u32>>,
    pub memories: Vec<Vec<u32>>,
}

impl Users {
    pub fn of(netlist: &Netlist, schedule: &Schedule, is_cheap: &[bool], first_memory: usize) -> Users {
        let mut users = Users {
            values: vec![Vec::new(); netlist.nodes.len()],
            inputs: vec![Vec::new(); netlist.inputs.len()],
            states: vec![Vec::new(); netlist.states.len()],
            memories: vec![Vec::new(); netlist.memories.len()],
        };
        let known = (netlist, schedule, is_cheap);
        for (unit, block) in schedule.blocks.iter().enumerate() {
            let unit = unit as u32;
            for id in &block.nodes {
                let op = netlist.nodes[*id as usize].op;
                if let Op::Load { memory, .. } = op {
                    add(&mut users.memories[memory as usize], unit);
                }
                netlist.operands(*id).for_each(|operand| users.add(&known, operand, unit));
            }
            // A register that is held reads itself. That need not wake its block: it changes only where it is
            // not held, and then what it takes does not depend on what it held.
            for state in &block.states {
                let state = &netlist.states[*state as usize];
                state.operands().for_each(|operand| users.add(&known, operand, unit));
            }
        }
        for (index, memory) in netlist.memories.iter().enumerate() {
            let unit = (first_memory + index) as u32;
            memory.operands().for_each(|operand| users.add(&known, operand, unit));
        }
        users
    }

    fn add(&mut self, known: &(&Netlist, &Schedule, &[bool]), value: Id, unit: u32) {
        let (netlist, schedule, is_cheap) = *known;
        match netlist.nodes[value as usize].op {
            Op::Input(word) => add(&mut self.inputs[word as usize], unit),
            Op::State(state) => add(&mut self.states[state as usize], unit),
            Op::Const(_) => {}
            _ if is_cheap[value as usize] => {
                netlist.operands(value).for_each(|operand| self.add(known, operand, unit))
            }
            _ if schedule.block_of[value as usize] == unit => {}
            _ => add(&mut self.values[value as usize], unit),
        }
    }
}

fn add(users: &mut Vec<u32>, unit: u32) {
    if users.last() != Some(&unit) {
        users.push(unit);
    }
}
