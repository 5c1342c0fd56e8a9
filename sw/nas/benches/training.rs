//! Training speed: layers alone, forwards and both ways backwards, on two threads and on one; and whole steps (forward,
//! backward, optimiser) on two, of the zoo's network, once as it is and once with every layer a convolution, and of
//! MobileNetV2.
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

fn threads(count: usize) -> ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(count).build().expect("threads")
}

fn layers(criterion: &mut Criterion) {
    let pools = [("", threads(THREADS)), ("-alone", threads(1))];
    let mut group = criterion.benchmark_group("layer");
    group.sample_size(20);
    for layer in LAYERS {
        let window = window(layer);
        let (x, w) = (random(IMAGES * window.input_len()), random(window.weights()));
        let g = random(IMAGES * window.output_len());
        for (op, tap) in [("conv", Tap::Product), ("adder", Tap::Distance)] {
            let kernel = Kernel::new(tap, window);
            for (suffix, threads) in &pools {
                group.bench_function(format!("{op}-{}{suffix}", layer.0), |bencher| {
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
    }
    group.finish();
}

/// A network whose steps are measured.
struct Case {
    name: &'static str,
    config: TrainConfig,
    plan: Plan,
    shape: [usize; 3],
    /// Images of a step.
    batch: usize,
}

/// The zoo's network, the same with every layer a convolution, and MobileNetV2.
fn networks() -> [Case; 3] {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../zoo/fashion-hybrid/train.yaml");
    let hybrid = std::fs::read_to_string(path).expect("the zoo");
    let convolutions = hybrid.replace("op: shift", "op: conv").replace("op: adder", "op: conv");
    let cases = [
        ("hybrid", hybrid, [28, 28, 1], 64),
        ("convolutions", convolutions, [28, 28, 1], 64),
        ("mobilenet-v2", mobilenet_v2(), [32, 32, 3], 16),
    ];
    cases.map(|(name, text, shape, batch)| {
        let config = TrainConfig::parse(name, &text).unwrap_or_else(|report| panic!("{report}"));
        let split = Images { shape, pixels: vec![0; shape.iter().product()], labels: vec![9] };
        let dataset = Dataset { train: split.clone(), test: split, classes: config.data.classes.clone() };
        let plan = plan_for(&config, &dataset).unwrap_or_else(|report| panic!("{report}"));
        Case { name, config, plan, shape, batch }
    })
}

/// MobileNetV2 on images of 32x32, where stem and second stage do not make maps smaller; its first block has a pointwise layer
/// before the depthwise one as the others do.
fn mobilenet_v2() -> String {
    let mut text = String::from(
        "name: mobilenet-v2\nseed: 1\ndata: {format: cifar10, path: .}\n\
         input: {scale: 0.02, mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]}\n\
         schedule: {epochs: 1, quantise_from: 1, batch: 16, rate: 0.1, weight_decay: 1e-4, clip: 5}\nnetwork:\n\
         - {name: stem, op: conv, kernel: 3, out_channels: 32}\n",
    );
    // Expansion, channels, blocks, stride of the first.
    let stages = [
        (1, 16, 1, 1),
        (6, 24, 2, 1),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ];
    let mut channels = 32;
    for (stage, (expansion, out, blocks, stride)) in stages.into_iter().enumerate() {
        for block in 0..blocks {
            let (stride, residual) = if block == 0 { (stride, false) } else { (1, true) };
            let expand = expansion * channels;
            text += &format!(
                "- {{name: b{stage}.{block}, op: conv, kernel: 3, stride: {stride}, expand: {expand}, \
                 out_channels: {out}, residual: {residual}}}\n"
            );
            channels = out;
        }
    }
    text + "- {name: header, op: conv, out_channels: 1280}\n- {name: pool, op: pool}\n\
            - {name: fc, op: conv, out_channels: 10, norm: false, relu: false}\n"
}

fn steps(criterion: &mut Criterion) {
    let threads = threads(THREADS);
    let mut group = criterion.benchmark_group("step");
    group.sample_size(20);
    for Case { name, config, plan, shape, batch } in networks() {
        let labels: Vec<u8> = (0..batch).map(|i| (i % 10) as u8).collect();
        for phase in [Phase::Float, Phase::Rounded] {
            let mut network = Network::new(&plan, &config);
            let input = Maps { shape, data: random(batch * shape.iter().product::<usize>()) };
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
    let networks =
        networks().map(|case| json!({"name": case.name, "batch": case.batch, "layers": network(&case.plan)}));
    let found = json!({"threads": THREADS, "images": IMAGES, "layers": layers, "networks": networks});
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/benchmarks");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("training.json"), format!("{found:#}\n")).expect("a file");
}

criterion_group!(benches, describe, layers, steps);
criterion_main!(benches);
