//! The place of one searched block, and what may stand there.

use crate::config::Item;
use spec::op::Op;
use std::fmt;

/// What may stand in a block's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// Nothing, or a convolution of 1x1 where the shape changes.
    Skip,
    /// A pointwise layer, a depthwise one and another pointwise one, all of one op.
    Block {
        /// Of all three.
        op: Op,
        /// Rows and columns of the depthwise layer.
        kernel: usize,
        /// Its channels, over those of the block's input.
        expansion: usize,
    },
}

/// What `skip` is called among the ops.
pub const SKIP: &str = "skip";

impl Candidate {
    /// Name of its op, or [`SKIP`].
    pub fn kind(self) -> &'static str {
        match self {
            Candidate::Skip => SKIP,
            Candidate::Block { op, .. } => op.name(),
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Candidate::Skip => f.write_str(SKIP),
            Candidate::Block { op, kernel, expansion } => write!(f, "{}_k{kernel}_e{expansion}", op.name()),
        }
    }
}

/// The place of one searched block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub number: usize,
    /// Height, width and channels of what it reads.
    pub input: [usize; 3],
    /// Its output's channels.
    pub channels: usize,
    /// Of the depthwise layer.
    pub stride: usize,
    /// What may stand here.
    pub candidates: Vec<Candidate>,
}

impl Place {
    /// As networks and tables call it.
    pub fn name(&self) -> String {
        format!("b{:02}", self.number)
    }

    /// Height, width and channels of its output.
    pub fn output(&self) -> [usize; 3] {
        let [height, width, _] = self.input;
        [height.div_ceil(self.stride), width.div_ceil(self.stride), self.channels]
    }

    /// The layer or block of a network that has `candidate` here; none for a skip that keeps the shape.
    pub fn item(&self, candidate: Candidate) -> Option<Item> {
        let keeps = self.input == self.output();
        let item = Item { out_channels: self.channels, stride: self.stride, ..Item::conv(self.name()) };
        match candidate {
            Candidate::Skip => (!keeps).then_some(item),
            Candidate::Block { op, kernel, expansion } => Some(Item {
                op: op.name().into(),
                kernel,
                expand: Some(expansion * self.input[2]),
                residual: keeps,
                ..item
            }),
        }
    }
}
