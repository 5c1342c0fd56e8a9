//! Which banks hold what. The buffer has no arbitration, so what may be accessed at once lies in different
//! banks: every chunk has banks of its own for two regions of activations (a layer reads one and writes the
//! other), for weights, and for residuals with parameters. The split of a chunk's banks is the one in which all mappings
//! that a user gives are legal, and then the one that makes its layers move the fewest bytes or, where they may be cut in boxes,
//! take the fewest cycles, about.

use crate::stages::Stages;
use mapper::check::faults;
use mapper::cut::{loaded, Cut, Dram, Ways};
use mapper::dataflow::DATAFLOWS;
use mapper::search::widest_cuts;
use mapper::tiling::{Capacity, Footprint, Shortage};
use mapper::{Dim, Mapping, Work};
use model::{Graph, LayerId};
use spec::accelerator::{Accelerator, Chunk};
use spec::error::{Diagnostic, Report};

/// Consecutive bytes of the buffer: whole banks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// First byte.
    pub start: u32,
    /// Bytes.
    pub bytes: u32,
}

/// The regions of one chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Regions {
    /// Activations; a layer reads one and writes the other.
    pub activations: [Region; 2],
    /// Weights.
    pub weights: Region,
    /// Requantise parameters.
    pub parameters: Region,
    /// Residuals, in the same banks as the parameters.
    pub residuals: Region,
}

impl Regions {
    /// What a layer may use. `slack` bytes at a region's end are read into but never hold anything.
    pub fn capacity(&self, chunk: &Chunk, slack: u32) -> Capacity {
        let usable = |region: Region| region.bytes.saturating_sub(slack);
        Capacity {
            inputs: usable(self.activations[0]),
            outputs: usable(self.activations[1]),
            weights: usable(self.weights),
            residuals: usable(self.residuals),
            parameters: usable(self.parameters),
            parameter_rows: chunk.post_rows,
        }
    }
}

/// Banks that a chunk cannot do without.
const FEWEST: u32 = 4;

/// A layer of a chunk, the mapping that is given for it, and how many layers are the same.
struct Task<'a> {
    work: Work,
    given: Option<&'a Mapping>,
    count: u64,
}

/// The regions of every chunk, with mappings for all layers where a user `gives` them; those of a chunk without layers are
/// empty.
///
/// # Errors
/// Where there are fewer than four banks for every chunk that has layers.
pub fn split(
    accelerator: &Accelerator,
    graph: &Graph,
    stages: &Stages,
    given: Option<&[Mapping]>,
    ways: Ways,
) -> Result<Vec<Regions>, Report> {
    let used: Vec<usize> =
        (0..accelerator.chunks.len()).filter(|chunk| stages.chunk.contains(chunk)).collect();
    let banks = accelerator.buffer.banks;
    let each = banks / used.len().max(1) as u32;
    if each < FEWEST {
        let message =
            format!("{} chunks need at least {} buffer banks", used.len(), FEWEST * used.len() as u32);
        let note = format!("accelerator `{}` has {banks}", accelerator.name);
        let error = Diagnostic::new("compile", message).note(note).help("raise buffer.banks");
        return Err(error.into());
    }
    let mut all = vec![Regions::default(); accelerator.chunks.len()];
    let mut first = 0;
    for (i, chunk) in used.iter().enumerate() {
        let share = each + u32::from((i as u32) < banks % used.len() as u32);
        let mut tasks: Vec<Task<'_>> = Vec::new();
        for layer in stages.layers_of(*chunk) {
            let work = Work::from(graph.layer(LayerId(layer)));
            let given = given.and_then(|given| given.get(layer));
            match tasks.iter_mut().find(|task| task.work == work && task.given == given) {
                Some(task) => task.count += 1,
                None => tasks.push(Task { work, given, count: 1 }),
            }
        }
        let has_residual = tasks.iter().any(|task| task.work.residual);
        let candidates = candidates(accelerator, first, share, has_residual);
        let score =
            |regions: &Regions| score(accelerator, &accelerator.chunks[*chunk], &tasks, regions, ways);
        all[*chunk] = candidates.min_by_key(score).expect("a share of four banks can be split");
        first += share;
    }
    Ok(all)
}

