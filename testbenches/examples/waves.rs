//! What waves cost: a program run without, recorded in one chunk, recorded whole, and recorded whole by Verilator.
//!
//! `cargo run --profile test -p nasa-testbenches --example waves -- tiny edge`; `no-verilator` among the names leaves it out.

use std::path::{Path, PathBuf};
use std::time::Instant;

use compiler::{compile, Options};
use cosim::executor;
use cosim::verilator::Recorded;
use cosim::waves::{Plan, Recorder, Selection, Traced};
use sim::{Native, Simulator};
use testbenches::rtl::{config, random_network};

/// Multiply-accumulates of the network, at most.
const MACS: u64 = 400_000;

fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let with_verilator = !names.iter().any(|name| name == "no-verilator");
    for name in names.iter().filter(|name| *name != "no-verilator") {
        let accelerator = config(name);
        let top = accel::generate(&accelerator).unwrap_or_else(|errors| panic!("{errors}"));
        let graph = (0..).find_map(|seed| random_network(&accelerator, seed, MACS)).expect("a network");
        let options = Options { images: 2, ..Options::default() };
        let program =
            compile(&accelerator, &graph, &options).unwrap_or_else(|report| panic!("{report}")).program;
        let images = model::random::images(1, &graph, 2);
        let run = |engine: &mut dyn Simulator| {
            let options = executor::Options::default();
            let outcome = executor::run(engine, &accelerator, &program, &images, &options);
            outcome.unwrap_or_else(|report| panic!("{report}")).cycles
        };
        let record = |what: &str, engine: &mut dyn Recorder, file: &Path| {
            let began = Instant::now();
            let cycles = run(engine);
            engine.close().unwrap_or_else(|report| panic!("{report}"));
            let speed = cycles as f64 / began.elapsed().as_secs_f64() / 1e3;
            let bytes = std::fs::metadata(file).expect("a file").len();
            println!("{name}: {what}: {speed:.1} kcycles/s, {bytes} bytes");
        };
        let plan = |paths: &[String]| {
            let selection = Selection::new(&top, paths).unwrap_or_else(|report| panic!("{report}"));
            Plan { file: std::env::temp_dir().join("nasa-waves.fst"), window: 0..u64::MAX, selection }
        };
        let mut native = Native::new(&top);
        let began = Instant::now();
        let cycles = run(&mut native);
        let speed = cycles as f64 / began.elapsed().as_secs_f64() / 1e3;
        println!("{name}: no waves: {cycles} cycles, {speed:.1} kcycles/s");
        let chunk = format!("{}.core.{}", top.name(), accelerator.chunks[0].name());
        for (what, paths) in [("one chunk", vec![chunk]), ("everything", Vec::new())] {
            let plan = plan(&paths);
            let native = Native::watching(&top, &plan.selection.scopes, &plan.selection.is_chosen);
            let file = plan.file.clone();
            let mut engine = Traced::new(native, plan).unwrap_or_else(|report| panic!("{report}"));
            record(what, &mut engine, &file);
        }
        if with_verilator {
            let cache =
                PathBuf::from(std::env::var_os("NASA_CACHE").unwrap_or_else(|| "target/models".into()));
            let plan = plan(&[]);
            let file = plan.file.clone();
            let text = hdl::verilog::print(&top);
            let mut engine =
                Recorded::build(&top, &text, &cache, plan).unwrap_or_else(|report| panic!("{report}"));
            record("everything, by Verilator", &mut engine, &file);
        }
    }
}
