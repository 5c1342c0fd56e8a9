//! `nasa import` as a user runs it: a model becomes a network that the reference and the hardware run alike; and what
//! is said where it does not, with nothing half written.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A folder with the model and its calibration images.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("import").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    for name in ["model.onnx", "calibration.npy"] {
        fs::copy(Path::new(ROOT).join("testbenches/small").join(name), folder.join(name)).expect("copied");
    }
    fs::copy(Path::new(ROOT).join("hw/configs/tiny.yaml"), folder.join("tiny.yaml")).expect("copied");
    folder
}

/// Runs `nasa` in `folder`, which must exit with `status`; what it says on stderr.
fn nasa(folder: &Path, status: i32, arguments: &str) -> String {
    let mut nasa = Command::new(env!("CARGO_BIN_EXE_nasa"));
    let output = nasa.args(arguments.split(' ')).current_dir(folder).output().expect("nasa starts");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(status), "nasa {arguments}\n{said}");
    said
}

fn json(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).expect("written")).expect("JSON")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn an_imported_model_runs_on_the_hardware_bit_for_bit() {
    let folder = folder("runs");
    let import =
        "import model.onnx -o net.yaml --calibration calibration.npy --images x.npy --json import.json";
    for shift in ["", " --shift block.expand,fc"] {
        let said = nasa(&folder, 0, &format!("{import}{shift}"));
        assert!(said.starts_with("net.yaml: 7 layers, 26,656 MACs; the class of "), "{said}");
        let imported = json(&folder.join("import.json"));
        assert_eq!(imported["calibration"]["images"], 8);
        let ops =
            imported["layers"].as_array().expect("layers").iter().filter(|layer| layer["op"] == "shift");
        assert_eq!(ops.count(), if shift.is_empty() { 0 } else { 2 });
        nasa(&folder, 0, "reference -n net.yaml -i x.npy -o y.npy");
        nasa(&folder, 0, "verify -c tiny.yaml -n net.yaml -i x.npy --count 2 --json verify.json --quiet");
        let verified = json(&folder.join("verify.json"));
        assert_eq!((&verified["mismatches"], &verified["engine"]), (&0.into(), &"native".into()));
        assert!(verified["elements"].as_u64() > Some(3000), "{verified}");
    }
}

#[test]
fn refusals_leave_nothing_behind() {
    let folder = folder("refusals");
    let model = fs::read(folder.join("model.onnx")).expect("readable");
    fs::write(folder.join("cut.onnx"), &model[..model.len() / 2]).expect("written");
    let before = names(&folder);
    for (arguments, message) in [
        ("cut.onnx -o net.yaml", "not readable as ONNX; truncated, or another kind of file\n  --> cut.onnx"),
        ("model.onnx -o net.yaml", "the model needs calibration images\n  --> model.onnx"),
        ("model.onnx -o net.yaml --calibration cut.onnx", "not an .npy file\n  --> cut.onnx"),
        ("model.onnx -o net.yaml --shift stan", "did you mean `stem`?"),
        ("model.onnx -o net.safetensors", "the network is a YAML file"),
        ("model.onnx -o net.yaml --std 1,2", "--std has 2 numbers for 3 channels"),
        ("nowhere.onnx -o net.yaml", "cannot read this file"),
        ("tiny.yaml -o net.yaml", "the checkpoint has an unknown key `name`"),
        // The tensors could be written, the network cannot: neither is.
        ("model.onnx -o tiny.yaml/net.yaml --calibration calibration.npy", "cannot write this file"),
    ] {
        let said = nasa(&folder, 2, &format!("import {arguments}"));
        assert!(said.starts_with("error[") && said.contains(message), "{arguments}: {said}");
        assert!(said.contains("= help: "), "{arguments}: {said}");
        assert_eq!(names(&folder), before, "{arguments}");
    }
    fs::create_dir(folder.join("net.yaml")).expect("a folder");
    nasa(&folder, 2, "import model.onnx -o net.yaml --calibration calibration.npy");
    assert!(!folder.join("net.safetensors").exists(), "neither is written where one cannot be");
}
