//! The Python environment of the tests, and `testbenches/oracle.py`, NumPy's word on a network: cases are folders with
//! its files, results land in their `dump`.

use model::{npy, save, Graph, Tensor};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Writes a network and its images where the oracle looks for them.
pub fn write(folder: &Path, graph: &Graph, images: &Tensor) {
    let files = [
        ("network.yaml", save::yaml(graph, "network.safetensors").into_bytes()),
        ("network.safetensors", save::safetensors(graph).expect("tensors")),
        ("x.npy", npy::write(images)),
    ];
    fs::create_dir_all(folder).expect("a folder");
    files.iter().for_each(|(name, bytes)| fs::write(folder.join(name), bytes).expect("a file"));
}

/// Runs a script of `testbenches` in the project's environment, or in `NASA_PYTHON`.
pub fn python(script: &str, arguments: &[&std::ffi::OsStr]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let environment = root.join("target/venv/bin/python3");
    let python = std::env::var_os("NASA_PYTHON").map_or(environment, PathBuf::from);
    let mut command = Command::new(&python);
    command.arg(root.join("testbenches").join(script)).args(arguments);
    let output = command.output().unwrap_or_else(|error| {
        panic!("{}: {error}; run `make setup`, or set NASA_PYTHON", python.display())
    });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs NumPy on all cases, with a deliberate mistake if one is named; `list` is a folder for their list.
pub fn run(cases: &[PathBuf], list: &Path, wrong: &[&str]) {
    let line = |case: &PathBuf| {
        let [network, x, dump] = ["network.yaml", "x.npy", "dump"].map(|name| case.join(name));
        format!("{}\t{}\t{}\n", network.display(), x.display(), dump.display())
    };
    let list = list.join("list");
    fs::write(&list, cases.iter().map(line).collect::<String>()).expect("a file");
    let mut arguments = vec!["--batch".as_ref(), list.as_os_str()];
    arguments.extend(wrong.iter().map(std::ffi::OsStr::new));
    python("oracle.py", &arguments);
}

/// What the oracle computed for a layer of a case.
pub fn dumped(case: &Path, layer: &str) -> Tensor {
    let file = case.join("dump").join(format!("{layer}.npy"));
    npy::read(layer, &fs::read(file).expect("a dump")).expect("a tensor")
}
