//! The hardware against `testbenches/oracle.py` with nothing of the reference executor in between: what Verilator
//! leaves in DRAM for every layer of random networks, and what NumPy makes of the same files.

use cosim::memory::Timing;
use model::{npy, save, Tensor};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use testbenches::fuzz::bench::difference;
use testbenches::fuzz::{Bench, Case, Configuration, Kind};
use testbenches::rtl::{config, verilated};

const NETWORKS: usize = 12;

/// What the hardware computed, and where the same case lies for the oracle.
struct Computed {
    folder: PathBuf,
    outputs: Vec<(String, Tensor)>,
}

/// Runs NumPy on all cases, with a deliberate mistake if one is named.
fn oracle(cases: &[Computed], folder: &Path, wrong: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let environment = root.join("target/venv/bin/python3");
    let python = std::env::var_os("NASA_PYTHON").map_or(environment, PathBuf::from);
    let line = |case: &Computed| {
        let [network, x, dump] = ["network.yaml", "x.npy", "dump"].map(|name| case.folder.join(name));
        format!("{}\t{}\t{}\n", network.display(), x.display(), dump.display())
    };
    let list = folder.join("list");
    fs::write(&list, cases.iter().map(line).collect::<String>()).expect("a file");
    let mut command = Command::new(&python);
    command.arg(root.join("testbenches/oracle.py")).arg("--batch").arg(&list).args(wrong);
    let output = command.output().unwrap_or_else(|error| {
        panic!("{}: {error}; run `make setup`, or set NASA_PYTHON", python.display())
    });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The layers that differ, as text.
fn differences(cases: &[Computed]) -> Vec<String> {
    let mut found = Vec::new();
    for case in cases {
        for (name, output) in &case.outputs {
            let file = case.folder.join("dump").join(format!("{name}.npy"));
            let expected = npy::read(name, &fs::read(file).expect("a dump")).expect("a tensor");
            let text = difference(output, &expected);
            found.extend(text.map(|text| format!("{}: `{name}` {text}", case.folder.display())));
        }
    }
    found
}

#[test]
fn rtl_equals_numpy() {
    let (accelerator, root) = (config("tiny"), Path::new(env!("CARGO_TARGET_TMPDIR")).join("rtl-oracle"));
    let engine = Box::new(verilated(&accelerator));
    let mut bench = Bench { accelerator, engine, sabotage: None };
    let mut cases = Vec::new();
    for seed in 500.. {
        let timing = Timing::Random { latency: 30, seed };
        let case =
            Case { configuration: Configuration::Committed("tiny"), seed, images: 2, dump: true, timing };
        let graph = case.graph(&bench.accelerator);
        let outcome = match bench.run(&case, &graph) {
            Ok(ran) => ran.outcome,
            Err(failure) if failure.kind == Kind::Refused => continue,
            Err(failure) => panic!("{case}: {}", failure.text),
        };
        let folder = root.join(seed.to_string());
        let files = [
            ("network.yaml", save::yaml(&graph, "network.safetensors").into_bytes()),
            ("network.safetensors", save::safetensors(&graph).expect("tensors")),
            ("x.npy", npy::write(&case.input(&graph))),
        ];
        fs::create_dir_all(&folder).expect("a folder");
        files.iter().for_each(|(name, bytes)| fs::write(folder.join(name), bytes).expect("a file"));
        cases.push(Computed { folder, outputs: outcome.outputs });
        if cases.len() == NETWORKS {
            break;
        }
    }
    oracle(&cases, &root, &[]);
    let found = differences(&cases);
    assert!(found.is_empty(), "{}", found.join("\n"));
    let elements: usize =
        cases.iter().flat_map(|case| &case.outputs).map(|(_, tensor)| tensor.data.len()).sum();
    println!("{} networks, {elements} elements of RTL equal to NumPy's", cases.len());

    // The comparison can fail: an oracle that truncates instead of rounding is noticed.
    oracle(&cases, &root, &["--wrong", "rounding"]);
    assert!(!differences(&cases).is_empty(), "a wrong rounding was not noticed");
}
