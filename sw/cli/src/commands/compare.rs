//! `nasa compare`: networks on machines of equal area, each with the chunks that its layers need, divided for it; and beside the
//! free search the four fixed dataflows on the same machines. The paper's comparison, by the model that the hardware confirms.

use super::allocate::{positive, Unit};
use super::map::Objective;
use super::Done;
use crate::allocation::{check_ops, Allocation, Budget};
use crate::console::Console;
use crate::steady::{pipelined, steady, Steady};
use crate::{files, flow};
use clap::Args;
use mapper::energy;
use mapper::stationary::Stationary;
use model::{table, Graph};
use serde_json::{json, Value};
use spec::accelerator::Accelerator;
use spec::error::{grouped, Diagnostic, Report};
use std::path::{Path, PathBuf};

/// Compares networks on machines of equal area, in their steady state.
#[derive(Args)]
#[command(
    after_help = "Example: nasa compare -c sw/zoo/nasa-sample/machine.yaml --area 168 fbnet=sw/zoo/fbnet-c/layers.yaml hybrid=sw/zoo/nasa-sample/layers.yaml\n\n\
    Every network gets a machine of its own: the chunks of CONFIG that it has layers for, with the arrays that `nasa allocate\n\
    --method search` finds for the area. Tables of layers are taken as one network, with zeros for weights.\n\
    docs/comparison.md has the paper's comparison."
)]
pub struct Compare {
    /// Accelerator description; everything but the arrays is taken from it.
    #[arg(short, long)]
    config: PathBuf,
    /// Area of all PEs of a machine, in PEs with multipliers.
    #[arg(long, value_name = "PES", value_parser = positive)]
    area: Option<f64>,
    /// What areas are counted in.
    #[arg(long, value_enum, default_value_t = Unit::default())]
    unit: Unit,
    /// Table of areas, in place of the one that comes with the program.
    #[arg(long, value_name = "TABLE")]
    areas: Option<PathBuf>,
    /// What mappings and arrays are chosen by; edp where left out.
    #[arg(long, value_enum)]
    objective: Option<Objective>,
    /// Takes the arrays of CONFIG as they are.
    #[arg(long, conflicts_with = "area")]
    as_given: bool,
    /// Also maps every network in each of four fixed dataflows.
    #[arg(long)]
    fixed: bool,
    /// Networks, or tables of layers; `NAME=FILE` gives one a name, else it has its own, or its file's.
    #[arg(required = true, value_name = "[NAME=]FILE")]
    networks: Vec<String>,
}

/// A line of the comparison.
struct Line {
    network: String,
    machine: String,
    area: f64,
    mapper: &'static str,
    steady: Steady,
}

impl Compare {
    /// Networks, each on the machine that suits it best of all with the area of a configuration.
    #[cfg(feature = "train")]
    pub fn on_equal_area(config: PathBuf, areas: Option<PathBuf>, networks: Vec<String>) -> Compare {
        let (area, objective) = (None, None);
        Compare {
            config,
            area,
            unit: Unit::default(),
            areas,
            objective,
            as_given: false,
            fixed: false,
            networks,
        }
    }

    /// The areas that machines divide.
    ///
    /// # Errors
    /// A table that cannot be read, or that lacks a PE.
    pub fn budget(&self, accelerator: &Accelerator) -> Result<Budget, Report> {
        Budget::new(accelerator, self.areas.as_deref(), self.unit.of(), self.area)
    }

    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let accelerator = flow::accelerator(&self.config)?;
        let budget = self.budget(&accelerator)?;
        let objective = Objective::of(self.objective, energy::Objective::Edp);
        let mut graphs = Vec::new();
        for named in &self.networks {
            graphs.push(read(named)?);
        }
        check_names(&graphs)?;
        let mut lines = Vec::new();
        for graph in &graphs {
            check_ops(&accelerator, graph)?;
            let found = match self.as_given {
                false => budget.divide(console, &accelerator, graph, objective)?,
                true => Allocation {
                    area: budget.pes(),
                    steady: console.busy("mapping", || steady(&accelerator, graph, objective, None))?,
                    accelerator: accelerator.clone(),
                },
            };
            let machine = machine(&found.accelerator);
            let line = |mapper, steady| {
                let (network, machine, area) = (graph.name.clone(), machine.clone(), found.area);
                Line { network, machine, area, mapper, steady }
            };
            let fixed: &[Stationary] = if self.fixed { &Stationary::ALL } else { &[] };
            for stationary in fixed {
                let state = || steady(&found.accelerator, graph, objective, Some(*stationary));
                lines.push(line(stationary.name(), console.busy("mapping in fixed dataflows", state)?));
            }
            lines.push(line("auto", found.steady.clone()));
            if found.accelerator.chunks.len() > 1 && objective == energy::Objective::Edp {
                let state = || pipelined(&found.accelerator, graph, &found.steady);
                lines.push(line("pipeline", console.busy("mapping for the pipeline", state)?));
            }
        }
        let shown = text(&lines, &budget, self.unit);
        console.show(&shown);
        let json = json!({
            "config": accelerator.name, "area": budget.pes(), "unit": self.unit.of().name(),
            "objective": objective.name(), "lines": lines.iter().map(Line::json).collect::<Vec<Value>>(),
        });
        Ok(Done { shown, ..Done::well(json) })
    }
}

