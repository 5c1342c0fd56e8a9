//! The search: of every dataflow that suits a layer the best mapping ([`space`]), and of those the best one.

mod space;

use crate::cut::{cut, Cut};
use crate::dataflow::{Dataflow, DATAFLOWS};
use crate::energy::Objective;
use crate::mapping::Mapping;
use crate::stationary::Stationary;
use crate::tiling::{Capacity, Footprint, Shortage, WEIGHTS};
use crate::work::{Dim, Work};
use space::Space;
use spec::accelerator::{Accelerator, Chunk};

/// A mapping, and what a full `EXEC` of it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The mapping.
    pub mapping: Mapping,
    /// Predicted cycles of one full `EXEC`.
    pub cycles: u64,
    /// Its predicted picojoules, without loads and stores; 0 where only cycles were looked for.
    pub picojoules: f64,
    /// Mappings that were looked at.
    pub evaluations: u64,
}

impl Found {
    /// Predicted cycles of all parts of the layer.
    pub fn total(&self) -> u64 {
        self.cycles * self.parts()
    }

    /// Predicted cycles of all parts of the layer, and their picojoules, as one number to be small.
    fn score(&self, objective: Objective) -> f64 {
        objective.score(self.total(), self.energy())
    }

    /// Predicted picojoules of all parts of the layer.
    pub fn energy(&self) -> f64 {
        self.picojoules * self.parts() as f64
    }

    /// Parts of the layer.
    fn parts(&self) -> u64 {
        let cuts = Dim::ALL.map(|dim| self.mapping.layer.size[dim].div_ceil(self.mapping.tile[dim]));
        cuts.iter().map(|cuts| u64::from(*cuts)).product()
    }
}

/// The best mapping of `work` on `chunk`, with `capacity` bytes of the buffer.
///
/// # Errors
/// Every dataflow's shortage, where there is no legal mapping.
pub fn search(
    accelerator: &Accelerator,
    chunk: &Chunk,
    work: &Work,
    capacity: &Capacity,
    objective: Objective,
) -> Result<Found, Vec<Shortage>> {
    search_within(accelerator, chunk, work, capacity, objective, None)
}

/// The best of the mappings of one fixed dataflow, where one is given.
///
/// # Errors
/// As [`search`]; and where the dataflow has no mapping of `work` at all.
pub fn search_within(
    accelerator: &Accelerator,
    chunk: &Chunk,
    work: &Work,
    capacity: &Capacity,
    objective: Objective,
    fixed: Option<Stationary>,
) -> Result<Found, Vec<Shortage>> {
    let dataflows = fixed.map_or(DATAFLOWS, Stationary::dataflows);
    let mut shortages = Vec::new();
    let mut best: Option<Found> = None;
    for dataflow in dataflows.iter().filter(|dataflow| (dataflow.suits)(chunk, work)) {
        let space = Space::widest(accelerator, chunk, work, dataflow, capacity, fixed);
        let better = |found: &Found, best: &Found| found.score(objective) < best.score(objective);
        let hopeless = |space: &Space, best: &Found| {
            objective == Objective::Latency && space.least_cycles() >= best.total()
        };
        match space {
            Ok(space) if best.as_ref().is_some_and(|best| hopeless(&space, best)) => {}
            Ok(space) => match space.best(objective) {
                Ok(found) if best.as_ref().is_none_or(|best| better(&found, best)) => best = Some(found),
                Ok(_) => {}
                Err(shortage) => shortages.push(shortage),
            },
            Err(shortage) => shortages.push(shortage),
        }
    }
    best.ok_or(shortages)
}

/// How `work` lies on the array, and the largest parts of it that fit: columns are left idle, half of them at a
/// time, where the weights of one round of the array would not fit the buffer.
///
/// # Errors
/// Where not even one column fits.
pub fn widest_cut(
    chunk: &Chunk,
    line_bytes: u32,
    work: &Work,
    dataflow: &Dataflow,
    capacity: &Capacity,
) -> Result<Cut, Shortage> {
    let mut narrowed = chunk.clone();
    loop {
        let unroll = dataflow.unroll(&narrowed, line_bytes, work);
        let print = Footprint { work, unroll: &unroll, line_bytes, post_lanes: chunk.post_lanes };
        match cut(&print, chunk, capacity) {
            Ok(cut) => return Ok(cut),
            Err(shortage) if shortage.resource != WEIGHTS || narrowed.cols == 1 || dataflow.halves => {
                return Err(shortage)
            }
            Err(_) => narrowed.cols = narrowed.cols.div_ceil(2),
        }
    }
}
