//! How fast simulations run: the same recorded inputs on the same Verilated model from a plain C++ test bench and,
//! through the shim, from Rust; and a whole run, with its memory model, trace and checks of AXI rules.
//!
//! The three take turns, so that whatever else the machine does hits all of them. The fastest run of each is reported,
//! for whatever else the machine does only slows one, and beside it the median of the ratios of neighbouring runs. The
//! figures go to `target/benchmarks/simulate.json`, from where `docs/benchmarks.md` takes them.

mod plain;
mod replay;

use compiler::{compile, Options};
use cosim::executor;
use plain::Plain;
use replay::{replay, Recorder, Seen};
use serde_json::{json, Map, Value};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;
use testbenches::rtl;

/// Runs of each kind.
const ROUNDS: usize = 31;
/// Images of a run, for each configuration.
const CONFIGURATIONS: [(&str, u32); 2] = [("tiny", 6), ("edge", 8)];

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/benchmarks");
    fs::create_dir_all(&folder).expect("a folder");
    let folder = folder.canonicalize().expect("a folder");
    let mut found = Map::new();
    for (name, images) in CONFIGURATIONS {
        found.insert(name.into(), measure(name, images, &folder));
    }
    let text = format!("{:#}\n", Value::Object(found));
    fs::write(folder.join("simulate.json"), text).expect("a file");
}

/// Cycles a second of the three on the configuration `name`.
fn measure(name: &str, images: u32, folder: &Path) -> Value {
    let accelerator = rtl::config(name);
    let graph = network();
    let options = Options { images, dump: true, ..Options::default() };
    let compiled = compile(&accelerator, &graph, &options).unwrap_or_else(|report| panic!("{report}"));
    let input = model::random::images(1, &graph, images as usize);
    let whole_run = |engine: &mut dyn sim::Simulator| {
        let options = executor::Options::default();
        let outcome = executor::run(engine, &accelerator, &compiled.program, &input, &options);
        outcome.unwrap_or_else(|report| panic!("{report}"));
    };

    let mut recorded = rtl::verilated(&accelerator);
    let mut recorder = Recorder::new(&mut recorded);
    whole_run(&mut recorder);
    let cycles = recorder.cycles;
    let stimulus = write(folder.join(format!("{name}.stimulus")), &cycles);
    let top = accel::generate(&accelerator).unwrap_or_else(|errors| panic!("{errors}"));
    let plain = Plain::build(&top, &folder.join(format!("plain-{name}")));

    let mut speeds = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        let by_plain = plain.replay(&stimulus);
        let by_shim = replay(&mut rtl::verilated(&accelerator), &cycles);
        assert_eq!((by_plain.cycles, by_plain.sum), (by_shim.cycles, by_shim.sum), "the same hardware");
        let mut engine = rtl::verilated(&accelerator);
        let start = Instant::now();
        whole_run(&mut engine);
        let by_run = Seen { time: start.elapsed(), ..by_shim };
        for (speeds, seen) in speeds.iter_mut().zip([by_plain, by_shim, by_run]) {
            speeds.push(seen.speed());
        }
    }
    let neighbours =
        |of: usize| median(speeds[of].iter().zip(&speeds[0]).map(|(speed, plain)| speed / plain).collect());
    let [shim_median, run_median] = [neighbours(1), neighbours(2)];
    let [plain, shim, run] = speeds.map(|speeds| speeds.into_iter().fold(0.0, f64::max));
    let [shim_ratio, run_ratio] = [shim / plain, run / plain];
    println!(
        "{name}, {} cycles, in cycles/s: plain C++ {plain:.0}, shim {shim:.0}, whole run {run:.0}",
        cycles.len()
    );
    println!("  shim / plain {shim_ratio:.3} ({shim_median:.3}), whole run / plain {run_ratio:.3} ({run_median:.3})");
    json!({"cycles": cycles.len(), "plain": plain, "shim": shim, "run": run, "shim_ratio": shim_ratio,
        "run_ratio": run_ratio, "shim_median": shim_median, "run_median": run_median})
}

/// A small network of all three ops.
fn network() -> model::Graph {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("small");
    let text = fs::read_to_string(folder.join("network.yaml")).expect("the small network");
    let bytes = fs::read(folder.join("network.safetensors")).expect("its weights");
    let written = model::format::Written::parse("network.yaml", &text);
    let graph = written.and_then(|written| written.with_weights("network.safetensors", &bytes));
    graph.unwrap_or_else(|report| panic!("{report}"))
}

/// Writes records as `plain.cpp` reads them.
fn write(path: PathBuf, cycles: &[replay::Cycle]) -> PathBuf {
    let bytes: Vec<u8> = cycles.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
    fs::write(&path, bytes).expect("a file");
    path
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
