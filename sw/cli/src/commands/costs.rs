//! `nasa costs`: what every candidate of a space costs on the generated hardware, as a table for searches.
//!
//! Each block that differs runs alone, one image, on the RTL, and is held to the reference and to the prediction as `nasa
//! verify` does. What counts is what `cost.kind: mapper` predicts, measured: cycles from the begin of the block's first EXEC
//! to the end of its last, waits in between included, times the energy of what its EXECs were counted to do.

use super::{Done, Hardware, Memory};
use crate::console::Console;
use crate::verification::{Evidence, Verification};
use crate::{files, flow};
use clap::Args;
use cosim::executor;
use mapper::energy::{picojoules, Objective};
use mapper::Counts;
use nas::cost::blocks::{Block, Blocks};
use nas::cost::{mapped, CostTable};
use nas::SearchConfig;
use serde_json::json;
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
        // What the mapper refuses is refused before anything runs.
        let predicted = mapped::costs(&config, &blocks.places, &accelerator)?;
        let mut simulator = flow::simulator(console, &accelerator, &self.hardware)?;
        let count = blocks.different.len();
        let measured: Result<Vec<Measured>, Report> = console.counting("measuring blocks", |progress| {
            let measured = blocks.different.iter().enumerate().map(|(i, block)| {
                progress(i, count);
                self.measure(&accelerator, simulator.as_mut(), block)
            });
            measured.collect()
        });
        let measured = measured?;
        let costs: Vec<f64> = measured.iter().map(|block| block.cost).collect();
        let cycles: u64 = measured.iter().map(|block| block.cycles).sum();
        let failures: Vec<Diagnostic> = measured.into_iter().flat_map(|block| block.failures.0).collect();
        let table = blocks.table(&costs);
        let beside = Beside::of(&table, &predicted);
        let candidates: usize = table.0.iter().map(Vec::len).sum();
        let name = files::name(&self.out);
        if failures.is_empty() {
            let (space, engine) = (files::name(&self.search), self.hardware.engine().name());
            let about = format!(
                "# The candidates of {space} on accelerator `{}`, configuration {:016x}, measured by the {engine} engine.\n",
                accelerator.name, accelerator.hash
            );
            files::write(&self.out, (about + &blocks.print(&table)).as_bytes())?;
            let cycles = grouped(cycles);
            let held =
                if self.memory.random_memory.is_none() { "all as predicted" } else { "of random memory" };
            console.say(format!(
                "{name}: {candidates} candidates, {count} different blocks, {cycles} cycles, {held}"
            ));
            console.say(beside.sentence());
        }
        let json = json!({
            "candidates": candidates, "blocks": count, "cycles": cycles, "accelerator": accelerator.name,
            "engine": self.hardware.engine().name(), "mapper": beside.json(),
        });
        Ok(Done::failing(json, Report(failures)).with_products(vec![self.out.clone()]))
    }

    fn accelerator(&self, config: &SearchConfig) -> Result<PathBuf, Report> {
        let path = self.config.as_ref().or(config.cost.accelerator.as_ref()).cloned();
        path.ok_or_else(|| {
            let error = Diagnostic::new("costs", "the search names no accelerator");
            error.in_file(&files::name(&self.search)).help("give one with -c, or set cost.accelerator").into()
        })
    }

    /// Runs a block alone.
    ///
    /// # Errors
    /// It does not fit the accelerator, or the hardware stops.
    fn measure(
        &self,
        accelerator: &Accelerator,
        simulator: &mut dyn Simulator,
        block: &Block,
    ) -> Result<Measured, Report> {
        let of_block = |report: Report| {
            Report(report.0.into_iter().map(|error| error.note(format!("of block {}", block.name))).collect())
        };
        let graph = &block.graph;
        let options = compiler::Options { objective: Objective::Edp, ..Default::default() };
        let compiled = flow::compile(accelerator, graph, &options).map_err(of_block)?;
        let images = model::random::images(1, graph, 1);
        let expected = model::reference::run_all(graph, &images)?;
        let options = self.memory.options();
        let outcome = executor::run(simulator, accelerator, &compiled.program, &images, &options);
        let outcome = outcome.map_err(of_block)?;
        let verification = Verification::new(&Evidence {
            accelerator,
            graph,
            compiled: &compiled,
            expected: &expected,
            outcome: &outcome,
            run: &flow::predict(accelerator, &compiled.program, self.memory.latency)?,
            timed: self.memory.random_memory.is_none(),
            engine: self.hardware.engine().name(),
            only: None,
            labels: None,
        });
        let spans = || verification.layers.iter().filter_map(|layer| layer.measured.exec_span);
        let first = spans().map(|(begin, _)| begin).min().unwrap_or(0);
        let cycles = spans().map(|(_, end)| end - first).max().unwrap_or(0);
        let energy = compiled.layers.iter().zip(&verification.layers).map(|(plan, layer)| {
            let mut counts = Counts::default();
            layer.measured.execs.iter().for_each(|exec| counts.add(&exec.counts));
            picojoules(accelerator, &accelerator.chunks[plan.chunk], &counts)
        });
        let cost = mapped::cost(cycles, energy.sum());
        Ok(Measured { cost, cycles, failures: of_block(verification.failures()) })
    }
}

/// The mapper's costs beside measured ones.
struct Beside {
    /// Predicted over measured costs: least, median, greatest.
    ratios: [f64; 3],
    /// Of the pairs of a place's candidates, the share that both put in the same order.
    same_order: f64,
}

impl Beside {
    fn of(measured: &CostTable, predicted: &CostTable) -> Beside {
        let places = || measured.0.iter().zip(&predicted.0);
        let both = places().flat_map(|(measured, predicted)| measured.iter().zip(predicted));
        let mut ratios: Vec<f64> = both.filter(|(m, _)| **m > 0.0).map(|(m, p)| p / m).collect();
        ratios.sort_by(f64::total_cmp);
        let [mut same, mut all] = [0, 0];
        for (measured, predicted) in places() {
            for i in 0..measured.len() {
                for j in 0..i {
                    all += 1;
                    let order = |costs: &[f64]| costs[i].total_cmp(&costs[j]);
                    same += usize::from(order(measured) == order(predicted));
                }
            }
        }
        let at = |share: f64| ratios.get((share * (ratios.len().max(1) - 1) as f64) as usize).copied();
        Beside {
            ratios: [0.0, 0.5, 1.0].map(|share| at(share).unwrap_or(1.0)),
            same_order: same as f64 / all.max(1) as f64,
        }
    }

    fn sentence(&self) -> String {
        let [least, median, greatest] = self.ratios;
        let order = 100.0 * self.same_order;
        format!(
            "the mapper's costs are {least:.3} to {greatest:.3} of these, in the median {median:.3}, \
             and put {order:.1} % of the pairs of a block's candidates in the same order"
        )
    }

    fn json(&self) -> serde_json::Value {
        let [least, median, greatest] = self.ratios;
        json!({"least": least, "median": median, "greatest": greatest, "same_order": self.same_order})
    }
}
