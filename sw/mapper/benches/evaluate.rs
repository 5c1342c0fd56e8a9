//! How long one evaluation of a mapping of the whole space takes: cycles, energy and all accesses, nothing remembered.

// The macros of criterion generate an undocumented function.
#![allow(missing_docs)]

use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use mapper::space::text::parse;
use mapper::space::{evaluate, Architecture};
use std::hint::black_box;

fn benches(criterion: &mut Criterion) {
    let text = include_str!("../../../hw/configs/flat16.yaml");
    let accelerator = spec::config::parse("flat16.yaml", text).expect("the committed configuration is legal");
    let architecture = Architecture::of(&accelerator, 0).with_sums(16);
    let text = include_str!("../tests/zigzag/resnet18.yaml");
    let mappings = parse("resnet18.yaml", text).unwrap_or_else(|report| panic!("{report}"));
    let mut group = criterion.benchmark_group("mapper");
    group.throughput(Throughput::Elements(mappings.len() as u64));
    group.bench_function("evaluate", |bencher| {
        bencher.iter(|| {
            mappings.iter().map(|named| evaluate(&architecture, black_box(&named.mapping)).edp()).sum::<f64>()
        });
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
