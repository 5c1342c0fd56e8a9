//! The compiler: from a checked network and an accelerator to a program.
//!
//! The stages are the modules, in order:
//!
//! 1. [`stages`]: when each layer runs in the pipeline over images.
//! 2. [`banks`]: which banks of the buffer hold what, for each chunk.
//! 3. [`plan`]: a mapping for each layer, and which activations stay in the buffer.
//! 4. [`dram`]: where everything lies in DRAM.
//! 5. [`ops`]: the transfers and executions of one iteration, each with the bytes that it touches;
//!    [`ring`] finds their places and [`descriptors`] says them to the engines.
//! 6. [`hazards`]: which of them must wait for which, as tokens.
//! 7. [`lower`]: instruction words; [`known`] leaves out those that would change nothing.
//!
//! Nothing about time is decided after step 5: queues run ahead as far as the hazards let them.

pub mod banks;
pub mod descriptors;
pub mod dram;
pub mod hazards;
pub mod images;
pub mod known;
pub mod lower;
pub mod ops;
pub mod plan;
pub mod ring;
pub mod stages;
mod unmapped;

use mapper::cut::Ways;
use mapper::energy::{picojoules, Objective};
use mapper::events::{predict, Event};
use mapper::stationary::Stationary;
use mapper::Mapping;
use model::Graph;
use spec::accelerator::Accelerator;
use spec::error::Report;
use spec::isa::table::Queue;
use spec::program::Program;

/// What the user can choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Images of a run, at least 1.
    pub images: u32,
    /// Whether every layer's output is stored to DRAM for every image.
    pub dump: bool,
    /// Mappings to use in place of a search, one a layer in the graph's order.
    pub mappings: Option<Vec<Mapping>>,
    /// What the search looks for.
    pub objective: Objective,
    /// A fixed dataflow to search in; layers that have no mapping of it are searched freely.
    pub fixed: Option<Stationary>,
}

impl Default for Options {
    fn default() -> Options {
        Options { images: 1, dump: false, mappings: None, objective: Objective::Latency, fixed: None }
    }
}

/// A program, and what is known about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// What the accelerator runs.
    pub program: Program,
    /// One a layer, in the graph's order.
    pub layers: Vec<LayerPlan>,
}

impl Compiled {
    /// Whether every layer is computed at once.
    fn is_whole(&self) -> bool {
        self.layers.iter().all(|plan| plan.parts == 1)
    }

    /// `given`, made of the mappings that this search found, with what it looked at.
    fn searched(&self, mut given: Compiled) -> Compiled {
        for (given, found) in given.layers.iter_mut().zip(&self.layers) {
            given.evaluations = found.evaluations;
        }
        given
    }
}

/// How a layer is run.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerPlan {
    /// Its name.
    pub name: String,
    /// Index of its chunk.
    pub chunk: usize,
    /// Iterations of the pipeline that it starts after the first layer.
    pub stage: u32,
    /// Terms of one image.
    pub macs: u64,
    /// How its chunk computes it.
    pub mapping: Mapping,
    /// `EXEC`s that it takes.
    pub parts: u32,
    /// Predicted cycles of all its `EXEC`s.
    pub predicted: u64,
    /// Mappings that the search looked at; 0 where the mapping was given.
    pub evaluations: u64,
    /// Whether its input is in the buffer already when it starts.
    pub input_resident: bool,
    /// Whether its output goes to DRAM.
    pub stored: bool,
}

/// Compiles `graph` for `accelerator`. Where layers do not fit the buffer at once, there are two ways to cut them and to split its
/// banks, and the event model compares the programs: what is about the best of each layer need not be that of all together.
///
/// Mappings that were found compile to the same program when they are given.
///
/// # Errors
/// Everything that does not fit: layers without a chunk, weights that are too wide, layers without a legal
/// mapping, too few banks or tokens, values beyond a field of the instruction table.
pub fn compile(accelerator: &Accelerator, graph: &Graph, options: &Options) -> Result<Compiled, Report> {
    let simple = compiled(accelerator, graph, options, Ways::Simple);
    if simple.as_ref().is_ok_and(Compiled::is_whole) {
        return simple;
    }
    let second = compiled(accelerator, graph, options, Ways::All);
    let candidates = match options.mappings {
        Some(_) => vec![simple, second],
        // Given again, so that banks are split for what was found, too.
        None => {
            [simple, second].into_iter().flat_map(|found| given(accelerator, graph, options, found)).collect()
        }
    };
    best(accelerator, options.objective, candidates)
}

/// What the mappings that were found compile to when they are given, with both ways to split banks.
fn given(
    accelerator: &Accelerator,
    graph: &Graph,
    options: &Options,
    found: Result<Compiled, Report>,
) -> Vec<Result<Compiled, Report>> {
    let Ok(found) = found else { return vec![found] };
    let mappings = Some(found.layers.iter().map(|plan| plan.mapping.clone()).collect());
    let options = Options { mappings, ..options.clone() };
    let again = |ways| compiled(accelerator, graph, &options, ways).map(|given| found.searched(given));
    [Ways::Simple, Ways::All].map(again).into()
}

/// The program whose run costs the least, the first of several; where there is none, what is wrong with the first.
fn best(
    accelerator: &Accelerator,
    objective: Objective,
    candidates: Vec<Result<Compiled, Report>>,
) -> Result<Compiled, Report> {
    let (mut programs, mut faults) = (Vec::<Compiled>::new(), Vec::new());
    for candidate in candidates {
        match candidate {
            Ok(compiled) if programs.iter().any(|known| known.program == compiled.program) => {}
            Ok(compiled) => programs.push(compiled),
            Err(fault) => faults.push(fault),
        }
    }
    let score = |compiled: &Compiled| score(accelerator, &compiled.program, objective);
    let scores: Vec<f64> = if programs.len() > 1 { programs.iter().map(score).collect() } else { vec![0.0] };
    let least = programs.into_iter().zip(scores).min_by(|(_, a), (_, b)| a.total_cmp(b));
    least.map(|(compiled, _)| compiled).ok_or_else(|| faults.swap_remove(0))
}

/// Cycles of memory in the runs that programs are compared by.
const LATENCY: u32 = 40;

/// What a run of a program costs; without end where the model finds none.
fn score(accelerator: &Accelerator, program: &Program, objective: Objective) -> f64 {
    let Ok(run) = predict(accelerator, program, LATENCY) else { return f64::INFINITY };
    let of_event = |event: &Event| {
        picojoules(accelerator, &accelerator.chunks[event.queue / Queue::ALL.len()], &event.counts)
    };
    objective.score(run.cycles, run.events.iter().map(of_event).sum())
}

/// Compiles with one way to cut layers and to split banks.
fn compiled(
    accelerator: &Accelerator,
    graph: &Graph,
    options: &Options,
    ways: Ways,
) -> Result<Compiled, Report> {
    let stages = stages::assign(accelerator, graph, options.images)?;
    let banks = banks::split(accelerator, graph, &stages, options.mappings.as_deref(), ways)?;
    let plan = plan::plan(accelerator, graph, options, &stages, &banks, ways)?;
    let dram = dram::layout(accelerator, graph, options, &stages, &plan);
    let schedule = ops::schedule(accelerator, graph, &stages, &banks, &plan, &dram);
    let syncs = hazards::syncs(accelerator, graph, &stages, &dram, &schedule)?;
    let lowered = lower::streams(accelerator, graph, &stages, &schedule, &syncs)?;
    let program = dram.program(accelerator, graph, options, lowered);
    let layers = plan.describe(graph, &stages);
    Ok(Compiled { program, layers })
}
