//! A training run: a folder that holds everything needed to repeat it, to go on with it, and to read it.
//!
//! ```text
//! train.yaml              the configuration, as given
//! run.json                seed, git revision, version
//! metrics.jsonl           one line an epoch
//! checkpoint.safetensors  the state after the last whole epoch
//! float.safetensors       the state before rounding began
//! ```
//!
//! All randomness comes from the seed and the numbers of epoch and image, so that a run that was killed and
//! resumed ends with the same bits as one that was not.

mod average;
pub mod checkpoint;
mod epoch;
pub mod evaluate;
pub mod folder;
mod progress;
pub mod quantize;
pub mod record;
pub mod search;

use crate::config::{Input, RunConfig, TrainConfig};
use crate::data::{self, batch::Pixels, Dataset};
use crate::fold::fold;
use crate::gpu;
use crate::layer::Phase;
use crate::network::Network;
use crate::plan::Plan;
use crate::rounded::Rounded;
use average::Trainee;
use epoch::{run_epoch, Learner, Learnt};
use folder::RunFolder;
pub use progress::Show;
use serde::{Deserialize, Serialize};
use spec::error::{Diagnostic, Report};
use std::path::Path;

/// What one epoch gave; a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Metrics {
    /// From 0.
    pub epoch: usize,
    /// Whether the forward pass rounded.
    pub rounded: bool,
    /// Mean cross entropy of the training images.
    pub loss: f64,
    /// Share of the training images, augmented, that were right.
    pub train_accuracy: f64,
    /// Share of the test images that are right, without rounding; of the average, where there is one.
    pub float_accuracy: f64,
    /// The same by the training's forward pass, which rounds in floats; only once rounding is on.
    #[serde(default)]
    pub rounded_accuracy: Option<f64>,
    /// The same by the exported integers; only once rounding is on.
    pub integer_accuracy: Option<f64>,
    /// Wall-clock time.
    pub seconds: f64,
    /// The GPU that computed adder layers of it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<String>,
}

impl Metrics {
    /// For the progress bar of the next epoch.
    fn words(&self) -> String {
        format!(", test {:.2} %", 100.0 * self.integer_accuracy.unwrap_or(self.float_accuracy))
    }

    /// The epoch on one line.
    fn line(&self) -> String {
        let share = |name: &str, share: Option<f64>| {
            share.map_or(String::new(), |share| format!(", {name} {:.2} %", 100.0 * share))
        };
        let rounded = share("rounded", self.rounded_accuracy) + &share("integers", self.integer_accuracy);
        let (train, test) = (100.0 * self.train_accuracy, 100.0 * self.float_accuracy);
        let Metrics { epoch, loss, seconds, .. } = self;
        format!(
            "epoch {}: loss {loss:.4}, train {train:.2} %, test {test:.2} %{rounded}, {seconds:.0} s",
            epoch + 1
        )
    }
}

/// What a finished run gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Of the last epoch.
    pub last: Metrics,
    /// Wall-clock time of all epochs.
    pub seconds: f64,
}

/// Trains the network of `config` in the folder `run`; with `resume`, goes on after its last whole epoch.
///
/// # Errors
/// A configuration or data set that is wrong, a folder that cannot be written or holds another run, or a loss
/// that is no longer finite.
pub fn train(config: &TrainConfig, run: &Path, resume: bool) -> Result<Summary, Report> {
    train_showing(config, run, resume, Show::Progress)
}

