//! Cuts blocks with lanes into segments: runs of operations that machine code fuses, so that values stay in vector
//! registers, and operations that only the array loops of [`super::lanes`] have.

use std::collections::HashSet;

use super::plan::Plan;
use super::words::{bytes, Id, Op, CHUNK};

/// The most lanes that machine code gathers: its length grows with them, where a loop's does not.
const GATHERED: u32 = 512;

/// Operations of a block that are done one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    /// The block.
    pub block: usize,
    /// Whether machine code can have it.
    pub is_fused: bool,
    /// Computed values, in order.
    pub nodes: Vec<Id>,
    /// Registers that are decided.
    pub states: Vec<usize>,
}

/// The segments of all blocks with lanes, block by block.
#[derive(Clone, Debug)]
pub(crate) struct Segments {
    pub all: Vec<Segment>,
    /// By value: the number of its segment.
    pub of_node: Vec<Option<usize>>,
    /// By value: whether it has to be stored, because it is read outside its segment or is where a register is.
    pub is_stored: Vec<bool>,
}

impl Segments {
    /// Cuts the blocks of a plan.
    pub fn new(plan: &Plan) -> Segments {
        let count = plan.netlist.nodes.len();
        let mut segments =
            Segments { all: Vec::new(), of_node: vec![None; count], is_stored: vec![false; count] };
        for (number, block) in plan.schedule.blocks.iter().enumerate().filter(|(_, block)| block.has_lanes) {
            segments.cut(plan, number, &block.nodes);
            segments.decide(number, &block.states);
        }
        segments.find_stored(plan);
        segments
    }

    /// Those of a block, in order.
    pub fn of_block(&self, block: usize) -> impl Iterator<Item = &Segment> {
        let first = self.all.partition_point(|segment| segment.block < block);
        self.all[first..].iter().take_while(move |segment| segment.block == block)
    }

    /// Whether every value and register of a block with lanes is in one segment of it, values after what they need and all of
    /// a kind, and stored where anybody else reads them.
    pub fn check(&self, plan: &Plan) -> Result<(), String> {
        for (number, block) in plan.schedule.blocks.iter().enumerate().filter(|(_, block)| block.has_lanes) {
            let mut is_done = HashSet::new();
            let mut states = Vec::new();
            for segment in self.of_block(number) {
                for id in &segment.nodes {
                    let is_here = |id: &Id| plan.schedule.block_of[*id as usize] == number as u32;
                    if plan
                        .netlist
                        .operands(*id)
                        .any(|operand| is_here(&operand) && !is_done.contains(&operand))
                    {
                        return Err(format!("value {id} in block {number} comes before one that it needs"));
                    }
                    if segment.is_fused != is_fusible(plan, *id) || !is_done.insert(*id) {
                        return Err(format!("value {id} in block {number} is in a wrong segment, or in two"));
                    }
                }
                states.extend(segment.states.iter().map(|state| *state as u32));
                let of_states =
                    segment.states.iter().flat_map(|state| plan.netlist.states[*state].operands());
                let of_nodes = segment.nodes.iter().flat_map(|id| plan.netlist.operands(*id));
                let mut others = of_nodes.chain(of_states).filter(|id| !segment.nodes.contains(id));
                if let Some(id) =
                    others.find(|id| self.of_node[*id as usize].is_some() && !self.is_stored[*id as usize])
                {
                    return Err(format!("value {id} is read in block {number}, but not stored"));
                }
            }
            let unwritten = |id: &&Id| plan.shared.contains_key(*id) && !self.is_stored[**id as usize];
            if let Some(id) = block.nodes.iter().find(unwritten) {
                return Err(format!("value {id} is where a register is, but not stored"));
            }
            if is_done.len() != block.nodes.len() || states != block.states {
                return Err(format!("segments of block {number} lack a value or a register"));
            }
        }
        Ok(())
    }

    /// As text, a segment a line.
    pub fn dump(&self) -> String {
        let segment = |(number, Segment { block, is_fused, nodes, states }): (usize, &Segment)| {
            let kind = if *is_fused { "vectors" } else { "loops" };
            let stored: Vec<&Id> = nodes.iter().filter(|id| self.is_stored[**id as usize]).collect();
            format!("segment {number} of block {block}, {kind}: values {nodes:?}, stored {stored:?}, registers {states:?}\n")
        };
        self.all.iter().enumerate().map(segment).collect()
    }

