//! The hardware against `testbenches/oracle.py` with nothing of the reference executor in between: what the
//! simulators leave in DRAM for every layer of random networks, and what NumPy makes of the same files.

use cosim::memory::Timing;
use model::Tensor;
use std::path::{Path, PathBuf};
use testbenches::fuzz::bench::difference;
use testbenches::fuzz::{Bench, Case, Configuration, Kind};
use testbenches::oracle;
use testbenches::rtl::{config, Engine};

const NETWORKS: usize = 12;

/// What the hardware computed, and where the same case lies for the oracle.
struct Computed {
    folder: PathBuf,
    outputs: Vec<(String, Tensor)>,
}

/// The layers that differ, as text.
fn differences(cases: &[Computed]) -> Vec<String> {
    let mut found = Vec::new();
    for case in cases {
        for (name, output) in &case.outputs {
            let text = difference(output, &oracle::dumped(&case.folder, name));
            found.extend(text.map(|text| format!("{}: `{name}` {text}", case.folder.display())));
        }
    }
    found
}

/// The first random networks that compile for `name`, with the oracle's word on each.
fn rtl_equals_numpy(name: &'static str) {
    Engine::ALL.into_iter().for_each(|engine| engine_equals_numpy(name, engine));
}

fn engine_equals_numpy(name: &'static str, engine: Engine) {
    let accelerator = config(name);
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rtl-oracle/{name}-{engine:?}"));
    let mut bench = Bench { engine: engine.start(&accelerator), accelerator, sabotage: None };
    let mut cases = Vec::new();
    for seed in 500.. {
        let timing = Timing::Random { latency: 30, seed };
        let case = Case {
            configuration: Configuration::Committed(name),
            seed,
            images: 2,
            dump: true,
            timing,
            drawn: false,
        };
        let graph = case.graph(&bench.accelerator);
        let outcome = match bench.run(&case, &graph) {
            Ok(ran) => ran.outcome,
            Err(failure) if failure.kind == Kind::Refused => continue,
            Err(failure) => panic!("{case}: {}", failure.text),
        };
        let folder = root.join(seed.to_string());
        oracle::write(&folder, &graph, &case.input(&graph));
        cases.push(Computed { folder, outputs: outcome.outputs });
        if cases.len() == NETWORKS {
            break;
        }
    }
    let folders: Vec<PathBuf> = cases.iter().map(|case| case.folder.clone()).collect();
    oracle::run(&folders, &root, &[]);
    let found = differences(&cases);
    assert!(found.is_empty(), "{}", found.join("\n"));
    let elements: usize =
        cases.iter().flat_map(|case| &case.outputs).map(|(_, tensor)| tensor.data.len()).sum();
    println!("{} networks, {elements} elements of RTL equal to NumPy's", cases.len());

    // The comparison can fail: an oracle that truncates instead of rounding is noticed.
    oracle::run(&folders, &root, &["--wrong", "rounding"]);
    assert!(!differences(&cases).is_empty(), "a wrong rounding was not noticed");
}

#[test]
fn rtl_equals_numpy_on_tiny() {
    rtl_equals_numpy("tiny");
}

#[test]
fn rtl_equals_numpy_on_arrays_of_odd_sides() {
    rtl_equals_numpy("odd");
}
