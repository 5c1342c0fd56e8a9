//! `nasa run`: which steps it does again, and which not.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const TINY: &str = "hw/configs/tiny.yaml";
const NETWORK: &str = "testbenches/small/network.yaml";
const IMAGES: &str = "testbenches/small/images.npy";

/// Runs a `nasa` in the repository's root, with the simulators that all tests share; its stdout and stderr.
fn run(program: &Path, status: i32, arguments: &[&str]) -> (String, String) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(ROOT).env("NASA_CACHE", Path::new(ROOT).join("target/models"));
    let output = command.output().expect("nasa starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "nasa {arguments:?}\n{stdout}\n{stderr}");
    (stdout, stderr)
}

fn nasa_exits(status: i32, arguments: &[&str]) -> (String, String) {
    run(Path::new(env!("CARGO_BIN_EXE_nasa")), status, arguments)
}

/// An empty folder for a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

/// The steps that a run says it did not do again.
fn done_before(stderr: &str) -> Vec<&str> {
    stderr
        .lines()
        .filter(|line| line.contains("done before"))
        .filter_map(|line| line.split(':').next())
        .collect()
}

/// A flow with a network of its own, whose weights are called otherwise than it is.
struct Flow {
    out: PathBuf,
    file: PathBuf,
}

impl Flow {
    fn new(name: &str) -> Flow {
        let out = folder(name);
        let root = fs::canonicalize(ROOT).expect("the root");
        let network = fs::read_to_string(root.join(NETWORK)).expect("a network");
        assert!(network.contains("weights: network.safetensors"));
        fs::write(out.join("net.yaml"), network.replace("network.safetensors", "tensors.bin"))
            .expect("written");
        let tensors = root.join(NETWORK).with_extension("safetensors");
        fs::copy(tensors, out.join("tensors.bin")).expect("copied");
        let (config, images) = (root.join(TINY), root.join(IMAGES));
        let yaml = format!(
            "format: nasa-flow/1\nconfig: {}\nnetwork: net.yaml\nimages: {}\nout: run\n",
            config.display(),
            images.display()
        );
        let file = out.join("flow.yaml");
        fs::write(&file, yaml).expect("written");
        Flow { out, file }
    }

    /// Runs it: what it shows, and the steps that it does not do again.
    fn run(&self) -> (String, Vec<String>) {
        let (stdout, stderr) = nasa_exits(0, &["run", text(&self.file)]);
        (stdout, done_before(&stderr).into_iter().map(str::to_string).collect())
    }
}

#[test]
fn what_was_done_is_shown_again_and_not_done_again() {
    let flow = Flow::new("flow-again");
    let (table, before) = flow.run();
    assert!(before.is_empty() && table.contains(" mismatches\n"), "{table}");
    let (again, before) = flow.run();
    assert_eq!((again, before.join(" ")), (table, "generate compile verify confirm".into()));
}

#[test]
fn other_weights_are_another_network() {
    let flow = Flow::new("flow-weights");
    flow.run();
    let tensors = flow.out.join("tensors.bin");
    let mut bytes = fs::read(&tensors).expect("readable");
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let header = String::from_utf8_lossy(&bytes[8..8 + length]).into_owned();
    // The first byte of a weight, which may have any value; other tensors may not.
    let entry = &header[header.find(".weight\"").expect("a weight")..];
    let offset =
        entry[entry.find("data_offsets\":[").expect("offsets") + 15..].split(',').next().expect("a number");
    let at = 8 + length + offset.parse::<usize>().expect("a number");
    bytes[at] = if bytes[at] == 1 { 2 } else { 1 };
    fs::write(&tensors, bytes).expect("written");
    assert_eq!(flow.run().1, ["generate"]);
}

#[test]
fn a_product_that_is_gone_or_changed_is_made_again() {
    let flow = Flow::new("flow-products");
    flow.run();
    fs::remove_file(flow.out.join("run/network.program")).expect("removed");
    assert_eq!(flow.run().1, ["generate", "verify", "confirm"]);
    assert!(flow.out.join("run/network.program").exists());
    fs::write(flow.out.join("run/rtl/nasa_top.v"), "").expect("written");
    assert_eq!(flow.run().1, ["compile", "verify", "confirm"]);
    assert!(!fs::read(flow.out.join("run/rtl/nasa_top.v")).expect("readable").is_empty());
}

#[test]
fn both_simulators_check_and_say_the_same() {
    let flow = Flow::new("flow-confirmed");
    let (stdout, _) = nasa_exits(0, &["run", text(&flow.file), "--json", "-"]);
    let mut json: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(json["confirm"]["engine"].take(), "verilator");
    assert_eq!(json["verify"]["engine"].take(), "native");
    assert_eq!(json["confirm"], json["verify"]);
    // One of them alone is another step, and is not judged again.
    let (stdout, stderr) = nasa_exits(0, &["run", text(&flow.file), "--engine", "native", "--json", "-"]);
    let json: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((&json["confirm"], done_before(&stderr)), (&Value::Null, vec!["generate", "compile"]));
}

