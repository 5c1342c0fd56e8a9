//! The files of a run's folder.

use super::checkpoint::{self, write_atomically, State};
use super::epoch::NotFinite;
use crate::config::RunConfig;
use serde::de::DeserializeOwned;
use serde::Serialize;
use spec::error::{Diagnostic, Report};
use std::fmt::Write;
use std::path::{Path, PathBuf};

const ABOUT: &str = "run.json";
const METRICS: &str = "metrics.jsonl";
/// Weights, running statistics, their averages and sums of the optimiser after the last whole epoch.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
const FLOAT: &str = "float.safetensors";

/// The folder of a run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// What errors call the stage.
    stage: &'static str,
    /// The key under which the learning rate stands.
    schedule: &'static str,
}

impl RunFolder {
    /// A run of a configuration `C` that is there already.
    pub fn existing<C: RunConfig>(path: &Path) -> RunFolder {
        RunFolder { path: path.into(), stage: C::STAGE, schedule: C::SCHEDULE }
    }

    /// Makes the folder of a new run, or finds that of an old one.
    ///
    /// # Errors
    /// A folder that cannot be made, that holds a run already, or with `resume` one of another configuration.
    pub fn open<C: RunConfig>(path: &Path, config: &C, resume: bool) -> Result<RunFolder, Report> {
        let folder = RunFolder::existing::<C>(path);
        std::fs::create_dir_all(path).map_err(|error| folder.fault(format!("cannot be made: {error}")))?;
        match (folder.file(C::FILE).exists(), resume) {
            (true, false) => {
                return Err(folder.fault("holds a run already").help("resume it, or choose another").into())
            }
            (true, true) if RunFolder::config::<C>(path)?.values()? != config.values()? => {
                let help = "a resumed run keeps its configuration; start a new folder for another one";
                return Err(folder.fault("holds a run of another configuration").help(help).into());
            }
            (true, true) => return Ok(folder),
            (false, _) if folder.file(CHECKPOINT).exists() => {
                return Err(folder.fault("holds a run of another kind").help("choose another folder").into())
            }
            (false, _) => {}
        }
        let about = serde_json::json!({
            "seed": config.seed(),
            "git_revision": git_revision(),
            "version": env!("CARGO_PKG_VERSION"),
        });
        folder.write(ABOUT, &format!("{about:#}\n"))?;
        folder.write(C::FILE, &config.text()?)?;
        Ok(folder)
    }

    /// The configuration of the run in `path`.
    ///
    /// # Errors
    /// A folder that holds none.
    pub fn config<C: RunConfig>(path: &Path) -> Result<C, Report> {
        let folder = RunFolder::existing::<C>(path);
        let file = folder.file(C::FILE);
        let text = std::fs::read_to_string(&file)
            .map_err(|error| folder.fault(format!("holds no run: {}: {error}", C::FILE)))?;
        C::read(&file.display().to_string(), &text)
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

    /// Restores `learner` to the last checkpoint, if there is one; returns the metrics of its epochs.
    ///
    /// # Errors
    /// A checkpoint or metrics that cannot be read.
    pub fn restore<M: DeserializeOwned>(&self, learner: &mut dyn State) -> Result<Vec<M>, Report> {
        if !self.file(CHECKPOINT).exists() {
            return Ok(Vec::new());
        }
        let epochs = checkpoint::restore(&self.file(CHECKPOINT), learner)?;
        let metrics = self.metrics(epochs)?;
        if metrics.len() != epochs {
            let what = format!("{METRICS} has {} lines, the checkpoint {epochs} epochs", metrics.len());
            return Err(self.fault(what).help("start again in a new folder").into());
        }
        Ok(metrics)
    }

    /// The metrics of the first `epochs` epochs, or of as many as there are.
    ///
    /// # Errors
    /// Metrics that cannot be read.
    pub fn metrics<M: DeserializeOwned>(&self, epochs: usize) -> Result<Vec<M>, Report> {
        let text = std::fs::read_to_string(self.file(METRICS)).unwrap_or_default();
        let lines = text.lines().take(epochs).map(serde_json::from_str);
        let metrics: Result<Vec<M>, _> = lines.collect();
        metrics.map_err(|error| self.fault(format!("{METRICS}: {error}")).into())
    }

    /// Saves the state after the epochs of `metrics`. The metrics go first: a line too many is dropped.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save<M: Serialize>(&self, learner: &mut dyn State, metrics: &[M]) -> Result<(), Report> {
        let mut text = String::new();
        for line in metrics {
            let line = serde_json::to_string(line).map_err(|error| self.fault(error.to_string()))?;
            let _ = writeln!(text, "{line}"); // Writing to a String cannot fail.
        }
        self.write(METRICS, &text)?;
        checkpoint::save(&self.file(CHECKPOINT), learner, metrics.len())
    }

    /// Saves the state before rounding begins.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save_float(&self, learner: &mut dyn State, epochs: usize) -> Result<(), Report> {
        checkpoint::save(&self.file(FLOAT), learner, epochs)
    }

    /// Writes a text file of the folder, all or nothing.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<(), Report> {
        write_atomically(&self.file(name), text.as_bytes())
    }

    /// Why the run stopped, and what is left of it.
    pub fn explain(&self, stop: NotFinite, done: usize) -> Report {
        let NotFinite { what, epoch, step } = stop;
        let what = match step {
            Some(step) => format!("{what} at step {step} of epoch {}", epoch + 1),
            None => format!("{what} after epoch {}", epoch + 1),
        };
        let left = match done {
            0 => "no epoch was finished, so there is no checkpoint".to_string(),
            _ => format!("last good checkpoint: {} (epoch {done})", self.file(CHECKPOINT).display()),
        };
        let key = self.schedule;
        let help = format!("lower {key}.rate, or set {key}.clip and {key}.warmup");
        Diagnostic::new(self.stage, what).note(left).help(help).into()
    }

    /// An error about the folder.
    pub fn fault(&self, what: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.stage, what).in_file(&self.path.display().to_string())
    }

    /// Where a file of the folder lies.
    pub fn file(&self, name: &str) -> PathBuf {
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
