//! The reference executor against `testbenches/oracle.py`, which restates the numerics in NumPy and shares no
//! code with us. All layers of random networks must agree, bit for bit; and each of the oracle's deliberate
//! mistakes must be noticed, or the comparison proves nothing.

// A test may panic anywhere.
#![allow(clippy::unwrap_used)]

use model::random::{images, network, Knobs};
use model::reference::run_all;
use model::{npy, save, Graph, Tensor};
use spec::op::Op;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const NETWORKS: u64 = 120;

/// A Python with NumPy and PyYAML: `NASA_PYTHON`, else the project's environment, else the system's.
fn python(root: &Path) -> PathBuf {
    let environment = root.join("target/venv/bin/python3");
    let python = match std::env::var_os("NASA_PYTHON") {
        Some(python) => python.into(),
        None if environment.exists() => environment,
        None => PathBuf::from("python3"),
    };
    let imports = Command::new(&python).args(["-c", "import numpy, yaml"]).output();
    let works = imports.is_ok_and(|output| output.status.success());
    assert!(works, "{} has no NumPy and PyYAML: run `make setup`, or set NASA_PYTHON", python.display());
    python
}

/// What the oracle is asked to compute, and what the reference says.
struct Case {
    seed: u64,
    graph: Graph,
    folder: PathBuf,
    expected: Vec<Tensor>,
}

/// Writes the files of seed `seed` and runs the reference.
fn case(seed: u64, folder: &Path) -> Case {
    let graph = network(seed, &Knobs { macs: 50_000, ..Knobs::default() });
    let input = images(seed, &graph, 2);
    let folder = folder.join(seed.to_string());
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("network.yaml"), save::yaml(&graph, "network.safetensors")).unwrap();
    fs::write(folder.join("network.safetensors"), save::safetensors(&graph).unwrap()).unwrap();
    fs::write(folder.join("x.npy"), npy::write(&input)).unwrap();
    let expected = run_all(&graph, &input).unwrap();
    Case { seed, graph, folder, expected }
}

/// Runs the oracle on all cases, in one process.
fn run_oracle(cases: &[Case], folder: &Path, wrong: Option<&str>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let line = |case: &Case| {
        let [network, x, dump] = ["network.yaml", "x.npy", "dump"].map(|name| case.folder.join(name));
        format!("{}\t{}\t{}\n", network.display(), x.display(), dump.display())
    };
    let list = folder.join("list");
    fs::write(&list, cases.iter().map(line).collect::<String>()).unwrap();
    let mut command = Command::new(python(&root));
    command.arg(root.join("testbenches/oracle.py")).arg("--batch").arg(&list);
    command.args(wrong.into_iter().flat_map(|wrong| ["--wrong", wrong]));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The first difference of each layer that differs, as text, with the layer's op.
fn differences(case: &Case) -> Vec<(Op, String)> {
    let compare = |(layer, expected): (&model::Layer, &Tensor)| {
        let file = case.folder.join("dump").join(format!("{}.npy", layer.name));
        let got = npy::read("dump", &fs::read(file).unwrap()).unwrap();
        assert_eq!((got.n, got.shape), (expected.n, expected.shape), "seed {}, {}", case.seed, layer.name);
        let at = (0..got.data.len()).find(|i| got.data[*i] != expected.data[*i])?;
        let index = got.index_of(at);
        let (theirs, ours) = (got.data[at], expected.data[at]);
        let text = format!("layer `{}` at {index:?}: oracle {theirs}, reference {ours}", layer.name);
        Some((layer.op, format!("seed {}: {text} ({})", case.seed, case.folder.display())))
    };
    case.graph.layers().map(|(_, layer)| layer).zip(&case.expected).filter_map(compare).collect()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn random_networks_agree_with_the_oracle() {
    let folder = folder("oracle");
    let cases: Vec<Case> = (0..NETWORKS).map(|seed| case(seed, &folder)).collect();
    run_oracle(&cases, &folder, None);
    let all: Vec<String> = cases.iter().flat_map(differences).map(|(_, text)| text).collect();
    assert!(all.is_empty(), "{} layers differ:\n{}", all.len(), all.join("\n"));
}

#[test]
fn deliberate_mistakes_are_noticed() {
    for (wrong, only_adders) in [("rounding", false), ("idle-zero", true), ("mask-padding", true)] {
        let folder = folder(wrong);
        let cases: Vec<Case> = (0..25).map(|seed| case(seed, &folder)).collect();
        run_oracle(&cases, &folder, Some(wrong));
        // A wrong layer spoils what follows, so only the first difference of a network tells the op.
        let first: Vec<Op> = cases.iter().filter_map(|case| Some(differences(case).first()?.0)).collect();
        assert!(first.len() >= 5, "--wrong {wrong} was noticed in {} networks only", first.len());
        assert!(!only_adders || first.iter().all(|op| !op.zero_is_neutral()), "--wrong {wrong}: {first:?}");
    }
}
