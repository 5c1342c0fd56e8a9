//! The search of the whole space against trying everything: on small layers and arrays every unrolling, every order of
//! prime factors and every boundary is scored. The bound is never above the best there is, and what is found never
//! worse than what the search promises.

use mapper::energy::Objective;
use mapper::space::check::faults;
use mapper::space::search::{search, LeftOut, Options, Outcome};
use mapper::space::{evaluate, Architecture, Dim, Factor, Hold, Layer, Mapping};
use spec::random::Rng;

fn flat16() -> Architecture {
    let text = include_str!("../../../hw/configs/flat16.yaml");
    let accelerator = spec::config::parse("flat16.yaml", text).expect("the committed configuration is legal");
    Architecture::of(&accelerator, 0)
}

const OBJECTIVES: [Objective; 3] = [Objective::Energy, Objective::Edp, Objective::Latency];

/// All orders of `loops`, each once.
fn orders(loops: &[Factor]) -> Vec<Vec<Factor>> {
    if loops.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (i, first) in loops.iter().enumerate() {
        if loops[..i].contains(first) {
            continue;
        }
        let rest = [&loops[..i], &loops[i + 1..]].concat();
        all.extend(orders(&rest).into_iter().map(|order| [&[*first], &order[..]].concat()));
    }
    all
}

fn primes(rounds: &[u32; 8]) -> Vec<Factor> {
    let mut loops = Vec::new();
    for dim in Dim::ALL {
        let (mut rest, mut count) = (rounds[dim.index()], 2);
        while rest > 1 {
            if rest.is_multiple_of(count) {
                loops.push(Factor { dim, count });
                rest /= count;
            } else {
                count += 1;
            }
        }
    }
    loops
}

/// Everything that fits along an axis of `room` PEs, from dimension `dim` on.
fn axes(layer: &Layer, room: u32, dim: usize) -> Vec<Vec<Factor>> {
    let Some(size) = layer.size.get(dim) else { return vec![Vec::new()] };
    (1..=room.min(*size))
        .flat_map(|count| {
            let own = (count > 1).then_some(Factor { dim: Dim::ALL[dim], count });
            axes(layer, room / count, dim + 1)
                .into_iter()
                .map(move |rest| own.into_iter().chain(rest).collect())
        })
        .collect()
}

/// The least scores of all legal mappings, by objective.
fn least(architecture: &Architecture, layer: &Layer) -> [f64; 3] {
    let mut least = [f64::INFINITY; 3];
    let mut mapping =
        Mapping { layer: *layer, rows: vec![], cols: vec![], loops: vec![], hold: [Hold::default(); 3] };
    for rows in axes(layer, architecture.rows, 0) {
        for cols in axes(layer, architecture.cols, 0) {
            (mapping.rows, mapping.cols) = (rows.clone(), cols);
            let lanes = mapping.spatial();
            let rounds = std::array::from_fn(|i| layer.size[i].div_ceil(lanes[i]));
            for loops in orders(&primes(&rounds)) {
                mapping.loops = loops;
                each_hold(&mut mapping, 0, &mut |mapping| {
                    if faults(mapping, architecture).is_empty() {
                        let cost = evaluate(architecture, mapping);
                        for (least, objective) in least.iter_mut().zip(OBJECTIVES) {
                            *least = least.min(objective.score(cost.cycles as u64, cost.picojoules()));
                        }
                    }
                });
            }
        }
    }
    least
}

/// `mapping` with all boundaries of the operands from `operand` on.
fn each_hold(mapping: &mut Mapping, operand: usize, look: &mut impl FnMut(&Mapping)) {
    if operand == 3 {
        return look(mapping);
    }
    for buffer in 0..=mapping.loops.len() {
        for rf in 0..=buffer {
            mapping.hold[operand] = Hold { rf, buffer };
            each_hold(mapping, operand + 1, look);
        }
    }
}

