//! The search of the whole space: never beaten by trying everything, its bound never above the best there is, the same
//! on any number of cores, and better than what ZigZag found on every layer of its tables.

use mapper::energy::Objective;
use mapper::space::check::faults;
use mapper::space::search::unroll::unrollings;
use mapper::space::search::{search, Options, Outcome};
use mapper::space::text::parse;
use mapper::space::{evaluate, Architecture, Dim, Factor, Hold, Layer, Mapping};

fn flat16() -> Architecture {
    let text = include_str!("../../../hw/configs/flat16.yaml");
    let accelerator = spec::config::parse("flat16.yaml", text).expect("the committed configuration is legal");
    Architecture::of(&accelerator, 0)
}

/// A layer of a ResNet that is too large for anything to fit.
const LAYER: Layer = Layer { size: [1, 1, 64, 64, 56, 56, 3, 3], stride: [1, 1], input: [56, 56] };

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

/// The least score of all legal mappings.
fn least(architecture: &Architecture, layer: &Layer, objective: Objective) -> f64 {
    let mut least = f64::INFINITY;
    for unrolling in unrollings(architecture, layer) {
        for loops in orders(&primes(&unrolling.temporal)) {
            let reaches = 0..=loops.len();
            let holds: Vec<Hold> = reaches
                .clone()
                .flat_map(|rf| (rf..=loops.len()).map(move |buffer| Hold { rf, buffer }))
                .collect();
            for x in &holds {
                for w in &holds {
                    for a in &holds {
                        let (rows, cols) = (unrolling.rows.clone(), unrolling.cols.clone());
                        let hold = [*x, *w, *a];
                        let mapping = Mapping { layer: *layer, rows, cols, loops: loops.clone(), hold };
                        if faults(&mapping, architecture).is_empty() {
                            let cost = evaluate(architecture, &mapping);
                            least = least.min(objective.score(cost.cycles as u64, cost.picojoules()));
                        }
                    }
                }
            }
        }
    }
    least
}

#[test]
fn nothing_is_better_than_what_is_found() {
    let small = Architecture { rows: 2, cols: 1, rf_bits: [16, 24, 64], ..flat16() };
    // Sizes and strides: reuse of inputs, a ragged array, groups, a batch, spilled sums.
    let layers = [
        ([1, 1, 4, 2, 1, 3, 1, 1], 1),
        ([1, 1, 3, 1, 1, 4, 1, 3], 1),
        ([1, 1, 2, 6, 1, 2, 1, 1], 1),
        ([1, 3, 1, 1, 2, 2, 2, 1], 2),
        ([2, 1, 3, 5, 1, 1, 1, 1], 1),
    ];
    // The smaller buffer cannot hold unfinished sums of what it can hold finished.
    for ((size, stride), bytes) in layers.into_iter().flat_map(|layer| [(layer, 24), (layer, 12)]) {
        let small = Architecture { buffer_bits: 8 * bytes, ..small.clone() };
        let layer = Layer { size, stride: [stride; 2], input: [99; 2] };
        for objective in [Objective::Energy, Objective::Edp, Objective::Latency] {
            let least = least(&small, &layer, objective);
            let options = Options { objective, tolerance: 0.0, ..Options::default() };
            let Outcome { found, bound, .. } = search(&small, &layer, &options).expect("it fits");
            let score = found[0].score;
            println!("{layer} {}: {bound} <= {least} <= {score}", objective.name());
            assert_eq!(faults(&found[0].mapping, &small), Vec::<String>::new());
            assert!(bound <= least * (1.0 + 1e-9), "{layer}: {bound} bounds {least}");
            // Energy does not depend on the order of loops between two boundaries; cycles do, a little.
            let share = if objective == Objective::Energy { 1e-9 } else { 0.05 };
            assert!(score <= least * (1.0 + share), "{layer}: {score}, the least is {least}");
        }
    }
}

#[test]
fn zigzag_is_beaten_on_every_layer() {
    let (mut logarithms, mut all) = (0.0, 0);
    for (text, sums) in [(include_str!("zigzag/resnet18.yaml"), 16), (include_str!("zigzag/small4.yaml"), 32)]
    {
        let architecture = flat16().with_sums(sums);
        let mut known: Vec<(Layer, f64, f64)> = Vec::new();
        for named in parse("zigzag", text).unwrap_or_else(|report| panic!("{report}")) {
            let layer = named.mapping.layer;
            if !known.iter().any(|(other, ..)| *other == layer) {
                let outcome = search(&architecture, &layer, &Options::default()).expect("it fits");
                let best = &outcome.found[0];
                assert_eq!(faults(&best.mapping, &architecture), Vec::<String>::new(), "{}", best.mapping);
                known.push((layer, best.cost.edp(), outcome.bound));
            }
            let (_, edp, bound) = known.iter().find(|(other, ..)| *other == layer).expect("known");
            let theirs = evaluate(&architecture, &named.mapping).edp();
            let (ratio, proven) = (edp / theirs, bound / edp);
            println!("{:50} {ratio:.4} of ZigZag's, {proven:.4} of it proven", named.name);
            assert!(ratio < 1.0, "{}: {ratio:.4}", named.name);
            assert!((0.998..=1.0).contains(&proven), "{}: {proven:.4}", named.name);
            logarithms += ratio.ln();
            all += 1;
        }
    }
    let mean = (logarithms / f64::from(all)).exp();
    println!("geometric mean {mean:.4}");
    assert!(mean < 0.91, "{mean:.4}");
}

#[test]
fn the_answer_does_not_depend_on_the_number_of_cores() {
    let options = Options { keep: 3, budget: 60_000, ..Options::default() };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| search(&flat16(), &LAYER, &options)).expect("it fits")
    };
    let outcome = on(1);
    assert_eq!(outcome, on(3));
    assert_eq!(outcome.found.len(), 3);
    assert!(outcome
        .found
        .windows(2)
        .all(|two| two[0].score <= two[1].score && two[0].mapping != two[1].mapping));
}

#[test]
fn a_small_budget_gives_an_answer_and_a_bound() {
    let outcome = |budget| {
        let options = Options { budget, ..Options::default() };
        search(&flat16(), &LAYER, &options).expect("it fits")
    };
    let (hasty, patient) = (outcome(1_000), outcome(Options::default().budget));
    assert!(patient.found[0].score <= hasty.found[0].score);
    assert!(hasty.bound <= patient.found[0].score && hasty.visited < patient.visited);
}

#[test]
fn what_fits_nowhere_has_no_mapping() {
    let tiny = Architecture { rf_bits: [0; 3], ..flat16() };
    assert_eq!(search(&tiny, &LAYER, &Options::default()), None);
}
