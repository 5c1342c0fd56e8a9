//! The native simulator beside Verilator: one program on both, in turns, so that a busy machine slows both alike.
//!
//! `cargo run --profile test -p nasa-testbenches --example simulators -- tiny edge large`

use std::time::Instant;

use compiler::{compile, Options};
use cosim::executor;
use sim::{Native, Simulator};
use testbenches::rtl::{config, random_network, verilated};

/// Runs of each; the fastest counts.
const ROUNDS: usize = 5;

/// Multiply-accumulates of the network, at most.
const MACS: u64 = 400_000;

fn main() {
    for name in std::env::args().skip(1) {
        let accelerator = config(&name);
        let top = accel::generate(&accelerator).unwrap_or_else(|errors| panic!("{errors}"));
        let began = Instant::now();
        let mut native = Native::new(&top);
        let build = began.elapsed().as_secs_f64();
        let mut verilator = verilated(&accelerator);
        let graph = (0..).find_map(|seed| random_network(&accelerator, seed, MACS)).expect("a network");
        let options = Options { images: 2, ..Options::default() };
        let program =
            compile(&accelerator, &graph, &options).unwrap_or_else(|report| panic!("{report}")).program;
        let images = model::random::images(1, &graph, 2);
        let run = |engine: &mut dyn Simulator| {
            let began = Instant::now();
            let outcome =
                executor::run(engine, &accelerator, &program, &images, &executor::Options::default());
            let outcome = outcome.unwrap_or_else(|report| panic!("{report}"));
            (outcome.cycles, began.elapsed().as_secs_f64())
        };
        let mut best = [f64::INFINITY; 2];
        let mut cycles = 0;
        for _ in 0..ROUNDS {
            for (best, engine) in best.iter_mut().zip([&mut native as &mut dyn Simulator, &mut verilator]) {
                let (took, seconds) = run(engine);
                assert!(cycles == 0 || cycles == took, "both take the same cycles");
                (cycles, *best) = (took, best.min(seconds));
            }
        }
        let [native, verilator] = best.map(|seconds| cycles as f64 / seconds / 1e3);
        let ratio = native / verilator;
        println!(
            "{name}: {cycles} cycles; native built in {build:.2} s, {native:.0} kcycles/s; \
             Verilator {verilator:.0} kcycles/s; ratio {ratio:.1}"
        );
    }
}
