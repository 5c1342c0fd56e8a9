//! The native simulator beside Verilator at its fastest (`-O3`, and `-O3` of its C++): build, speed, memory.
//!
//! The zoo's network runs on whole accelerators, on both simulators in turns, so that whatever else the machine does
//! hits both; the best run of each counts. A plain array, of which nothing ever sleeps, runs on both as well. Then the
//! largest accelerator runs on for ten million cycles, which must take no more memory. Figures go to
//! `target/benchmarks/native.json`, from where `docs/benchmarks.md` takes them.

mod array;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use compiler::{compile, Options};
use cosim::executor;
use cosim::verilator::Verilated;
use hdl::Module;
use model::{Graph, Tensor};
use serde_json::{json, Map, Value};
use sim::{Drive, Native, Simulator};
use spec::accelerator::Accelerator;
use testbenches::{rtl, zoo};

/// Accelerators, how many images are in flight, and runs in each simulator.
const ACCELERATORS: [(&str, usize, usize); 2] = [("edge", 16, 9), ("large", 16, 2)];
/// Cycles of the plain array in each simulator, and runs.
const ARRAY: (u64, usize) = (1_000_000, 9);
/// Cycles of the run that must not grow.
const LONG: u64 = 10_000_000;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/benchmarks");
    fs::create_dir_all(&folder).expect("a folder");
    let mut found = Map::new();
    for (name, images, rounds) in ACCELERATORS {
        found.insert(name.into(), accelerator(name, images, rounds));
    }
    found.insert("array".into(), plain_array());
    found.insert("long".into(), long_run("large"));
    fs::write(folder.join("native.json"), format!("{:#}\n", Value::Object(found))).expect("a file");
}

/// Seconds that `work` takes, and what it gives.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let began = Instant::now();
    let done = work();
    (began.elapsed().as_secs_f64(), done)
}

/// Verilator's model of `top`, built anew.
fn verilated(top: &Arc<Module>) -> (f64, Verilated) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("native-bench");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    timed(|| Verilated::build_optimised(top, &folder).unwrap_or_else(|error| panic!("{error}")))
}

/// What was measured of both simulators; `cycles` of a run.
fn report(name: &str, build: [f64; 2], run: [f64; 2], cycles: u64) -> Value {
    let [native, verilator] = run.map(|seconds| cycles as f64 / seconds / 1e3);
    let whole = (build[0] + run[0]) / (build[1] + run[1]);
    println!(
        "{name}, {cycles} cycles: native built in {:.2} s, {native:.0} kcycles/s; Verilator -O3 built in {:.0} s, \
         {verilator:.0} kcycles/s; speed {:.2}x, build and run {whole:.4}x",
        build[0],
        build[1],
        native / verilator
    );
    json!({"cycles": cycles, "build": build, "run": run, "speed": native / verilator, "whole": whole})
}

/// The zoo's network on the configuration `name`.
fn accelerator(name: &str, images: usize, rounds: usize) -> Value {
    let accelerator = rtl::config(name);
    let (graph, input) = zoo::network("fashion-hybrid");
    let input = input.first(images);
    let top = accel::generate(&accelerator).unwrap_or_else(|errors| panic!("{errors}"));
    let before = resident();
    let (native_build, mut native) = timed(|| Native::new(&top));
    let memory = resident() - before;
    let (verilator_build, mut verilator) = verilated(&top);
    let mut best = [f64::INFINITY; 2];
    let mut cycles = 0;
    for _ in 0..rounds {
        for (best, engine) in best.iter_mut().zip([&mut native as &mut dyn Simulator, &mut verilator]) {
            let (seconds, took) = timed(|| run(engine, &accelerator, &graph, &input));
            assert!(cycles == 0 || cycles == took, "both take the same cycles");
            (cycles, *best) = (took, best.min(seconds));
        }
    }
    println!("{name}: the native simulator takes {memory} MiB");
    let mut found = report(name, [native_build, verilator_build], best, cycles);
    found["memory"] = memory.into();
    found
}

/// The cycles of a run.
fn run(engine: &mut dyn Simulator, accelerator: &Accelerator, graph: &Graph, images: &Tensor) -> u64 {
    let options = Options { images: images.n as u32, dump: false, ..Options::default() };
    let program = compile(accelerator, graph, &options).unwrap_or_else(|report| panic!("{report}")).program;
    let outcome = executor::run(engine, accelerator, &program, images, &executor::Options::default());
    outcome.unwrap_or_else(|report| panic!("{report}")).cycles
}

fn plain_array() -> Value {
    let top = array::module().unwrap_or_else(|errors| panic!("{errors}"));
    let (native_build, mut native) = timed(|| Native::new(&top));
    let (verilator_build, mut verilator) = verilated(&top);
    let (cycles, rounds) = ARRAY;
    let mut best = [f64::INFINITY; 2];
    let mut sums = Vec::new();
    for _ in 0..rounds {
        for (best, engine) in best.iter_mut().zip([&mut native as &mut dyn Simulator, &mut verilator]) {
            let (seconds, sum) = timed(|| checksum(engine, cycles));
            sums.push(sum);
            *best = best.min(seconds);
        }
    }
    assert!(sums.chunks(2).all(|pair| pair[0] == pair[1]), "both compute the same");
    report("plain array", [native_build, verilator_build], best, cycles)
}

/// What the array has after `cycles` cycles of changing stimuli, which are made beforehand.
fn checksum(engine: &mut dyn Simulator, cycles: u64) -> u32 {
    let input = engine.input("stimulus").expect("an input");
    let mut word = 1u64;
    let mut stimulus = || {
        word = word.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        num::Bits::from_words(8 * array::SIDE, &[word, word.rotate_left(29)])
    };
    let stimuli: Vec<num::Bits> = (0..1021).map(|_| stimulus()).collect();
    for stimulus in stimuli.iter().cycle().take(cycles as usize) {
        engine.set_bits(input, stimulus);
        engine.step(1);
    }
    engine.peek("checksum").expect("an output")
}

/// Runs the zoo's network on `name` again and again.
fn long_run(name: &str) -> Value {
    let accelerator = rtl::config(name);
    let (graph, input) = zoo::network("fashion-hybrid");
    let input = input.first(16);
    let mut native = rtl::native(&accelerator);
    let mut cycles = run(&mut native, &accelerator, &graph, &input);
    let before = resident();
    while cycles < LONG {
        cycles += run(&mut native, &accelerator, &graph, &input);
    }
    let growth = resident() - before;
    println!("{name}: {cycles} cycles, {growth} MiB more than after the first run");
    json!({"cycles": cycles, "growth": growth})
}

/// Memory of this process, in MiB.
fn resident() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<i64>().ok()).map_or(0, |kib| kib / 1024)
}