/// Searches `layer` on `architecture` and tries everything.
fn check(architecture: &Architecture, layer: &Layer) {
    for (least, objective) in least(architecture, layer).into_iter().zip(OBJECTIVES) {
        let what = format!("{layer}, stride {:?}, {}", layer.stride, objective.name());
        let options = Options { objective, tolerance: 0.0, ..Options::default() };
        let Some(Outcome { found, bound, left_out, .. }) = search(architecture, layer, &options) else {
            assert_eq!(least, f64::INFINITY, "{what}: something fits");
            continue;
        };
        let score = found[0].score;
        assert_eq!(faults(&found[0].mapping, architecture), Vec::<String>::new(), "{what}");
        assert_eq!(left_out, LeftOut::default(), "{what}");
        assert!(bound <= least * (1.0 + 1e-9), "{what}: {bound} bounds {least}");
        // Energy does not depend on the order of loops between two boundaries; cycles do, a little.
        let share = if objective == Objective::Energy { 1e-9 } else { 0.05 };
        assert!(score <= least * (1.0 + share), "{what}: {score}, the least is {least}");
    }
}

#[test]
fn nothing_is_better_than_what_is_found() {
    let small = Architecture { rows: 2, cols: 1, rf_bits: [16, 24, 64], ..flat16() };
    // Sizes and strides: reuse of inputs, a ragged array, groups, a batch, spilled sums.
    for (size, stride) in [
        ([1, 1, 4, 2, 1, 3, 1, 1], 1),
        ([1, 1, 3, 1, 1, 4, 1, 3], 1),
        ([1, 1, 2, 6, 1, 2, 1, 1], 1),
        ([1, 3, 1, 1, 2, 2, 2, 1], 2),
        ([2, 1, 3, 5, 1, 1, 1, 1], 1),
    ] {
        // The smaller buffer cannot hold unfinished sums of what it can hold finished.
        for bytes in [24, 12] {
            let small = Architecture { buffer_bits: 8 * bytes, ..small.clone() };
            check(&small, &Layer { size, stride: [stride; 2], input: [99; 2] });
        }
    }
}

#[test]
fn of_unrollings_with_the_same_rounds_the_smallest_is_kept() {
    // Six groups in two rounds: along rows and columns of four PEs, or of three, whose tiles fit the buffer.
    let size = [1, 6, 1, 5, 1, 1, 1, 1];
    let rf_bits = [24, 16, 64];
    for bytes in 6..40 {
        let architecture = Architecture { rows: 3, cols: 2, rf_bits, buffer_bits: 8 * bytes, ..flat16() };
        check(&architecture, &Layer { size, stride: [1; 2], input: [99; 2] });
    }
}

#[test]
fn nothing_random_is_better_than_what_is_found() {
    for seed in 0..60 {
        let mut rng = Rng::new(seed);
        let mut size = [1; 8];
        for _ in 0..rng.range(2, 4) {
            let dim = rng.range(0, 7) as usize;
            let more = size[dim] * rng.size(1, 5) + rng.size(0, 1);
            if size.iter().product::<u32>() / size[dim] * more <= 60 {
                size[dim] = more;
            }
        }
        let stride = [0; 2].map(|_| rng.size(1, 3));
        let input = [0; 2].map(|_| *rng.choose(&[99, 3, 5]));
        let (rows, cols) = *rng.choose(&[(1, 1), (2, 1), (3, 1), (2, 2), (3, 2), (1, 3)]);
        let mut kept = |word: u32| word * rng.size(1, 4);
        let architecture = Architecture {
            rows,
            cols,
            rf_bits: [kept(8), kept(8), kept(32)],
            buffer_bits: 8 * rng.choose(&[12, 16, 24, 40, 100]),
            buffer_word: *rng.choose(&[8, 16, 64, 128]),
            dram_word: *rng.choose(&[8, 16, 64]),
            ..flat16()
        };
        if primes(&size).len() <= 4 {
            check(&architecture, &Layer { size, stride, input });
        }
    }
}
