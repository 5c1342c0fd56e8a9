//! `TrainConfig`: a training run as the user writes it, in YAML. Unknown keys are errors; whatever else is
//! wrong with the values is found by [`TrainConfig::check`], all of it at once.

mod check;
mod kept;
pub mod text;

pub use check::Faults;
pub use kept::RunConfig;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A training run: data, network, schedule.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Name of the network that the run makes.
    pub name: String,
    /// The only source of randomness.
    pub seed: u64,
    /// Where the images come from.
    pub data: Data,
    /// Random changes to training images.
    #[serde(default)]
    pub augment: Augment,
    /// How pixels become int8.
    pub input: Input,
    /// Widths of the integer weights.
    #[serde(default)]
    pub bits: Bits,
    /// How long and how fast.
    pub schedule: Schedule,
    /// Layers and blocks, first to last, each reading the one before.
    pub network: Vec<Item>,
    /// The text that it was read from; empty where there was none.
    #[serde(skip)]
    pub source: String,
    /// The name of the file that it was read from.
    #[serde(skip)]
    pub file: String,
}

/// A data set on disk.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// What the folder holds.
    pub format: Format,
    /// The folder.
    pub path: PathBuf,
    /// Height and width that the images of a `folder` must have.
    #[serde(default)]
    pub size: Option<[usize; 2]>,
    /// Names of the classes; a `folder` brings its own.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Training images that are taken, spread over all of them; all, where nothing is said.
    #[serde(default)]
    pub images: Option<usize>,
}

/// How a data set is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `{train,t10k}-{images-idx3,labels-idx1}-ubyte[.gz]`, as MNIST and Fashion-MNIST come.
    Idx,
    /// `{train,test}/<class>/*.{png,jpg,jpeg}`.
    Folder,
    /// `data_batch_{1..5}.bin` and `test_batch.bin`.
    Cifar10,
}

/// Random changes to training images.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
    /// Black pixels added on every side before a crop of the old size is cut out anywhere.
    pub pad: usize,
    /// Whether images are mirrored, half of them by chance.
    pub flip: bool,
    /// Effects that come after, if any.
    pub policy: Option<Policy>,
}

/// Pairs of effects that a search found for a data set: every image gets one pair, each effect with its own probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// AutoAugment's for CIFAR-10.
    Cifar10,
}

/// How pixels become int8: `clamp(round((pixel / 255 - mean) / std / scale), -128, 127)`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Real value of one step.
    pub scale: f64,
    /// One a channel.
    pub mean: Vec<f64>,
    /// One a channel.
    pub std: Vec<f64>,
}

/// Bits of a stored weight, by op.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bits {
    /// 2..=8
    pub conv: u32,
    /// 3..=6
    pub shift: u32,
    /// 2..=8
    pub adder: u32,
}

impl Default for Bits {
    fn default() -> Bits {
        Bits { conv: 8, shift: 5, adder: 8 }
    }
}

/// Stochastic gradient descent with Nesterov momentum; the rate rises linearly, then falls as a cosine, or at milestones.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Passes over the training images.
    pub epochs: usize,
    /// The first epoch (from 0) whose forward pass rounds like the integers do; `epochs` means never.
    pub quantise_from: usize,
    /// Images of one step.
    pub batch: usize,
    /// The highest learning rate.
    pub rate: f64,
    /// The learning rate at the end.
    #[serde(default)]
    pub final_rate: f64,
    /// Epochs until the rate is reached.
    #[serde(default)]
    pub warmup: f64,
    /// Where the rate falls at milestones, not as a cosine.
    #[serde(default)]
    pub multistep: Option<Multistep>,
    /// Of the gradient's running sum.
    #[serde(default = "default_momentum")]
    pub momentum: f64,
    /// Pulls weights (not norms and biases) to 0. Adder layers collapse above 1e-4.
    #[serde(default)]
    pub weight_decay: f64,
    /// Longest gradient of all but the adder weights together; 0 means any.
    #[serde(default)]
    pub clip: f64,
    /// Root mean square that an adder layer's weight gradient is scaled to; 0 leaves it as it is, clipped like others.
    #[serde(default = "default_adder_eta")]
    pub adder_eta: f64,
    /// What an exponential moving average of all that is learnt keeps of itself at every batch, such as 0.999: the average is then
    /// what is measured and exported.
    #[serde(default)]
    pub ema: Option<f64>,
}

/// A rate that falls at milestones.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Multistep {
    /// Epochs (from 0) before which the rate falls.
    pub milestones: Vec<usize>,
    /// What it is multiplied with each time.
    pub gamma: f64,
}

fn default_momentum() -> f64 {
    0.9
}

fn default_adder_eta() -> f64 {
    0.2
}

/// A layer, or an inverted-residual block of three.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// A block's layers are `NAME.pw1`, `NAME.dw`, `NAME.pw2`.
    pub name: String,
    /// `conv`, `shift`, `adder`, or `pool`: the mean over the whole map.
    pub op: String,
    /// Left out for `pool`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub out_channels: usize,
    /// Rows and columns alike; the padding keeps the map's size at stride 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub kernel: usize,
    /// Rows and columns alike.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub stride: usize,
    /// Channels of the depthwise layer in the middle; makes this a block.
    #[serde(default)]
    pub expand: Option<usize>,
    /// Adds the item's input to its output.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub residual: bool,
    /// Batch norm after the operation; a layer without has a bias.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub norm: bool,
    /// Whether the last layer cuts negative outputs off; left out, a layer does and a block does not.
    #[serde(default)]
    pub relu: Option<bool>,
}

impl Item {
    /// A convolution of 1x1 with batch norm and ReLU, still without channels.
    pub fn conv(name: impl Into<String>) -> Item {
        Item {
            name: name.into(),
            op: "conv".into(),
            out_channels: 0,
            kernel: 1,
            stride: 1,
            expand: None,
            residual: false,
            norm: true,
            relu: None,
        }
    }
}

fn one() -> usize {
    1
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

fn is_one(number: &usize) -> bool {
    *number == one()
}

fn yes() -> bool {
    true
}

fn is_yes(answer: &bool) -> bool {
    *answer
}
