//! How fast the reference executor is, on all cores: terms per second of each op and kind of layer, and images
//! per second of a whole network.

// The macros of criterion generate an undocumented function.
#![allow(missing_docs)]

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion, Throughput};
use model::draft::{Draft, LayerDraft};
use model::format::Written;
use model::graph::{Graph, Input, Padding, Parameters, Shape};
use model::npy;
use model::random::{self, Knobs};
use model::reference::run;
use model::Tensor;
use spec::op::Op;
use spec::random::Rng;
use std::path::Path;

/// Images of one batch.
const BATCH: usize = 32;

/// A network of one layer whose output is as large as its input.
fn network(op: Op, shape: Shape, out_channels: usize, kernel: usize, groups: usize) -> Graph {
    let input = Input { shape, scale: 1.0, mean: vec![0.0; shape.c], std: vec![1.0; shape.c] };
    let mut rng = Rng::new(1);
    let bits = op.default_weight_bits();
    let legal: Vec<i8> = (-128..=127).filter(|w| op.is_legal_weight(i64::from(*w), bits)).collect();
    let taps = shape.c / groups * kernel * kernel;
    let parameters = Parameters {
        weight: (0..out_channels * taps).map(|_| *rng.choose(&legal)).collect(),
        bias: vec![0; out_channels],
        multiplier: vec![1000; out_channels],
        shift: vec![20; out_channels],
        ..Parameters::default()
    };
    let layer = LayerDraft {
        name: "layer".into(),
        op,
        input: "input".into(),
        residual: None,
        out_channels,
        kernel: [kernel; 2],
        stride: [1, 1],
        padding: Padding::from([(kernel - 1) / 2; 4]),
        groups,
        clamp: (-128, 127),
        parameters,
    };
    let draft = Draft { name: "bench".into(), input, classes: Vec::new(), layers: vec![layer], output: None };
    Graph::new(draft).expect("a legal network")
}

fn reference(criterion: &mut Criterion) {
    let map = Shape::new(64, 32, 32);
    let kinds = [
        ("3x3", map, 64, 3, 1),
        ("pointwise", map, 64, 1, 1),
        ("depthwise", map, 64, 3, 64),
        ("small-map", Shape::new(256, 3, 3), 256, 3, 1),
        ("fully-connected", Shape::new(1024, 1, 1), 1000, 1, 1),
    ];
    let mut group = criterion.benchmark_group("reference");
    group.sample_size(10);
    for op in Op::ALL {
        for (name, shape, out_channels, kernel, groups) in kinds {
            let graph = network(*op, shape, out_channels, kernel, groups);
            let batch = random::images(7, &graph, BATCH);
            group.throughput(Throughput::Elements(graph.macs() * BATCH as u64));
            let id = BenchmarkId::new(op.name(), name);
            group.bench_function(id, |bencher| bencher.iter(|| run(&graph, &batch).expect("it fits")));
        }
    }
    group.finish();
}

/// The zoo's network, if its weights are there, with its own images.
fn zoo() -> Option<(Graph, Tensor)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../zoo/fashion-hybrid");
    let text = std::fs::read_to_string(folder.join("fashion-hybrid.yaml")).ok()?;
    let written = Written::parse("fashion-hybrid.yaml", &text).unwrap_or_else(|report| panic!("{report}"));
    let weights = std::fs::read(folder.join(written.weights_file())).ok()?;
    let graph = written.with_weights("its weights", &weights).unwrap_or_else(|report| panic!("{report}"));
    let bytes = std::fs::read(folder.join("images.npy")).expect("its images");
    Some((graph, npy::read("images.npy", &bytes).unwrap_or_else(|report| panic!("{report}"))))
}

/// Throughput in images of networks of many layers: a random one, and the zoo's.
fn whole_networks(criterion: &mut Criterion) {
    let knobs = Knobs { layers: 24, channels: 64, spatial: 32, macs: 4_000_000, ..Knobs::default() };
    let networks = (0..40).map(|seed| random::network(seed, &knobs));
    let graph = networks.max_by_key(Graph::macs).expect("there are networks");
    let batch = random::images(7, &graph, BATCH);
    let mut group = criterion.benchmark_group("images");
    group.sample_size(10);
    let cases = [("random", (graph, batch))].into_iter().chain(zoo().map(|zoo| ("fashion-hybrid", zoo)));
    for (name, (graph, batch)) in cases {
        println!("{name}: {} layers, {} kMAC an image, {} images", graph.len(), graph.macs() / 1000, batch.n);
        group.throughput(Throughput::Elements(batch.n as u64));
        group.bench_function(name, |bencher| bencher.iter(|| run(&graph, &batch).expect("it fits")));
    }
    group.finish();
}

criterion_group!(benches, reference, whole_networks);
criterion_main!(benches);
