//! What each candidate costs in each place: a table, whatever it is made from.
//!
//! * [`macs`]: multiply-accumulates, weighed by op.
//! * [`mapped`]: energy-delay products as the mapper predicts them for an accelerator.
//! * [`text`]: the table as a file, as the run keeps it and as one gives costs that were measured.
//! * [`blocks`]: what there is to measure.

pub mod blocks;
pub mod macs;
pub mod mapped;
pub mod text;

use crate::config::Item;
use crate::plan::Plan;
use crate::search::{Cost, CostKind, SearchConfig};
use crate::space::Place;
use crate::supernet::plan;
use spec::error::{Diagnostic, Report};
use std::path::Path;

/// A cost for every candidate of every place, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct CostTable(pub Vec<Vec<f64>>);

impl CostTable {
    /// The costs that `config` asks for.
    ///
    /// # Errors
    /// A file that cannot be read or is no such table, an accelerator that cannot run a candidate.
    pub fn of(config: &SearchConfig, places: &[Place]) -> Result<CostTable, Report> {
        match (config.cost.kind, &config.cost.accelerator, &config.cost.file) {
            (CostKind::Mapper, Some(path), _) => {
                let (file, text) = read(path)?;
                let accelerator = spec::config::parse(&file, &text)?;
                mapped::costs(config, places, &accelerator)
            }
            (CostKind::Table, _, Some(path)) => {
                let (file, text) = read(path)?;
                text::parse(&file, &text, places)
            }
            _ => macs::costs(config, places),
        }
    }

    /// The cost of the network that has the candidates `chosen`.
    pub fn total(&self, chosen: &[usize]) -> f64 {
        self.0.iter().zip(chosen).map(|(costs, candidate)| costs[*candidate]).sum()
    }

    /// The cost to be expected of a network whose candidates have these probabilities.
    pub fn expected(&self, probabilities: &[Vec<f64>]) -> f64 {
        let block = |(costs, shares): (&Vec<f64>, &Vec<f64>)| {
            costs.iter().zip(shares).map(|(cost, share)| cost * share).sum::<f64>()
        };
        self.0.iter().zip(probabilities).map(block).sum()
    }
}

impl Cost {
    /// Lambda after an epoch at whose end the best network costs `found`: halved below the target, doubled above; never
    /// [`FARTHEST`] times what it began with, or farther, in case no network reaches the target.
    pub fn adjusted(&self, lambda: f32, found: f64) -> f32 {
        let moved = match self.target {
            Some([least, _]) if found < least => lambda / 2.0,
            Some([_, most]) if found > most => lambda * 2.0,
            _ => lambda,
        };
        let first = self.lambda as f32;
        moved.clamp(first / FARTHEST, first * FARTHEST)
    }
}

/// How far lambda may move from where it began, in either direction.
const FARTHEST: f32 = (1u32 << 24) as f32;

/// The plans of every candidate: none for one that computes nothing.
fn plans(config: &SearchConfig, places: &[Place]) -> Result<Vec<Vec<Option<Plan>>>, Report> {
    let one = |place: &Place, item: Option<Item>| {
        item.map(|item| plan(config, vec![item], place.input)).transpose()
    };
    let block = |place: &Place| -> Result<Vec<Option<Plan>>, Report> {
        place.candidates.iter().map(|candidate| one(place, place.item(*candidate))).collect()
    };
    places.iter().map(block).collect()
}

/// Name and text of a file that costs come from.
fn read(path: &Path) -> Result<(String, String), Report> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let error = Diagnostic::new("search", format!("costs cannot be read: {error}")).in_file(&file);
        error.help("set cost.accelerator or cost.file to a file")
    })?;
    Ok((file, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_holds_the_target() {
        let cost = Cost {
            kind: CostKind::Macs,
            accelerator: None,
            file: None,
            lambda: 0.5,
            target: Some([10.0, 20.0]),
        };
        let found = [9.0, 10.0, 20.0, 21.0].map(|found| cost.adjusted(0.5, found));
        assert_eq!(found, [0.25, 0.5, 0.5, 1.0]);
        let far = |found: f64| (0..100).fold(0.5, |lambda, _| cost.adjusted(lambda, found));
        assert_eq!([far(0.0), far(1e9)], [0.5 / FARTHEST, 0.5 * FARTHEST]);
    }

    #[test]
    fn totals_and_expectations_are_sums_over_blocks() {
        let costs = CostTable(vec![vec![1.0, 2.0], vec![10.0, 20.0, 30.0]]);
        assert_eq!(costs.total(&[1, 2]), 32.0);
        assert_eq!(costs.expected(&[vec![0.5, 0.5], vec![0.0, 1.0, 0.0]]), 21.5);
    }
}
