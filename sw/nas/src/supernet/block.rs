//! A searched block: every candidate for one place, of which a few run at a time.
//!
//! All expansions of an op and a kernel share one network, that of the largest: a candidate runs on a copy of its
//! first channels ([`crate::layer::Layer::cut`]). What a pass keeps is what the active candidates need, however many
//! there are.

use super::alphas::{Alphas, Draw};
use super::plan;
use crate::config::Item;
use crate::layer::{follow, Phase};
use crate::maps::Maps;
use crate::network::{Network, Pass, WEIGHTS};
use crate::search::SearchConfig;
use crate::space::{Candidate, Place};
use spec::error::Report;

/// Every candidate for one place.
#[derive(Clone, Debug)]
pub struct Block {
    /// Where it stands, and what may stand there.
    pub place: Place,
    /// The networks that candidates share.
    pub shared: Vec<Shared>,
    /// How each candidate runs, in the place's order.
    ways: Vec<Way>,
    /// The choice among them.
    pub alphas: Alphas,
    /// Running maximum of the magnitude of its output.
    pub range: f32,
}

/// A network that several candidates share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The widest of them.
    pub candidate: Candidate,
    /// Its layers.
    pub network: Network,
}

/// How a candidate runs.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Its output is its input.
    Through,
    /// On the first `middle` channels of a shared network's depthwise layer.
    Cut { shared: usize, middle: usize },
}

/// What a pass through a block keeps for the way back.
#[derive(Debug)]
pub struct Mixture {
    paths: Vec<Path>,
    /// What the block read, where a candidate hands it through.
    through: Option<Maps>,
}

/// One active candidate.
#[derive(Debug)]
struct Path {
    share: f32,
    /// The shared network that it was cut out of, the cut, and its pass; none where it hands its input through.
    run: Option<(usize, Network, Pass)>,
}

impl Block {
    /// The block at `place` with random weights.
    ///
    /// # Errors
    /// A candidate that is not possible there.
    pub fn new(config: &SearchConfig, place: &Place) -> Result<Block, Report> {
        let (mut shared, mut ways) = (Vec::<Shared>::new(), Vec::new());
        for candidate in &place.candidates {
            let (widest, middle) = match *candidate {
                Candidate::Block { op, kernel, expansion } => {
                    let widest = Candidate::Block { op, kernel, expansion: config.space.widest() };
                    (widest, expansion * place.input[2])
                }
                Candidate::Skip => (Candidate::Skip, 0),
            };
            let known = shared.iter().position(|shared| shared.candidate == widest);
            let index = known.unwrap_or(shared.len());
            match place.item(widest) {
                None => ways.push(Way::Through),
                Some(item) => {
                    if known.is_none() {
                        shared.push(Shared::new(config, place, (widest, item), index)?);
                    }
                    ways.push(Way::Cut { shared: index, middle });
                }
            }
        }
        let alphas = Alphas::new(place.candidates.len());
        Ok(Block { place: place.clone(), shared, ways, alphas, range: 0.0 })
    }

    /// Real value of one step of its output, if that were int8.
    pub fn scale(&self) -> f32 {
        self.range.max(1e-6) / 127.0
    }

    /// A training pass of the candidates of `draw` over `x`, one step of whose int8 form would be worth `step`.
    ///
    /// # Errors
    /// The name of the first layer whose output is not finite.
    pub fn forward(&mut self, x: &Maps, step: f32, draw: &Draw) -> Result<(Maps, Mixture), String> {
        let mut y = Maps::zeros(x.images(), self.place.output());
        let mut mixture = Mixture { paths: Vec::new(), through: None };
        for (candidate, share) in draw.active.iter().zip(&draw.shares) {
            let run = match self.ways[*candidate] {
                Way::Through => {
                    y.add_scaled(*share, x);
                    mixture.through = Some(x.clone());
                    None
                }
                Way::Cut { shared, middle } => {
                    let whole = &mut self.shared[shared].network;
                    whole.input_step = step;
                    let mut network = cut(whole, middle);
                    let pass = network.forward(x.clone(), Phase::Float)?;
                    whole.layers.iter_mut().zip(&network.layers).for_each(|(w, n)| w.take_statistics(n));
                    y.add_scaled(*share, pass.output());
                    Some((shared, network, pass))
                }
            };
            mixture.paths.push(Path { share: *share, run });
        }
        self.range = follow(self.range, y.most());
        Ok((y, mixture))
    }

