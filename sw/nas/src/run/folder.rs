//! The files of a run's folder.

use super::checkpoint::{self, write_atomically};
use super::epoch::NotFinite;
use super::Metrics;
use crate::config::TrainConfig;
use crate::network::Network;
use spec::error::{Diagnostic, Report};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The configuration.
pub const CONFIG: &str = "train.yaml";
const ABOUT: &str = "run.json";
const METRICS: &str = "metrics.jsonl";
const CHECKPOINT: &str = "checkpoint.safetensors";
const FLOAT: &str = "float.safetensors";

/// The folder of a run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder of a new run, or finds that of an old one.
    ///
    /// # Errors
    /// A folder that cannot be made, that holds a run already, or with `resume` one of another configuration.
    pub fn open(path: &Path, config: &TrainConfig, resume: bool) -> Result<RunFolder, Report> {
        let folder = RunFolder { path: path.into() };
        std::fs::create_dir_all(path).map_err(|error| folder.fault(format!("cannot be made: {error}")))?;
        match (folder.file(CONFIG).exists(), resume) {
            (true, false) => {
                return Err(folder.fault("holds a run already").help("resume it, or choose another").into())
            }
            (true, true) if RunFolder::config(path)?.values()? != config.values()? => {
                let help = "a resumed run keeps its configuration; start a new folder for another one";
                return Err(folder.fault("holds a run of another configuration").help(help).into());
            }
            (true, true) => return Ok(folder),
            (false, _) => {}
        }
        let about = serde_json::json!({
            "seed": config.seed,
            "git_revision": git_revision(),
            "version": env!("CARGO_PKG_VERSION"),
        });
        write_atomically(&folder.file(ABOUT), format!("{about:#}\n").as_bytes())?;
        write_atomically(&folder.file(CONFIG), config.text()?.as_bytes())?;
        Ok(folder)
    }

    /// The configuration of the run in `path`.
    ///
    /// # Errors
    /// A folder that holds none.
    pub fn config(path: &Path) -> Result<TrainConfig, Report> {
        let folder = RunFolder { path: path.into() };
        let file = folder.file(CONFIG);
        let text = std::fs::read_to_string(&file)
            .map_err(|error| folder.fault(format!("holds no run: {CONFIG}: {error}")))?;
        TrainConfig::parse(&file.display().to_string(), &text)
    }

    /// Seed, git revision and version of the run.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn about(&self) -> Result<serde_json::Value, Report> {
        let fault = |error: String| self.fault(format!("{ABOUT}: {error}"));
        let text = std::fs::read_to_string(self.file(ABOUT)).map_err(|error| fault(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| fault(error.to_string()).into())
    }

    /// A run that is there already.
    pub fn existing(path: &Path) -> RunFolder {
        RunFolder { path: path.into() }
    }

    /// Restores `network` to the last checkpoint, if there is one; returns the metrics of its epochs.
    ///
    /// # Errors
    /// A checkpoint or metrics that cannot be read.
    pub fn restore(&self, network: &mut Network) -> Result<Vec<Metrics>, Report> {
        if !self.file(CHECKPOINT).exists() {
            return Ok(Vec::new());
        }
        let epochs = checkpoint::restore(&self.file(CHECKPOINT), network)?;
        let text = std::fs::read_to_string(self.file(METRICS)).unwrap_or_default();
        let lines = text.lines().take(epochs).map(serde_json::from_str);
        let metrics: Vec<Metrics> =
            lines.collect::<Result<_, _>>().map_err(|error| self.fault(format!("{METRICS}: {error}")))?;
        if metrics.len() != epochs {
            let what = format!("{METRICS} has {} lines, the checkpoint {epochs} epochs", metrics.len());
            return Err(self.fault(what).help("start again in a new folder").into());
        }
        Ok(metrics)
    }

    /// Saves the state after the epochs of `metrics`. The metrics go first: a line too many is dropped.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self, network: &mut Network, metrics: &[Metrics]) -> Result<(), Report> {
        let mut text = String::new();
        for line in metrics {
            let line = serde_json::to_string(line).map_err(|error| self.fault(error.to_string()))?;
            let _ = writeln!(text, "{line}"); // Writing to a String cannot fail.
        }
        write_atomically(&self.file(METRICS), text.as_bytes())?;
        checkpoint::save(&self.file(CHECKPOINT), network, metrics.len())
    }

    /// Saves the state before rounding begins.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save_float(&self, network: &mut Network, epochs: usize) -> Result<(), Report> {
        checkpoint::save(&self.file(FLOAT), network, epochs)
    }

    /// Why the run stopped, and what is left of it.
    pub fn explain(&self, stop: NotFinite, done: usize) -> Report {
        let NotFinite { pass, layer, epoch, step } = stop;
        let what =
            format!("the {pass} of layer `{layer}` is not finite at step {step} of epoch {}", epoch + 1);
        let left = match done {
            0 => "no epoch was finished, so there is no checkpoint".to_string(),
            _ => format!("last good checkpoint: {} (epoch {done})", self.file(CHECKPOINT).display()),
        };
        let help = "lower schedule.rate, or set schedule.clip and schedule.warmup";
        Diagnostic::new("train", what).note(left).help(help).into()
    }

    /// An error about the folder.
    pub fn fault(&self, what: impl Into<String>) -> Diagnostic {
        Diagnostic::new("train", what).in_file(&self.path.display().to_string())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// The commit that is checked out around the working directory, read from git's files.
fn git_revision() -> Option<String> {
    let here = std::env::current_dir().ok()?;
    let git = here.ancestors().map(|folder| folder.join(".git")).find(|git| git.is_dir())?;
    let head = std::fs::read_to_string(git.join("HEAD")).ok()?;
    let Some(name) = head.trim().strip_prefix("ref: ") else { return Some(head.trim().to_string()) };
    let loose = std::fs::read_to_string(git.join(name)).ok().map(|hash| hash.trim().to_string());
    let packed = || {
        let text = std::fs::read_to_string(git.join("packed-refs")).ok()?;
        let line = text.lines().find(|line| line.ends_with(name))?;
        Some(line.split(' ').next()?.to_string())
    };
    loose.or_else(packed)
}
