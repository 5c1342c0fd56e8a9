//! What a run's folder tells about itself, for whoever wants to show it.

use super::folder::RunFolder;
use super::search::SearchMetrics;
use super::Metrics;
use crate::config::{RunConfig, TrainConfig};
use crate::search::SearchConfig;
use serde::de::DeserializeOwned;
use spec::error::{Diagnostic, Report};
use std::path::Path;

/// A run and its epochs so far.
#[derive(Clone, Debug)]
pub enum Record {
    /// Of a training.
    Training(Box<TrainConfig>, Vec<Metrics>),
    /// Of a search.
    Search(Box<SearchConfig>, Vec<SearchMetrics>),
}

impl Record {
    /// Reads the folder `run`. A search's folder may hold the training of what it found as well: it is a search.
    ///
    /// # Errors
    /// A folder that holds no run, or one that has finished no epoch.
    pub fn read(run: &Path) -> Result<Record, Report> {
        if run.join(SearchConfig::FILE).exists() {
            let config: SearchConfig = RunFolder::config(run)?;
            return Ok(Record::Search(Box::new(config), epochs::<SearchConfig, SearchMetrics>(run)?));
        }
        let config: TrainConfig = RunFolder::config(run)?;
        Ok(Record::Training(Box::new(config), epochs::<TrainConfig, Metrics>(run)?))
    }
}

fn epochs<C: RunConfig, M: DeserializeOwned>(run: &Path) -> Result<Vec<M>, Report> {
    let metrics: Vec<M> = RunFolder::existing::<C>(run).metrics(usize::MAX)?;
    if metrics.is_empty() {
        let error = Diagnostic::new("report", "the run has finished no epoch yet");
        return Err(error.in_file(&run.display().to_string()).help("wait for its first epoch").into());
    }
    Ok(metrics)
}
