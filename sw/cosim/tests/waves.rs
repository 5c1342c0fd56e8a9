//! Recordings say what happened: read back, they hold what the reference interpreter computes; the native simulator's
//! are equal to the interpreter's, byte by byte, and to Verilator's own in every signal and cycle.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cosim::verilator::Recorded;
use cosim::waves::{read, Changes, Plan, Recorder, Selection, Traced};
use hdl::random::{hierarchy, Random};
use hdl::Module;
use sim::{Interpreter, Native};

const CYCLES: u64 = 120;

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("waves");
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn plan(module: &Arc<Module>, name: &str, window: std::ops::Range<u64>, paths: &[String]) -> Plan {
    let selection = Selection::new(module, paths).unwrap_or_else(|report| panic!("{report}"));
    Plan { file: folder().join(name), window, selection }
}

/// Runs a recorder on random inputs, with `flipped` one bit of them is another; what the outputs were, by cycle.
fn run(engine: &mut dyn Recorder, seed: u64, flipped: Option<u64>) -> Vec<Vec<String>> {
    let random = &mut Random::new(seed);
    let module = Arc::clone(engine.module());
    let mut outputs = Vec::new();
    for cycle in 0..CYCLES {
        for (index, port) in module.inputs().iter().enumerate() {
            let value = match port.name.as_str() {
                "rst" => num::Bits::from_u64(1, u64::from(cycle == 0 || random.below(20) == 0)),
                _ => random.bits(port.width),
            };
            let one = num::Bits::from_u64(port.width, u64::from(flipped == Some(cycle)));
            engine.set_bits(sim::InputId(index), &value.xor(&one));
        }
        let text = |index| {
            let value = engine.get_bits(sim::OutputId(index));
            (0..value.width()).rev().map(|bit| if value.bit(bit) { '1' } else { '0' }).collect()
        };
        outputs.push((0..module.outputs().len()).map(text).collect());
        engine.mark(cycle);
        engine.step(1);
    }
    outputs
}

fn interpreted(module: &Arc<Module>, plan: Plan) -> Traced<Interpreter> {
    let Selection { scopes, is_chosen, .. } = &plan.selection;
    let engine = Interpreter::watching(module, scopes, is_chosen);
    Traced::new(engine, plan).expect("a file")
}

fn native(module: &Arc<Module>, plan: Plan) -> Traced<Native> {
    let Selection { scopes, is_chosen, .. } = &plan.selection;
    let engine = Native::watching(module, scopes, is_chosen);
    Traced::new(engine, plan).expect("a file")
}

/// What a signal was at a time.
fn at(changes: &Changes, time: u64) -> Option<&str> {
    changes.iter().rev().find(|(begin, _)| *begin <= time).map(|(_, value)| value.as_str())
}

/// The first time and signal in which two recordings differ, of those that both have.
fn difference(
    a: &BTreeMap<String, Changes>,
    b: &BTreeMap<String, Changes>,
    window: std::ops::Range<u64>,
) -> Option<(u64, String)> {
    (2 * window.start..2 * window.end).find_map(|time| {
        let both = a.iter().filter_map(|(path, changes)| Some((path, changes, b.get(path)?)));
        both.filter(|(_, a, b)| at(a, time) != at(b, time)).map(|(path, ..)| (time, path.clone())).next()
    })
}

#[test]
fn a_recording_holds_what_the_outputs_were_and_both_engines_write_the_same_bytes() {
    for seed in 0..10 {
        let module = hierarchy(seed, 40);
        for (name, window) in [("all", 0..CYCLES), ("window", 50..90)] {
            let [a, b] = ["i", "n"]
                .map(|engine| plan(&module, &format!("{name}-{seed}-{engine}.fst"), window.clone(), &[]));
            let files = [a.file.clone(), b.file.clone()];
            let (mut reference, mut native) = (interpreted(&module, a), native(&module, b));
            let outputs = run(&mut reference, seed, None);
            run(&mut native, seed, None);
            assert_eq!(reference.close().expect("written"), window);
            assert_eq!(native.close().expect("written"), window);
            let bytes = files.clone().map(|file| fs::read(file).expect("a file"));
            assert!(bytes[0] == bytes[1], "seed {seed}: {files:?} differ");
            let found = read(&files[0], |_| true).expect("a recording");
            for cycle in window {
                for (index, output) in module.outputs().iter().enumerate() {
                    let path = format!("{}.{}", module.name(), output.port.name);
                    for time in [2 * cycle, 2 * cycle + 1] {
                        let value = at(&found[&path], time);
                        assert_eq!(value, Some(outputs[cycle as usize][index].as_str()), "{path} in {cycle}");
                    }
                }
                // Some random modules have no state, and so no clock.
                if let Some(clock) = found.get(&format!("{}.aclk", module.name())) {
                    assert_eq!([0, 1].map(|half| at(clock, 2 * cycle + half)), [Some("1"), Some("0")]);
                }
            }
        }
    }
}

