//! The operations of one iteration: transfers and executions of every chunk, in an order in which they would
//! be right one after another. Which of them overlap is not decided here: regions are used in turns, like
//! rings, and the hazards find what has to wait.

mod layer;
mod moves;

use crate::banks::Regions;
use crate::dram::{Dram, Frames};
use crate::plan::Plan;
use crate::stages::Stages;
use layer::Builder;
use mapper::Registers;
use model::{Graph, Source};
use spec::accelerator::Accelerator;
use spec::isa::table::Queue;
use spec::nest::Nest;
use std::ops::Range;

/// Bytes of the buffer that an operation touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whether it writes.
    pub write: bool,
    /// The bytes.
    pub bytes: Range<u32>,
    /// How many behind them may be read with them and dropped: the rest of a line, and groups that a part has no more.
    pub beyond: u32,
}

/// One transfer or execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Who does it.
    pub queue: Queue,
    /// For which layer.
    pub layer: usize,
    /// What it is, for listings.
    pub what: String,
    /// The engine's descriptor registers.
    pub registers: Registers,
    /// For transfers of activations, the tensor's frames, which depend on the iteration.
    pub frames: Option<Frames>,
    /// For executions, the nests.
    pub nests: Option<[Nest; 4]>,
    /// What it touches in the buffer.
    pub accesses: Vec<Access>,
    /// For transfers of activations, the tensor in DRAM.
    pub tensor: Option<Source>,
    /// For transfers of partial sums, their bytes in DRAM.
    pub sums: Option<Range<u64>>,
}

impl Operation {
    /// An operation of a layer that does nothing yet.
    pub(crate) fn new(queue: Queue, layer: usize) -> Operation {
        Operation {
            queue,
            layer,
            what: String::new(),
            registers: Registers::new(queue),
            frames: None,
            nests: None,
            accesses: Vec::new(),
            tensor: None,
            sums: None,
        }
    }
}

/// The operations of every chunk.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// By chunk.
    pub chunks: Vec<Vec<Operation>>,
}

/// The operations of one iteration.
pub fn schedule(
    accelerator: &Accelerator,
    graph: &Graph,
    stages: &Stages,
    banks: &[Regions],
    plan: &Plan,
    dram: &Dram,
) -> Schedule {
    let one = |(chunk, regions): (usize, &Regions)| {
        let mut builder = Builder::new(accelerator, graph, plan, dram, regions);
        let order = stages.layers_of(chunk);
        for (i, layer) in order.iter().enumerate() {
            builder.layer(*layer, order.get(i + 1).copied());
        }
        builder.operations
    };
    Schedule { chunks: banks.iter().enumerate().map(one).collect() }
}
