//! Reading a configuration, and everything that can be wrong with its values.

use super::TrainConfig;
use spec::error::{Diagnostic, Report};
use spec::op::Op;
use spec::yaml::{Node, Place, Source, Value};

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
            source.error(place, "this is no training run", why.split(" at line ").next().unwrap_or(""))
        })?;
        config.check().map_err(|report| Report(report.0.into_iter().map(|d| d.in_file(file)).collect()))?;
        Ok(TrainConfig { source: text.into(), file: file.into(), ..config })
    }

    /// `error`, placed at the `item`-th item of the network where the configuration was read from a text.
    pub fn at_item(&self, item: usize, error: Diagnostic) -> Diagnostic {
        let source = Source { stage: "train", file: &self.file, text: &self.source };
        let Ok(Node { value: Value::Map(entries), .. }) = source.parse() else { return error };
        let network = entries.into_iter().find(|(key, _)| key.name == "network").map(|(_, node)| node.value);
        match network {
            Some(Value::List(items)) if item < items.len() => {
                let Place { line, column } = items[item].place;
                error.at(&self.file, &self.source, line, column, "")
            }
            _ => error,
        }
    }

    /// As YAML: the text that it was read from, comments and all, or else the values.
    ///
    /// # Errors
    /// A number that no text can show.
    pub fn text(&self) -> Result<String, Report> {
        if self.source.is_empty() {
            self.values() // JSON is YAML.
        } else {
            Ok(self.source.clone())
        }
    }

    /// The values alone, as JSON.
    ///
    /// # Errors
    /// A number that no text can show.
    pub fn values(&self) -> Result<String, Report> {
        let unwritable = |error| Diagnostic::new("train", format!("the values cannot be written: {error}"));
        Ok(serde_json::to_string_pretty(self).map_err(unwritable)?)
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
            let (least, most) = Op::from_name(op).map_or((0, 0), Op::weight_bits);
            let what = format!("{op} weights cannot have {bits} bits");
            require((least..=most).contains(&bits), &what, &format!("set bits.{op} to {least}..{most}"));
        }
        report.or(())
    }
}
