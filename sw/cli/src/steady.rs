//! The steady state of a network: what an image takes while as many are under way as the pipeline of chunks holds. It is what
//! whole programs take for more images, over how many more those are, as the event model predicts it.

use crate::flow;
use crate::measure;
use compiler::{Compiled, LayerPlan, Options};
use mapper::energy::{levels, of_exec, Levels, Objective};
use mapper::events::LATENCY;
use mapper::stationary::Stationary;
use mapper::{pipeline, Mapping};
use model::Graph;
use spec::accelerator::Accelerator;
use spec::error::Report;

/// Images by which the longer of two runs is longer.
const MORE: u32 = 4;

/// What an image takes.
#[derive(Clone, Debug)]
pub struct Steady {
    /// Cycles from image to image.
    pub cycles: f64,
    /// Picojoules, by level.
    pub levels: Levels,
    /// Cycles that each chunk computes, in the accelerator's order; the rest it waits.
    pub busy: Vec<f64>,
    /// Layers that have no mapping of the fixed dataflow, and take what a free search finds.
    pub unfixed: usize,
    /// The mappings, in the order of the layers.
    pub mappings: Vec<Mapping>,
}

impl Steady {
    /// What is to be small.
    pub fn score(&self, objective: Objective) -> f64 {
        match objective {
            Objective::Latency => self.cycles,
            Objective::Energy => self.levels.total(),
            Objective::Edp => self.edp(),
        }
    }

    /// Cycles times picojoules of an image.
    pub fn edp(&self) -> f64 {
        self.cycles * self.levels.total()
    }
}

/// The steady state of `graph` on `accelerator`, its mappings chosen by `objective`, of one fixed dataflow where one is given.
///
/// # Errors
/// Where the network does not compile.
pub fn steady(
    accelerator: &Accelerator,
    graph: &Graph,
    objective: Objective,
    fixed: Option<Stationary>,
) -> Result<Steady, Report> {
    let alone = flow::compile(accelerator, graph, &Options { objective, fixed, ..Options::default() })?;
    let mappings: Vec<Mapping> = alone.layers.iter().map(|plan| plan.mapping.clone()).collect();
    let unfixed = mappings.iter().filter(|mapping| fixed.is_some_and(|fixed| !fixed.allows(mapping))).count();
    Ok(Steady { unfixed, ..with_mappings(accelerator, graph, mappings)? })
}

/// The steady state with the mappings that serve the product of cycles and energy of all chunks together best: out of those
/// that are the best of each layer alone, for every objective. Where that gains nothing, `alone` as it is.
///
/// # Errors
/// Where the network does not compile.
pub fn pipelined(accelerator: &Accelerator, graph: &Graph, alone: &Steady) -> Result<Steady, Report> {
    let mut plans: Vec<Vec<LayerPlan>> = Vec::new();
    for objective in [Objective::Edp, Objective::Latency, Objective::Energy] {
        plans.push(flow::compile(accelerator, graph, &Options { objective, ..Options::default() })?.layers);
    }
    let cost = |plan: &LayerPlan| {
        let chunk = &accelerator.chunks[plan.chunk];
        let picojoules = f64::from(plan.parts) * of_exec(accelerator, chunk, &plan.mapping);
        pipeline::Cost { cycles: plan.predicted, picojoules }
    };
    let options = |layer: usize| {
        let costs = plans.iter().map(|plans| cost(&plans[layer])).collect();
        pipeline::Options { chunk: plans[0][layer].chunk, costs }
    };
    let options: Vec<pipeline::Options> = (0..plans[0].len()).map(options).collect();
    // What is moved between DRAM and buffer is the same for all, and so, nearly, is what the busiest chunk waits for; not where
    // layers are cut in several ways, but whole programs are compared in the end.
    let computed: f64 = options.iter().map(|layer| layer.costs[0].picojoules).sum();
    let busiest = alone.busy.iter().copied().fold(0.0, f64::max);
    let base = pipeline::Cost {
        cycles: (alone.cycles - busiest).max(0.0) as u64,
        picojoules: alone.levels.total() - computed,
    };
    let picks = pipeline::choose(&options, base);
    let mappings =
        picks.iter().enumerate().map(|(layer, pick)| plans[*pick][layer].mapping.clone()).collect();
    Ok(better(alone, with_mappings(accelerator, graph, mappings)))
}

/// The mixture where it gains something. Mappings of different searches share one division of the buffer, and may not fit it.
fn better(alone: &Steady, mixture: Result<Steady, Report>) -> Steady {
    mixture.ok().filter(|mixture| mixture.edp() < alone.edp()).unwrap_or_else(|| alone.clone())
}

/// The steady state with these mappings.
fn with_mappings(accelerator: &Accelerator, graph: &Graph, mappings: Vec<Mapping>) -> Result<Steady, Report> {
    let of = |images: u32| {
        let options = Options { images, mappings: Some(mappings.clone()), ..Options::default() };
        Taken::by(accelerator, &flow::compile(accelerator, graph, &options)?)
    };
    // Every chunk has an image as soon as there are as many images as stages.
    let full = stages(accelerator, graph)?;
    let (shorter, longer) = (of(full)?, of(full + MORE)?);
    let more = f64::from(MORE);
    let gained = |longer: u64, shorter: u64| (longer as f64 - shorter as f64) / more;
    Ok(Steady {
        cycles: gained(longer.cycles, shorter.cycles),
        levels: Levels::sum(&[(1.0 / more, longer.levels), (-1.0 / more, shorter.levels)]),
        busy: longer
            .busy
            .iter()
            .zip(&shorter.busy)
            .map(|(longer, shorter)| gained(*longer, *shorter))
            .collect(),
        unfixed: 0,
        mappings,
    })
}

/// Images that are under way in the steady state.
fn stages(accelerator: &Accelerator, graph: &Graph) -> Result<u32, Report> {
    let stages = compiler::stages::assign(accelerator, graph, 1)?;
    Ok(stages.stage.into_iter().max().unwrap_or(0) + 1)
}

/// What a run takes.
struct Taken {
    cycles: u64,
    levels: Levels,
    busy: Vec<u64>,
}

impl Taken {
    fn by(accelerator: &Accelerator, compiled: &Compiled) -> Result<Taken, Report> {
        let run = flow::predict(accelerator, &compiled.program, LATENCY)?;
        let launches = measure::predicted(&run);
        let mut levels_of_chunks = Vec::new();
        let mut busy = vec![0; accelerator.chunks.len()];
        for launch in &launches {
            let chunk = launch.chunk();
            levels_of_chunks.push((1.0, levels(accelerator, &accelerator.chunks[chunk], &launch.counts)));
            busy[chunk] += launch.counts.get("busy");
        }
        Ok(Taken { cycles: run.cycles, levels: Levels::sum(&levels_of_chunks), busy })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::error::Diagnostic;

    #[test]
    fn a_mixture_that_does_not_fit_or_gains_nothing_is_left_alone() {
        let of = |cycles: f64| Steady {
            cycles,
            levels: Levels { op: 1.0, ..Levels::default() },
            busy: Vec::new(),
            unfixed: 0,
            mappings: Vec::new(),
        };
        let unfit: Report = Diagnostic::new("mapping", "no room").into();
        let after = |mixture| better(&of(10.0), mixture).cycles;
        assert_eq!((after(Ok(of(9.0))), after(Ok(of(11.0))), after(Err(unfit))), (9.0, 10.0, 10.0));
    }
}
