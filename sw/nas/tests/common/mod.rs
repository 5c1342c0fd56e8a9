//! A small data set that can be learnt, and a small network with every op in every form.

#![allow(dead_code)] // Each test file uses its own part.

use nas::data::Images;
use nas::rng::Rng;
use nas::{SearchConfig, TrainConfig};
use std::path::{Path, PathBuf};

/// Height and width of the images.
pub const SIDE: usize = 9;

/// An empty folder for one test.
pub fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

/// Writes IDX files of three classes: a bar that lies, a bar that stands, a square; anywhere, with noise.
pub fn write_idx(path: &Path, train: usize, test: usize) {
    for (split, count) in [("train", train), ("t10k", test)] {
        let mut rng = Rng::new(9, &[count as u64]);
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for i in 0..count {
            let label = i % 3;
            let (top, left) = (rng.below(5), rng.below(5));
            let (height, width) = [(1, 4), (4, 1), (3, 3)][label];
            for (y, x) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (y, x))) {
                let inside = (top..top + height).contains(&y) && (left..left + width).contains(&x);
                pixels.push((rng.below(60) + if inside { 180 } else { 0 }) as u8);
            }
            labels.push(label as u8);
        }
        let side = SIDE as u32;
        write_array(&path.join(format!("{split}-images-idx3-ubyte")), &[count as u32, side, side], &pixels);
        write_array(&path.join(format!("{split}-labels-idx1-ubyte")), &[count as u32], &labels);
    }
}

/// Writes the first images of a data set with one channel as IDX files.
pub fn write_part(path: &Path, train: &Images, test: &Images, train_count: usize, test_count: usize) {
    for (split, images, count) in [("train", train, train_count), ("t10k", test, test_count)] {
        let [height, width, _] = images.shape;
        let dims = [count, height, width].map(|dim| dim as u32);
        let pixels = &images.pixels[..count * height * width];
        write_array(&path.join(format!("{split}-images-idx3-ubyte")), &dims, pixels);
        write_array(&path.join(format!("{split}-labels-idx1-ubyte")), &dims[..1], &images.labels[..count]);
    }
}

fn write_array(path: &Path, dims: &[u32], data: &[u8]) {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    bytes.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
    bytes.extend(data);
    std::fs::write(path, bytes).expect("a file");
}

/// The text of a run over the data set in `data`.
pub fn yaml(data: &Path, epochs: usize, quantise_from: usize) -> String {
    format!(
        "name: tiny
seed: 4
data: {{format: idx, path: {data:?}}}
augment: {{pad: 1, flip: true}}
input: {{scale: 0.03, mean: [0.25], std: [0.3]}}
schedule: {{epochs: {epochs}, quantise_from: {quantise_from}, batch: 20, rate: 0.05, weight_decay: 1e-4, clip: 5}}
network:
  - {{name: stem, op: conv, out_channels: 7, kernel: 3}}
  - {{name: conv, op: conv, expand: 9, out_channels: 7, kernel: 3, residual: true}}
  - {{name: shift, op: shift, out_channels: 7, kernel: 3, residual: true}}
  - {{name: shifts, op: shift, expand: 10, out_channels: 8, kernel: 5, stride: 2}}
  - {{name: adder, op: adder, out_channels: 8, kernel: 3, residual: true}}
  - {{name: adders, op: adder, expand: 12, out_channels: 8, kernel: 3, residual: true}}
  - {{name: pool, op: pool}}
  - {{name: fc, op: conv, out_channels: 3, norm: false, relu: false}}
"
    )
}

/// The run of [`yaml`].
pub fn config(data: &Path, epochs: usize, quantise_from: usize) -> TrainConfig {
    TrainConfig::parse("tiny.yaml", &yaml(data, epochs, quantise_from)).expect("a configuration")
}

/// The text of a search over the data set in `data`: four blocks, every op, every kind of place.
pub fn search_yaml(data: &Path) -> String {
    format!(
        "name: searched
seed: 4
data: {{format: idx, path: {data:?}}}
augment: {{pad: 1, flip: true}}
input: {{scale: 0.03, mean: [0.25], std: [0.3]}}
space:
  stem: {{channels: 6, stride: 1}}
  stages:
    - {{layers: 2, channels: 6, stride: 1}}
    - {{layers: 2, channels: 8, stride: 2}}
  header: 12
  ops: [conv, shift, adder]
  kernels: [3, 5]
  expansions: [1, 3]
  skip: true
  forbid: {{adder: [1]}}
curriculum:
  - {{name: products, epochs: 1, train: [conv, shift, skip], widest: 1}}
  - {{name: adders, epochs: 1, train: [adder], frozen: [conv, shift, skip]}}
  - {{name: search, epochs: 2, train: [conv, shift, adder, skip], alphas: true}}
sampling: {{paths: 2, temperature: 5, cooling: 0.9}}
weights: {{batch: 20, rate: 0.05, final_rate: 1e-3, momentum: 0.9, weight_decay: 1e-4, clip: 5, adder_eta: 0.1, zero_gamma: true}}
alphas: {{rate: 0.01, betas: [0.5, 0.999], images: 0.5}}
cost: {{kind: macs, lambda: 1e-6, target: [1e4, 5e4]}}
retrain: {{epochs: 2, quantise_from: 1, batch: 20, rate: 0.05, weight_decay: 1e-4, clip: 5}}
"
    )
}

/// The search of [`search_yaml`].
pub fn search_config(data: &Path) -> SearchConfig {
    SearchConfig::parse("tiny.yaml", &search_yaml(data)).unwrap_or_else(|report| panic!("{report}"))
}