    /// As few segments as the order allows: all that can be of one kind, then all that can be of the other.
    fn cut(&mut self, plan: &Plan, block: usize, nodes: &[Id]) {
        let mut left: Vec<Id> = nodes.to_vec();
        let mut is_fused = false;
        while !left.is_empty() {
            let mut segment = Segment { block, is_fused, nodes: Vec::new(), states: Vec::new() };
            let mut waiting: Vec<Id> = Vec::new();
            for id in left {
                let is_ready = plan.netlist.operands(id).all(|operand| !waiting.contains(&operand));
                match is_ready && is_fusible(plan, id) == is_fused {
                    true => segment.nodes.push(id),
                    false => waiting.push(id),
                }
            }
            left = waiting;
            is_fused = !is_fused;
            self.push(segment);
        }
    }

    fn push(&mut self, segment: Segment) {
        if !segment.nodes.is_empty() || !segment.states.is_empty() {
            segment.nodes.iter().for_each(|id| self.of_node[*id as usize] = Some(self.all.len()));
            self.all.push(segment);
        }
    }

    /// Registers are decided in a block's last segment, if that is fused, or in one of their own.
    fn decide(&mut self, block: usize, states: &[u32]) {
        let states: Vec<usize> = states.iter().map(|state| *state as usize).collect();
        match self.all.last_mut() {
            Some(last) if last.block == block && last.is_fused => last.states = states,
            _ => self.push(Segment { block, is_fused: true, nodes: Vec::new(), states }),
        }
    }

    fn find_stored(&mut self, plan: &Plan) {
        for (number, segment) in self.all.iter().enumerate() {
            let of_nodes = segment.nodes.iter().flat_map(|id| plan.netlist.operands(*id));
            let of_states = segment.states.iter().flat_map(|state| plan.netlist.states[*state].operands());
            for operand in of_nodes.chain(of_states) {
                if self.of_node[operand as usize] != Some(number) {
                    self.is_stored[operand as usize] = true;
                }
            }
        }
        let of_memories = plan.netlist.memories.iter().flat_map(|memory| memory.operands());
        let exported = plan.exports.iter().flatten().flat_map(|export| export.values.iter().copied());
        let shared = plan.shared.keys().copied();
        of_memories.chain(exported).chain(shared).for_each(|id| self.is_stored[id as usize] = true);
        // What is seen through a view or a lane is the value itself.
        for id in (0..plan.netlist.nodes.len()).rev() {
            if let Some((of, _)) = plan.netlist.nodes[id].op.lane_of() {
                self.is_stored[of as usize] = true;
            }
        }
    }
}

/// Whether machine code has the operation on vectors.
fn is_fusible(plan: &Plan, id: Id) -> bool {
    let node = &plan.netlist.nodes[id as usize];
    match node.op {
        Op::Shl(_, by) | Op::Shr(_, by) | Op::Sar(_, by) => {
            let by_width = plan.netlist.width(by);
            let is_by_lane = node.lanes <= CHUNK && bytes(by_width) <= bytes(node.width);
            is_by_lane || multiplies(node.op, node.width, by_width)
        }
        Op::Parity(_) | Op::MulHigh(..) => false,
        Op::Choose(..) => false,
        // They are put together one by one.
        Op::Gather(_) => node.lanes <= GATHERED,
        Op::Mul(..) => bytes(node.width) > 1,
        Op::Load { addr, .. } => plan.netlist.lanes(addr) == 1 || node.lanes <= CHUNK,
        _ => true,
    }
}

/// Whether machine code has a shift by an amount of each lane's own as a multiplication.
pub(crate) fn multiplies(op: Op, width: u32, by_width: u32) -> bool {
    matches!(op, Op::Shl(..)) && by_width <= 4 && (9..=32).contains(&width)
}

#[cfg(test)]
mod tests {
    use super::super::pipeline::{lower, Lowered};
    use hdl::random::hierarchy;

    #[test]
    fn segments_of_random_netlists_are_legal_until_something_is_wrong() {
        let (mut unstored, mut undecided) = (0, 0);
        for seed in 1..=10 {
            let Lowered { plan, mut segments, .. } = lower(&hierarchy(seed, 60), None, |_, _| {});
            assert_eq!(segments.check(&plan), Ok(()));
            for id in 0..segments.is_stored.len() {
                let was_stored = std::mem::take(&mut segments.is_stored[id]);
                unstored +=
                    usize::from(segments.check(&plan).is_err_and(|error| error.contains("not stored")));
                segments.is_stored[id] = was_stored;
            }
            if let Some(last) = segments.all.iter_mut().rfind(|segment| !segment.states.is_empty()) {
                last.states.clear();
                assert!(segments.check(&plan).is_err_and(|error| error.contains("lack")));
                undecided += 1;
            }
        }
        assert!(
            unstored >= 10 && undecided >= 3,
            "{unstored} values not stored, {undecided} registers missing"
        );
    }
}
