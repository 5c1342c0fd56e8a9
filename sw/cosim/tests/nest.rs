//! The loop-nest hardware, in the interpreter, against plain nested loops: random nests, every step of each.

use accel::nest;
use sim::{Drive, Interpreter, Simulator};
use spec::isa::table::{NestKind, FLAG_BITS, FLAG_PASS, FLAG_REDUCE};
use spec::nest::{Level, Nest};
use spec::random::{accelerator, Rng};

const KINDS: [NestKind; 4] = NestKind::ALL;
const ALL_FLAGS: u32 = (1 << FLAG_BITS) - 1;

/// A nest of up to `depth` levels with at most 1,500 steps.
fn random_nest(rng: &mut Rng, kind: NestKind, depth: u32) -> Nest {
    let mut levels: Vec<Level> = Vec::new();
    let mut steps = 1;
    for _ in 0..rng.size(1, depth) {
        let bound = rng.size(1, 6).min(1_500 / steps).max(1);
        steps *= bound;
        let strides = kind.accumulators().iter().map(|_| rng.range(-300, 300)).collect();
        levels.push(Level { bound, flags: rng.size(0, ALL_FLAGS), strides });
    }
    Nest { levels }
}

/// Writes the shadow page as the execute queue does.
fn load(hardware: &mut Interpreter, kind: NestKind, nest: &Nest) {
    hardware.poke("table_nest", kind as u64).expect("a port of the bundle");
    let deltas = nest.deltas();
    let mut writes = Vec::new();
    for (i, level) in nest.levels.iter().enumerate() {
        writes.push((i, level, None));
        writes.extend((0..deltas[i].len().div_ceil(2)).map(|pair| (i, level, Some(pair))));
    }
    for (i, level, pair) in writes {
        let mut poke = |port: &str, value: i64| {
            let mask =
                if port.ends_with("first") || port.ends_with("second") { (1 << 24) - 1 } else { 0xffff };
            hardware.poke(port, value as u64 & mask).expect("a port of the bundle");
        };
        poke("table_level", i as i64);
        poke("table_bound_we", i64::from(pair.is_none()));
        poke("table_delta_we", i64::from(pair.is_some()));
        poke("table_flags", i64::from(level.flags));
        poke("table_bound", i64::from(level.bound));
        if let Some(pair) = pair {
            poke("table_pair", pair as i64);
            poke("table_first", deltas[i][2 * pair]);
            poke("table_second", deltas[i].get(2 * pair + 1).copied().unwrap_or(0));
        }
        hardware.step(1);
    }
    for strobe in ["table_bound_we", "table_delta_we"] {
        hardware.poke(strobe, 0).expect("a port of the bundle");
    }
}

/// Walks `nest` on the hardware and compares every step; the number of steps.
fn walk(hardware: &mut Interpreter, kind: NestKind, nest: &Nest, page: u64, what: &str) -> u64 {
    hardware.poke("page", 1 - page).expect("a port");
    load(hardware, kind, nest);
    hardware.poke("page", page).expect("a port");
    hardware.poke("depth", nest.levels.len() as u64).expect("a port");
    hardware.poke("start", 1).expect("a port");
    hardware.step(1);
    hardware.poke("start", 0).expect("a port");
    while hardware.peek("valid") == Ok(0) {
        hardware.step(1);
    }
    for step in 0..nest.steps() {
        let mut rest = step;
        let counts: Vec<u64> = nest
            .levels
            .iter()
            .map(|level| {
                let bound = u64::from(level.bound);
                let count = rest % bound;
                rest /= bound;
                count
            })
            .collect();
        for (i, (name, width)) in kind.accumulators().iter().enumerate() {
            let at: i64 =
                nest.levels.iter().zip(&counts).map(|(level, n)| level.strides[i] * *n as i64).sum();
            let expected = at as u64 & ((1 << width) - 1);
            assert_eq!(
                hardware.peek(&format!("at_{name}")),
                Ok(expected),
                "{what}, step {step}, {name}\n{nest:?}"
            );
        }
        let advancing = nest.levels.iter().zip(&counts).find(|(level, n)| **n + 1 < u64::from(level.bound));
        let flags = advancing.map_or(u64::from(ALL_FLAGS), |(level, _)| u64::from(level.flags));
        assert_eq!(hardware.peek("crossed"), Ok(flags), "{what}, flags of step {step}");
        let of_compute = [("first", FLAG_REDUCE, false)];
        let of_drain = [
            ("first", FLAG_REDUCE, false),
            ("last", FLAG_REDUCE, true),
            ("first_pass", FLAG_PASS, false),
            ("last_pass", FLAG_PASS, true),
        ];
        let ends = match kind {
            NestKind::Compute => &of_compute[..],
            NestKind::Drain => &of_drain,
            _ => &[],
        };
        for (name, flag, at_last) in ends {
            let there = |(level, n): (&Level, &u64)| {
                let end = if *at_last { u64::from(level.bound) - 1 } else { 0 };
                level.flags & flag == 0 || *n == end
            };
            let expected = nest.levels.iter().zip(&counts).all(there);
            assert_eq!(hardware.peek(name), Ok(u64::from(expected)), "{what}, step {step}, {name}");
        }
        hardware.poke("step", 1).expect("a port");
        hardware.step(1);
        hardware.poke("step", 0).expect("a port");
    }
    assert_eq!(hardware.peek("valid"), Ok(0), "{what} goes on after its last step");
    nest.steps()
}

#[test]
fn random_nests_walk_as_nested_loops_do() {
    let mut steps = 0;
    for (i, kind) in KINDS.into_iter().enumerate() {
        let mut rng = Rng::new(i as u64);
        let accelerator = accelerator(&mut rng, 4);
        let module = nest::module(&accelerator, kind).unwrap_or_else(|errors| panic!("{errors}"));
        let mut hardware = Interpreter::new(&module);
        for round in 0..25 {
            let nest = random_nest(&mut rng, kind, accelerator.nest_depth);
            steps += walk(&mut hardware, kind, &nest, round % 2, &format!("{} nest {round}", kind.name()));
        }
    }
    println!("{steps} steps of 100 random nests");
}