/// [`train`], saying how far it is or nothing.
///
/// # Errors
/// Those of [`train`].
pub fn train_showing(config: &TrainConfig, run: &Path, resume: bool, show: Show) -> Result<Summary, Report> {
    config.check()?;
    let dataset = data::load(&config.data)?;
    let plan = plan_for(config, &dataset)?;
    let mut trainee = Trainee::new(Network::new(&plan, config), &config.schedule);
    let folder = RunFolder::open(run, config, resume)?;
    let mut metrics: Vec<Metrics> = folder.restore(&mut trainee)?;
    let learner = Learner { config, dataset: &dataset, pixels: Pixels::new(&config.input) };
    for epoch in metrics.len()..config.schedule.epochs {
        if epoch > 0 && epoch == config.schedule.quantise_from {
            folder.save_float(&mut trainee, epoch)?;
        }
        let last = metrics.last().map_or(String::new(), Metrics::words);
        let progress = progress::Epoch::start(show, epoch, config.schedule.epochs, learner.steps(), &last);
        let begun = std::time::Instant::now();
        let phase = if epoch >= config.schedule.quantise_from { Phase::Rounded } else { Phase::Float };
        let learnt = run_epoch(&learner, &mut trainee, epoch, phase, &progress)
            .map_err(|error| folder.explain(error, metrics.len()))?;
        let mut found = measure(&plan, trainee.result(), &learner, epoch, phase, learnt)?;
        found.seconds = begun.elapsed().as_secs_f64();
        progress.finish(&found.line());
        metrics.push(found);
        folder.save(&mut trainee, &metrics)?;
    }
    let seconds = metrics.iter().map(|metrics| metrics.seconds).sum();
    let last = metrics.pop().ok_or_else(|| folder.fault("the run has no epochs"))?;
    Ok(Summary { last, seconds })
}

/// What `epoch` gave, measured on the test images.
fn measure(
    plan: &Plan,
    network: &Network,
    learner: &Learner,
    epoch: usize,
    phase: Phase,
    learnt: Learnt,
) -> Result<Metrics, Report> {
    let (pixels, test) = (&learner.pixels, &learner.dataset.test);
    let (rounded_accuracy, integer_accuracy) = match phase {
        Phase::Rounded => {
            let integers = Rounded::new(network, &fold(plan, network)?);
            let rounded = evaluate::floats(network, pixels, test, phase);
            (Some(rounded), Some(evaluate::integers(&integers, pixels, test)))
        }
        Phase::Float => (None, None),
    };
    Ok(Metrics {
        epoch,
        rounded: phase == Phase::Rounded,
        loss: learnt.loss,
        train_accuracy: learnt.accuracy,
        float_accuracy: evaluate::floats(network, pixels, test, Phase::Float),
        rounded_accuracy,
        integer_accuracy,
        seconds: 0.0,
        gpu: gpu::taken_part(),
    })
}

/// The plan for the images of `dataset`, whose last layer must have one output a class.
///
/// # Errors
/// A network that does not fit its images or classes.
pub fn plan_for(config: &TrainConfig, dataset: &Dataset) -> Result<Plan, Report> {
    let shape = dataset.train.shape;
    let file = if config.file.is_empty() { &config.name } else { &config.file };
    check_channels::<TrainConfig>(&config.input, file, shape)?;
    let plan = Plan::new(config, shape, &dataset.classes)?;
    let output = plan.layers.last().map_or(shape, |layer| layer.window.output);
    let classes = classes(dataset);
    if output != [1, 1, classes] {
        let what = format!("the network's output is {output:?}, the data has {classes} classes");
        let error = Diagnostic::new("train", what).in_file(file);
        return Err(error.help("end it with {op: pool} and a layer of one output a class").into());
    }
    Ok(plan)
}

/// How many classes the images have.
pub fn classes(dataset: &Dataset) -> usize {
    let most = dataset.train.labels.iter().chain(&dataset.test.labels).max();
    most.map_or(0, |label| usize::from(*label) + 1).max(dataset.classes.len())
}

/// Whether the input of a configuration fits images of `shape`.
fn check_channels<C: RunConfig>(input: &Input, file: &str, shape: [usize; 3]) -> Result<(), Report> {
    if input.mean.len() == shape[2] {
        return Ok(());
    }
    let what = format!("input.mean has {} numbers for {} channels", input.mean.len(), shape[2]);
    let error = Diagnostic::new(C::STAGE, what).in_file(file);
    Err(error.help("give input.mean and input.std one number a channel").into())
}
