//! Reading a configuration, and everything that can be wrong with its values.

use super::{text, Bits, Input, Multistep, Schedule, TrainConfig};
use spec::error::{Diagnostic, Report};
use spec::op::Op;
use spec::yaml::Source;

impl TrainConfig {
    /// Reads and checks the text of `file`.
    ///
    /// # Errors
    /// The first thing that is no YAML of this form, else every value that makes no sense.
    pub fn parse(file: &str, text: &str) -> Result<TrainConfig, Report> {
        let config: TrainConfig = text::read(Source { stage: "train", file, text }, "training run")?;
        let config = TrainConfig { source: text.into(), file: file.into(), ..config };
        config.check()?;
        Ok(config)
    }

    /// `error`, placed at the `item`-th item of the network where the configuration was read from a text.
    pub fn at_item(&self, item: usize, error: Diagnostic) -> Diagnostic {
        if self.source.is_empty() {
            return error;
        }
        let source = Source { stage: "train", file: &self.file, text: &self.source };
        text::placed(source, &format!("network.{item}"), error)
    }

    /// Everything that is wrong with the values; the network is checked where it is planned.
    ///
    /// # Errors
    /// One entry for every such value.
    pub fn check(&self) -> Result<(), Report> {
        let mut faults = Faults::new(Source { stage: "train", file: &self.file, text: &self.source });
        self.schedule.check("schedule", self.network.iter().any(|item| item.op == "adder"), &mut faults);
        self.input.check(&mut faults);
        self.bits.check(&mut faults);
        faults.report.or(())
    }
}

/// What is wrong with a configuration's values, each placed where it stands.
pub struct Faults<'a> {
    source: Source<'a>,
    /// So far.
    pub report: Report,
}

impl<'a> Faults<'a> {
    /// None yet. A configuration that was read from no text has nothing that could be pointed at.
    pub fn new(source: Source<'a>) -> Faults<'a> {
        Faults { source, report: Report::default() }
    }

    /// Notes that the value at `path` is wrong, unless the rule `holds`; `help` says what to do.
    pub fn require(&mut self, holds: bool, path: &str, message: impl Into<String>, help: impl Into<String>) {
        if !holds {
            let error = Diagnostic::new(self.source.stage, message).help(help);
            let placed = match self.source.text.is_empty() {
                true => error,
                false => text::placed(self.source, path, error),
            };
            self.report.push(placed);
        }
    }
}

impl Schedule {
    /// Notes what is wrong with the schedule that stands under `key`.
    pub fn check(&self, key: &str, has_adders: bool, faults: &mut Faults<'_>) {
        let mut require = |holds: bool, name: &str, message: &str, help: &str| {
            let path = format!("{key}.{name}");
            faults.require(holds, &path, message, format!("set {path}{help}"));
        };
        require(self.epochs > 0, "epochs", "a run of no epochs trains nothing", " to 1 or more");
        let in_order = self.quantise_from <= self.epochs;
        require(in_order, "quantise_from", "rounding would start after the end", " to at most epochs");
        let message = "adder layers collapse late in training with a weight decay above 1e-4";
        require(self.weight_decay <= 1e-4 || !has_adders, "weight_decay", message, " to 1e-4 or less");
        let is_share = self.ema.is_none_or(|kept| kept > 0.0 && kept < 1.0);
        require(
            is_share,
            "ema",
            "a moving average keeps between 0 and 1 of itself",
            ": 0.999, or leave it out",
        );
        if let Some(Multistep { milestones, gamma }) = &self.multistep {
            let in_order = milestones.windows(2).all(|pair| pair[0] < pair[1]);
            let within = milestones.iter().all(|epoch| (1..self.epochs).contains(epoch));
            let message = "the rate falls between epochs, one after the other";
            let help = " to rising numbers from 1 to epochs - 1, at least one";
            require(in_order && within && !milestones.is_empty(), "multistep.milestones", message, help);
            let is_fall = *gamma > 0.0 && *gamma < 1.0;
            require(is_fall, "multistep.gamma", "a rate falls to a share of it", ": 0.1");
            let message = "a rate that falls at milestones ends where the last one leaves it";
            require(self.final_rate == 0.0, "final_rate", message, " to 0, or leave it out");
        }
        self.check_steps(require);
    }

    /// What is wrong with single steps, however many there are.
    pub fn check_steps(&self, mut require: impl FnMut(bool, &str, &str, &str)) {
        require(self.batch > 0, "batch", "a step of no images learns nothing", " to 1 or more");
        require(self.rate > 0.0, "rate", "the learning rate must be positive", ", such as 0.1");
        let is_share = (0.0..1.0).contains(&self.momentum);
        require(is_share, "momentum", "momentum must lie between 0 and 1", ": 0.9");
    }
}

impl Input {
    /// Notes what is wrong with it.
    pub fn check(&self, faults: &mut Faults<'_>) {
        let message = "the input needs a positive scale";
        faults.require(self.scale > 0.0, "input.scale", message, "set input.scale");
        faults.require(
            self.std.iter().all(|std| *std > 0.0) && self.mean.len() == self.std.len(),
            "input.std",
            "the input needs a mean and a positive std for every channel",
            "give input.mean and input.std as many numbers as the images have channels",
        );
    }
}

impl Bits {
    /// Notes what is wrong with them.
    pub fn check(&self, faults: &mut Faults<'_>) {
        for op in Op::ALL {
            let ((least, most), bits, name) = (op.weight_bits(), self.of(*op), op.name());
            let path = format!("bits.{name}");
            let message = format!("{name} weights cannot have {bits} bits");
            let help = format!("set {path} to {least}..{most}");
            faults.require((least..=most).contains(&bits), &path, message, help);
        }
    }

    /// Bits of a weight of `op`.
    pub fn of(&self, op: Op) -> u32 {
        match op {
            Op::Conv => self.conv,
            Op::Shift => self.shift,
            Op::Adder => self.adder,
        }
    }
}
