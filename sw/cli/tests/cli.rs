//! The command line as other programs use it: exit codes, files, the machine-readable result.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Runs `nasa` in the repository's root, with the simulators that all tests share.
fn nasa(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
    command.args(arguments).current_dir(ROOT).env("NASA_CACHE", Path::new(ROOT).join("target/models"));
    command.output().expect("nasa starts")
}

/// Runs `nasa`, which must exit with `status`; its stdout and stderr.
fn nasa_exits(status: i32, arguments: &[&str]) -> (String, String) {
    let output = nasa(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "nasa {arguments:?}\n{stdout}\n{stderr}");
    (stdout, stderr)
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

const TINY: &str = "hw/configs/tiny.yaml";
const NETWORK: &str = "testbenches/small/network.yaml";
const IMAGES: &str = "testbenches/small/images.npy";

#[test]
fn every_command_helps_with_an_example() {
    let (help, _) = nasa_exits(0, &["--help"]);
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() >= 9, "{commands:?}");
    for command in commands {
        let (help, _) = nasa_exits(0, &[command, "--help"]);
        let example = help.lines().find(|line| line.starts_with(&format!("Example: nasa {command} ")));
        let words = example.unwrap_or_else(|| panic!("{help}")).split_whitespace();
        for path in words.filter(|word| word.contains('/') && word.ends_with(".yaml")) {
            assert!(Path::new(ROOT).join(path).exists(), "the example of {command} names {path}");
        }
    }
}

#[test]
fn bad_input_exits_2_with_an_error_and_writes_nothing() {
    let out = folder("bad-input");
    let program = out.join("x.program");
    let wrong = "hw/spec/tests/errors/conflicts.yaml";
    let (stdout, stderr) = nasa_exits(2, &["compile", "-c", wrong, "-n", NETWORK, "-o", text(&program)]);
    assert_eq!(stdout, "");
    assert!(
        stderr.starts_with("error[config]: too few banks\n  --> hw/spec/tests/errors/conflicts.yaml:5:10\n")
    );
    let (_, stderr) = nasa_exits(2, &["reference", "-n", "nowhere.yaml", "-i", IMAGES, "-o", text(&program)]);
    assert!(stderr.contains("cannot read this file") && stderr.contains("nowhere.yaml"), "{stderr}");
    let (_, stderr) = nasa_exits(2, &["disasm", NETWORK]);
    assert!(stderr.contains("this is not a program"), "{stderr}");
    nasa_exits(2, &["verify", "--nonsense"]);
    assert_eq!(fs::read_dir(&out).expect("the folder").count(), 0);
}

#[test]
fn generate_writes_what_its_list_names_and_removes_what_it_no_longer_names() {
    let out = folder("generate");
    fs::write(out.join("files.f"), "stale.v\n").expect("written");
    fs::write(out.join("stale.v"), "").expect("written");
    fs::write(out.join("mine.v"), "").expect("written");
    let arguments = ["generate", "-c", TINY, "-o", text(&out), "--json", "-", "--quiet"];
    let (stdout, stderr) = nasa_exits(0, &arguments);
    assert_eq!(stderr, "");
    let json: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(json["config"], "tiny");
    let list = fs::read_to_string(out.join("files.f")).expect("the list");
    assert!(list.lines().count() > 10 && list.lines().all(|name| out.join(name).exists()));
    assert!(!out.join("stale.v").exists() && out.join("mine.v").exists());
    let top = fs::read_to_string(out.join("nasa_top.v")).expect("the top");
    assert!(top.contains(json["hash"].as_str().expect("a hash")), "the header names the configuration");
    let config = fs::read_to_string(out.join("config.yaml")).expect("the configuration");
    let again = spec::config::parse("config.yaml", &config).expect("a correct description");
    assert_eq!(format!("{:016x}", again.hash), json["hash"].as_str().expect("a hash"));
    assert!(!fs::read_dir(&out).expect("readable").any(|entry| {
        entry.expect("readable").path().extension().is_some_and(|extension| extension == "tmp")
    }));
}

#[test]
fn a_program_survives_its_listing() {
    let out = folder("listing");
    let [program, listing, again] = ["a.program", "a.asm", "b.program"].map(|name| out.join(name));
    nasa_exits(0, &["compile", "-c", TINY, "-n", NETWORK, "-o", text(&program), "--images", "2"]);
    nasa_exits(0, &["disasm", text(&program), "-c", TINY, "-o", text(&listing)]);
    nasa_exits(0, &["asm", text(&listing), "-o", text(&again)]);
    assert_eq!(fs::read(&program).expect("written"), fs::read(&again).expect("written"));
    let (_, stderr) = nasa_exits(2, &["disasm", text(&program), "-c", "hw/configs/edge.yaml"]);
    assert!(stderr.contains("compiled for another configuration"), "{stderr}");
}

