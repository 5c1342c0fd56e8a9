//! Every operation with lanes against its definition, lane by lane, at random widths.

use hdl::random::Random;

use super::super::cpu::Cpu;
use super::super::plan::Plan;
use super::super::schedule::schedule;
use super::super::segments::Segments;
use super::super::words::{ones, Id, Netlist, Node, Op};
use super::super::Backend;
use super::Lanes;

/// A netlist under construction.
#[derive(Default)]
struct Maker(Netlist);

impl Maker {
    fn push(&mut self, op: Op, width: u32, lanes: u32) -> Id {
        self.0.nodes.push(Node { op, width, lanes, scope: 0 });
        self.0.nodes.len() as Id - 1
    }

    /// Gathered inputs: one a lane, or one for all lanes of a row or of a column, as arrays have them.
    fn operand(&mut self, random: &mut Random, width: u32, lanes: u32) -> Id {
        let side = 1 + random.below(lanes as usize) as u32;
        let pattern = random.below(3);
        let input = |maker: &mut Maker| {
            maker.0.inputs.push(width);
            maker.push(Op::Input(maker.0.inputs.len() as u32 - 1), width, 1)
        };
        let inputs: Vec<Id> = (0..lanes).map(|_| input(self)).collect();
        let of_lane = |lane: u32| match pattern {
            0 => lane,
            1 => lane / side,
            _ => lane % side,
        };
        self.0.lists.push((0..lanes).map(|lane| inputs[of_lane(lane) as usize]).collect());
        self.push(Op::Gather(self.0.lists.len() as u32 - 1), width, lanes)
    }
}

/// An operation of random widths: it and its operands.
fn draw(random: &mut Random, kind: usize, maker: &mut Maker, lanes: u32) -> (Op, u32) {
    let width = random.width().min(64);
    let other = random.width().min(64);
    let mut drawn = Random::new(random.word());
    let mut operand = |width: u32| maker.operand(&mut drawn, width, lanes);
    match kind {
        0 => (Op::Not(operand(width)), width),
        1 => (Op::And(operand(width), operand(width)), width),
        2 => (Op::Or(operand(width), operand(width)), width),
        3 => (Op::Xor(operand(width), operand(width)), width),
        4 => (Op::Add(operand(width), operand(width)), width),
        5 => (Op::Sub(operand(width), operand(width)), width),
        6 => (Op::Mul(operand(width), operand(width)), width),
        7 => (Op::MulHigh(operand(64), operand(64)), 64),
        8 => (Op::Eq(operand(width), operand(width)), 1),
        9 => (Op::Less(operand(width), operand(width)), 1),
        10 => (Op::LessSigned(operand(width), operand(width)), 1),
        11 => (Op::Shl(operand(width), operand(other)), width),
        12 => (Op::Shr(operand(width), operand(other)), width),
        13 => (Op::Sar(operand(width), operand(other)), width),
        14 => (Op::Mux(operand(1), operand(width), operand(width)), width),
        15 => {
            let low = random.below(width as usize) as u32;
            (Op::Slice(operand(width), low), 1 + random.below((width - low) as usize) as u32)
        }
        16 if width < 64 => {
            let low = 1 + random.below(64 - width as usize) as u32;
            (Op::Concat(operand(width), operand(low)), width + low)
        }
        17 => (Op::Zext(operand(width.min(other))), width.max(other)),
        18 => (Op::Sext(operand(width.min(other))), width.max(other)),
        _ => (Op::Parity(operand(width)), 1),
    }
}

/// With machine code and without.
fn backends(plan: &Plan, segments: &Segments) -> [Backend; 2] {
    [Cpu::host(), Cpu::without_code()].map(|cpu| Backend::new(plan, segments, cpu))
}

#[test]
fn every_operation_is_its_definition_in_every_lane() {
    let random = &mut Random::new(1);
    for round in 0..4000 {
        let lanes = 2 + random.below(40) as u32;
        let mut maker = Maker::default();
        let (op, width) = draw(random, round % 20, &mut maker, lanes);
        let result = maker.push(op, width, lanes);
        let picks = (0..lanes).map(|lane| maker.push(Op::Pick(result, lane), width, 1)).collect();
        maker.0.outputs.push(picks);
        assert_eq!(maker.0.check(), Ok(()), "{op:?}");
        let schedule = schedule(&maker.0);
        let plan = Plan::new(maker.0, schedule);
        let mut arena = vec![0; plan.words];
        for (input, width) in plan.inputs.iter().zip(&plan.netlist.inputs) {
            let narrow = if random.below(3) == 0 { 0xff } else { u64::MAX };
            arena[input.0] = random.bits(64).to_u64() & narrow & ones(*width);
        }
        let segments = Segments::new(&plan);
        for backend in backends(&plan, &segments) {
            let arena = &mut arena.clone();
            let is_compiled = backend.is_compiled();
            let run = Lanes::new(&plan, &segments, is_compiled, Cpu::host());
            for (number, segment) in segments.all.iter().enumerate() {
                match run.has(segment.block) {
                    true => run.run(segment.block, arena, |segment, arena| backend.run_fused(segment, arena)),
                    false => backend.run_fused(number, arena),
                }
            }
            for lane in 0..lanes {
                let in_lane = |id: Id| match plan.netlist.nodes[id as usize].op {
                    Op::Gather(list) => plan.read(arena, plan.netlist.lists[list as usize][lane as usize]),
                    op => panic!("{op:?} is no operand"),
                };
                let expected = plan.netlist.evaluate(op, width, in_lane);
                let got = plan.read(arena, plan.netlist.outputs[0][lane as usize]);
                let operands: Vec<u64> = op.direct().map(in_lane).collect();
                assert_eq!(
                    got, expected,
                    "{op:?} of {width} bits, lane {lane} of {lanes}, from {operands:x?}"
                );
            }
        }
    }
}
