//! The search of the whole space on layers of real size: better than what ZigZag found on every layer of its tables, the
//! same on any number of cores, an answer whatever the budget, and no more proven than was searched.

use mapper::space::check::faults;
use mapper::space::search::{search, LeftOut, Options};
use mapper::space::text::parse;
use mapper::space::{evaluate, Architecture, Layer};

fn flat16() -> Architecture {
    let text = include_str!("../../../hw/configs/flat16.yaml");
    let accelerator = spec::config::parse("flat16.yaml", text).expect("the committed configuration is legal");
    Architecture::of(&accelerator, 0)
}

/// A layer of a ResNet that is too large for anything to fit.
const LAYER: Layer = Layer { size: [1, 1, 64, 64, 56, 56, 3, 3], stride: [1, 1], input: [56, 56] };

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
            assert!((0.98..=1.0).contains(&proven), "{}: {proven:.4}", named.name);
            logarithms += ratio.ln();
            all += 1;
        }
    }
    let mean = (logarithms / f64::from(all)).exp();
    println!("geometric mean {mean:.4}");
    assert!(mean < 0.90, "{mean:.4}");
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

#[test]
fn an_answer_comes_before_any_search() {
    // The register files of the array together hold more than the buffer, so not every tile of one fits the other.
    for bits in [8 * 40, 8 * 300, 8 * 1_000] {
        let architecture = Architecture { buffer_bits: bits, ..flat16() };
        let options = Options { budget: 0, ..Options::default() };
        let outcome = search(&architecture, &LAYER, &options).expect("it fits");
        let best = &outcome.found[0];
        assert_eq!(faults(&best.mapping, &architecture), Vec::<String>::new());
        assert!(outcome.bound <= best.score);
    }
}

#[test]
fn what_is_left_out_is_said_and_in_the_bound() {
    let options = Options { budget: 1_000, ..Options::default() };
    let outcome = search(&flat16(), &LAYER, &options).expect("it fits");
    assert_eq!(outcome.left_out, LeftOut::default());
    let wide = Architecture { rows: 64, cols: 1, ..flat16() };
    let outcome = search(&wide, &LAYER, &options).expect("it fits");
    assert_eq!(outcome.left_out, LeftOut { unrollings: true, factors: false });
    let deep = Layer { size: [32, 8, 64, 64, 64, 64, 3, 3], stride: [1, 1], input: [66, 66] };
    let small = Architecture { rows: 2, cols: 1, ..flat16() };
    let outcome = search(&small, &deep, &options).expect("it fits");
    assert_eq!(outcome.left_out, LeftOut { unrollings: false, factors: true });
    let best = &outcome.found[0];
    let (steps, macs) = (deep.macs() / 2, deep.macs() as f64);
    assert!(outcome.bound <= best.score && outcome.bound > steps as f64 * macs * small.mac);
}
