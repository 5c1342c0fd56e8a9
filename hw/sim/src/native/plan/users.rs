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
            _ if schedule.block_of[value as usize] == unit => {}
            _ if is_cheap[value as usize] => {
                netlist.operands(value).for_each(|operand| self.add(known, operand, unit))
            }
            _ => add(&mut self.values[value as usize], unit),
        }
    }
}

/// Comparisons of one value with so many constants are a decoder.
const DECODER: usize = 4;

/// By value: whether it is one that something with lanes reads.
pub(super) fn for_lanes(netlist: &Netlist) -> Vec<bool> {
    let mut is_read = vec![false; netlist.nodes.len()];
    let nodes = (0..netlist.nodes.len() as Id).filter(|id| netlist.lanes(*id) > 1);
    let states = netlist.states.iter().filter(|state| state.lanes > 1);
    let memories = netlist.memories.iter().filter(|memory| memory.lanes > 1);
    let of_nodes = nodes.flat_map(|id| netlist.operands(id));
    let of_states = states.flat_map(|state| state.operands());
    let of_memories = memories.flat_map(|memory| memory.operands());
    let all = of_nodes.chain(of_states).chain(of_memories).filter(|id| netlist.lanes(*id) == 1);
    all.for_each(|id| is_read[id as usize] = true);
    is_read
}

/// Values that are computed anew wherever they are needed, because to keep and compare them costs more: those that
/// say no less than their only operand, and the outputs of decoders; not if something with lanes reads them. Lanes
/// of other values are where those are.
pub(super) fn cheap(netlist: &Netlist, is_for_lanes: &[bool]) -> Vec<bool> {
    let constant = |id: Id| matches!(netlist.nodes[id as usize].op, Op::Const(_));
    let compared = |op: Op| match op {
        Op::Eq(a, b) if constant(b) => Some(a),
        Op::Eq(a, b) if constant(a) => Some(b),
        _ => None,
    };
    let mut comparisons = vec![0; netlist.nodes.len()];
    let all = netlist.nodes.iter().filter_map(|node| compared(node.op));
    all.for_each(|operand| comparisons[operand as usize] += 1);
    let is_cheap = |op: Op| match op {
        Op::Not(_) | Op::Zext(_) | Op::Sext(_) => true,
        op => compared(op).is_some_and(|operand| comparisons[operand as usize] >= DECODER),
    };
    let by_value = netlist.nodes.iter().zip(is_for_lanes);
    by_value
        .map(|(node, is_for_lanes)| match node.op {
            Op::Pick(..) | Op::View(..) => true,
            op => node.lanes == 1 && !is_for_lanes && is_cheap(op),
        })
        .collect()
}

fn add(users: &mut Vec<u32>, unit: u32) {
    if users.last() != Some(&unit) {
        users.push(unit);
    }
}
