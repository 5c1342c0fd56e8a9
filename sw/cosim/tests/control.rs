//! The control port of the generated hardware, in Verilator: identity, and a program for another machine.

use cosim::engine::Engine;
use cosim::verilator::{build, Verilated};
use std::path::Path;

fn tiny() -> spec::accelerator::Accelerator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hw/configs/tiny.yaml");
    let text = std::fs::read_to_string(path).expect("tiny.yaml");
    spec::config::parse("tiny.yaml", &text).unwrap_or_else(|report| panic!("{report}"))
}

#[test]
fn tiny_builds_and_answers_on_its_ports() {
    let top = accel::generate(&tiny()).unwrap_or_else(|errors| panic!("{errors}"));
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("models");
    let built = build(&top, &cache).unwrap_or_else(|report| panic!("{report}"));
    let mut model = Verilated::load(&built).unwrap_or_else(|report| panic!("{report}"));
    assert!(model.port("trace_launch").is_ok());
    let unknown = model.port("trace_lunch").map(|_| ()).expect_err("no such port");
    assert!(unknown.to_string().contains("trace_launch"), "{unknown}");
}
