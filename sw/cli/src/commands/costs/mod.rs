//! `nasa costs`: what every candidate of a space costs on the generated hardware, as a table for searches.
//!
//! Each block that differs runs alone, one image, on the RTL, and its output is held to the reference, its launches to the
//! prediction, as `nasa verify` does. What counts is what `cost.kind: mapper` predicts, measured: cycles from the begin of the
//! block's first EXEC to the end of its last, waits in between included, times the energy of what its EXECs were counted to do, and of
//! what is loaded and stored beyond the block's input, output, weights and parameters, once for each layer that has them.

mod beside;

use super::{Done, Hardware, Memory};
use crate::console::Console;
use crate::verification::{Evidence, Verification};
use crate::{files, flow};
use beside::Beside;
use clap::Args;
use compiler::{Compiled, Options};
use cosim::executor;
use mapper::energy::{of_bytes, picojoules, Objective};
use mapper::tiling::Footprint;
use mapper::Counts;
use model::graph::Source;
use model::{Graph, Layer, LayerId};
use nas::cost::blocks::{Block, Blocks};
use nas::cost::mapped;
use nas::SearchConfig;
use serde_json::{json, Value};
use sim::Simulator;
use spec::accelerator::Accelerator;
use spec::error::{grouped, Diagnostic, Report};
use std::path::PathBuf;

/// Measures what every candidate of a space costs on the generated hardware: a table that a search can read.
#[derive(Args)]
#[command(after_help = "Example: nasa costs sw/nas/spaces/fashion.yaml -o costs.csv\n\n\
    A line is a block, a candidate, and thousands of cycles x nJ. In a search, `cost: {kind: table, file: costs.csv}` takes the\n\
    table in place of what the mapper predicts; lambda and target are of the same size. docs/nas.md says what is counted.")]
pub struct Costs {
    /// The search, as YAML.
    search: PathBuf,
    /// Accelerator description [default: the search's cost.accelerator].
    #[arg(short, long)]
    config: Option<PathBuf>,
    /// Where the table goes.
    #[arg(short, long, value_name = "COSTS.csv")]
    out: PathBuf,
    #[command(flatten)]
    hardware: Hardware,
    #[command(flatten)]
    memory: Memory,
}

/// What a block came to.
struct Measured {
    cost: f64,
    cycles: u64,
    failures: Report,
}

impl Costs {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let config = SearchConfig::parse(&files::name(&self.search), &files::read_text(&self.search)?)?;
        let accelerator = flow::accelerator(&self.accelerator(&config)?)?;
        let blocks = console.busy("laying out the blocks", || Blocks::of(&config))?;
        // Whatever can be refused is refused before anything runs.
        let predicted = mapped::costs(&config, &blocks.places, &accelerator)?;
        let compiled = console.busy("compiling the blocks", || compile(&accelerator, &blocks.different))?;
        let mut simulator = flow::simulator(console, &accelerator, &self.hardware)?;
        let all = blocks.different.iter().zip(&compiled);
        let measured: Vec<Measured> = console.counting("measuring the blocks", |progress| {
            let one = |(i, (block, compiled))| {
                progress(i, blocks.different.len());
                self.measure(&accelerator, simulator.as_mut(), block, compiled)
            };
            all.enumerate().map(one).collect()
        });
        let costs: Vec<f64> = measured.iter().map(|block| block.cost).collect();
        let table = blocks.table(&costs);
        let beside = Beside::of(&table, &predicted);
        let json = json!({
            "candidates": table.0.iter().map(Vec::len).sum::<usize>(), "blocks": measured.len(),
            "cycles": measured.iter().map(|block| block.cycles).sum::<u64>(), "accelerator": accelerator.name,
            "engine": self.hardware.engine().name(), "mapper": beside.json(),
        });
        let failures: Vec<Diagnostic> = measured.into_iter().flat_map(|block| block.failures.0).collect();
        if !failures.is_empty() {
            return Ok(Done::failing(json, Report(failures)));
        }
        let text = self.about(&accelerator) + &blocks.print(&table);
        files::write(&self.out, text.as_bytes())?;
        console.say(self.sentence(&json));
        console.say(beside.sentence());
        Ok(Done::well(json).with_products(vec![self.out.clone()]))
    }

    fn accelerator(&self, config: &SearchConfig) -> Result<PathBuf, Report> {
        let path = self.config.as_ref().or(config.cost.accelerator.as_ref()).cloned();
        path.ok_or_else(|| {
            let error = Diagnostic::new("costs", "the search names no accelerator");
            error.in_file(&files::name(&self.search)).help("give one with -c, or set cost.accelerator").into()
        })
    }

    /// What the table begins with, for people: where its numbers are from.
    fn about(&self, accelerator: &Accelerator) -> String {
        let (space, engine) = (files::name(&self.search), self.hardware.engine().name());
        let memory = match self.memory.random_memory {
            Some(seed) => format!("random latencies of seed {seed}"),
            None => format!("a latency of {}", self.memory.latency),
        };
        format!(
            "# The candidates of {space} on accelerator `{}`, configuration {:016x}, before a memory with {memory}, measured by the \
             {engine} engine.\n",
            accelerator.name, accelerator.hash
        )
    }

    /// What was measured, of the machine-readable result.
    fn sentence(&self, json: &Value) -> String {
        let number = |key: &str| grouped(json[key].as_u64().unwrap_or_default());
        let held = if self.is_timed() { "all as predicted" } else { "of random memory" };
        let (candidates, blocks, cycles) = (number("candidates"), number("blocks"), number("cycles"));
        let out = files::name(&self.out);
        format!("{out}: {candidates} candidates, {blocks} different blocks, {cycles} cycles, {held}")
    }

    /// Whether cycles can be predicted.
    fn is_timed(&self) -> bool {
        self.memory.random_memory.is_none()
    }

    /// Runs a block alone. A hardware that stops is a failure of its own.
    fn measure(
        &self,
        accelerator: &Accelerator,
        simulator: &mut dyn Simulator,
        block: &Block,
        compiled: &Compiled,
    ) -> Measured {
        let measured = self.verified(accelerator, simulator, &block.graph, compiled);
        let (cost, cycles, failures) = match measured {
            Ok(verification) => {
                let (cycles, energy) = figures(accelerator, &block.graph, compiled, &verification);
                (mapped::cost(cycles, energy), cycles, verification.failures())
            }
            Err(stopped) => (0.0, 0, stopped),
        };
        Measured { cost, cycles, failures: of_block(block, failures) }
    }

    fn verified(
        &self,
        accelerator: &Accelerator,
        simulator: &mut dyn Simulator,
        graph: &Graph,
        compiled: &Compiled,
    ) -> Result<Verification, Report> {
        let images = model::random::images(1, graph, 1);
        let options = self.memory.options();
        let outcome = executor::run(simulator, accelerator, &compiled.program, &images, &options)?;
        Ok(Verification::new(&Evidence {
            accelerator,
            graph,
            compiled,
            expected: &model::reference::run_all(graph, &images)?,
            outcome: &outcome,
            run: &flow::predict(accelerator, &compiled.program, self.memory.latency)?,
            timed: self.is_timed(),
            engine: self.hardware.engine().name(),
            only: None,
            labels: None,
        }))
    }
}

