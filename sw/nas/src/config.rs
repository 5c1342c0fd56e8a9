//! `TrainConfig`: a training run as the user writes it, in YAML. Unknown keys are errors; whatever else is
//! wrong with the values is found by [`TrainConfig::check`], all of it at once.

use serde::{Deserialize, Serialize};
use spec::error::{Diagnostic, Report};
use spec::yaml::{Place, Source};
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
    /// Whether every other image is mirrored.
    pub flip: bool,
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

/// Stochastic gradient descent with Nesterov momentum; the rate rises linearly, then falls as a cosine.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
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
    /// Epochs until the rate is reached.
    #[serde(default)]
    pub warmup: f64,
    /// Of the gradient's running sum.
    #[serde(default = "default_momentum")]
    pub momentum: f64,
    /// Pulls weights (not norms and biases) to 0. Adder layers collapse above 1e-4.
    #[serde(default)]
    pub weight_decay: f64,
    /// Longest gradient of all but the adder weights together; 0 means any.
    #[serde(default)]
    pub clip: f64,
    /// Root mean square that an adder layer's weight gradient is scaled to.
    #[serde(default = "default_adder_eta")]
    pub adder_eta: f64,
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
    #[serde(default)]
    pub out_channels: usize,
    /// Rows and columns alike; the padding keeps the map's size at stride 1.
    #[serde(default = "one")]
    pub kernel: usize,
    /// Rows and columns alike.
    #[serde(default = "one")]
    pub stride: usize,
    /// Channels of the depthwise layer in the middle; makes this a block.
    #[serde(default)]
    pub expand: Option<usize>,
    /// Adds the item's input to its output.
    #[serde(default)]
    pub residual: bool,
    /// Batch norm after the operation; a layer without has a bias.
    #[serde(default = "yes")]
    pub norm: bool,
    /// Whether the last layer cuts negative outputs off; left out, a layer does and a block does not.
    #[serde(default)]
    pub relu: Option<bool>,
}

fn one() -> usize {
    1
}

fn yes() -> bool {
    true
}

impl TrainConfig {
    /// Reads and checks the text of `file`.
    ///
    /// # Errors
    /// The first thing that is no YAML of this form, else every value that makes no sense.
    pub fn parse(file: &str, text: &str) -> Result<TrainConfig, Report> {
        let source = Source { stage: "train", file, text };
        let config: TrainConfig = serde_saphyr::from_str(text).map_err(|error| {
            let place = error.location().map_or(Place { line: 1, column: 1 }, Place::from);
            let why = error.without_snippet().to_string();
            source.error(place, "this is no training run", why.lines().next().unwrap_or(""))
        })?;
        config.check().map_err(|report| Report(report.0.into_iter().map(|d| d.in_file(file)).collect()))?;
        Ok(config)
    }

    /// Everything that is wrong with the values; the network is checked where it is planned.
    ///
    /// # Errors
    /// One entry for every such value.
    pub fn check(&self) -> Result<(), Report> {
        let mut report = Report::default();
        let mut require = |holds: bool, what: &str, help: &str| {
            if !holds {
                report.push(Diagnostic::new("train", what).help(help));
            }
        };
        let schedule = &self.schedule;
        let in_order = schedule.quantise_from <= schedule.epochs;
        require(schedule.epochs > 0, "a run of no epochs trains nothing", "set schedule.epochs to 1 or more");
        require(
            in_order,
            "rounding would start after the end",
            "set schedule.quantise_from to at most epochs",
        );
        require(schedule.batch > 0, "a step of no images learns nothing", "set schedule.batch to 1 or more");
        require(schedule.rate > 0.0, "the learning rate must be positive", "set schedule.rate, such as 0.1");
        require(
            (0.0..1.0).contains(&schedule.momentum),
            "momentum must lie between 0 and 1",
            "set schedule.momentum: 0.9",
        );
        require(
            schedule.weight_decay <= 1e-4 || self.network.iter().all(|item| item.op != "adder"),
            "adder layers collapse late in training with a weight decay above 1e-4",
            "set schedule.weight_decay to 1e-4 or less",
        );
        require(self.input.scale > 0.0, "the input needs a positive scale", "set input.scale");
        require(
            self.input.std.iter().all(|std| *std > 0.0) && self.input.mean.len() == self.input.std.len(),
            "the input needs a mean and a positive std for every channel",
            "give input.mean and input.std as many numbers as the images have channels",
        );
        for (op, bits) in [("conv", self.bits.conv), ("shift", self.bits.shift), ("adder", self.bits.adder)] {
            let (least, most) = spec::op::Op::from_name(op).map_or((0, 0), spec::op::Op::weight_bits);
            let what = format!("{op} weights cannot have {bits} bits");
            require((least..=most).contains(&bits), &what, &format!("set bits.{op} to {least}..{most}"));
        }
        report.or(())
    }
}
