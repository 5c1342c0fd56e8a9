//! The definition of a legal netlist, which every pass keeps, and its text form.

use std::fmt::Write as _;

use super::words::{ones, Id, Memory, Netlist, Node, Op, State, Write};

impl Netlist {
    /// What is wrong with it, if anything.
    pub fn check(&self) -> Result<(), String> {
        for (id, node) in self.nodes.iter().enumerate() {
            let wrong = |why: &str| {
                let (width, lanes) = (node.width, node.lanes);
                Err(format!("value {id}, {:?} of {width} bits in {lanes} lanes: {why}", node.op))
            };
            if !(1..=64).contains(&node.width) || node.lanes == 0 {
                return wrong("a value has 1 to 64 bits, and a lane or more");
            }
            if self.operands(id as Id).any(|operand| operand as usize >= id) {
                return wrong("an operand comes later");
            }
            if !self.has_right_widths(node) {
                return wrong("operands and result do not fit each other");
            }
            if !self.has_right_lanes(id as Id) {
                return wrong("operands and result have different lanes");
            }
        }
        for (index, state) in self.states.iter().enumerate() {
            if !self.is_right_state(state) {
                return Err(format!("state {index} takes values of wrong widths or lanes"));
            }
        }
        for (index, memory) in self.memories.iter().enumerate() {
            if !memory.writes.iter().all(|write| self.is_right_write(memory, write)) {
                return Err(format!("memory {index} is written with values of wrong widths or lanes"));
            }
        }
        Ok(())
    }

    /// Whether it is a bit, the same for all lanes or one for each.
    fn is_control(&self, id: Id, lanes: u32) -> bool {
        self.width(id) == 1 && self.is_for(id, lanes)
    }

    /// Whether it is the same for all lanes, or has one value for each.
    fn is_for(&self, id: Id, lanes: u32) -> bool {
        [1, lanes].contains(&self.lanes(id))
    }

    fn is_right_state(&self, state: &State) -> bool {
        let mut controls = state.enable.iter().chain(state.reset.as_ref().map(|reset| &reset.0));
        let next = (self.width(state.next), self.lanes(state.next));
        next == (state.width, state.lanes) && controls.all(|id| self.is_control(*id, state.lanes))
    }

    fn is_right_write(&self, memory: &Memory, write: &Write) -> bool {
        let is_entry = |id: Id| (self.width(id), self.lanes(id)) == (memory.width, memory.lanes);
        let is_data = is_entry(write.data) && write.mask.is_none_or(is_entry);
        // Where each lane has an address of its own it has an enable of its own, too.
        let chooses = self.lanes(write.enable) >= self.lanes(write.addr);
        let is_addressed = self.is_for(write.addr, memory.lanes) && chooses;
        is_data && is_addressed && self.is_control(write.enable, memory.lanes)
    }

    fn has_right_widths(&self, node: &Node) -> bool {
        let (w, of) = (node.width, |id: Id| self.width(id));
        match node.op {
            Op::Const(value) => value & !ones(w) == 0,
            Op::Input(word) => self.inputs.get(word as usize) == Some(&w),
            Op::State(state) => self.states.get(state as usize).is_some_and(|state| state.width == w),
            Op::Load { memory, .. } => self.memories.get(memory as usize).is_some_and(|m| m.width == w),
            Op::Not(a) => of(a) == w,
            Op::And(a, b) | Op::Or(a, b) | Op::Xor(a, b) => of(a) == w && of(b) == w,
            Op::Add(a, b) | Op::Sub(a, b) | Op::Mul(a, b) => of(a) == w && of(b) == w,
            Op::MulHigh(a, b) => w == 64 && of(a) == 64 && of(b) == 64,
            Op::Eq(a, b) | Op::Less(a, b) | Op::LessSigned(a, b) => w == 1 && of(a) == of(b),
            Op::Shl(a, _) | Op::Shr(a, _) | Op::Sar(a, _) => of(a) == w,
            Op::Mux(select, yes, no) => of(select) == 1 && of(yes) == w && of(no) == w,
            Op::Slice(a, low) => low + w <= of(a),
            Op::Concat(high, low) => of(high) + of(low) == w,
            Op::Zext(a) | Op::Sext(a) => of(a) <= w,
            Op::Parity(_) => w == 1,
            Op::Pick(a, _) | Op::Splat(a) | Op::View(a, _) => of(a) == w,
            Op::Gather(list) | Op::Choose(list, _) => self.lists[list as usize].iter().all(|id| of(*id) == w),
        }
    }

    fn has_right_lanes(&self, id: Id) -> bool {
        let node = &self.nodes[id as usize];
        match node.op {
            Op::Const(_) | Op::Input(_) => node.lanes == 1,
            Op::State(state) => self.states[state as usize].lanes == node.lanes,
            Op::Load { memory, lane, addr, .. } if node.lanes == 1 => {
                lane < self.memories[memory as usize].lanes && self.lanes(addr) == 1
            }
            Op::Load { memory, addr, .. } => {
                self.memories[memory as usize].lanes == node.lanes && self.is_for(addr, node.lanes)
            }
            Op::Pick(a, lane) => node.lanes == 1 && lane < self.lanes(a),
            Op::Splat(a) => self.lanes(a) == 1,
            Op::Gather(list) => {
                let list = &self.lists[list as usize];
                list.len() == node.lanes as usize && list.iter().all(|id| self.lanes(*id) == 1)
            }
            // Of a register only: what is computed may not be there yet when its neighbours are looked at.
            Op::View(a, first) => {
                let is_state = matches!(self.nodes[a as usize].op, Op::State(_));
                is_state && first + node.lanes <= self.lanes(a)
            }
            _ => self.operands(id).all(|operand| self.lanes(operand) == node.lanes),
        }
    }

    /// As text, a value a line.
    pub fn dump(&self) -> String {
        let mut text = String::new();
        for (id, node) in self.nodes.iter().enumerate() {
            let lanes = if node.lanes > 1 { format!(" x {}", node.lanes) } else { String::new() };
            let _ = writeln!(text, "v{id}: {}{lanes} = {:?} in {}", node.width, node.op, node.scope);
        }
        for (index, list) in self.lists.iter().enumerate() {
            let _ = writeln!(text, "list {index}: {list:?}");
        }
        for (index, state) in self.states.iter().enumerate() {
            let _ = writeln!(text, "state {index}: {state:?}");
        }
        for (index, memory) in self.memories.iter().enumerate() {
            let _ = writeln!(text, "memory {index}: {memory:?}");
        }
        let _ = writeln!(text, "outputs {:?}", self.outputs);
        text
    }
}
