//! Training speed on two threads: layers alone, forwards and both ways backwards, and whole steps (forward,
//! backward, optimiser) of the zoo's network, once as it is and once with every layer a convolution.
//!
//! What was measured is written to `target/benchmarks/training.json`, so that `pytorch.py` measures just the same
//! layers and networks.

use criterion::{criterion_group, criterion_main, Criterion};
use nas::config::TrainConfig;
use nas::data::{Dataset, Images};
use nas::kernels::batch::Kernel;
use nas::kernels::{Tap, Window};
use nas::layer::Phase;
use nas::loss::cross_entropy;
use nas::maps::Maps;
use nas::network::Network;
use nas::optimiser;
use nas::plan::{Plan, Tail};
use nas::rng::Rng;
use nas::run::plan_for;
use rayon::ThreadPool;
use serde_json::{json, Value};
use std::hint::black_box;
use std::path::Path;

/// Of the pool, here and in `pytorch.py`.
const THREADS: usize = 2;
/// Of one layer's batch.
const IMAGES: usize = 16;
/// Of one step's batch.
const BATCH: usize = 64;

/// Layers on maps of 16x16: name, input channels, outputs, kernel, whether depthwise.
const LAYERS: [(&str, usize, usize, usize, bool); 3] =
    [("full", 32, 32, 3, false), ("pointwise", 32, 96, 1, false), ("depthwise", 96, 96, 3, true)];

fn window((_, channels, outputs, kernel, depthwise): (&str, usize, usize, usize, bool)) -> Window {
    Window {
        input: [16, 16, channels],
        output: [16, 16, outputs],
        kernel: [kernel; 2],
        stride: [1, 1],
        padding: [kernel / 2; 4],
        depthwise,
    }
}

fn random(count: usize) -> Vec<f32> {
    let mut rng = Rng::new(1, &[]);
    (0..count).map(|_| rng.normal() as f32).collect()
}

fn threads() -> ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().expect("threads")
}

fn layers(criterion: &mut Criterion) {
    let threads = threads();
    let mut group = criterion.benchmark_group("layer");
    group.sample_size(20);
    for layer in LAYERS {
        let window = window(layer);
        let (x, w) = (random(IMAGES * window.input_len()), random(window.weights()));
        let g = random(IMAGES * window.output_len());
        for (op, tap) in [("conv", Tap::Product), ("adder", Tap::Distance)] {
            let kernel = Kernel::new(tap, window);
            group.bench_function(format!("{op}-{}", layer.0), |bencher| {
                bencher.iter(|| {
                    threads.install(|| {
                        black_box(kernel.forward(&x, &w));
                        black_box(kernel.backward_input(&x, &g, &w));
                        black_box(kernel.backward_weights(&x, &g, &w));
                    })
                })
            });
        }
    }
    group.finish();
}

/// The zoo's network, and the same with every layer a convolution.
fn networks() -> [(&'static str, TrainConfig, Plan); 2] {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../zoo/fashion-hybrid/train.yaml");
    let hybrid = std::fs::read_to_string(path).expect("the zoo");
    let convolutions = hybrid.replace("op: shift", "op: conv").replace("op: adder", "op: conv");
    [("hybrid", hybrid), ("convolutions", convolutions)].map(|(name, text)| {
        let config = TrainConfig::parse(path, &text).unwrap_or_else(|report| panic!("{report}"));
        let split = Images { shape: [28, 28, 1], pixels: vec![0; 28 * 28], labels: vec![9] };
        let dataset = Dataset { train: split.clone(), test: split, classes: config.data.classes.clone() };
        let plan = plan_for(&config, &dataset).unwrap_or_else(|report| panic!("{report}"));
        (name, config, plan)
    })
}

fn steps(criterion: &mut Criterion) {
    let threads = threads();
    let mut group = criterion.benchmark_group("step");
    group.sample_size(20);
    let labels: Vec<u8> = (0..BATCH).map(|i| (i % 10) as u8).collect();
    for (name, config, plan) in networks() {
        for phase in [Phase::Float, Phase::Rounded] {
            let mut network = Network::new(&plan, &config);
            let input = Maps { shape: [28, 28, 1], data: random(BATCH * 28 * 28) };
            let mut step = || {
                let pass = network.forward(input.clone(), phase).expect("finite");
                let gradient = cross_entropy(pass.output(), &labels).gradient;
                network.backward(&pass, gradient).expect("finite");
                optimiser::step(&mut network, &config.schedule, 1e-4);
            };
            let id = format!("{name}-{}", format!("{phase:?}").to_lowercase());
            group.bench_function(id, |bencher| bencher.iter(|| threads.install(&mut step)));
        }
    }
    group.finish();
}

/// Tells `pytorch.py` what is measured here.
fn describe(_: &mut Criterion) {
    let shape = |window: &Window| {
        let Window { input, output, kernel, stride, padding, depthwise } = window;
        json!({"input": input, "output": output, "kernel": kernel, "stride": stride, "padding": padding,
            "depthwise": depthwise})
    };
    let layers = LAYERS.map(|layer| json!({"name": layer.0, "window": shape(&window(layer))}));
    let network = |plan: &Plan| -> Vec<Value> {
        let layers = plan.layers.iter().map(|layer| {
            json!({"op": layer.op.name(), "window": shape(&layer.window), "input": layer.input,
                "residual": layer.residual, "relu": layer.relu, "norm": layer.tail == Tail::Norm,
                "mean": layer.tail == Tail::Mean})
        });
        layers.collect()
    };
    let networks = networks().map(|(name, _, plan)| json!({"name": name, "layers": network(&plan)}));
    let found =
        json!({"threads": THREADS, "images": IMAGES, "batch": BATCH, "layers": layers, "networks": networks});
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/benchmarks");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("training.json"), format!("{found:#}\n")).expect("a file");
}

criterion_group!(benches, describe, layers, steps);
criterion_main!(benches);
