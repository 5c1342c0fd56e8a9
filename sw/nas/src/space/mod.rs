//! `Space`: the networks that a search chooses from, in FBNet's form: a stem, stages of blocks, a header.
//!
//! Every block is a place for one of several candidates: an inverted residual of one op, with a kernel and an
//! expansion, or `skip`, which computes nothing (where the shape changes: a convolution of 1x1). Stem, header and
//! classifier are convolutions in every network of the space.

mod check;
mod place;

pub use place::{Candidate, Place, SKIP};

use crate::config::Item;
use serde::{Deserialize, Serialize};
use spec::error::grouped;
use spec::op::Op;
use std::collections::BTreeMap;

/// What a search chooses from, as written under `space`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Space {
    /// The first layer.
    pub stem: Stem,
    /// Searched blocks that share a number of channels, first to last.
    pub stages: Vec<Stage>,
    /// Output channels of the pointwise layer before the pooling.
    pub header: usize,
    /// Names of the ops of blocks.
    pub ops: Vec<String>,
    /// Rows and columns of the depthwise layer.
    pub kernels: Vec<usize>,
    /// Channels in the middle of a block, over those of its input.
    pub expansions: Vec<usize>,
    /// Whether a block may be left out.
    #[serde(default)]
    pub skip: bool,
    /// Blocks, counted from 1, that may not have an op.
    #[serde(default)]
    pub forbid: BTreeMap<String, Vec<usize>>,
}

/// The first layer: a convolution of 3x3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stem {
    /// Output channels.
    pub channels: usize,
    /// Rows and columns alike.
    pub stride: usize,
}

/// Blocks with as many channels each; the first has the stride.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// How many blocks.
    pub layers: usize,
    /// Output channels of each.
    pub channels: usize,
    /// Of the first block; the others have 1.
    pub stride: usize,
}

/// The most blocks of a space.
const MOST_BLOCKS: usize = 4096;

impl Space {
    /// The ops of its blocks.
    pub fn ops(&self) -> Vec<Op> {
        self.ops.iter().filter_map(|name| Op::from_name(name)).collect()
    }

    /// The largest expansion.
    pub fn widest(&self) -> usize {
        self.expansions.iter().copied().max().unwrap_or(1)
    }

    /// The searched blocks, for images of `shape`, `[height, width, channels]`.
    pub fn places(&self, shape: [usize; 3]) -> Vec<Place> {
        let stride = self.stem.stride.max(1);
        let mut input = [shape[0].div_ceil(stride), shape[1].div_ceil(stride), self.stem.channels];
        let blocks = self.stages.iter().flat_map(|stage| {
            (0..stage.layers).map(move |i| (stage.channels, if i == 0 { stage.stride.max(1) } else { 1 }))
        });
        let place = |(i, (channels, stride)): (usize, (usize, usize))| {
            let candidates = self.candidates(i + 1);
            let place = Place { number: i + 1, input, channels, stride, candidates };
            input = place.output();
            place
        };
        blocks.take(MOST_BLOCKS).enumerate().map(place).collect()
    }

    /// What may stand in the place of `block`, counted from 1.
    fn candidates(&self, block: usize) -> Vec<Candidate> {
        let is_allowed = |op: &Op| !self.forbid.get(op.name()).is_some_and(|list| list.contains(&block));
        let mut candidates = Vec::new();
        for op in self.ops().into_iter().filter(is_allowed) {
            for kernel in self.kernels.iter().copied() {
                let expansions = self.expansions.iter().copied();
                candidates.extend(expansions.map(|expansion| Candidate::Block { op, kernel, expansion }));
            }
        }
        candidates.extend(self.skip.then_some(Candidate::Skip));
        candidates
    }

    /// How many networks there are in it.
    pub fn size(&self) -> f64 {
        self.places([1, 1, 1]).iter().map(|place| place.candidates.len() as f64).product()
    }

    /// What every network begins with.
    pub fn stem(&self) -> Vec<Item> {
        let stem = Item { out_channels: self.stem.channels, stride: self.stem.stride, ..Item::conv("stem") };
        vec![Item { kernel: 3, ..stem }]
    }

    /// What every network ends with, for so many `classes`.
    pub fn header(&self, classes: usize) -> Vec<Item> {
        vec![
            Item { out_channels: self.header, ..Item::conv("header") },
            Item { op: "pool".into(), ..Item::conv("pool") },
            Item { out_channels: classes, norm: false, relu: Some(false), ..Item::conv("fc") },
        ]
    }
}

/// The size of a space as people read it: exact as long as that is short.
pub fn counted(size: f64) -> String {
    match size < 1e12 {
        true => grouped(size as u64),
        false => format!("{size:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The macro-architecture of the paper, on images of 32 x 32.
    fn paper(ops: &[&str]) -> Space {
        let stage = |layers, channels, stride| Stage { layers, channels, stride };
        Space {
            stem: Stem { channels: 16, stride: 1 },
            stages: vec![
                stage(1, 16, 1),
                stage(4, 24, 1),
                stage(4, 32, 2),
                stage(4, 64, 2),
                stage(4, 112, 1),
                stage(4, 184, 2),
                stage(1, 352, 1),
            ],
            header: 1504,
            ops: ops.iter().map(|op| op.to_string()).collect(),
            kernels: vec![3, 5],
            expansions: vec![1, 3, 6],
            skip: true,
            forbid: BTreeMap::from([("adder".to_string(), vec![1, 2, 3, 20, 21, 22])]),
        }
    }

    #[test]
    fn spaces_are_as_large_as_the_paper_says() {
        let close = |space: Space, size: f64| assert!((space.size() / size - 1.0).abs() < 1e-9, "{size}");
        close(paper(&["conv", "shift", "adder"]), 19f64.powi(16) * 13f64.powi(6));
        close(paper(&["conv", "shift"]), 13f64.powi(22));
        close(paper(&["conv", "adder"]), 13f64.powi(16) * 7f64.powi(6));
        close(paper(&["conv"]), 7f64.powi(22));
        assert_eq!(counted(paper(&["conv", "shift", "adder"]).size()), "1.4e27");
        assert_eq!(counted(13f64.powi(6)), "4,826,809");
    }

    #[test]
    fn shapes_follow_the_strides() {
        let places = paper(&["conv"]).places([32, 32, 3]);
        assert_eq!(places.len(), 22);
        assert_eq!((places[0].input, places[0].output()), ([32, 32, 16], [32, 32, 16]));
        assert_eq!((places[5].input, places[5].output()), ([32, 32, 24], [16, 16, 32]));
        assert_eq!(places[21].output(), [4, 4, 352]);
        let candidate = Candidate::Block { op: Op::Conv, kernel: 5, expansion: 6 };
        let item = places[5].item(candidate).expect("an item");
        assert_eq!((item.name.as_str(), item.expand, item.residual), ("b06", Some(144), false));
        assert!(places[0].item(Candidate::Skip).is_none() && places[5].item(Candidate::Skip).is_some());
    }
}
