//! Full adder layers on the machine's GPU beside the processor: the forward pass and both gradients, with the way there and
//! back. `cargo bench -p nasa-nas --features gpu --bench gpu` says whether `--gpu` is worth it on a machine.

use criterion::{criterion_group, criterion_main, Criterion};
use nas::gpu::Gpu;
use nas::kernels::batch::Kernel;
use nas::kernels::{Tap, Window};
use nas::rng::Rng;
use std::hint::black_box;

/// Images of a step.
const IMAGES: usize = 64;

/// Name, height and width of the map, input channels, outputs, kernel: the last two are pointwise layers of the paper's space on images
/// of 32x32, with the fewest and the most terms that adders have there.
const LAYERS: [(&str, usize, usize, usize, usize); 4] = [
    ("3x3 32-32 on 16x16", 16, 32, 32, 3),
    ("3x3 64-64 on 32x32", 32, 64, 64, 3),
    ("1x1 24-24 on 32x32", 32, 24, 24, 1),
    ("1x1 184-1104 on 4x4", 4, 184, 1104, 1),
];

fn random(count: usize) -> Vec<f32> {
    let mut rng = Rng::new(1, &[]);
    (0..count).map(|_| rng.normal() as f32).collect()
}

fn layers(criterion: &mut Criterion) {
    let gpu = match Gpu::find() {
        Ok(gpu) => gpu,
        Err(why) => return eprintln!("no GPU can be used: {why}"),
    };
    for (name, side, inputs, outputs, kernel) in LAYERS {
        let window = Window {
            input: [side, side, inputs],
            output: [side, side, outputs],
            kernel: [kernel; 2],
            stride: [1, 1],
            padding: [kernel / 2; 4],
            depthwise: false,
        };
        let (x, w) = (random(IMAGES * window.input_len()), random(window.weights()));
        let g = random(IMAGES * window.output_len());
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        let kernel = Kernel::new(Tap::Distance, window);
        group.bench_function("processor", |bencher| {
            bencher.iter(|| {
                black_box(kernel.forward(&x, &w));
                black_box(kernel.backward_input(&x, &g, &w));
                black_box(kernel.backward_weights(&x, &g, &w));
            })
        });
        group.bench_function(gpu.name(), |bencher| {
            bencher.iter(|| {
                black_box(gpu.forward(&window, &x, &w)).expect("the sums");
                black_box(gpu.backward_input(&window, &x, &g, &w)).expect("the gradient by the input");
                black_box(gpu.backward_weights(&window, &x, &g, &w)).expect("the gradient by the weights");
            })
        });
        group.finish();
    }
}

criterion_group!(benches, layers);
criterion_main!(benches);
