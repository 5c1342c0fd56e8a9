//! Every operation on lanes at random widths.

use hdl::random::Random;

use super::super::super::words::{Id, Op};
use super::{machines, Maker, Rig};

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

#[test]
fn every_operation_is_its_definition_in_every_lane() {
    let random = &mut Random::new(1);
    for round in 0..1000 {
        let lanes = 2 + random.below(40) as u32;
        let mut maker = Maker::default();
        let (op, width) = draw(random, round % 20, &mut maker, lanes);
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
