//! What moves lanes, chooses among them, or reads them from memories.

use hdl::random::Random;

use super::super::super::portable::load;
use super::super::super::words::{Memory, Op, State};
use super::{machines, Maker, Rig};

/// Compares the only output with its definition, lane by lane, on every machine.
fn check(rig: &Rig, lanes: u32, what: &str, expected: impl Fn(u32) -> u64) {
    for cpu in machines() {
        let arena = rig.run(cpu);
        for lane in 0..lanes {
            let got = rig.shown(&arena, 0, lane);
            assert_eq!(got, expected(lane), "{what}, lane {lane} of {lanes}, {cpu:?}");
        }
    }
}

#[test]
fn a_splat_is_its_value_in_every_lane() {
    let random = &mut Random::new(2);
    for _ in 0..100 {
        let (lanes, width) = (2 + random.below(40) as u32, random.width().min(64));
        let mut maker = Maker::default();
        let value = maker.input(width);
        let splat = maker.push(Op::Splat(value), width, lanes);
        maker.show(splat);
        let rig = Rig::new(maker, random);
        check(&rig, lanes, "splat", |_| rig.operand(value, 0));
    }
}

#[test]
fn a_choice_is_that_of_each_lane() {
    let random = &mut Random::new(3);
    for _ in 0..300 {
        let (lanes, width) = (2 + random.below(40) as u32, random.width().min(64));
        let (count, index_width) = (1 + random.below(9), 1 + random.below(5) as u32);
        let mut maker = Maker::default();
        let list: Vec<_> = (0..count).map(|_| maker.operand(random, width, lanes)).collect();
        let index = maker.operand(random, index_width, lanes);
        let chosen = maker.listed(Op::Choose(0, index), width, lanes, list.clone());
        maker.show(chosen);
        let rig = Rig::new(maker, random);
        check(&rig, lanes, "choice", |lane| {
            let chosen = list.get(rig.operand(index, lane) as usize);
            chosen.map_or(0, |chosen| rig.operand(*chosen, lane))
        });
    }
}

#[test]
fn a_view_is_the_lanes_from_one_on() {
    let random = &mut Random::new(4);
    for _ in 0..200 {
        let (all, width) = (3 + random.below(40) as u32, random.width().min(64));
        let first = random.below(all as usize - 2) as u32;
        let lanes = 2 + random.below((all - first - 1) as usize) as u32;
        let mut maker = Maker::default();
        let next = maker.operand(random, width, all);
        maker.0.states.push(State { width, lanes: all, scope: 0, next, enable: None, reset: None });
        let state = maker.push(Op::State(0), width, all);
        let view = maker.push(Op::View(state, first), width, lanes);
        let not = maker.push(Op::Not(view), width, lanes);
        maker.show(not);
        let rig = Rig::new(maker, random);
        let ones = super::ones(width);
        let at = rig.plan.state_at[0];
        check(&rig, lanes, "view", |lane| !rig.lane(&rig.arena, at, width, first + lane) & ones);
    }
}

#[test]
fn a_read_is_the_entry_of_each_lane() {
    let random = &mut Random::new(5);
    for _ in 0..300 {
        let (lanes, width) = (2 + random.below(40) as u32, random.width().min(64));
        let (depth, addr_width) = (1 + random.below(20) as u32, 1 + random.below(6) as u32);
        let mut maker = Maker::default();
        maker.0.memories.push(Memory { width, depth, lanes, writes: Vec::new() });
        let addr = match random.below(2) {
            0 => maker.input(addr_width),
            _ => maker.operand(random, addr_width, lanes),
        };
        let read = maker.push(Op::Load { memory: 0, lane: 0, addr }, width, lanes);
        maker.show(read);
        let rig = Rig::new(maker, random);
        check(&rig, lanes, "read", |lane| load(&rig.plan, &rig.arena, (0, lane), rig.operand(addr, lane)));
    }
}
