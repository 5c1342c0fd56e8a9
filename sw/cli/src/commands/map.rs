//! `nasa map`: how each layer is mapped onto its chunk, and what that costs.
//!
//! Figures are those of the program that the mappings make, for one image: launches and accesses as the event model
//! predicts them, which `nasa verify` compares with the hardware. `--cost-model nasa` asks the paper's simulator instead.

use super::Done;
use crate::console::Console;
use crate::mapped::Mapped;
use crate::mappings::Given;
use crate::steady::{pipelined, steady};
use crate::{files, flow, paper, pictures};
use clap::{Args, ValueEnum};
use compiler::Options;
use mapper::energy;
use mapper::text;
use model::Graph;
use spec::accelerator::Accelerator;
use spec::error::{Diagnostic, Report};
use std::path::PathBuf;
use std::time::Instant;

/// Bits of a word in the paper's simulator, for which its figures are known.
const DEFAULT_BITS: u32 = 8;

/// What a mapping is chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Objective {
    /// Cycles.
    Latency,
    /// Picojoules.
    Energy,
    /// Their product.
    Edp,
}

/// What predicts the costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CostModel {
    /// The event model of this hardware, exact to the cycle.
    Hardware,
    /// The paper's simulator.
    Nasa,
}

/// Maps every layer of a network, or of a table of layers, onto an accelerator.
#[derive(Args)]
#[command(after_help = "Example: nasa map -c hw/configs/tiny.yaml -n net.yaml -o net.mapping\n\n\
    All figures are predictions for one image. --layers takes a YAML list of {name, op, n, g, k, c, oy, ox, fy, fx, sy, sx, py, px};\n\
    each of them is mapped as a network of its own. Energies are those of the description's `energy_pj`.\n\n\
    --cost-model nasa takes the arrays' numbers of PEs from the description, or divides the paper's area where there is\n\
    none, and chooses dataflows and tilings as the paper does (docs/paper-model.md):\n\
    nasa map --cost-model nasa --layers sw/zoo/nasa-sample/layers.yaml\n\n\
    nasa map -c hw/configs/tiny.yaml -n net.yaml --explain shows why each layer costs what it costs.\n\n\
    To compare with another tool's mappings: nasa map -c hw/configs/flat16.yaml --whole-space --objective edp \\\n    \
    --sum-bits 16 --beside sw/mapper/tests/zigzag/resnet18.yaml")]
pub struct Map {
    /// Accelerator description.
    #[arg(short, long, required_unless_present = "cost_model", required_if_eq("cost_model", "hardware"))]
    config: Option<PathBuf>,
    /// Network file.
    #[arg(short, long, required_unless_present_any = ["layers", "whole_space"])]
    network: Option<PathBuf>,
    /// Table of layers, in place of a network.
    #[arg(long, value_name = "TABLE", conflicts_with = "network")]
    pub(super) layers: Option<PathBuf>,
    /// What predicts the costs.
    #[arg(long, value_enum, default_value_t = CostModel::Hardware)]
    cost_model: CostModel,
    /// What the search looks for; latency where left out, edp with `--cost-model nasa`.
    #[arg(long, value_enum)]
    pub(super) objective: Option<Objective>,
    /// Bits of a word with `--cost-model nasa`: 32, 16, 8 or 6, for all chunks or one each; 8 where left out.
    #[arg(long, value_delimiter = ',', value_name = "BITS")]
    bits: Vec<u32>,
    /// Scores these mappings instead of searching.
    #[arg(long, value_name = "MAPPING", conflicts_with = "objective")]
    pub(super) evaluate: Option<PathBuf>,
    /// Chooses mappings for the steady state of all chunks together: the least product of the busiest chunk's cycles and of all
    /// energy, with as many images under way as the pipeline holds.
    #[arg(long, conflicts_with_all = ["layers", "whole_space", "evaluate", "objective"])]
    pipeline: bool,
    /// Shows why each layer costs what it costs: what its cycles are spent on, which PEs idle, how often data is used.
    #[arg(long, conflicts_with = "whole_space")]
    explain: bool,
    /// Where the mappings go; stdout where left out and nothing else is asked for.
    #[arg(short, long, value_name = "MAPPING")]
    pub(super) out: Option<PathBuf>,
    /// Draws every mapping, as FOLDER/LAYER.svg: what lies on the array, and where the nest takes operands from.
    #[arg(long, value_name = "FOLDER", conflicts_with = "whole_space")]
    pictures: Option<PathBuf>,
    /// Searches the whole space of mappings, more than the hardware runs, and proves a bound.
    #[arg(long, conflicts_with = "network")]
    whole_space: bool,
    /// Mappings of the whole space to compare with; their layers are mapped where there is no table.
    #[arg(long, value_name = "MAPPING", requires = "whole_space")]
    pub(super) beside: Option<PathBuf>,
    /// Bits of a partial sum in the whole space, where they are not the hardware's.
    #[arg(long, value_name = "BITS", requires = "whole_space", value_parser = clap::value_parser!(u32).range(8..=32))]
    pub(super) sum_bits: Option<u32>,
    /// Branches that the search of the whole space visits for a layer; fewer are faster, and less is proven.
    #[arg(long, value_name = "BRANCHES", requires = "whole_space", conflicts_with = "evaluate")]
    pub(super) budget: Option<u64>,
    /// Mappings of the whole space that are kept for each layer, the best first.
    #[arg(
        long,
        value_name = "MAPPINGS",
        requires = "whole_space",
        conflicts_with = "evaluate",
        default_value_t = 1
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) keep: u32,
}

