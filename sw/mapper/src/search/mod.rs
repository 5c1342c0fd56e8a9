//! The search: of every dataflow that suits a layer the best mapping ([`space`]), and of those the best one.

mod space;

use crate::cut::{cuts, Cut, Dram, Ways};
use crate::dataflow::{Dataflow, DATAFLOWS};
use crate::energy::Objective;
use crate::mapping::Mapping;
use crate::stationary::Stationary;
use crate::tiling::{Capacity, Footprint, Shortage, WEIGHTS};
use crate::work::Work;
use space::Space;
use spec::accelerator::{Accelerator, Chunk};

/// A mapping, what a full `EXEC` of it takes, and the layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The mapping.
    pub mapping: Mapping,
    /// Predicted cycles of one full `EXEC`.
    pub cycles: u64,
    /// Mappings that were looked at.
    pub evaluations: u64,
    /// Predicted cycles of all parts of the layer, with what they wait for, about.
    pub total: u64,
    /// Predicted picojoules of all parts of the layer, and of what is moved more than once for them: the rest of loads and stores is
    /// the same for every mapping. 0 where only cycles were looked for.
    pub energy: f64,
}

impl Found {
    /// Predicted cycles of all parts of the layer, and their picojoules, as one number to be small.
    fn score(&self, objective: Objective) -> f64 {
        objective.score(self.total, self.energy)
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
    search_within(accelerator, chunk, work, capacity, objective, None, Ways::All)
}

/// The best of the mappings of one fixed dataflow, where one is given, and of some ways to cut.
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
    ways: Ways,
) -> Result<Found, Vec<Shortage>> {
    let dataflows = fixed.map_or(DATAFLOWS, Stationary::dataflows);
    let mut shortages = Vec::new();
    let mut best: Option<Found> = None;
    for dataflow in dataflows.iter().filter(|dataflow| (dataflow.suits)(chunk, work)) {
        let cuts =
            widest_cuts(accelerator, chunk, work, dataflow, capacity, ways).unwrap_or_else(|shortage| {
                shortages.push(shortage);
                Vec::new()
            });
        for cut in cuts {
            let space = Space::new(accelerator, chunk, work, cut, capacity, fixed);
            let is_hopeless =
                |best: &Found| objective == Objective::Latency && space.least_cycles() >= best.total;
            if best.as_ref().is_some_and(is_hopeless) {
                continue;
            }
            let better = |found: &Found, best: &Found| found.score(objective) < best.score(objective);
            match space.best(objective) {
                Ok(found) if best.as_ref().is_none_or(|best| better(&found, best)) => best = Some(found),
                Ok(_) => {}
                Err(shortage) => shortages.push(shortage),
            }
        }
    }
    best.ok_or(shortages)
}

/// How `work` lies on the array, and ways to cut it into parts that fit: columns are left idle, half of them at a
/// time, where the weights of one round of the array would not fit the buffer.
///
/// # Errors
/// Where not even one column fits.
pub fn widest_cuts(
    accelerator: &Accelerator,
    chunk: &Chunk,
    work: &Work,
    dataflow: &Dataflow,
    capacity: &Capacity,
    ways: Ways,
) -> Result<Vec<Cut>, Shortage> {
    let line_bytes = accelerator.buffer.line_bytes;
    let mut narrowed = chunk.clone();
    loop {
        let unroll = dataflow.unroll(&narrowed, line_bytes, work);
        let print = Footprint { work, unroll: &unroll, line_bytes, post_lanes: chunk.post_lanes };
        match cuts(&print, chunk, capacity, Dram::of(accelerator), ways) {
            Ok(cuts) => return Ok(cuts),
            Err(shortage) if shortage.resource != WEIGHTS || narrowed.cols == 1 || dataflow.halves => {
                return Err(shortage)
            }
            Err(_) => narrowed.cols = narrowed.cols.div_ceil(2),
        }
    }
}
