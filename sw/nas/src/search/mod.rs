//! `SearchConfig`: a search as the user writes it, in YAML: data, space, curriculum, how the weights, the choice and
//! its costs are treated, and how the found network is trained afterwards.

pub mod ablation;
mod check;
pub mod curriculum;
pub mod settings;

use crate::config::{Augment, Bits, Data, Input, Item, RunConfig, Schedule, TrainConfig};
use crate::space::{Candidate, Place, Space};
use curriculum::Stage;
use serde::{Deserialize, Serialize};
use settings::Settings;
use spec::error::Report;
use std::path::PathBuf;

/// A search.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SearchConfig {
    /// Name of the network that the search makes.
    pub name: String,
    /// The only source of randomness.
    pub seed: u64,
    /// Where the images come from.
    pub data: Data,
    /// Random changes to training images.
    #[serde(default)]
    pub augment: Augment,
    /// In place of these, those of the training of what is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrain_augment: Option<Augment>,
    /// How pixels become int8.
    pub input: Input,
    /// Widths of the integer weights.
    #[serde(default)]
    pub bits: Bits,
    /// What is chosen from.
    pub space: Space,
    /// Stages of pretraining and search.
    pub curriculum: Vec<Stage>,
    /// How candidates are drawn.
    pub sampling: Sampling,
    /// How the weights are trained.
    pub weights: Weights,
    /// How the choice is learnt.
    pub alphas: Alphas,
    /// What the network shall be worth.
    pub cost: Cost,
    /// How the found network is trained from scratch.
    pub retrain: Schedule,
    /// The text that it was read from; empty where there was none.
    #[serde(skip)]
    pub source: String,
    /// The name of the file that it was read from.
    #[serde(skip)]
    pub file: String,
}

/// How candidates are drawn: by `softmax((log softmax(alpha) + Gumbel noise) / temperature)`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// How many run at a time, in each block.
    pub paths: usize,
    /// At the first epoch.
    pub temperature: f64,
    /// What the temperature is multiplied with after every epoch.
    pub cooling: f64,
}

/// Stochastic gradient descent on the weights, over all epochs of the search; keys as in a training's schedule.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Images of one step, for the choice too.
    pub batch: usize,
    /// The highest learning rate.
    pub rate: f64,
    /// The learning rate at the end.
    #[serde(default)]
    pub final_rate: f64,
    /// Epochs until the rate is reached.
    #[serde(default)]
    pub warmup: f64,
    /// Of the gradient's running sum.
    pub momentum: f64,
    /// Pulls weights to 0.
    #[serde(default)]
    pub weight_decay: f64,
    /// Longest gradient of all but the adder weights together; 0 means any.
    #[serde(default)]
    pub clip: f64,
    /// Root mean square of an adder layer's gradient; 0 leaves it as it is.
    #[serde(default)]
    pub adder_eta: f64,
    /// Whether the last norm of a block that adds its input starts with scale 0: the block is then a skip at first.
    #[serde(default)]
    pub zero_gamma: bool,
}

/// Adam on the numbers by which candidates are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Alphas {
    /// The learning rate.
    pub rate: f64,
    /// Of the running means of gradient and squared gradient.
    pub betas: [f64; 2],
    /// Share of the training images that the choice is learnt on; the weights never see them.
    pub images: f64,
}

/// What the network shall be worth.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Where costs come from.
    pub kind: CostKind,
    /// For `mapper`: the accelerator's description.
    #[serde(default)]
    pub accelerator: Option<PathBuf>,
    /// For `table`: the file.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// What the cost is multiplied with in the loss, at first.
    pub lambda: f64,
    /// Least and greatest cost of the best network so far: below it lambda is halved after an epoch, above doubled,
    /// at most 2^24-fold in all. The
    /// network that is found costs no more than the greatest, if any network does not.
    #[serde(default)]
    pub target: Option<[f64; 2]>,
}

/// Where the costs of candidates come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CostKind {
    /// Multiply-accumulates; a shift counts as an eighth, an adder's term as a fifth.
    Macs,
    /// Energy-delay product as the mapper predicts it for an accelerator.
    Mapper,
    /// A table, measured elsewhere.
    Table,
}

impl SearchConfig {
    /// The stages that this space goes through.
    pub fn stages(&self) -> Vec<&Stage> {
        curriculum::stages(&self.curriculum, &self.space)
    }

    /// Epochs of all stages.
    pub fn epochs(&self) -> usize {
        self.stages().iter().map(|stage| stage.epochs).sum()
    }

    /// The same search among other ops.
    ///
    /// # Errors
    /// What is wrong with the search among these ops.
    pub fn with_ops(&self, ops: Vec<String>) -> Result<SearchConfig, Report> {
        self.with(&Settings::from([("space.ops".to_string(), ops.into())]))
    }

    /// How the weights are trained, as the optimiser takes it; nothing is rounded.
    pub fn schedule(&self) -> Schedule {
        let Weights { batch, rate, final_rate, warmup, momentum, weight_decay, clip, adder_eta, .. } =
            self.weights;
        let epochs = self.epochs();
        Schedule {
            epochs,
            quantise_from: epochs,
            batch,
            rate,
            final_rate,
            warmup,
            multistep: None,
            momentum,
            weight_decay,
            clip,
            adder_eta,
            ema: None,
        }
    }

    /// The training, from scratch, of a network that is made of `network`.
    pub fn training(&self, network: Vec<Item>) -> TrainConfig {
        TrainConfig {
            name: self.name.clone(),
            seed: self.seed,
            data: self.data.clone(),
            augment: self.retrain_augment.unwrap_or(self.augment),
            input: self.input.clone(),
            bits: self.bits,
            schedule: self.retrain.clone(),
            network,
            source: String::new(),
            file: String::new(),
        }
    }

    /// The training of the network that has `chosen` in `places`.
    pub fn derived(&self, places: &[Place], chosen: &[Candidate], classes: usize) -> TrainConfig {
        let blocks = places.iter().zip(chosen).filter_map(|(place, candidate)| place.item(*candidate));
        let items = self.space.stem().into_iter().chain(blocks).chain(self.space.header(classes));
        self.training(items.collect())
    }
}

impl RunConfig for SearchConfig {
    const STAGE: &'static str = "search";
    const FILE: &'static str = "search.yaml";
    const SCHEDULE: &'static str = "weights";

    fn seed(&self) -> u64 {
        self.seed
    }

    fn source(&self) -> &str {
        &self.source
    }

    fn read(file: &str, text: &str) -> Result<SearchConfig, Report> {
        SearchConfig::parse(file, text)
    }
}
