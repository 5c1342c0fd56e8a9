//! How long the generator takes, from the text of a description to the text of all Verilog files, everything
//! checked: for the small `edge`, and for three chunks of 32x32 PEs.

// The macros of criterion generate an undocumented function.
#![allow(missing_docs)]

use criterion::{criterion_group, criterion_main, Criterion};
use hdl::verilog;

/// Name and text of each description.
const DESCRIPTIONS: [(&str, &str); 2] =
    [("edge", include_str!("../../configs/edge.yaml")), ("huge", include_str!("huge.yaml"))];

/// All files of the accelerator that `text` describes.
fn generate(name: &str, text: &str) -> Vec<verilog::VerilogFile> {
    let accelerator = spec::config::parse(name, text).unwrap_or_else(|report| panic!("{report}"));
    let top = accel::generate(&accelerator).unwrap_or_else(|errors| panic!("{errors}"));
    verilog::print(&top)
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generate");
    group.sample_size(10);
    for (name, text) in DESCRIPTIONS {
        let bytes: usize = generate(name, text).iter().map(|file| file.text.len()).sum();
        println!("{name}: {bytes} bytes of Verilog");
        group.bench_function(name, |bencher| bencher.iter(|| generate(name, text)));
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
