//! Registers and memories with lanes: what they take, and that registers that are moved at the edge, and memories, wake nobody
//! where nothing changes.

use hdl::random::Random;

use super::super::super::plan::FLAGS;
use super::super::super::portable::load;
use super::super::super::words::{bytes, ones, Memory, Op, State, Write};
use super::{machines, set, Maker, Rig};

#[test]
fn registers_take_what_is_decided_in_each_lane() {
    let random = &mut Random::new(6);
    let mut sleeps = 0;
    for _ in 0..800 {
        let (lanes, width) = (2 + random.below(40) as u32, random.width().min(64));
        let mut maker = Maker::default();
        let next = maker.operand(random, width, lanes);
        let enable = random.once_in(2).then(|| maker.control(random, lanes));
        let reset = random.once_in(2).then(|| (maker.control(random, lanes), random.word() & ones(width)));
        maker.0.states.push(State { width, lanes, scope: 0, next, enable, reset });
        let state = maker.push(Op::State(0), width, lanes);
        maker.show(state);
        let is_watched = random.once_in(2);
        let mut rig = Rig::with(maker, random, is_watched);
        assert_eq!(rig.plan.is_in_place[0], !is_watched);
        // Now and then it holds already what it takes.
        let is_equal = random.once_in(3);
        for lane in (0..lanes).filter(|_| is_equal) {
            let (at, value) = (8 * rig.plan.state_at[0], rig.operand(next, lane));
            set(&mut rig.arena, at + (lane * bytes(width)) as usize, bytes(width), value);
        }
        let rig = rig;
        let held = |lane| rig.lane(&rig.arena, rig.plan.state_at[0], width, lane);
        let taken = |lane| match (reset, enable) {
            (Some((reset, value)), _) if rig.operand(reset, lane) == 1 => value,
            (_, Some(enable)) if rig.operand(enable, lane) == 0 => held(lane),
            _ => rig.operand(next, lane),
        };
        let changes = (0..lanes).any(|lane| taken(lane) != held(lane));
        sleeps += usize::from(!changes);
        for cpu in machines() {
            let arena = rig.run(cpu);
            for lane in 0..lanes {
                let got = rig.lane(&arena, rig.plan.next_at[0], width, lane);
                assert_eq!(got, taken(lane), "lane {lane} of {lanes}, {cpu:?}");
            }
            if !is_watched {
                continue;
            }
            let edge = rig.plan.edge_of[0] as usize;
            let is_noted = arena[rig.plan.pending + edge / FLAGS] >> (edge % FLAGS) & 1 == 1;
            assert_eq!(is_noted, changes, "{width} bits, {lanes} lanes, {cpu:?}");
        }
    }
    assert!(sleeps > 20, "registers that hold are among them: {sleeps}");
}

/// A write port, its address and its enable one for all lanes or one each.
fn port(random: &mut Random, maker: &mut Maker, memory: &Memory, addr_width: u32) -> Write {
    let lanes = memory.lanes;
    let (addr, enable) = match random.below(2) {
        0 => (maker.input(addr_width), maker.control(random, lanes)),
        _ => (maker.operand(random, addr_width, lanes), maker.operand(random, 1, lanes)),
    };
    let data = maker.operand(random, memory.width, lanes);
    let mask = random.once_in(2).then(|| maker.operand(random, memory.width, lanes));
    Write { addr, enable, data, mask }
}

#[test]
fn memories_take_what_is_written_in_each_lane() {
    let random = &mut Random::new(7);
    for _ in 0..400 {
        let (lanes, width) = (2 + random.below(40) as u32, random.width().min(64));
        let (depth, addr_width) = (1 + random.below(10) as u32, 1 + random.below(4) as u32);
        let mut memory = Memory { width, depth, lanes, writes: Vec::new() };
        let mut maker = Maker::default();
        memory.writes =
            (0..1 + random.below(3)).map(|_| port(random, &mut maker, &memory, addr_width)).collect();
        maker.0.memories.push(memory.clone());
        let rig = Rig::new(maker, random);
        let written = |lane: u32, entry: u64| {
            let before = load(&rig.plan, &rig.arena, (0, lane), entry);
            memory.writes.iter().fold(before, |kept, write| {
                let is_written =
                    rig.operand(write.enable, lane) == 1 && rig.operand(write.addr, lane) == entry;
                let mask = write.mask.map_or(u64::MAX, |mask| rig.operand(mask, lane));
                if is_written {
                    kept & !mask | rig.operand(write.data, lane) & mask
                } else {
                    kept
                }
            })
        };
        for cpu in machines() {
            let arena = rig.run(cpu);
            for (lane, entry) in
                (0..lanes).flat_map(|lane| (0..u64::from(depth)).map(move |entry| (lane, entry)))
            {
                let got = load(&rig.plan, &arena, (0, lane), entry);
                assert_eq!(got, written(lane, entry), "entry {entry} in lane {lane} of {lanes}, {cpu:?}");
            }
        }
    }
}
