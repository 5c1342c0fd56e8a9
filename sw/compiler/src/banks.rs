//! Which banks hold what. The buffer has no arbitration, so what may be accessed at once lies in different
//! banks: every chunk has banks of its own for two regions of activations (a layer reads one and writes the
//! other), for weights, and for residuals with parameters. The split of a chunk's banks is the one that makes
//! its layers move the fewest bytes.

use crate::stages::Stages;
use mapper::cut::loaded;
use mapper::dataflow::DATAFLOWS;
use mapper::search::widest_cut;
use mapper::tiling::{Capacity, Footprint, Shortage};
use mapper::{Dim, Work};
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

/// The regions of every chunk; those of a chunk without layers are empty.
///
/// # Errors
/// Where there are fewer than four banks for every chunk that has layers.
pub fn split(accelerator: &Accelerator, graph: &Graph, stages: &Stages) -> Result<Vec<Regions>, Report> {
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
        all[*chunk] = best_split(accelerator, graph, stages, *chunk, first, share);
        first += share;
    }
    Ok(all)
}

fn best_split(
    accelerator: &Accelerator,
    graph: &Graph,
    stages: &Stages,
    chunk: usize,
    first: u32,
    share: u32,
) -> Regions {
    let layers: Vec<&model::Layer> =
        stages.layers_of(chunk).into_iter().map(|layer| graph.layer(LayerId(layer))).collect();
    let has_residual = layers.iter().any(|layer| layer.residual.is_some());
    let works: Vec<Work> = layers.into_iter().map(Work::from).collect();
    let mut best = None;
    for side in 1..=share - 3 {
        for activations in 1..=(share - side - 1) / 2 {
            let counts = [activations, activations, share - side - 2 * activations, side];
            let regions = regions(accelerator, first, counts, has_residual);
            let score = score(accelerator, &accelerator.chunks[chunk], &works, &regions);
            if best.as_ref().is_none_or(|(least, _)| score < *least) {
                best = Some((score, regions));
            }
        }
    }
    best.expect("a share of four banks can be split").1
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

/// Layers that do not fit, bytes that are moved, executions: fewer is better, in this order.
fn score(accelerator: &Accelerator, chunk: &Chunk, works: &[Work], regions: &Regions) -> (u32, u64, u64) {
    let (mut unfit, mut bytes, mut parts) = (0, 0, 0);
    for work in works {
        match effort(accelerator, chunk, work, regions) {
            Ok((moved, count)) => (bytes, parts) = (bytes + moved, parts + count),
            Err(_) => unfit += 1,
        }
    }
    (unfit, bytes, parts)
}

/// Bytes that a layer moves between DRAM and buffer, and its executions.
fn effort(
    accelerator: &Accelerator,
    chunk: &Chunk,
    work: &Work,
    regions: &Regions,
) -> Result<(u64, u64), Shortage> {
    let line_bytes = accelerator.buffer.line_bytes;
    let dataflow = DATAFLOWS.iter().find(|dataflow| (dataflow.suits)(work)).expect("one computes everything");
    let full = dataflow.unroll(chunk, line_bytes, work);
    let print = |unroll| Footprint { work, unroll, line_bytes, post_lanes: chunk.post_lanes };
    let capacity = regions.capacity(chunk, print(&full).overshoot(work.size[Dim::G]));
    let cut = widest_cut(chunk, line_bytes, work, dataflow, &capacity)?;
    let print = print(&cut.unroll);
    let maps = print.outputs(work.size[Dim::OY]);
    let spilled = if u64::from(regions.activations[1].bytes) < maps { 2 * maps } else { 0 };
    Ok((loaded(&print, &cut) + spilled, cut.parts()))
}
