//! Every operation on lanes at random widths, alone and one after the other.

use hdl::random::Random;

use super::super::super::words::{Id, Op};
use super::{machines, Maker, Rig};

/// An operation of random widths: it and its operands, of which some are `given`, if they can be.
fn draw(random: &mut Random, kind: usize, maker: &mut Maker, lanes: u32, given: Option<Id>) -> (Op, u32) {
    let width = given.map_or_else(|| random.width().min(64), |id| maker.0.width(id));
    let other = random.width().min(64);
    let mut drawn = Random::new(random.word());
    let mut operand = |width: u32| match given {
        Some(given) if maker.0.width(given) == width && drawn.below(3) > 0 => given,
        Some(_) if drawn.below(4) == 0 => {
            let one = match drawn.below(2) {
                0 => maker.input(width),
                _ => maker.push(Op::Const(0), width, 1),
            };
            maker.push(Op::Splat(one), width, lanes)
        }
        _ => maker.operand(&mut drawn, width, lanes),
    };
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
        14 => {
            // A bit that was just found chooses among what is wider.
            let width = if width == 1 { other } else { width };
            (Op::Mux(operand(1), operand(width), operand(width)), width)
        }
        15 => {
            let low = random.below(width as usize) as u32;
            (Op::Slice(operand(width), low), 1 + random.below((width - low) as usize) as u32)
        }
        16 if width < 64 => {
            let low = 1 + random.below(64 - width as usize) as u32;
            let low = if width <= 32 && random.below(2) == 0 { width } else { low };
            (Op::Concat(operand(width), operand(low)), width + low)
        }
        17 => (Op::Zext(operand(width.min(other))), width.max(other)),
        18 => (Op::Sext(operand(width.min(other))), width.max(other)),
        _ => (Op::Parity(operand(width)), 1),
    }
}

#[test]
fn every_operation_is_its_definition_in_every_lane() {
    let random = &mut Random::new(1);
    for round in 0..1000 {
        let lanes = 2 + random.below(40) as u32;
        let mut maker = Maker::default();
        let (op, width) = draw(random, round % 20, &mut maker, lanes, None);
        let result = maker.push(op, width, lanes);
        maker.show(result);
        let rig = Rig::new(maker, random);
        for cpu in machines() {
            let arena = rig.run(cpu);
            for lane in 0..lanes {
                let in_lane = |id: Id| rig.operand(id, lane);
                let expected = rig.plan.netlist.evaluate(op, width, in_lane);
                let got = rig.shown(&arena, 0, lane);
                let operands: Vec<u64> = op.direct().map(in_lane).collect();
                assert_eq!(
                    got, expected,
                    "{op:?} of {width} bits, lane {lane} of {lanes}, from {operands:x?}, {cpu:?}"
                );
            }
        }
    }
}

/// What a value is in a lane, by the definition of each operation.
fn defined(rig: &Rig, id: Id, lane: u32) -> u64 {
    let node = rig.plan.netlist.nodes[id as usize];
    match node.op {
        Op::Gather(_) | Op::Input(_) => rig.operand(id, lane),
        Op::Splat(of) => defined(rig, of, lane),
        op => rig.plan.netlist.evaluate(op, node.width, |id| defined(rig, id, lane)),
    }
}

/// What one operation leaves above its width, or knows as a mask, is nothing that the next one sees.
#[test]
fn operations_one_after_the_other_are_their_definitions() {
    let random = &mut Random::new(2);
    for round in 0..2000 {
        let lanes = 2 + random.below(40) as u32;
        let mut maker = Maker::default();
        let mut result = None;
        let kinds: Vec<usize> = (0..3).map(|_| random.below(20)).collect();
        for kind in &kinds {
            let (op, width) = draw(random, *kind, &mut maker, lanes, result);
            result = Some(maker.push(op, width, lanes));
        }
        let result = result.expect("the last operation");
        maker.show(result);
        let rig = Rig::new(maker, random);
        for cpu in machines() {
            let arena = rig.run(cpu);
            for lane in 0..lanes {
                let (got, expected) = (rig.shown(&arena, 0, lane), defined(&rig, result, lane));
                assert_eq!(got, expected, "round {round}, lane {lane} of {lanes}, kinds {kinds:?}, {cpu:?}");
            }
        }
    }
}
