//! Waves and timelines through the command line: the same from every engine, and where the triggers say.

use cosim::waves::{read, Changes};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const RUN: &str = "-c hw/configs/tiny.yaml -n testbenches/small/network.yaml -i testbenches/small/images.npy";

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("waves").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Runs `nasa simulate` in the repository's root, which must exit with `status`; its JSON, and what it says.
fn simulate(status: i32, out: &Path, arguments: &str) -> (Value, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
    let result = out.join("result.json");
    let output = out.join("y.npy");
    command.arg("simulate").args(RUN.split(' ')).args(arguments.split(' ')).current_dir(ROOT);
    command.arg("-o").arg(output).arg("--json").arg(&result);
    let output =
        command.env("NASA_CACHE", Path::new(ROOT).join("target/models")).output().expect("nasa starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "nasa simulate {arguments}\n{said}");
    (serde_json::from_slice(&fs::read(result).expect("written")).expect("JSON"), said)
}

/// What a signal was at a time.
fn at(changes: &Changes, time: u64) -> Option<&str> {
    changes.iter().rev().find(|(begin, _)| *begin <= time).map(|(_, value)| value.as_str())
}

/// The launches of a timeline.
fn launches(file: &Path) -> Vec<Value> {
    let json: Value = serde_json::from_slice(&fs::read(file).expect("written")).expect("JSON");
    let events = json["traceEvents"].as_array().expect("events");
    events.iter().filter(|event| event["ph"] == "X").cloned().collect()
}

#[test]
fn a_timeline_shows_every_launch_and_is_the_same_from_every_engine() {
    let out = folder("timeline");
    let files = ["native", "verilator"].map(|engine| {
        let file = out.join(engine).with_extension("json");
        simulate(0, &out, &format!("--engine {engine} --timeline {}", file.display()));
        file
    });
    let [native, verilator] = files.clone().map(|file| fs::read(file).expect("written"));
    assert!(native == verilator, "{files:?} differ");
    let launches = launches(&files[0]);
    assert!(launches.len() > 20 && launches.iter().all(|launch| launch["dur"].as_u64() > Some(0)));
    assert!(launches.iter().any(|launch| launch["name"] == "conv2" && launch["tid"] == 1));
}

#[test]
fn signals_are_the_same_from_every_engine() {
    // In one test, because the model that Verilator can record with takes a while to build.
    a_signal_is_found_in_the_same_cycle();
    let out = folder("engines");
    let [ours, theirs]: [BTreeMap<String, Changes>; 2] = ["native", "verilator"].map(|engine| {
        let file = out.join(engine).with_extension("fst");
        let window = format!("--engine {engine} --trace {} --window 4000:4200", file.display());
        let (json, _) = simulate(0, &out, &window);
        assert_eq!(json["trace"]["cycles"], serde_json::json!([4000, 4200]));
        read(&file, |_| true).unwrap_or_else(|report| panic!("{report}"))
    });
    let missing: Vec<&String> = ours.keys().filter(|path| !theirs.contains_key(*path)).collect();
    println!("{} signals, of which Verilator lacks {}: {missing:?}", ours.len(), missing.len());
    assert!(ours.len() > 3000 && missing.is_empty(), "every signal is in both");
    let more = theirs.keys().filter(|path| !ours.contains_key(*path) && !path.ends_with(".unused"));
    assert_eq!(more.collect::<Vec<_>>(), Vec::<&String>::new(), "and no other");
    let mut changes = 0;
    for (path, ours) in &ours {
        for time in 8000..8400 {
            assert_eq!(at(ours, time), at(&theirs[path], time), "{path} at {time}");
        }
        changes += ours.len();
    }
    assert!(changes > 20_000, "the window shows work: {changes} changes");
}

fn a_signal_is_found_in_the_same_cycle() {
    let out = folder("signal");
    let cycles = ["native", "verilator"].map(|engine| {
        let file = out.join(engine).with_extension("fst");
        let flags = "--trigger nasa_top.trace_launch=0x2 --around 3 --scope nasa_top.control";
        let flags = format!("--engine {engine} --trace {} {flags}", file.display());
        simulate(0, &out, &flags).0["trace"]["cycles"].clone()
    });
    assert!(cycles[0].is_array() && cycles[0] == cycles[1], "{cycles:?}");
    let left: Vec<_> = fs::read_dir(&out).expect("readable").filter_map(Result::ok).collect();
    assert!(left.iter().all(|entry| !entry.path().to_string_lossy().contains("search")), "{left:?}");
}

#[test]
fn triggers_find_what_the_timeline_says() {
    let out = folder("triggers");
    let [file, timeline] = ["w.fst", "t.json"].map(|name| out.join(name));
    let (whole, _) = simulate(0, &out, &format!("--timeline {}", timeline.display()));
    let launches = launches(&timeline);
    let begin = |launch: &&Value| launch["ts"].as_u64().expect("a cycle");
    let cycles = |launch: &Value, around: u64| {
        let [begin, length] =
            [&launch["ts"], &launch["dur"]].map(|number| number.as_u64().expect("a number"));
        serde_json::json!([begin.saturating_sub(around), begin + length + around])
    };
    let first = |wanted: &dyn Fn(&Value) -> bool| {
        launches.iter().filter(|launch| wanted(launch)).min_by_key(begin).expect("a launch").clone()
    };
    let trace = |flags: &str| {
        let flags = format!("--trace {} {flags}", file.display());
        simulate(0, &out, &flags).0["trace"]["cycles"].clone()
    };
    // Queues are numbered load, execute, store of each chunk.
    let exec = first(&|launch| launch["name"] == "conv2" && launch["tid"] == 1);
    assert_eq!(trace("--trigger ex:conv2 --around 7"), cycles(&exec, 7));
    let any = first(&|launch| launch["name"] == "conv2");
    assert_eq!(trace("--trigger conv2"), cycles(&any, 100));
    let word = format!("--trigger clp.ex:{} --around 0", exec["args"]["word"]);
    assert_eq!(trace(&word), cycles(&exec, 0));
    // A bit of `trace_launch` is a queue.
    let last = trace("--trigger nasa_top.trace_launch=2 --around 3 --scope nasa_top.core.clp");
    let launch = first(&|launch| launch["tid"] == 1);
    assert_eq!(last, serde_json::json!([begin(&&launch) - 3, begin(&&launch) + 4]));
    let found = read(&file, |_| true).unwrap_or_else(|report| panic!("{report}"));
    assert!(!found.is_empty() && found.keys().all(|path| path.starts_with("nasa_top.core.clp.")));
    assert!(whole["trace"].is_null(), "no trace was asked for");
}

#[test]
fn what_does_not_happen_is_no_success() {
    let out = folder("never");
    let file = out.join("w.fst");
    let (_, said) = simulate(1, &out, &format!("--quiet --trace {} --trigger mismatch", file.display()));
    let expected = "error[trace]: `mismatch` did not happen in this run, so there is no trace\n";
    assert!(said.starts_with(expected), "{said}");
    assert!(!file.exists() && out.join("y.npy").exists(), "the run itself was good");
}
