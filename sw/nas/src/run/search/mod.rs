//! A search: a run whose folder holds what it found, and what it saw on the way.
//!
//! ```text
//! search.yaml             the configuration, as given
//! run.json                seed, git revision, version
//! costs.csv               what every candidate costs in every place
//! metrics.jsonl           one line an epoch, with the probability of every candidate
//! checkpoint.safetensors  the state after the last whole epoch
//! train.yaml              the training of the network that was found, once all epochs are done
//! ```
//!
//! The guarantees are those of a training run: a seed means one result, killed or not.

mod decision;
mod epoch;
mod metrics;

use super::folder::RunFolder;
use super::progress::{self, Show};
use super::{check_channels, classes};
use crate::config::RunConfig;
use crate::cost::{text, CostTable};
use crate::data::batch::{split, Pixels};
use crate::data::{self, Dataset};
use crate::search::{curriculum, SearchConfig};
use crate::space::{Candidate, Place};
use crate::supernet::Supernet;
use decision::decide;
use epoch::{run_epoch, Learning, Searcher};
pub use metrics::SearchMetrics;
use spec::error::{Diagnostic, Report};
use std::path::{Path, PathBuf};

const COSTS: &str = "costs.csv";
/// The training of what was found.
const FOUND: &str = "train.yaml";

/// What a finished search gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Of the last epoch.
    pub last: SearchMetrics,
    /// The candidate of every block.
    pub chosen: Vec<Candidate>,
    /// What this network costs.
    pub cost: f64,
    /// How many networks it was chosen from.
    pub space: f64,
    /// Where the training of the network lies.
    pub training: PathBuf,
    /// Wall-clock time of all epochs.
    pub seconds: f64,
}

/// Searches by `config` in the folder `run`; with `resume`, goes on after its last whole epoch.
///
/// # Errors
/// A configuration, data set or table of costs that is wrong, a folder that cannot be written or holds another run, or
/// a number that is no longer finite.
pub fn search(config: &SearchConfig, run: &Path, resume: bool, show: Show) -> Result<Found, Report> {
    config.check()?;
    let dataset = data::load(&config.data)?;
    let places = places(config, &dataset)?;
    let supernet = Supernet::new(config, dataset.train.shape, classes(&dataset))?;
    let costs = costs(config, &places, &RunFolder::existing::<SearchConfig>(run))?;
    let folder = RunFolder::open(run, config, resume)?;
    folder.write(COSTS, &text::print(&costs, &places))?;
    let mut learning = Learning { supernet, lambda: config.cost.lambda as f32 };
    let mut metrics: Vec<SearchMetrics> = folder.restore(&mut learning)?;
    let (weights, choice) = split(dataset.train.len(), config.seed, config.alphas.images);
    let pixels = Pixels::new(&config.input);
    let schedule = config.schedule();
    let searcher = Searcher { config, dataset: &dataset, pixels, weights, choice, costs, schedule };
    let stages = config.stages();
    for epoch in metrics.len()..config.epochs() {
        let last = metrics.last().map_or(String::new(), SearchMetrics::words);
        let progress = progress::Epoch::start(show, epoch, config.epochs(), searcher.steps(), &last);
        let begun = std::time::Instant::now();
        let stage = curriculum::at(&stages, epoch).ok_or_else(|| folder.fault("the search has no stages"))?;
        let learnt = run_epoch(&searcher, &mut learning, epoch, stage, &progress)
            .map_err(|error| folder.explain(error, metrics.len()))?;
        let mut found = SearchMetrics::of(&searcher, &learning, epoch, stage.0, learnt);
        if stage.0.alphas {
            learning.lambda = config.cost.adjusted(learning.lambda, found.best_cost);
        }
        found.seconds = begun.elapsed().as_secs_f64();
        progress.finish(&found.line());
        metrics.push(found);
        folder.save(&mut learning, &metrics)?;
    }
    let seconds = metrics.iter().map(|metrics| metrics.seconds).sum();
    let last = metrics.pop().ok_or_else(|| folder.fault("the search has no epochs"))?;
    let (chosen, cost) = named(config, &places, &searcher.costs, &last.probabilities);
    write_training(&searcher, &places, &chosen, &folder)?;
    let space = config.space.size();
    Ok(Found { last, chosen, cost, space, training: folder.file(FOUND), seconds })
}

/// The network that a search of `config` names where its candidates have these probabilities, and what it costs.
fn named(
    config: &SearchConfig,
    places: &[Place],
    costs: &CostTable,
    probabilities: &[Vec<f64>],
) -> (Vec<Candidate>, f64) {
    let network = decide(probabilities, costs, config.cost.target.map(|[_, most]| most));
    let candidate = |(place, chosen): (&Place, &usize)| place.candidates[*chosen];
    (places.iter().zip(&network).map(candidate).collect(), costs.total(&network))
}

/// The network that the search of `config` in the folder `run` names after an epoch, and what it costs.
///
/// # Errors
/// Costs that cannot be read.
pub fn standing(
    config: &SearchConfig,
    run: &Path,
    epoch: &SearchMetrics,
) -> Result<(Vec<Candidate>, f64), Report> {
    let places = config.space.places([1, 1, 1]); // Candidates do not depend on the size of images.
    let folder = RunFolder::existing::<SearchConfig>(run);
    let file = folder.file(COSTS);
    let kept = std::fs::read_to_string(&file).map_err(|error| folder.fault(format!("{COSTS}: {error}")))?;
    let costs = text::parse(&file.display().to_string(), &kept, &places)?;
    Ok(named(config, &places, &costs, &epoch.probabilities))
}

/// The places of the space for the images of `dataset`.
fn places(config: &SearchConfig, dataset: &Dataset) -> Result<Vec<Place>, Report> {
    let shape = dataset.train.shape;
    let file = if config.file.is_empty() { &config.name } else { &config.file };
    check_channels::<SearchConfig>(&config.input, file, shape)?;
    if dataset.train.len() < 2 {
        let error = Diagnostic::new("search", "one image cannot be divided between weights and choice");
        return Err(error.help("give more training images").into());
    }
    Ok(config.space.places(shape))
}

/// The costs that the run keeps, or else those that its configuration asks for.
fn costs(config: &SearchConfig, places: &[Place], folder: &RunFolder) -> Result<CostTable, Report> {
    let file = folder.file(COSTS);
    match std::fs::read_to_string(&file) {
        Ok(kept) => text::parse(&file.display().to_string(), &kept, places),
        Err(_) => CostTable::of(config, places),
    }
}

fn write_training(
    searcher: &Searcher<'_>,
    places: &[Place],
    chosen: &[Candidate],
    folder: &RunFolder,
) -> Result<(), Report> {
    let training = searcher.config.derived(places, chosen, classes(searcher.dataset));
    training.check()?;
    let blocks: Vec<String> =
        places.iter().zip(chosen).map(|(place, candidate)| format!("{} {candidate}", place.name())).collect();
    let about = format!("# Found by the search in {}: {}.\n", SearchConfig::FILE, blocks.join(", "));
    folder.write(FOUND, &format!("{about}{}", training.values()?))
}