/// Programs of all blocks.
///
/// # Errors
/// What does not fit the accelerator, of the first block that has such, and how many other blocks do not.
fn compile(accelerator: &Accelerator, blocks: &[Block]) -> Result<Vec<Compiled>, Report> {
    let options = Options { objective: Objective::Edp, ..Default::default() };
    let (mut compiled, mut refused) = (Vec::new(), Vec::new());
    for block in blocks {
        match flow::compile(accelerator, &block.graph, &options) {
            Ok(one) => compiled.push(one),
            Err(faults) => refused.push(of_block(block, faults)),
        }
    }
    let others = refused.len().saturating_sub(1);
    let mut report = refused.into_iter().next().unwrap_or_default();
    if others > 0 {
        let message = format!("{others} more of {} blocks do not fit `{}`", blocks.len(), accelerator.name);
        report.push(Diagnostic::new("costs", message).help("see to the first one, then try again"));
    }
    report.or(compiled)
}

/// Faults, with the block that has them.
fn of_block(block: &Block, faults: Report) -> Report {
    let noted = faults.0.into_iter().map(|fault| fault.note(format!("of block {}", block.name)));
    Report(noted.collect())
}

/// Measured cycles and picojoules of a block.
fn figures(
    accelerator: &Accelerator,
    graph: &Graph,
    compiled: &Compiled,
    verification: &Verification,
) -> (u64, f64) {
    let spans = || verification.layers.iter().filter_map(|layer| layer.measured.exec_span);
    let first = spans().map(|(begin, _)| begin).min().unwrap_or(0);
    let cycles = spans().map(|(_, end)| end - first).max().unwrap_or(0);
    let output = &graph.layer(graph.output).out_shape;
    let (mut energy, mut moved) = (0.0, 0);
    // In a network the block's input would be in the buffer, for its residual too.
    let reads = |(_, layer): (LayerId, &Layer)| {
        let sources = [Some(layer.input), layer.residual];
        sources.iter().filter(|source| **source == Some(Source::Input)).count()
    };
    let reads: usize = graph.layers().map(reads).sum();
    let mut once = (reads * graph.input.shape.elements() + output.elements()) as u64;
    for (plan, layer) in compiled.layers.iter().zip(&verification.layers) {
        let (chunk, mapping) = (&accelerator.chunks[plan.chunk], &plan.mapping);
        let mut execs = Counts::default();
        layer.measured.execs.iter().for_each(|exec| execs.add(&exec.counts));
        energy += picojoules(accelerator, chunk, &execs);
        moved += layer.measured.counts.accesses(&["ld_bytes", "st_bytes"]);
        let (line_bytes, post_lanes) = (accelerator.buffer.line_bytes, chunk.post_lanes);
        once +=
            Footprint { work: &mapping.layer, unroll: &mapping.unroll, line_bytes, post_lanes }.constants();
    }
    (cycles, energy + of_bytes(accelerator, moved.saturating_sub(once)))
}
