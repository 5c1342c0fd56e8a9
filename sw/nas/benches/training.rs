//! Training speed: one step of the zoo's network, and the operations alone at the sizes that
//! `docs/decisions` compares (batch 16, one thread, 16x16 maps, forward and backward).

use criterion::{criterion_group, criterion_main, Criterion};
use nas::config::TrainConfig;
use nas::data::{Dataset, Images};
use nas::kernels::{batch, Tap, Window};
use nas::layer::Phase;
use nas::loss::cross_entropy;
use nas::maps::Maps;
use nas::network::Network;
use nas::optimiser;
use nas::rng::Rng;
use nas::run::plan_for;
use std::hint::black_box;

const IMAGES: usize = 16;

fn window(channels: usize, outputs: usize, kernel: usize, depthwise: bool) -> Window {
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

fn kernels(c: &mut Criterion) {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    for (form, window) in [
        ("full 3x3 32-32", window(32, 32, 3, false)),
        ("pointwise 32-96", window(32, 96, 1, false)),
        ("depthwise 3x3 96", window(96, 96, 3, true)),
    ] {
        let (x, w) = (random(IMAGES * window.input_len()), random(window.weights()));
        let g = random(IMAGES * window.output_len());
        for (op, tap) in [("conv", Tap::Product), ("adder", Tap::Distance)] {
            c.bench_function(&format!("{op} {form}"), |b| {
                b.iter(|| {
                    threads.install(|| {
                        black_box(batch::forward(tap, &window, &x, &w));
                        black_box(batch::backward_input(tap, &window, &x, &g, &w));
                        black_box(batch::backward_weights(tap, &window, &x, &g, &w));
                    })
                })
            });
        }
    }
}

fn step(c: &mut Criterion) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../zoo/fashion-hybrid/train.yaml");
    let text = std::fs::read_to_string(path).expect("the zoo");
    let config = TrainConfig::parse(path, &text).expect("a run");
    let split = Images { shape: [28, 28, 1], pixels: vec![0; 28 * 28], labels: vec![9] };
    let dataset = Dataset { train: split.clone(), test: split, classes: config.data.classes.clone() };
    let mut network = Network::new(&plan_for(&config, &dataset).expect("a plan"), &config);
    let input = Maps { shape: [28, 28, 1], data: random(64 * 28 * 28) };
    let labels: Vec<u8> = (0..64).map(|i| i % 10).collect();
    for phase in [Phase::Float, Phase::Rounded] {
        c.bench_function(&format!("training step of fashion-hybrid, 64 images, {phase:?}"), |b| {
            b.iter(|| {
                let pass = network.forward(input.clone(), phase).expect("finite");
                let gradient = cross_entropy(pass.output(), &labels).gradient;
                network.backward(&pass, gradient).expect("finite");
                optimiser::step(&mut network, &config.schedule, 1e-4);
            })
        });
    }
}

criterion_group!(benches, kernels, step);
criterion_main!(benches);
