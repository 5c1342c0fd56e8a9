//! A case: one random network on one configuration, with its images and the memory that it runs before. All of it
//! follows from two seeds.

use super::draw;
use crate::rtl::config;
use cosim::memory::Timing;
use mapper::text::Named;
use mapper::Work;
use model::random::{images, network, Knobs};
use model::{Graph, Layer, LayerId, Tensor};
use spec::accelerator::Accelerator;
use spec::random::{accelerator, Rng};
use std::fmt;

/// An accelerator by its name or its seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Configuration {
    /// A file of `hw/configs`.
    Committed(&'static str),
    /// A random one, with arrays of up to `side` rows and columns.
    Random {
        /// Of the accelerator.
        seed: u64,
        /// The most rows and columns.
        side: u32,
    },
}

impl Configuration {
    /// What it stands for.
    pub fn accelerator(&self) -> Accelerator {
        match self {
            Configuration::Committed(name) => config(name),
            Configuration::Random { seed, side } => accelerator(&mut Rng::new(*seed), *side),
        }
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Configuration::Committed(name) => f.write_str(name),
            Configuration::Random { seed, side } => write!(f, "random configuration {seed} (side {side})"),
        }
    }
}

/// A network and how it is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What it runs on.
    pub configuration: Configuration,
    /// Seed of the network and its images.
    pub seed: u64,
    /// Images of the run.
    pub images: u32,
    /// Whether every layer is stored and compared, or only the network's output.
    pub dump: bool,
    /// The memory.
    pub timing: Timing,
    /// Whether mappings are drawn at random, not searched.
    pub drawn: bool,
}

impl Case {
    /// The case of a seed.
    pub fn draw(configuration: &Configuration, seed: u64) -> Case {
        // Not the numbers that make the network.
        let mut rng = Rng::new(!seed);
        let latency = *rng.choose(&[1, 2, 7, 40, 200, 300]);
        let timing = match rng.size(0, 2) {
            0 => Timing::Random { latency: rng.size(1, 120), seed },
            _ => Timing::Fixed { latency },
        };
        let (images, dump) = (rng.size(1, 5), rng.percent(75));
        Case { configuration: configuration.clone(), seed, images, dump, timing, drawn: false }
    }

    /// A layer of a seed in a random mapping, or a few.
    pub fn draw_mapped(configuration: &Configuration, seed: u64) -> Case {
        let case = Case::draw(configuration, seed);
        Case { images: case.images.div_ceil(2), drawn: true, ..case }
    }

    /// The network, of ops that `accelerator` has chunks for: most often small, now and then deep or wide.
    pub fn graph(&self, accelerator: &Accelerator) -> Graph {
        let ops = accelerator.chunks.iter().map(|chunk| (chunk.op, chunk.weight_bits)).collect();
        let knobs = Knobs { ops, macs: 30_000, ..Knobs::default() };
        let drawn = Knobs { layers: 1, macs: 12_000, ..knobs.clone() };
        let knobs = match self.seed % 8 {
            0 if self.drawn => Knobs { layers: 3, ..drawn },
            1 | 3 | 5 if self.drawn => Knobs { channels: 4, spatial: 3, kernel: 3, stretch: 250, ..drawn },
            _ if self.drawn => drawn,
            0 => Knobs { layers: 12, ..knobs },
            1 => Knobs { channels: 70, spatial: 8, macs: 60_000, ..knobs },
            2 => Knobs { channels: 6, spatial: 40, macs: 60_000, ..knobs },
            _ => knobs,
        };
        network(self.seed, &knobs)
    }

    /// The mapping of every layer, where they are drawn.
    pub fn mappings(&self, accelerator: &Accelerator, graph: &Graph) -> Option<Vec<Named>> {
        let named = |(LayerId(i), layer): (LayerId, &Layer)| {
            let chunk = accelerator.chunks.iter().find(|chunk| chunk.op == layer.op)?;
            let mut rng = Rng::new(self.seed.rotate_left(17) ^ i as u64);
            let mapping = draw::mapping(&mut rng, accelerator, chunk, &Work::from(layer));
            Some(Named { layer: layer.name.clone(), chunk: chunk.name().to_string(), mapping })
        };
        if self.drawn {
            graph.layers().map(named).collect()
        } else {
            None
        }
    }

    /// The images, for this network or a smaller one.
    pub fn input(&self, graph: &Graph) -> Tensor {
        images(self.seed, graph, self.images as usize)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case { configuration, seed, images, timing, .. } = self;
        let mapped = if self.drawn { ", random mapping" } else { "" };
        write!(f, "{configuration}, network {seed}{mapped}, {images} images, {timing:?}")
    }
}