#[test]
fn verilator_records_the_same_tree_and_values() {
    let (module, window) = (hierarchy(4, 60), 30..100);
    let plans = ["n.fst", "v.fst"].map(|name| plan(&module, name, window.clone(), &[]));
    let files = plans.clone().map(|plan| plan.file);
    let [ours, theirs] = plans;
    let mut engine = native(&module, ours);
    run(&mut engine, 4, None);
    engine.close().expect("written");
    let text = hdl::verilog::print(&module);
    let mut judge = Recorded::build(&module, &text, Path::new(env!("CARGO_TARGET_TMPDIR")), theirs)
        .unwrap_or_else(|report| panic!("{report}"));
    run(&mut judge, 4, None);
    assert_eq!(judge.close().expect("written"), window);
    let [ours, theirs] = files.map(|file| read(&file, |_| true).expect("a recording"));
    let missing: Vec<&String> = ours.keys().filter(|path| !theirs.contains_key(*path)).collect();
    println!("{} signals, of which Verilator lacks {}: {missing:?}", ours.len(), missing.len());
    let more: Vec<&String> = theirs.keys().filter(|path| !ours.contains_key(*path)).collect();
    println!("Verilator has {} more: {more:?}", more.len());
    assert!(ours.len() > 300 && missing.is_empty(), "every signal is in both");
    assert_eq!(difference(&ours, &theirs, window.clone()), None);
    // A recording of a run with one other bit is not the same.
    let other = plan(&module, "other.fst", window.clone(), &[]);
    let file = other.file.clone();
    let mut engine = native(&module, other);
    run(&mut engine, 4, Some(70));
    engine.close().expect("written");
    let other = read(&file, |_| true).expect("a recording");
    assert_eq!(difference(&other, &theirs, window).map(|(time, _)| time), Some(140));
}

#[test]
fn an_instance_is_recorded_alone_and_what_is_wrong_is_named() {
    let module = hierarchy(4, 40);
    let all = Selection::new(&module, &[]).expect("everything");
    let path =
        all.scopes.iter().map(|scope| &scope.path).max_by_key(|path| path.len()).expect("a scope").clone();
    let plan = plan(&module, "part.fst", 0..20, std::slice::from_ref(&path));
    let file = plan.file.clone();
    let mut engine = native(&module, plan);
    run(&mut engine, 1, None);
    engine.close().expect("written");
    let found = read(&file, |_| true).expect("a recording");
    assert!(
        !found.is_empty() && found.keys().all(|signal| signal.starts_with(&format!("{path}."))),
        "{found:?}"
    );

    let wrong = [format!("{path}x"), "no.such.thing".to_owned()];
    let said = Selection::new(&module, &wrong).expect_err("unknown").to_string();
    let near = format!("error[trace]: the hardware has no instance `{path}x`\n  = help: nearest: {path}");
    assert!(said.starts_with(&near) && said.contains("no instance `no.such.thing`"), "{said}");
}

#[test]
fn a_run_that_is_over_before_the_window_leaves_no_file() {
    let module = hierarchy(4, 40);
    let plan = plan(&module, "late.fst", CYCLES..CYCLES + 9, &[]);
    let file = plan.file.clone();
    let mut engine = native(&module, plan);
    run(&mut engine, 1, None);
    let said = engine.close().expect_err("nothing was recorded").to_string();
    assert!(said.starts_with("error[trace]: the run is over before cycle 120"), "{said}");
    let left: Vec<_> = fs::read_dir(folder()).expect("readable").filter_map(Result::ok).collect();
    let left = left.iter().filter(|entry| entry.path().to_string_lossy().contains("late.fst")).count();
    assert!(!file.exists() && left == 0);
}
