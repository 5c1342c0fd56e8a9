//! What has lanes, one operation, register or memory at a time, against its definition in every lane: in machine code
//! and without. What lies behind the last lane is random, and must not be seen.

mod moves;
mod operations;
mod states;

use hdl::random::Random;

use super::super::backend::Backend;
use super::super::cpu::Cpu;
use super::super::plan::{Part, Plan};
use super::super::schedule::schedule;
use super::super::segments::Segments;
use super::super::wake;
use super::super::words::{bytes, ones, padded, Id, Netlist, Node, Op};

/// A netlist under construction.
#[derive(Default)]
struct Maker(Netlist);

impl Maker {
    fn push(&mut self, op: Op, width: u32, lanes: u32) -> Id {
        self.0.nodes.push(Node { op, width, lanes, scope: 0 });
        self.0.nodes.len() as Id - 1
    }

    /// A value without lanes.
    fn input(&mut self, width: u32) -> Id {
        self.0.inputs.push(width);
        self.push(Op::Input(self.0.inputs.len() as u32 - 1), width, 1)
    }

    /// Gathered inputs: one a lane, or one for all lanes of a row or of a column, as arrays have them.
    fn operand(&mut self, random: &mut Random, width: u32, lanes: u32) -> Id {
        let side = 1 + random.below(lanes as usize) as u32;
        let pattern = random.below(3);
        let inputs: Vec<Id> = (0..lanes).map(|_| self.input(width)).collect();
        let of_lane = |lane: u32| match pattern {
            0 => lane,
            1 => lane / side,
            _ => lane % side,
        };
        self.listed(
            Op::Gather(0),
            width,
            lanes,
            (0..lanes).map(|lane| inputs[of_lane(lane) as usize]).collect(),
        )
    }

    /// An operation on a list.
    fn listed(&mut self, op: Op, width: u32, lanes: u32, list: Vec<Id>) -> Id {
        self.0.lists.push(list);
        self.push(op.with_list(self.0.lists.len() as u32 - 1), width, lanes)
    }

    /// A bit, one for all lanes or one each.
    fn control(&mut self, random: &mut Random, lanes: u32) -> Id {
        match random.below(2) {
            0 => self.input(1),
            _ => self.operand(random, 1, lanes),
        }
    }

    /// Shows every lane of a value outside.
    fn show(&mut self, id: Id) {
        let Node { width, lanes, .. } = self.0.nodes[id as usize];
        let picks = (0..lanes).map(|lane| self.push(Op::Pick(id, lane), width, 1)).collect();
        self.0.outputs.push(picks);
    }
}

/// A netlist with everything random in its place.
struct Rig {
    plan: Plan,
    segments: Segments,
    arena: Vec<u64>,
}

impl Rig {
    /// All registers are moved at the edge.
    fn new(maker: Maker, random: &mut Random) -> Rig {
        Rig::with(maker, random, true)
    }

    fn with(maker: Maker, random: &mut Random, is_watched: bool) -> Rig {
        assert_eq!(maker.0.check(), Ok(()));
        let schedule = schedule(&maker.0);
        let plan = Plan::new(maker.0, schedule, is_watched);
        let segments = Segments::new(&plan);
        let mut rig = Rig { arena: vec![0; plan.words], plan, segments };
        rig.fill(random);
        rig
    }

    fn fill(&mut self, random: &mut Random) {
        let Rig { plan, arena, .. } = self;
        plan.constants.iter().for_each(|(at, value)| arena[*at] = *value);
        for (input, width) in plan.inputs.iter().zip(&plan.netlist.inputs) {
            let narrow = if random.below(3) == 0 { 0xff } else { u64::MAX };
            arena[input.0] = random.bits(64).to_u64() & narrow & ones(*width);
        }
        let mut rows = |at: usize, width: u32, lanes: u32, count: u32| {
            for (row, lane) in (0..count).flat_map(|row| (0..padded(lanes)).map(move |lane| (row, lane))) {
                let value = random.bits(64).to_u64();
                let place = 8 * at + ((row * padded(lanes) + lane) * bytes(width)) as usize;
                let kept = if lane < lanes { ones(width) } else { u64::MAX };
                set(arena, place, bytes(width), value & kept);
            }
        };
        for (state, at) in plan.netlist.states.iter().zip(&plan.state_at).filter(|(state, _)| state.lanes > 1)
        {
            rows(*at, state.width, state.lanes, 1);
        }
        for (memory, at) in plan.netlist.memories.iter().zip(&plan.memory_at) {
            rows(*at, memory.width, memory.lanes, memory.depth);
        }
    }

    /// Evaluates every block, then every memory's ports; the array after that.
    fn run(&self, cpu: Cpu) -> Vec<u64> {
        let mut arena = self.arena.clone();
        let mut backend = Backend::new(&self.plan, &self.segments, cpu);
        (0..self.plan.units).for_each(|unit| wake(&mut arena, unit as u32));
        for part in [Part::Shown, Part::Hidden, Part::Memories] {
            backend.evaluate(&self.plan, part, &mut arena);
        }
        arena
    }

    /// What an operand is in a lane: a gathered input, or one for all.
    fn operand(&self, id: Id, lane: u32) -> u64 {
        match self.plan.netlist.nodes[id as usize].op {
            Op::Gather(list) => {
                let list = &self.plan.netlist.lists[list as usize];
                self.plan.read(&self.arena, list[lane as usize])
            }
            Op::Input(_) => self.plan.read(&self.arena, id),
            op => panic!("{op:?} is no operand"),
        }
    }

    /// What an output shows of a lane.
    fn shown(&self, arena: &[u64], output: usize, lane: u32) -> u64 {
        self.plan.read(arena, self.plan.netlist.outputs[output][lane as usize])
    }

    /// A lane of a register, which lies at a word.
    fn lane(&self, arena: &[u64], at: usize, width: u32, lane: u32) -> u64 {
        let byte = (lane * bytes(width)) as usize;
        arena[at + byte / 8] >> (byte % 8 * 8) & ones(width)
    }
}

/// Sets so many bytes, at a byte.
fn set(arena: &mut [u64], at: usize, bytes: u32, value: u64) {
    let (shift, mask) = (at % 8 * 8, ones(8 * bytes));
    arena[at / 8] = arena[at / 8] & !(mask << shift) | (value & mask) << shift;
}

/// Machines with machine code and without, with AVX2 and without.
fn machines() -> [Cpu; 4] {
    let [code, none] = [Cpu::host(), Cpu::without_code()];
    [code, none, Cpu { has_avx2: false, ..code }, Cpu { has_avx2: false, ..none }]
}
