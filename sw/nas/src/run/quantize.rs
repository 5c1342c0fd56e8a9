//! From a run to a network on disk: the integers of its last checkpoint, measured by the reference executor, and
//! where they come from.

use super::average::Trainee;
use super::checkpoint::write_atomically;
use super::folder::RunFolder;
use super::{evaluate, plan_for, Metrics};
use crate::config::{RunConfig, TrainConfig};
use crate::data::{self, batch::Pixels};
use crate::fold::fold;
use crate::layer::Phase;
use crate::network::Network;
use spec::error::{Diagnostic, Report};
use std::fmt::Write;
use std::path::Path;

/// The most test images that are written beside the network.
pub const SAMPLES: usize = 64;

/// What was written, and how good it is on all test images.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantized {
    /// Top-1 accuracy of the same weights without rounding.
    pub float_accuracy: f64,
    /// The same by the training's forward pass, which rounds in floats.
    pub rounded_accuracy: f64,
    /// Top-1 accuracy of the written integers, by the reference executor.
    pub integer_accuracy: f64,
    /// How many test images there are.
    pub images: usize,
    /// Epochs that the checkpoint has seen.
    pub epochs: usize,
    /// The name of the network's file.
    pub network: String,
    /// Of that with test images for it, `.npy`.
    pub samples: String,
    /// Of that with their classes, one a line.
    pub labels: String,
    /// Names of all files that were written.
    pub files: Vec<String>,
}

/// Name of the file that says where a network comes from.
const PROVENANCE: &str = "provenance.json";

/// Names of the files with test images and with their classes.
const IMAGES: &str = "images.npy";
const LABELS: &str = "labels.txt";

/// Writes the network of `run` into the folder `out`: `NAME.yaml`, `NAME.safetensors`, `train.yaml`,
/// `provenance.json` (seed, revision, time and accuracies of the run), and the first 64 test images as
/// `images.npy` (int8, `[N, C, H, W]`) with their classes in `labels.txt`.
///
/// # Errors
/// A folder that holds no finished epoch, a data set that cannot be read, a network whose numbers do not fit
/// the integers, a file that cannot be written.
pub fn quantize(run: &Path, out: &Path) -> Result<Quantized, Report> {
    let config: TrainConfig = RunFolder::config(run)?;
    let folder = RunFolder::existing::<TrainConfig>(run);
    let dataset = data::load(&config.data)?;
    let plan = plan_for(&config, &dataset)?;
    let mut trainee = Trainee::new(Network::new(&plan, &config), &config.schedule);
    let metrics: Vec<Metrics> = folder.restore(&mut trainee)?;
    if metrics.is_empty() {
        let what = "the run has no checkpoint";
        return Err(Diagnostic::new("quantize", what).in_file(&run.display().to_string()).into());
    }
    let network = trainee.result();
    let graph = fold(&plan, network)?;
    let (pixels, test) = (Pixels::new(&config.input), &dataset.test);
    let weights = format!("{}.safetensors", config.name);
    let tensors = model::save::safetensors(&graph)
        .map_err(|error| Diagnostic::new("quantize", format!("{weights} cannot be made: {error}")))?;
    let samples = 0..test.len().min(SAMPLES);
    let mut labels = String::new();
    for label in &test.labels[samples.clone()] {
        let _ = writeln!(labels, "{label}"); // Writing to a String cannot fail.
    }
    let images = model::npy::write(&evaluate::tensor(&pixels, test, samples));
    let name = format!("{}.yaml", config.name);
    let names = [&name, &weights, TrainConfig::FILE, PROVENANCE, IMAGES, LABELS];
    let found = Quantized {
        float_accuracy: evaluate::floats(network, &pixels, test, Phase::Float),
        rounded_accuracy: evaluate::floats(network, &pixels, test, Phase::Rounded),
        integer_accuracy: evaluate::reference(&graph, &pixels, test)?,
        images: test.len(),
        epochs: metrics.len(),
        network: name.clone(),
        samples: IMAGES.to_string(),
        labels: LABELS.to_string(),
        files: names.map(String::from).to_vec(),
    };
    let provenance = provenance(&folder.about()?, &metrics, &found);
    let (yaml, text) = (model::save::yaml(&graph, &weights), config.text()?);
    std::fs::create_dir_all(out).map_err(|error| {
        Diagnostic::new("quantize", format!("cannot be made: {error}")).in_file(&out.display().to_string())
    })?;
    let contents: [&[u8]; 6] =
        [yaml.as_bytes(), &tensors, text.as_bytes(), provenance.as_bytes(), &images, labels.as_bytes()];
    for (name, bytes) in names.into_iter().zip(contents) {
        write_atomically(&out.join(name), bytes)?;
    }
    Ok(found)
}

/// Where the integers come from, as JSON: what the run says `about` itself, and what came out.
fn provenance(about: &serde_json::Value, metrics: &[Metrics], found: &Quantized) -> String {
    let plain = metrics.iter().rev().find(|epoch| !epoch.rounded).map(|epoch| epoch.float_accuracy);
    let json = serde_json::json!({
        "run": about,
        "epochs": found.epochs,
        "seconds": metrics.iter().map(|epoch| epoch.seconds).sum::<f64>().round(),
        "test_images": found.images,
        "accuracy": {
            "before_rounding_began": plain,
            "without_rounding": found.float_accuracy,
            "rounded": found.rounded_accuracy,
            "integer": found.integer_accuracy,
        },
    });
    format!("{json:#}\n")
}
