//! What a run's folder needs of a configuration, to keep it and to know it again.

use super::{text, TrainConfig};
use serde::Serialize;
use spec::error::Report;

/// A configuration as a run's folder keeps it.
pub trait RunConfig: Serialize + Sized {
    /// What errors call the stage.
    const STAGE: &'static str;
    /// Name of its file in the folder.
    const FILE: &'static str;
    /// The key under which the learning rate stands.
    const SCHEDULE: &'static str;

    /// The only source of randomness.
    fn seed(&self) -> u64;

    /// The text that it was read from; empty where there was none.
    fn source(&self) -> &str;

    /// Reads and checks the text of `file`.
    ///
    /// # Errors
    /// Text that is no such configuration.
    fn read(file: &str, text: &str) -> Result<Self, Report>;

    /// As YAML: the text that it was read from, comments and all, or else the values.
    ///
    /// # Errors
    /// A number that no text can show.
    fn text(&self) -> Result<String, Report> {
        match self.source() {
            "" => self.values(),
            source => Ok(source.into()),
        }
    }

    /// The values alone, as YAML.
    ///
    /// # Errors
    /// A number that no text can show.
    fn values(&self) -> Result<String, Report> {
        text::document(Self::STAGE, self)
    }
}

impl RunConfig for TrainConfig {
    const STAGE: &'static str = "train";
    const FILE: &'static str = "train.yaml";
    const SCHEDULE: &'static str = "schedule";

    fn seed(&self) -> u64 {
        self.seed
    }

    fn source(&self) -> &str {
        &self.source
    }

    fn read(file: &str, text: &str) -> Result<TrainConfig, Report> {
        TrainConfig::parse(file, text)
    }
}
