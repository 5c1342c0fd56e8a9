//! Whole accelerators in the native simulator, as in the fuzz campaign: every element equals the reference, and every
//! launch begins and ends in the cycle that is predicted; with machine code and without.

use hdl::Module;
use sim::Native;
use std::sync::Arc;
use testbenches::fuzz::{Bench, Case, Configuration, Failure, Kind};
use testbenches::rtl::config;

/// The first `count` cases of a committed configuration that compile.
fn check(name: &'static str, count: usize, engine: fn(&Arc<Module>) -> Native) {
    let accelerator = config(name);
    let top = accel::generate(&accelerator).unwrap_or_else(|errors| panic!("{errors}"));
    let mut bench = Bench { engine: Box::new(engine(&top)), accelerator, sabotage: None };
    let mut ran = 0;
    for seed in 0..10 * count as u64 {
        let case = Case::draw(&Configuration::Committed(name), seed);
        let graph = case.graph(&bench.accelerator);
        match bench.run(&case, &graph) {
            Ok(_) => ran += 1,
            Err(Failure { kind: Kind::Refused, .. }) => {}
            Err(failure) => panic!("{case}: {failure:?}"),
        }
        if ran == count {
            return;
        }
    }
    panic!("only {ran} of {count} networks could be compiled for {name}");
}

#[test]
fn random_networks_in_machine_code() {
    check("tiny", 6, Native::new);
    check("odd", 6, Native::new);
}

#[test]
fn a_random_network_without_machine_code() {
    check("tiny", 1, Native::portable);
}