impl Objective {
    /// As the mapper knows it.
    pub(super) fn of(chosen: Option<Objective>, otherwise: energy::Objective) -> energy::Objective {
        match chosen {
            Some(Objective::Latency) => energy::Objective::Latency,
            Some(Objective::Energy) => energy::Objective::Energy,
            Some(Objective::Edp) => energy::Objective::Edp,
            None => otherwise,
        }
    }
}

impl Map {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        self.check()?;
        match (self.cost_model, &self.config) {
            (CostModel::Hardware, Some(config)) => {
                let accelerator = flow::accelerator(config)?;
                match self.whole_space {
                    true => super::whole_space::run(self, console, &accelerator),
                    false => self.on_hardware(console, &accelerator),
                }
            }
            (_, config) => {
                let accelerator = config.as_deref().map(flow::accelerator).transpose()?;
                self.in_the_paper(console, accelerator.as_ref())
            }
        }
    }

    /// Flags that do not go with the cost model.
    fn check(&self) -> Result<(), Report> {
        let no_out = "its tilings are none that this hardware can run; leave out --out";
        let no_evaluate = "it has tilings of its own only; leave out --evaluate";
        let no_space = "it has a space of its own; leave out --whole-space";
        let no_pipeline = "it maps all chunks together anyway; leave out --pipeline";
        let no_explain = "it has no stalls to explain; leave out --explain";
        let no_pictures = "its tilings have no nest to draw; leave out --pictures";
        let no_bits = "widths are those of the description; choose --cost-model nasa";
        let (model, flags) = match self.cost_model {
            CostModel::Nasa => (
                "nasa",
                vec![
                    (self.out.is_some(), "--out", no_out),
                    (self.evaluate.is_some(), "--evaluate", no_evaluate),
                    (self.whole_space, "--whole-space", no_space),
                    (self.explain, "--explain", no_explain),
                    (self.pipeline, "--pipeline", no_pipeline),
                    (self.pictures.is_some(), "--pictures", no_pictures),
                ],
            ),
            CostModel::Hardware => ("hardware", vec![(!self.bits.is_empty(), "--bits", no_bits)]),
        };
        let error = |(_, flag, help): (bool, &str, &str)| {
            let message = format!("{flag} does not go with the cost model `{model}`");
            Diagnostic::new("mapping", message).help(help)
        };
        Report(flags.into_iter().filter(|(is_given, ..)| *is_given).map(error).collect()).or(())
    }

    fn in_the_paper(&self, console: &Console, accelerator: Option<&Accelerator>) -> Result<Done, Report> {
        let started = Instant::now();
        let (_, layers) = paper::layers(self.network.as_deref(), self.layers.as_deref())?;
        if let Some(accelerator) = accelerator {
            paper::check_ops(accelerator, &layers)?;
        }
        let bits = if self.bits.is_empty() { &[DEFAULT_BITS][..] } else { &self.bits };
        let arrays = paper::arrays(accelerator, &layers, bits)?;
        let objective = Objective::of(self.objective, energy::Objective::Edp);
        let outcome = console
            .counting("mapping", |progress| paper::Outcome::search(&layers, &arrays, objective, progress))?;
        console.show(outcome.table());
        Ok(Done::well(outcome.json(started.elapsed().as_secs_f64())))
    }

    fn on_hardware(&self, console: &Console, accelerator: &Accelerator) -> Result<Done, Report> {
        let started = Instant::now();
        let networks = self.networks()?;
        let given = self.evaluate.as_deref().map(Given::read).transpose()?;
        let objective = Objective::of(self.objective, energy::Objective::Latency);
        let mut mapped = Mapped::new(self.explain);
        for graph in &networks {
            let mappings = match &given {
                // Of a table every layer is a network.
                Some(given) if self.layers.is_some() => Some(given.among_others(accelerator, graph)?),
                Some(given) => Some(given.in_order(accelerator, graph)?),
                None if self.pipeline => {
                    let alone = || steady(accelerator, graph, energy::Objective::Edp, None);
                    let whole = || pipelined(accelerator, graph, &alone()?);
                    Some(console.busy("mapping for the pipeline", whole)?.mappings)
                }
                None => None,
            };
            let options = Options { mappings, objective, ..Options::default() };
            console.busy("mapping", || mapped.add(accelerator, graph, &options))?;
        }
        let text = text::print(&mapped.named);
        match &self.out {
            Some(out) => {
                files::write(out, text.as_bytes())?;
                console.say(format!("{}: {} layers", out.display(), mapped.named.len()));
            }
            None if self.asks_for_figures() => {}
            None => console.show(text),
        }
        if let Some(folder) = &self.pictures {
            let pictures = pictures::of_mappings(accelerator, folder, &mapped.named)?;
            files::write_all(&pictures)?;
            console.say(format!("{}: {} pictures", folder.display(), pictures.len()));
        }
        console.show(mapped.explanations());
        if self.out.is_some() || self.asks_for_figures() {
            console.show(mapped.table());
        }
        let name = match (&self.evaluate, self.pipeline) {
            (Some(_), _) => "given",
            (None, true) => "pipeline",
            (None, false) => objective.name(),
        };
        Ok(Done::well(mapped.json(name, started.elapsed().as_secs_f64())))
    }

    /// Whether figures or pictures are asked for, rather than the mappings themselves.
    fn asks_for_figures(&self) -> bool {
        self.evaluate.is_some() || self.explain || self.pictures.is_some()
    }

    /// The network, or the layers of the table as networks.
    fn networks(&self) -> Result<Vec<Graph>, Report> {
        match (&self.network, &self.layers) {
            (Some(network), _) => Ok(vec![flow::network(network)?]),
            (None, Some(table)) => {
                let rows = model::table::parse(&files::name(table), &files::read_text(table)?)?;
                rows.iter().map(model::table::Row::network).collect()
            }
            (None, None) => Ok(Vec::new()),
        }
    }
}