#[test]
fn without_verilator_a_flow_ends_unconfirmed() {
    let flow = Flow::new("flow-unconfirmed");
    let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
    command.args(["run", text(&flow.file), "--json", "-"]).env("PATH", &flow.out);
    let output = command.output().expect("nasa starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("not confirmed: `verilator` is not installed\n"), "{said}");
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&json["verify"]["mismatches"], &json["verify"]["engine"]), (&0.into(), &"native".into()));
    assert_eq!(json["confirm"]["missing"], "`verilator` is not installed");
    // Nothing is remembered of it: once Verilator is there, it is asked.
    assert_eq!(flow.run().1, ["generate", "compile", "verify"]);
}

#[test]
fn another_build_of_the_program_does_everything_again() {
    let flow = Flow::new("flow-program");
    flow.run();
    let mut program = fs::read(env!("CARGO_BIN_EXE_nasa")).expect("the program");
    program.push(0);
    let other = flow.out.join("nasa");
    fs::copy(env!("CARGO_BIN_EXE_nasa"), &other).expect("copied, to be executable");
    fs::write(&other, program).expect("written");
    let (_, stderr) = run(&other, 0, &["run", text(&flow.file)]);
    assert!(done_before(&stderr).is_empty(), "{stderr}");
}

#[test]
fn a_wrong_flow_is_refused_with_all_that_is_wrong() {
    let flow = Flow::new("flow-wrong");
    let yaml = fs::read_to_string(&flow.file).expect("readable");
    fs::write(&flow.file, yaml.replace("config", "confg")).expect("written");
    let (_, stderr) = nasa_exits(2, &["run", text(&flow.file)]);
    assert!(
        stderr.contains("did you mean `config`?") && stderr.contains("the flow has no `config`"),
        "{stderr}"
    );
}

#[test]
fn a_flow_takes_the_first_images_and_counts_right_answers() {
    let out = folder("flow-labels");
    let reference = out.join("y.npy");
    let arguments = ["reference", "-n", NETWORK, "-i", IMAGES, "-o", text(&reference), "--json", "-"];
    let json: Value = serde_json::from_str(&nasa_exits(0, &arguments).0).expect("JSON");
    let classes: Vec<u64> =
        json["classes"].as_array().expect("classes").iter().filter_map(Value::as_u64).collect();
    assert_eq!(classes.len(), 2);

    let root = fs::canonicalize(ROOT).expect("the root");
    let path = |name: &str| root.join(name).display().to_string();
    let (config, network, images) = (path(TINY), path(NETWORK), path(IMAGES));
    let flow = out.join("flow.yaml");
    let write = |keys: &str, labels: &str| {
        fs::write(out.join("labels.txt"), labels).expect("written");
        let yaml = format!(
            "format: nasa-flow/1\nconfig: {config}\nnetwork: {network}\nimages: {images}\nout: run\n{keys}"
        );
        fs::write(&flow, yaml).expect("written");
        ["run", text(&flow), "--json", "-"].map(str::to_string)
    };
    let verified = |arguments: [String; 4]| {
        let (stdout, stderr) = nasa_exits(0, &arguments.each_ref().map(String::as_str));
        let json: Value = serde_json::from_str(&stdout).expect("JSON");
        (json["verify"].clone(), stderr)
    };
    let right = format!("{}\n{}\n", classes[0], classes[1]);
    let (json, table) = verified(write("count: 1\nlabels: labels.txt\n", &right));
    assert_eq!((&json["images"], json["top1"]["right"].as_u64()), (&Value::from(1), Some(1)));
    assert!(table.contains("top-1: 1 of 1\n"), "{table}");
    // Other labels, and more images, are other inputs: nothing old is shown.
    let (json, _) = verified(write("labels: labels.txt\n", &format!("{}\n{}\n", classes[0], classes[1] + 1)));
    assert_eq!((&json["images"], &json["top1"]["right"]), (&Value::from(2), &Value::from(1)));

    let arguments = write("count: 3\n", "");
    let (_, stderr) = nasa_exits(2, &arguments.each_ref().map(String::as_str));
    assert!(stderr.contains("there are 2 images in this file, not 3"), "{stderr}");
    let arguments = write("count: 0\nlabels: labels.txt\n", "shirt\n");
    let (_, stderr) = nasa_exits(2, &arguments.each_ref().map(String::as_str));
    assert!(stderr.contains("`count` must be between 1 and"), "{stderr}");
    let arguments = write("labels: labels.txt\n", "shirt\n");
    let (_, stderr) = nasa_exits(2, &arguments.each_ref().map(String::as_str));
    assert!(stderr.contains("this is no class") && stderr.contains("1 labels for 2 images"), "{stderr}");
}
