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
//! `choose` goes through them several times where there are several ways to cut layers, and takes one.
//!
//! Nothing about time is decided after step 5: queues run ahead as far as the hazards let them.

pub mod banks;
mod choose;
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
use mapper::energy::Objective;
use mapper::stationary::Stationary;
use mapper::Mapping;
use model::Graph;
use spec::accelerator::Accelerator;
use spec::error::Report;
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

/// Compiles `graph` for `accelerator`, with the mappings that are given or else those that a search finds: where layers do not fit
/// the buffer at once, it cuts them in two ways, and `choose` takes one.
///
/// # Errors
/// Everything that does not fit: layers without a chunk, weights that are too wide, layers without a legal
/// mapping, too few banks or tokens, values beyond a field of the instruction table.
pub fn compile(accelerator: &Accelerator, graph: &Graph, options: &Options) -> Result<Compiled, Report> {
    if let Some(given) = &options.mappings {
        // What the banks are split by depends on the mappings alone, so that what was found compiles to the same when it is given.
        let is_cut = given.iter().any(|mapping| mapping.parts() > 1);
        return compiled(accelerator, graph, options, if is_cut { Ways::All } else { Ways::Simple });
    }
    let simple = compiled(accelerator, graph, options, Ways::Simple)?;
    if simple.layers.iter().all(|plan| plan.parts == 1) {
        return Ok(simple);
    }
    let boxes = compiled(accelerator, graph, options, Ways::All);
    let found: Vec<Compiled> = [simple].into_iter().chain(boxes).collect();
    Ok(choose::cheapest(accelerator, graph, options, found))
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