/// All ways to split `share` banks from the `first` one on.
fn candidates(
    accelerator: &Accelerator,
    first: u32,
    share: u32,
    has_residual: bool,
) -> impl Iterator<Item = Regions> + '_ {
    (1..=share - 3).flat_map(move |side| {
        (1..=(share - side - 1) / 2).map(move |activations| {
            let counts = [activations, activations, share - side - 2 * activations, side];
            regions(accelerator, first, counts, has_residual)
        })
    })
}

fn regions(accelerator: &Accelerator, first: u32, counts: [u32; 4], has_residual: bool) -> Regions {
    let bank = accelerator.buffer.bank_bytes;
    let mut start = first * bank;
    let [a, b, weights, side] = counts.map(|count| {
        let region = Region { start, bytes: count * bank };
        start += region.bytes;
        region
    });
    let parameters = if has_residual { side.bytes / 2 } else { side.bytes };
    Regions {
        activations: [a, b],
        weights,
        parameters: Region { start: side.start, bytes: parameters },
        residuals: Region { start: side.start + parameters, bytes: side.bytes - parameters },
    }
}

/// Given mappings that are not legal, layers that do not fit, and the effort of the others: less is better, in this order.
fn score(
    accelerator: &Accelerator,
    chunk: &Chunk,
    tasks: &[Task<'_>],
    regions: &Regions,
    ways: Ways,
) -> (u64, u64, [u64; 3]) {
    let (mut illegal, mut unfit, mut all) = (0, 0, [0; 3]);
    for Task { work, given, count } in tasks {
        let suited = given.map(|given| {
            let capacity = regions.capacity(chunk, given.slack(accelerator.buffer.line_bytes));
            let is_legal = faults(given, accelerator, chunk, &capacity).is_empty();
            is_legal.then(|| effort_of(accelerator, chunk, work, &Cut::of(given), regions, &capacity, ways))
        });
        illegal += if suited == Some(None) { *count } else { 0 };
        let effort = match (ways, suited) {
            (Ways::All, Some(suited)) => Ok(suited.unwrap_or_default()),
            _ => effort(accelerator, chunk, work, regions, ways),
        };
        match effort {
            Ok(effort) => all.iter_mut().zip(effort).for_each(|(all, effort)| *all += count * effort),
            Err(_) => unfit += count,
        }
    }
    (illegal, unfit, all)
}

/// What a layer takes that is cut as the search would cut it.
///
/// # Errors
/// What not even its smallest part has room for.
fn effort(
    accelerator: &Accelerator,
    chunk: &Chunk,
    work: &Work,
    regions: &Regions,
    ways: Ways,
) -> Result<[u64; 3], Shortage> {
    let line_bytes = accelerator.buffer.line_bytes;
    let dataflow =
        DATAFLOWS.iter().find(|dataflow| (dataflow.suits)(chunk, work)).expect("one computes everything");
    let unroll = &dataflow.unroll(chunk, line_bytes, work);
    let print = Footprint { work, unroll, line_bytes, post_lanes: chunk.post_lanes };
    let capacity = regions.capacity(chunk, print.overshoot(work.size[Dim::G]));
    let cuts = widest_cuts(accelerator, chunk, work, dataflow, &capacity, ways)?;
    let of_cut = |cut: &Cut| effort_of(accelerator, chunk, work, cut, regions, &capacity, ways);
    Ok(cuts.iter().map(of_cut).min().expect("there is at least one"))
}

/// What a layer takes that is cut in one way: bytes that it moves between DRAM and buffer and its executions; where it may be
/// cut in boxes, first of all its cycles, about.
fn effort_of(
    accelerator: &Accelerator,
    chunk: &Chunk,
    work: &Work,
    cut: &Cut,
    regions: &Regions,
    capacity: &Capacity,
    ways: Ways,
) -> [u64; 3] {
    let line_bytes = accelerator.buffer.line_bytes;
    let print = Footprint { work, unroll: &cut.unroll, line_bytes, post_lanes: chunk.post_lanes };
    let maps = print.outputs(work.size[Dim::OY]);
    let spilled = if u64::from(regions.activations[1].bytes) < maps { 2 * maps } else { 0 };
    let bytes = loaded(&print, &cut.mapping(&print)) + spilled;
    match ways {
        Ways::Simple => [bytes, cut.parts(), 0],
        Ways::All => {
            let cycles = cut.cycles(&print, chunk, capacity, Dram::of(accelerator));
            [cycles, bytes, cut.parts()]
        }
    }
}