/// A network of `NAME=FILE`, or of a file alone, even where its path has an `=`.
fn read(named: &str) -> Result<Graph, Report> {
    let (name, path) = match named.split_once('=') {
        Some((name, path)) if !Path::new(named).exists() => (Some(name), Path::new(path)),
        _ => (None, Path::new(named)),
    };
    let (file, text) = (files::name(path), files::read_text(path)?);
    let mut graph = match table::is_table(&text) {
        true => {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            table::network(&stem.unwrap_or_default(), &table::parse(&file, &text)?)?
        }
        false => flow::network(path)?,
    };
    if let Some(name) = name {
        graph.name = name.to_string();
    }
    Ok(graph)
}

/// Whether every line of the table can be told from the others.
fn check_names(graphs: &[Graph]) -> Result<(), Report> {
    let mut report = Report::default();
    for (i, graph) in graphs.iter().enumerate() {
        if graphs[..i].iter().any(|other| other.name == graph.name) {
            let error = Diagnostic::new("compare", format!("two networks are called `{}`", graph.name));
            report.push(error.help("give each a name of its own: NAME=FILE"));
        }
    }
    report.or(())
}

/// The arrays of a machine: `clp 9x9 + slp 10x10`.
fn machine(accelerator: &Accelerator) -> String {
    let arrays =
        accelerator.chunks.iter().map(|chunk| format!("{} {}x{}", chunk.name(), chunk.rows, chunk.cols));
    arrays.collect::<Vec<_>>().join(" + ")
}

fn text(lines: &[Line], budget: &Budget, unit: Unit) -> String {
    let mut text =
        "| network | machine | area | mapper | cycles | nJ | op | RF | NoC | buffer | DRAM | EDP |\n"
            .to_string();
    text += &format!("|---|---|--:|---|{}\n", "--:|".repeat(8));
    lines.iter().for_each(|line| text += &line.row(lines));
    text + &format!(
        "\nan image in the steady state; area of at most {:.1} PEs with multipliers ({}), EDP over that of the first `auto`\n",
        budget.pes(),
        unit.of().name()
    )
}

impl Line {
    fn row(&self, lines: &[Line]) -> String {
        let Line { network, machine, area, mapper, steady } = self;
        let first = lines.iter().find(|line| line.mapper == "auto").map_or(1.0, |line| line.steady.edp());
        let levels = &steady.levels;
        let nanojoules = |picojoules: f64| grouped((picojoules / 1e3).round());
        let energies =
            [levels.total(), levels.op, levels.rf, levels.noc, levels.buffer, levels.dram].map(nanojoules);
        let free = match steady.unfixed {
            0 => mapper.to_string(),
            unfixed => format!("{mapper}, {unfixed} of {} free", steady.mappings.len()),
        };
        format!(
            "| {network} | {machine} | {area:.1} | {free} | {} | {} | {:.3} |\n",
            grouped(steady.cycles.round()),
            energies.join(" | "),
            steady.edp() / first
        )
    }

    fn json(&self) -> Value {
        let Line { network, machine, area, mapper, steady } = self;
        let levels = &steady.levels;
        json!({
            "network": network, "machine": machine, "area": area, "mapper": mapper, "cycles": steady.cycles,
            "energy_pj": levels.total(), "edp": steady.edp(), "busy": steady.busy, "unfixed": steady.unfixed,
            "levels": {"op": levels.op, "rf": levels.rf, "noc": levels.noc, "buffer": levels.buffer, "dram": levels.dram},
        })
    }
}
