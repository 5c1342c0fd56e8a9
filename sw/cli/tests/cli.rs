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
fn a_pass_of_the_simulator_shows_what_it_made() {
    let out = folder("dump-after").join("y.npy");
    let simulate = ["simulate", "-c", TINY, "-n", NETWORK, "-i", IMAGES, "-o", text(&out), "--dump-after"];
    let (shown, _) = nasa_exits(0, &[&simulate[..], &["schedule"]].concat());
    assert!(shown.starts_with("block 0, of outputs: values ["), "{shown}");
    assert!(shown.contains(" with lanes: values [") && shown.contains("registers ["), "{shown}");
    let (_, said) = nasa_exits(2, &[&simulate[..], &["scedule"]].concat());
    assert!(
        said.contains("[possible values: elaborate, sweep, group, prune, schedule, plan, segments]"),
        "{said}"
    );
}

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
        for word in words.filter(|word| word.contains('/') && word.ends_with(".yaml")) {
            // Networks may be given as NAME=FILE.
            let path = word.split_once('=').map_or(word, |(_, path)| path);
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

/// Kills `nasa generate` at many moments: what its folder holds is what was there before or what is there now,
/// and a user's file in it is not lost.
#[test]
fn generate_that_is_killed_leaves_nothing_half_written() {
    let root = folder("generate-killed");
    let out = root.join("rtl");
    let arguments = |config| ["generate", "-c", config, "-o", text(&out), "--quiet"];
    let top = || fs::read_to_string(out.join("nasa_top.v")).unwrap_or_default();
    nasa_exits(0, &arguments("hw/configs/odd.yaml"));
    let odd = top();
    fs::write(out.join("mine.v"), "mine").expect("written");
    for moment in 0..30 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
        let mut running = command.args(arguments(TINY)).current_dir(ROOT).spawn().expect("nasa starts");
        std::thread::sleep(std::time::Duration::from_millis(2 * moment));
        running.kill().expect("killed, or over");
        running.wait().expect("over");
        let list = fs::read_to_string(out.join("files.f")).unwrap_or_default();
        assert!(list.lines().all(|name| out.join(name).exists()), "killed after {} ms", 2 * moment);
        nasa_exits(0, &arguments("hw/configs/odd.yaml"));
        assert_eq!((top(), out.join("mine.v").exists()), (odd.clone(), true));
    }
    nasa_exits(0, &arguments(TINY));
    assert!(top() != odd && fs::read_to_string(out.join("mine.v")).expect("readable") == "mine");
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let out = folder("pipe");
    let program = out.join("a.program");
    nasa_exits(0, &["compile", "-c", TINY, "-n", NETWORK, "-o", text(&program)]);
    for (closed, arguments) in [
        ("stdout", &["disasm", text(&program)][..]),
        ("stdout", &["map", "-c", TINY, "-n", NETWORK, "--json", "-"]),
        ("stderr", &["compile", "-c", TINY, "-n", NETWORK, "-o", text(&program)]),
        ("stderr", &["disasm", NETWORK]),
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
        command.args(arguments).current_dir(ROOT);
        let output = match closed {
            "stdout" => command.stdout(writer).output(),
            _ => command.stderr(writer).output(),
        };
        let output = output.expect("nasa starts");
        assert_eq!(output.status.code(), Some(141), "{arguments:?} without a reader of {closed}");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(!words.contains("panicked"), "{arguments:?}: {words}");
    }
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
        // Idle PEs have terms too.
        let terms = layer["counters"]["terms"].as_u64();
        assert!(terms >= layer["macs"].as_u64().map(|macs| 2 * macs), "{layer}");
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
