//! How long the mapper takes for what it is asked most: to bound an unrolling of the whole space, to search that space for all
//! layers of ResNet-18, to map and compile a network for the hardware, and to predict a run of it.

// The macros of criterion generate an undocumented function.
#![allow(missing_docs)]

use std::fs;
use std::hint::black_box;
use std::path::Path;

use compiler::{compile, Options};
use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use mapper::energy::Objective;
use mapper::events::predict;
use mapper::space::search::chain::Chains;
use mapper::space::search::unroll::unrollings;
use mapper::space::search::{search, Options as Search};
use mapper::space::{text, Architecture, Layer};
use testbenches::{rtl, zoo};

/// Unrollings of each layer that are bounded: those with the fewest steps, which every search begins with.
const UNROLLINGS: usize = 64;
/// Images in flight in a predicted run.
const IMAGES: u32 = 16;
/// Cycles from a request to the memory to its answer.
const LATENCY: u32 = 40;

/// The layers of ResNet-18 and the neutral architecture, with partial sums of 16 bits.
fn resnet() -> (Architecture, Vec<Layer>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sw/mapper/tests/zigzag/resnet18.yaml");
    let written = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mappings = text::parse("resnet18.yaml", &written).unwrap_or_else(|report| panic!("{report}"));
    let layers = mappings.iter().map(|named| named.mapping.layer).collect();
    (Architecture::of(&rtl::config("flat16"), 0).with_sums(16), layers)
}

fn whole_space(criterion: &mut Criterion) {
    let (architecture, layers) = resnet();
    let mut group = criterion.benchmark_group("mapper");
    let unrolled: Vec<_> = layers.iter().map(|layer| (layer, unrollings(&architecture, layer).all)).collect();
    let each =
        || unrolled.iter().flat_map(|(layer, all)| all.iter().take(UNROLLINGS).map(move |one| (*layer, one)));
    group.throughput(Throughput::Elements(each().count() as u64));
    group.sample_size(10);
    group.bench_function("bound", |bencher| {
        let bound = |(layer, unrolling)| {
            Chains::new(&architecture, layer, black_box(unrolling)).map(|chains| chains.bound(Objective::Edp))
        };
        bencher.iter(|| each().filter_map(bound).sum::<f64>());
    });
    group.throughput(Throughput::Elements(layers.len() as u64));
    group.bench_function("whole-space", |bencher| {
        let best = |layer: &Layer| search(&architecture, layer, &Search::default()).expect("it fits");
        bencher.iter(|| layers.iter().map(|layer| best(layer).bound).sum::<f64>());
    });
    group.finish();
}

fn hardware(criterion: &mut Criterion) {
    let accelerator = rtl::config("edge");
    let (graph, _) = zoo::network("fashion-hybrid");
    let options = Options { images: IMAGES, dump: false, ..Options::default() };
    let compiled = || compile(&accelerator, &graph, &options).unwrap_or_else(|report| panic!("{report}"));
    let program = compiled().program;
    let predicted = || predict(&accelerator, black_box(&program), LATENCY).expect("it ends");
    let mut group = criterion.benchmark_group("mapper");
    group.sample_size(10);
    group.bench_function("network", |bencher| bencher.iter(&compiled));
    group.throughput(Throughput::Elements(predicted().cycles));
    group.bench_function("events", |bencher| bencher.iter(&predicted));
    group.finish();
}

criterion_group!(all, whole_space, hardware);
criterion_main!(all);
