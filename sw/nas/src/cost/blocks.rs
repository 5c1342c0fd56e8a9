//! The blocks of a space as networks of integers, for costs that are measured: whoever runs each different one once has a
//! cost for every candidate of every place.

use super::mapped::layers;
use super::{text, CostTable};
use crate::config::TrainConfig;
use crate::data;
use crate::fold::fold;
use crate::layer::Phase;
use crate::maps::Maps;
use crate::network::{Network, WEIGHTS};
use crate::plan::Plan;
use crate::rng::Rng;
use crate::search::SearchConfig;
use crate::space::Place;
use mapper::Work;
use model::Graph;
use spec::error::{Diagnostic, Report};
use spec::op::Op;

/// The blocks of a space.
#[derive(Debug)]
pub struct Blocks {
    /// The places that they are candidates for.
    pub places: Vec<Place>,
    /// Those that differ in more than their place.
    pub different: Vec<Block>,
    /// For every candidate of every place, which of them it is: none where it computes nothing.
    which: Vec<Vec<Option<usize>>>,
}

/// A block with random weights, of the widths that the search gives to its op.
#[derive(Debug)]
pub struct Block {
    /// The first place and candidate that have it: `b03 shift_k5_e3`.
    pub name: String,
    /// Its layers alone: its input is the network's.
    pub graph: Graph,
}

/// What the cost of a block depends on: ops and loops of its layers.
type Key = Vec<(Op, Work)>;

impl Blocks {
    /// The blocks of the space of `config`, for the images of its data.
    ///
    /// # Errors
    /// A data set that cannot be read, a space that is not possible on it.
    pub fn of(config: &SearchConfig) -> Result<Blocks, Report> {
        let places = config.space.places(data::load(&config.data)?.train.shape);
        let plans = super::plans(config, &places)?;
        let (mut keys, mut different) = (Vec::<Key>::new(), Vec::new());
        let mut which = Vec::new();
        for (place, plans) in places.iter().zip(plans) {
            let mut row = Vec::new();
            for (candidate, plan) in place.candidates.iter().zip(plans) {
                let Some(plan) = plan else {
                    row.push(None);
                    continue;
                };
                let key = layers(&plan).map(|(_, question)| question).collect();
                let known = keys.iter().position(|known| *known == key);
                if known.is_none() {
                    let name = format!("{} {candidate}", place.name());
                    let graph = integers(&plan, &config.training(Vec::new()), &name)?;
                    keys.push(key);
                    different.push(Block { name, graph });
                }
                row.push(Some(known.unwrap_or(keys.len() - 1)));
            }
            which.push(row);
        }
        Ok(Blocks { places, different, which })
    }

    /// The table of the costs of [`Blocks::different`], in their order.
    pub fn table(&self, costs: &[f64]) -> CostTable {
        let cost = |block: &Option<usize>| block.map_or(0.0, |block| costs[block]);
        CostTable(self.which.iter().map(|row| row.iter().map(cost).collect()).collect())
    }

    /// A table as the file that searches read.
    pub fn print(&self, table: &CostTable) -> String {
        text::print(table, &self.places)
    }
}

/// The plan with random weights, as integers. Norms and ranges are those of a random batch, so that outputs are as wide as they can be.
fn integers(plan: &Plan, config: &TrainConfig, name: &str) -> Result<Graph, Report> {
    let mut network = Network::of(plan, config, &[WEIGHTS]);
    let input = plan.draft.input.shape;
    let mut rng = Rng::new(config.seed, &[WEIGHTS]);
    // Numbers like those that it is measured on: any int8.
    let step = network.input_step;
    let numbers = (0..IMAGES * input.elements()).map(|_| (rng.below(256) as f32 - 128.0) * step).collect();
    let batch = Maps { shape: [input.h, input.w, input.c], data: numbers };
    let pass = network.forward(batch, Phase::Float).map_err(|layer| {
        let what = format!("{name}: layer `{layer}` with random weights is not finite");
        Diagnostic::new("costs", what).help("this is a mistake in nasa: report it with the space")
    })?;
    network.settle(&pass);
    fold(plan, &network)
}

/// Of the random batch.
const IMAGES: usize = 4;
