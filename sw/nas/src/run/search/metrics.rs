//! What one epoch of a search gave; a line of `metrics.jsonl`.

use super::epoch::{BothLearnt, Learning, Searcher};
use crate::gpu;
use crate::search::curriculum::Stage;
use serde::{Deserialize, Serialize};

/// What one epoch gave.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct SearchMetrics {
    /// From 0.
    pub epoch: usize,
    /// Name of its stage.
    pub stage: String,
    /// Mean cross entropy of the images that the weights learn from, of the drawn candidates.
    pub loss: f64,
    /// Share of them that were right.
    pub accuracy: f64,
    /// Mean cross entropy of the images that the choice is learnt on; none where it is not.
    pub choice_loss: Option<f64>,
    /// Share of them that were right.
    pub choice_accuracy: Option<f64>,
    /// Of the draws.
    pub temperature: f64,
    /// What costs were multiplied with.
    pub lambda: f64,
    /// Cost to be expected of a network that is drawn by the probabilities.
    pub expected_cost: f64,
    /// Cost of the network of the best candidates.
    pub best_cost: f64,
    /// Mean over the blocks of the entropy of the choice, in nats.
    pub entropy: f64,
    /// The best candidate of every block.
    pub best: Vec<String>,
    /// Of every candidate of every block, in the order of `costs.csv`.
    pub probabilities: Vec<Vec<f64>>,
    /// Wall-clock time.
    pub seconds: f64,
    /// The GPU that computed adder layers of it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<String>,
}

impl SearchMetrics {
    /// The state after `epoch`, and what it learnt.
    pub(super) fn of(
        searcher: &Searcher<'_>,
        learning: &Learning,
        epoch: usize,
        stage: &Stage,
        learnt: BothLearnt,
    ) -> SearchMetrics {
        let blocks = &learning.supernet.blocks;
        let probabilities: Vec<Vec<f64>> = blocks.iter().map(|block| block.alphas.probabilities()).collect();
        let best = learning.supernet.best();
        let names = blocks.iter().zip(&best).map(|(block, best)| block.place.candidates[*best].to_string());
        SearchMetrics {
            epoch,
            stage: stage.name.clone(),
            loss: learnt.weights.loss,
            accuracy: learnt.weights.accuracy,
            choice_loss: learnt.choice.as_ref().map(|learnt| learnt.loss),
            choice_accuracy: learnt.choice.as_ref().map(|learnt| learnt.accuracy),
            temperature: searcher.temperature(epoch),
            lambda: learning.lambda.into(),
            expected_cost: searcher.costs.expected(&probabilities),
            best_cost: searcher.costs.total(&best),
            entropy: blocks.iter().map(|block| block.alphas.entropy()).sum::<f64>() / blocks.len() as f64,
            best: names.collect(),
            probabilities,
            seconds: 0.0,
            gpu: gpu::taken_part(),
        }
    }

    /// For the progress bar of the next epoch.
    pub(super) fn words(&self) -> String {
        format!(", cost {:.3e}, entropy {:.2}", self.best_cost, self.entropy)
    }

    /// The epoch on one line.
    pub(super) fn line(&self) -> String {
        let choice = self.choice_accuracy.map_or(String::new(), |a| format!(", choice {:.2} %", 100.0 * a));
        let SearchMetrics { epoch, stage, loss, seconds, .. } = self;
        let accuracy = 100.0 * self.accuracy;
        format!(
            "epoch {} ({stage}): loss {loss:.4}, train {accuracy:.2} %{choice}{}, {seconds:.0} s",
            epoch + 1,
            self.words()
        )
    }
}
