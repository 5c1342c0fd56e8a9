//! One pass over the training images of a search: steps of the weights and, where the stage says so, of the choice in
//! turns, each on images of its own.

use crate::config::Schedule;
use crate::cost::CostTable;
use crate::data::batch::{shuffled, Pixels};
use crate::data::Dataset;
use crate::loss::{cross_entropy, Loss};
use crate::optimiser;
use crate::run::checkpoint::State;
use crate::run::epoch::{Learnt, NotFinite};
use crate::run::progress;
use crate::search::curriculum::Stage;
use crate::search::SearchConfig;
use crate::supernet::alphas::Draw;
use crate::supernet::{Learns, Supernet};

/// What does not change during a search.
pub struct Searcher<'a> {
    pub config: &'a SearchConfig,
    pub dataset: &'a Dataset,
    pub pixels: Pixels,
    /// Images that the weights learn from.
    pub weights: Vec<usize>,
    /// Images that the choice is learnt on.
    pub choice: Vec<usize>,
    pub costs: CostTable,
    pub schedule: Schedule,
}

/// What changes.
pub struct Learning {
    pub supernet: Supernet,
    /// What costs are multiplied with.
    pub lambda: f32,
}

impl State for Learning {
    fn state(&mut self) -> Vec<(String, &mut [f32])> {
        let lambda = ("lambda".to_string(), std::slice::from_mut(&mut self.lambda));
        self.supernet.state().into_iter().chain([lambda]).collect()
    }
}

impl Searcher<'_> {
    /// Steps of an epoch. Images that fill no whole batch wait for another epoch's order.
    pub fn steps(&self) -> usize {
        (self.weights.len() / self.schedule.batch).max(1)
    }

    /// The temperature of draws in `epoch`.
    pub fn temperature(&self, epoch: usize) -> f64 {
        let sampling = &self.config.sampling;
        sampling.temperature * sampling.cooling.powi(epoch as i32)
    }
}

/// What the two kinds of steps of an epoch gave.
pub struct BothLearnt {
    pub weights: Learnt,
    /// Where the stage learns the choice.
    pub choice: Option<Learnt>,
}

/// Purposes of random numbers.
const DRAW: u64 = 5;
const WEIGHTS_ORDER: u64 = 6;
const CHOICE_ORDER: u64 = 7;

/// An epoch of `stage`, which has seen so many epochs.
pub fn run_epoch(
    searcher: &Searcher<'_>,
    learning: &mut Learning,
    epoch: usize,
    stage: (&Stage, usize),
    progress: &progress::Epoch,
) -> Result<BothLearnt, NotFinite> {
    let orders = [(WEIGHTS_ORDER, &searcher.weights), (CHOICE_ORDER, &searcher.choice)];
    let [weights_order, choice_order] =
        orders.map(|(purpose, images)| shuffled(images, searcher.config.seed, &[purpose, epoch as u64]));
    let (mut weights, mut choice) = (Total::default(), Total::default());
    for step in 0..searcher.steps() {
        let turn = Turn { searcher, stage, epoch, step };
        weights.add(&turn.of_weights(learning, &weights_order)?);
        if stage.0.alphas {
            choice.add(&turn.of_choice(learning, &choice_order)?);
        }
        let Learnt { loss, accuracy } = weights.mean();
        progress.step(loss, accuracy);
    }
    NotFinite::check(learning, epoch)?;
    Ok(BothLearnt { weights: weights.mean(), choice: stage.0.alphas.then(|| choice.mean()) })
}

/// One step of an epoch.
struct Turn<'a> {
    searcher: &'a Searcher<'a>,
    stage: (&'a Stage, usize),
    epoch: usize,
    step: usize,
}

/// What a pass forwards and backwards found.
struct Passed {
    draws: Vec<Draw>,
    loss: Loss,
    images: usize,
    /// Of the loss by every block's shares.
    slopes: Vec<Vec<f64>>,
}

impl Turn<'_> {
    /// Moves the weights, on images of `order`.
    fn of_weights(&self, learning: &mut Learning, order: &[usize]) -> Result<Passed, NotFinite> {
        let passed = self.pass(&mut learning.supernet, Learns::Weights(self.stage.0), order)?;
        let schedule = &self.searcher.schedule;
        let rate = optimiser::rate(schedule, self.epoch, self.step, self.searcher.steps());
        optimiser::step_all(&mut learning.supernet.moving(&passed.draws), schedule, rate);
        Ok(passed)
    }

    /// Moves every block's choice against loss and costs, on images of `order`.
    fn of_choice(&self, learning: &mut Learning, order: &[usize]) -> Result<Passed, NotFinite> {
        let passed = self.pass(&mut learning.supernet, Learns::Alphas, order)?;
        let blocks = learning.supernet.blocks.iter_mut().zip(&self.searcher.costs.0);
        for ((block, costs), (draw, slopes)) in blocks.zip(passed.draws.iter().zip(&passed.slopes)) {
            let pressure = f64::from(learning.lambda) * costs[draw.active[0]];
            block.alphas.set_gradient(draw, slopes, pressure);
            block.alphas.step(&self.searcher.config.alphas, draw);
        }
        Ok(passed)
    }

    /// Draws candidates and runs them forwards and backwards over this step's images of `order`.
    fn pass(&self, supernet: &mut Supernet, who: Learns<'_>, order: &[usize]) -> Result<Passed, NotFinite> {
        let Turn { searcher, epoch, step, .. } = *self;
        let (config, images) = (searcher.config, &searcher.dataset.train);
        let stop = |pass: &'static str| move |layer: String| NotFinite::of(pass, &layer, epoch, step);
        let purpose = [DRAW, epoch as u64, step as u64, u64::from(matches!(who, Learns::Alphas))];
        let draws = supernet.draw(config, self.stage, searcher.temperature(epoch), &purpose);
        let batch = searcher.schedule.batch;
        let chosen: Vec<usize> = order.iter().cycle().skip(step * batch).take(batch).copied().collect();
        let input = searcher.pixels.augmented(images, &chosen, &config.augment, config.seed, epoch);
        let labels: Vec<u8> = chosen.iter().map(|i| images.labels[*i]).collect();
        supernet.learn(who);
        let pass = supernet.forward(input, &draws).map_err(stop("output"))?;
        let mut loss = cross_entropy(pass.output(), &labels);
        let gradient = std::mem::take(&mut loss.gradient);
        let slopes = supernet.backward(pass, gradient).map_err(stop("gradient"))?;
        Ok(Passed { draws, loss, images: labels.len(), slopes })
    }
}

/// Sums over the steps of an epoch.
#[derive(Default)]
struct Total {
    loss: f64,
    right: usize,
    images: usize,
}

impl Total {
    fn add(&mut self, passed: &Passed) {
        self.loss += passed.loss.sum;
        self.right += passed.loss.right;
        self.images += passed.images;
    }

    fn mean(&self) -> Learnt {
        let images = self.images.max(1) as f64;
        Learnt { loss: self.loss / images, accuracy: self.right as f64 / images }
    }
}