    /// From the gradient `g` by the output to that by the input, and the slope of the loss by each share; sets the
    /// gradients of the networks that took part.
    ///
    /// # Errors
    /// The name of the first layer whose gradient is not finite.
    pub fn backward(&mut self, mixture: Mixture, g: &Maps) -> Result<(Maps, Vec<f64>), String> {
        for (shared, ..) in mixture.paths.iter().filter_map(|path| path.run.as_ref()) {
            self.shared[*shared].network.layers.iter_mut().for_each(|layer| layer.clear_gradients());
        }
        let mut by_input = Maps::zeros(g.images(), self.place.input);
        let mut slopes = Vec::new();
        for Path { share, run } in mixture.paths {
            let Some((shared, mut network, pass)) = run else {
                slopes.push(mixture.through.as_ref().map_or(0.0, |x| g.dot(x)));
                by_input.add_scaled(share, g);
                continue;
            };
            slopes.push(g.dot(pass.output()));
            let mut part = Maps::zeros(g.images(), g.shape);
            part.add_scaled(share, g);
            by_input.add(&network.backward_to_input(&pass, part)?);
            let whole = &mut self.shared[shared].network;
            whole.layers.iter_mut().zip(&network.layers).for_each(|(w, n)| w.add_gradients(n));
        }
        Ok((by_input, slopes))
    }

    /// The networks that take part in `draw`.
    pub fn taking_part(&mut self, draw: &Draw) -> impl Iterator<Item = &mut Network> {
        let used: Vec<usize> =
            draw.active.iter().filter_map(|candidate| self.shared_of(*candidate)).collect();
        let shared = self.shared.iter_mut().enumerate();
        shared.filter(move |(i, _)| used.contains(i)).map(|(_, shared)| &mut shared.network)
    }

    /// The candidate's own network, cut out of the one that it shares; none where it hands its input through.
    pub fn network(&self, candidate: usize) -> Option<Network> {
        match self.ways[candidate] {
            Way::Through => None,
            Way::Cut { shared, middle } => Some(cut(&self.shared[shared].network, middle)),
        }
    }

    fn shared_of(&self, candidate: usize) -> Option<usize> {
        match self.ways[candidate] {
            Way::Through => None,
            Way::Cut { shared, .. } => Some(shared),
        }
    }
}

impl Shared {
    /// The `index`-th network of a place, with random weights.
    fn new(
        config: &SearchConfig,
        place: &Place,
        (candidate, item): (Candidate, Item),
        index: usize,
    ) -> Result<Shared, Report> {
        let name = format!("{}.{candidate}", place.name());
        let plan = plan(config, vec![Item { name, ..item }], place.input)?;
        let purpose = [WEIGHTS, place.number as u64, index as u64];
        let mut network = Network::of(&plan, &config.training(Vec::new()), &purpose);
        if config.weights.zero_gamma {
            start_as_skip(&mut network);
        }
        Ok(Shared { candidate, network })
    }
}

impl Mixture {
    /// How many passes it keeps.
    pub fn passes(&self) -> usize {
        self.paths.iter().filter(|path| path.run.is_some()).count()
    }
}

/// A block on the first `middle` channels of its depthwise layer; a single layer stays whole.
fn cut(network: &Network, middle: usize) -> Network {
    let last = network.layers.len() - 1;
    let layers = network.layers.iter().enumerate().map(|(i, layer)| {
        let window = &layer.plan.window;
        let inputs = if i == 0 { window.input[2] } else { middle };
        let outputs = if i == last { window.output[2] } else { middle };
        layer.cut(inputs, outputs)
    });
    Network { layers: layers.collect(), input_step: network.input_step }
}

/// Sets the scale of the last norm to 0 in a block that adds its input. Elsewhere nothing would come through, and
/// nothing would learn.
fn start_as_skip(network: &mut Network) {
    if let Some(last) = network.layers.last_mut().filter(|layer| layer.plan.residual.is_some()) {
        last.gamma.value.fill(0.0);
    }
}