#[test]
fn hardware_and_reference_agree_and_say_so() {
    let out = folder("verify");
    let [reference, simulated, dump] =
        ["reference.npy", "simulated.npy", "layers"].map(|name| out.join(name));
    let verify = ["verify", "-c", TINY, "-n", NETWORK, "-i", IMAGES, "--json", "-"];
    let json: Value = serde_json::from_str(&nasa_exits(0, &verify).0).expect("JSON");
    assert_eq!((&json["mismatches"], &json["images"]), (&Value::from(0), &Value::from(2)));
    assert_eq!(json["cycles"]["predicted"], json["cycles"]["measured"]);
    for layer in json["layers"].as_array().expect("layers") {
        assert_eq!(layer["cycles"]["predicted"], layer["cycles"]["measured"], "{layer}");
        assert_eq!(
            layer["counters"]["macs"].as_u64(),
            layer["macs"].as_u64().map(|macs| 2 * macs),
            "{layer}"
        );
        for kind in ["dram", "gb", "noc", "rf"] {
            let accesses = &layer["accesses"][kind];
            assert!(accesses["measured"].as_u64() > Some(0), "{layer}");
            assert_eq!(accesses["predicted"], accesses["measured"], "{kind} of {layer}");
        }
    }
    let layers = json["layers"].as_array().expect("layers").iter();
    let moved: u64 = layers.filter_map(|layer| layer["accesses"]["dram"]["measured"].as_u64()).sum();
    let dram = |key: &str| json["dram"][key].as_u64().expect("a number");
    assert_eq!(moved + dram("instructions"), dram("read") + dram("written"));
    nasa_exits(0, &["reference", "-n", NETWORK, "-i", IMAGES, "-o", text(&reference), "--dump", text(&dump)]);
    nasa_exits(0, &["simulate", "-c", TINY, "-n", NETWORK, "-i", IMAGES, "-o", text(&simulated)]);
    assert_eq!(fs::read(&reference).expect("written"), fs::read(&simulated).expect("written"));
    assert_eq!(fs::read_dir(&dump).expect("dumped").count(), json["layers"].as_array().map_or(0, Vec::len));

    // One extra stall, and a random memory, in which only the counts can be predicted.
    let (_, stderr) = nasa_exits(1, &[&verify[..7], &["--delay-beat", "100"]].concat());
    assert!(
        stderr.contains("error[verify]: layer `") && stderr.contains("is not timed as predicted"),
        "{stderr}"
    );
    let arguments = [&verify[..], &["--random-memory", "7"]].concat();
    let json: Value = serde_json::from_str(&nasa_exits(0, &arguments).0).expect("JSON");
    assert_eq!(json["cycles"]["predicted"], Value::Null);
    assert!(json["layers"][0]["accesses"]["rf"]["predicted"].as_u64() > Some(0));

    let (_, stderr) = nasa_exits(1, &[&verify[..7], &["--max-cycles", "1000"]].concat());
    assert!(stderr.contains("not over after 1000 cycles"), "{stderr}");
    let (_, stderr) = nasa_exits(2, &[&verify[..7], &["--layers", "conv3"]].concat());
    assert!(stderr.contains("did you mean `conv"), "{stderr}");
}

#[test]
fn a_flow_goes_on_where_it_stopped() {
    let out = folder("flow");
    let flow = out.join("flow.yaml");
    let root = fs::canonicalize(ROOT).expect("the root");
    let path = |name: &str| root.join(name).display().to_string();
    let (config, network, images) = (path(TINY), path(NETWORK), path(IMAGES));
    let yaml =
        format!("format: nasa-flow/1\nconfig: {config}\nnetwork: {network}\nimages: {images}\nout: run\n");
    fs::write(&flow, &yaml).expect("written");
    let (_, first) = nasa_exits(0, &["run", text(&flow)]);
    assert!(!first.contains("done before") && first.contains("bit-exact"), "{first}");
    let (_, second) = nasa_exits(0, &["run", text(&flow)]);
    assert_eq!(second.matches("done before").count(), 3, "{second}");
    fs::write(&flow, yaml.replace("config", "confg")).expect("written");
    let (_, stderr) = nasa_exits(2, &["run", text(&flow)]);
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
    let run = |keys: &str, labels: &str| {
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
    let (json, table) = verified(run("count: 1\nlabels: labels.txt\n", &right));
    assert_eq!((&json["images"], json["top1"]["right"].as_u64()), (&Value::from(1), Some(1)));
    assert!(table.contains("top-1: 1 of 1\n"), "{table}");
    // Other labels, and more images, are other inputs: nothing old is shown.
    let (json, _) = verified(run("labels: labels.txt\n", &format!("{}\n{}\n", classes[0], classes[1] + 1)));
    assert_eq!((&json["images"], &json["top1"]["right"]), (&Value::from(2), &Value::from(1)));

    let arguments = run("count: 3\n", "");
    let (_, stderr) = nasa_exits(2, &arguments.each_ref().map(String::as_str));
    assert!(stderr.contains("there are 2 images in this file, not 3"), "{stderr}");
    let arguments = run("count: 0\nlabels: labels.txt\n", "shirt\n");
    let (_, stderr) = nasa_exits(2, &arguments.each_ref().map(String::as_str));
    assert!(stderr.contains("`count` must be between 1 and"), "{stderr}");
    let arguments = run("labels: labels.txt\n", "shirt\n");
    let (_, stderr) = nasa_exits(2, &arguments.each_ref().map(String::as_str));
    assert!(stderr.contains("this is no class") && stderr.contains("1 labels for 2 images"), "{stderr}");
}
