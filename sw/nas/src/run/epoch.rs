//! One pass over the training images.

use super::average::Trainee;
use super::checkpoint::State;
use super::progress::Epoch;
use crate::config::TrainConfig;
use crate::data::batch::{order, Pixels};
use crate::data::Dataset;
use crate::layer::Phase;
use crate::loss::cross_entropy;
use crate::optimiser;

/// What does not change during a run.
pub struct Learner<'a> {
    pub config: &'a TrainConfig,
    pub dataset: &'a Dataset,
    pub pixels: Pixels,
}

impl Learner<'_> {
    /// Steps of an epoch. Images that fill no whole batch wait for another epoch's order.
    pub fn steps(&self) -> usize {
        (self.dataset.train.len() / self.config.schedule.batch).max(1)
    }
}

/// What an epoch gave.
pub struct Learnt {
    /// Mean cross entropy.
    pub loss: f64,
    /// Share of the images that were right.
    pub accuracy: f64,
}

/// Where a number stopped being finite.
#[derive(Debug)]
pub struct NotFinite {
    /// What is wrong: `the output of layer stem is not finite`.
    pub what: String,
    pub epoch: usize,
    /// None where it was seen after the epoch.
    pub step: Option<usize>,
}

impl NotFinite {
    /// In a pass, forward (`output`) or backward (`gradient`), at a layer.
    pub fn of(pass: &str, layer: &str, epoch: usize, step: usize) -> NotFinite {
        NotFinite { what: format!("the {pass} of layer `{layer}` is not finite"), epoch, step: Some(step) }
    }

    /// Whether what an epoch left can be kept: a run goes on from finite numbers, small enough to be squared.
    pub fn check(learner: &mut dyn State, epoch: usize) -> Result<(), NotFinite> {
        let state = learner.state();
        // Batch norms square what comes of it.
        let is_sound = |value: &f32| value.abs() < f32::MAX.sqrt();
        let Some((name, _)) = state.iter().find(|(_, values)| !values.iter().all(is_sound)) else {
            return Ok(());
        };
        let what = format!("`{name}` has numbers that are not finite, or whose squares are not");
        Err(NotFinite { what, epoch, step: None })
    }
}

/// Trains `trainee` on every image once, or all but a last part of a batch.
pub fn run_epoch(
    learner: &Learner,
    trainee: &mut Trainee,
    epoch: usize,
    phase: Phase,
    progress: &Epoch,
) -> Result<Learnt, NotFinite> {
    let (config, images) = (learner.config, &learner.dataset.train);
    let order = order(images.len(), config.seed, epoch);
    let (mut loss, mut right, mut seen) = (0.0, 0, 0);
    let began = if phase == Phase::Rounded { config.schedule.quantise_from } else { 0 };
    for (step, chosen) in order.chunks(config.schedule.batch).take(learner.steps()).enumerate() {
        let stop = |pass: &'static str| move |layer: String| NotFinite::of(pass, &layer, epoch, step);
        let input = learner.pixels.augmented(images, chosen, &config.augment, config.seed, epoch);
        let labels: Vec<u8> = chosen.iter().map(|i| images.labels[*i]).collect();
        let network = &mut trainee.network;
        let pass = network.forward(input, phase).map_err(stop("output"))?;
        let found = cross_entropy(pass.output(), &labels);
        network.backward(&pass, found.gradient).map_err(stop("gradient"))?;
        let rate = optimiser::rate(&config.schedule, epoch, step, learner.steps());
        optimiser::step(network, &config.schedule, rate);
        trainee.follow((epoch - began) * learner.steps() + step);
        (loss, right, seen) = (loss + found.sum, right + found.right, seen + labels.len());
        progress.step(loss / seen as f64, right as f64 / seen as f64);
    }
    NotFinite::check(trainee, epoch)?;
    Ok(Learnt { loss: loss / seen as f64, accuracy: right as f64 / seen as f64 })
}
