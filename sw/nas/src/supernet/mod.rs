//! `Supernet`: all networks of a space in one, of which a few run at a time.
//!
//! Stem and head are ordinary networks that every choice has; between them stand the searched [`Block`]s. A pass takes
//! a draw for every block and sums the drawn candidates; what it costs in time and memory are those, not all.

pub mod alphas;
pub mod block;

use crate::config::{Input, Item, TrainConfig};
use crate::layer::Phase;
use crate::maps::Maps;
use crate::network::{Network, Pass, WEIGHTS};
use crate::optimiser::Moving;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::run::checkpoint::State;
use crate::search::curriculum::Stage;
use crate::search::SearchConfig;
use crate::space::Candidate;
use alphas::Draw;
use block::{Block, Mixture};
use spec::error::Report;

/// All networks of a space.
#[derive(Clone, Debug)]
pub struct Supernet {
    /// What every network begins with.
    pub stem: Network,
    /// What is searched.
    pub blocks: Vec<Block>,
    /// What every network ends with.
    pub head: Network,
}

/// A training pass through a supernet.
#[derive(Debug)]
pub struct SuperPass {
    stem: Pass,
    mixtures: Vec<Mixture>,
    head: Pass,
}

/// Who learns from the next backward pass.
#[derive(Clone, Copy, Debug)]
pub enum Learns<'a> {
    /// The weights that a stage trains, and the norms of all.
    Weights(&'a Stage),
    /// Only the choice.
    Alphas,
}

impl SuperPass {
    /// The supernet's output.
    pub fn output(&self) -> &Maps {
        self.head.output()
    }

    /// What each block keeps.
    pub fn mixtures(&self) -> &[Mixture] {
        &self.mixtures
    }
}

impl Supernet {
    /// The supernet of `config` for images of `shape`, `[height, width, channels]`, with random weights.
    ///
    /// # Errors
    /// A network that is not possible.
    pub fn new(config: &SearchConfig, shape: [usize; 3], classes: usize) -> Result<Supernet, Report> {
        let places = config.space.places(shape);
        let blocks: Result<Vec<Block>, Report> =
            places.iter().map(|place| Block::new(config, place)).collect();
        let training = config.training(Vec::new());
        let ends = places.last().map_or(shape, |place| place.output());
        let stem = Network::of(&plan(config, config.space.stem(), shape)?, &training, &[WEIGHTS, STEM]);
        let head = plan(config, config.space.header(classes), ends)?;
        Ok(Supernet { stem, blocks: blocks?, head: Network::of(&head, &training, &[WEIGHTS, HEAD]) })
    }

    /// Draws candidates for every block: those that `stage` samples in its `epoch`-th epoch.
    pub fn draw(
        &self,
        config: &SearchConfig,
        (stage, epoch): (&Stage, usize),
        temperature: f64,
        purpose: &[u64],
    ) -> Vec<Draw> {
        let widest = config.space.widest();
        let draw = |block: &Block| {
            let mut rng = Rng::new(config.seed, &[purpose, &[block.place.number as u64]].concat());
            let candidates = block.place.candidates.iter();
            let takes_part: Vec<bool> = candidates.map(|c| stage.samples(*c, epoch, widest)).collect();
            block.alphas.draw(&takes_part, temperature, config.sampling.paths, &mut rng)
        };
        self.blocks.iter().map(draw).collect()
    }

    /// Decides whose weights have a gradient after the next backward passes.
    pub fn learn(&mut self, who: Learns<'_>) {
        let is_frozen = |candidate: Option<Candidate>| match (who, candidate) {
            (Learns::Alphas, _) => true,
            (Learns::Weights(_), None) => false,
            (Learns::Weights(stage), Some(candidate)) => !stage.trains(candidate),
        };
        let freeze =
            |network: &mut Network, frozen| network.layers.iter_mut().for_each(|l| l.frozen = frozen);
        freeze(&mut self.stem, is_frozen(None));
        freeze(&mut self.head, is_frozen(None));
        for shared in self.blocks.iter_mut().flat_map(|block| &mut block.shared) {
            freeze(&mut shared.network, is_frozen(Some(shared.candidate)));
        }
    }

    /// A training pass of the candidates in `draws`, one draw a block.
    ///
    /// # Errors
    /// The name of the first layer whose output is not finite.
    pub fn forward(&mut self, input: Maps, draws: &[Draw]) -> Result<SuperPass, String> {
        let stem = self.stem.forward(input, Phase::Float)?;
        let (mut x, mut step) = (stem.output().clone(), self.stem.step(self.stem.layers.len()));
        let mut mixtures = Vec::new();
        for (block, draw) in self.blocks.iter_mut().zip(draws) {
            let (y, mixture) = block.forward(&x, step, draw)?;
            (x, step) = (y, block.scale());
            mixtures.push(mixture);
        }
        self.head.input_step = step;
        let head = self.head.forward(x, Phase::Float)?;
        Ok(SuperPass { stem, mixtures, head })
    }

    /// Sets the gradients of what learns, from the gradient by the output; the slopes of the loss by the shares of
    /// every block's draw.
    ///
    /// # Errors
    /// The name of the first layer, from the back, whose gradient is not finite.
    pub fn backward(&mut self, pass: SuperPass, gradient: Maps) -> Result<Vec<Vec<f64>>, String> {
        let mut g = self.head.backward_to_input(&pass.head, gradient)?;
        let mut slopes = Vec::new();
        for (block, mixture) in self.blocks.iter_mut().zip(pass.mixtures).rev() {
            let (by_input, by_shares) = block.backward(mixture, &g)?;
            g = by_input;
            slopes.push(by_shares);
        }
        self.stem.backward(&pass.stem, g)?;
        slopes.reverse();
        Ok(slopes)
    }

    /// The layers that took part in `draws`, for the optimiser. Others stay as they are.
    pub fn moving(&mut self, draws: &[Draw]) -> Vec<Moving<'_>> {
        let mut moving = self.stem.moving();
        for (block, draw) in self.blocks.iter_mut().zip(draws) {
            moving.extend(block.taking_part(draw).flat_map(Network::moving));
        }
        moving.extend(self.head.moving());
        moving
    }

    /// The best candidate of every block.
    pub fn best(&self) -> Vec<usize> {
        self.blocks.iter().map(|block| block.alphas.best()).collect()
    }
}

impl State for Supernet {
    fn state(&mut self) -> Vec<(String, &mut [f32])> {
        let mut state = self.stem.state();
        for block in &mut self.blocks {
            let name = block.place.name();
            state.extend(block.shared.iter_mut().flat_map(|shared| shared.network.state()));
            state.extend(block.alphas.state(&name));
            state.push((format!("{name}.range"), std::slice::from_mut(&mut block.range)));
        }
        state.extend(self.head.state());
        state
    }
}

/// Purposes of random weights beside those of blocks, which have their numbers.
const STEM: u64 = 0;
const HEAD: u64 = u64::MAX;

/// The plan of a part of the network that reads maps of `shape`.
///
/// # Errors
/// Items that are not possible there.
pub fn plan(config: &SearchConfig, items: Vec<Item>, shape: [usize; 3]) -> Result<Plan, Report> {
    let neutral = Input { scale: config.input.scale, mean: vec![0.0; shape[2]], std: vec![1.0; shape[2]] };
    Plan::new(&TrainConfig { input: neutral, ..config.training(items) }, shape, &[])
}
