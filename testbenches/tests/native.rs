//! Whole accelerators in the native simulator, as in the fuzz campaign: every element equals the reference, and every
//! launch begins and ends in the cycle that is predicted; with machine code and without.

use hdl::Module;
use sim::Native;
use spec::accelerator::Accelerator;
use std::sync::Arc;
use testbenches::fuzz::{Bench, Case, Configuration, Failure, Kind};
use testbenches::rtl::config;

/// The first `count` cases of a committed configuration that compile.
fn check(name: &'static str, count: usize, engine: fn(&Arc<Module>) -> Native) {
    check_on(name, config(name), count, engine);
}

/// The same on any accelerator; `name` is for messages.
fn check_on(name: &'static str, accelerator: Accelerator, count: usize, engine: fn(&Arc<Module>) -> Native) {
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

/// Sides of 64, register files of one entry, and nests as deep as they may be: Verilator would take minutes to build
/// this.
#[test]
fn arrays_as_long_as_they_may_be() {
    let text = "format: nasa-accelerator/1\nname: long\nnest_depth: 16\nbuffer: {banks: 16, bank_kib: 4, line_bytes: 32}\n\
        chunks:\n  clp: {rows: 64, cols: 3, input_rf: 9, weight_rf: 7, psum_rf: 1}\n  \
        slp: {rows: 2, cols: 64, input_rf: 1, weight_rf: 12, psum_rf: 4}\n  \
        alp: {rows: 64, cols: 1, input_rf: 16, weight_rf: 1, psum_rf: 3}\n";
    let accelerator = spec::config::parse("long.yaml", text).unwrap_or_else(|report| panic!("{report}"));
    check_on("long", accelerator, 3, Native::new);
}

/// Three arrays of 64 x 64, 12,288 PEs: the largest that can be described.
#[test]
fn the_largest_arrays() {
    let chunk = "{rows: 64, cols: 64, input_rf: 64, weight_rf: 64, psum_rf: 16}";
    let text = format!(
        "format: nasa-accelerator/1\nname: largest\nbuffer: {{banks: 16, bank_kib: 16, line_bytes: 32}}\n\
         chunks:\n  clp: {chunk}\n  slp: {chunk}\n  alp: {chunk}\n"
    );
    let accelerator = spec::config::parse("largest.yaml", &text).unwrap_or_else(|report| panic!("{report}"));
    check_on("largest", accelerator, 4, Native::new);
}
