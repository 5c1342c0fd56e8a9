//! `nasa map`: how each layer is mapped onto its chunk, and what that costs.
//!
//! Figures are those of the program that the mappings make, for one image: launches and accesses as the event model
//! predicts them, which `nasa verify` compares with the hardware.

use super::Done;
use crate::console::Console;
use crate::measure::{self, Times};
use crate::{files, flow, mappings};
use clap::{Args, ValueEnum};
use compiler::{LayerPlan, Options};
use mapper::counts::ACCESSES;
use mapper::text::{self, Named};
use mapper::{energy, Dim};
use model::Graph;
use serde_json::{json, Map as Object, Value};
use spec::accelerator::Accelerator;
use spec::error::{grouped, Report};
use std::path::PathBuf;
use std::time::Instant;

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

/// Maps every layer of a network, or of a table of layers, onto an accelerator.
#[derive(Args)]
#[command(after_help = "Example: nasa map -c hw/configs/tiny.yaml -n net.yaml -o net.mapping\n\n\
    All figures are predictions for one image. --layers takes a YAML list of {name, op, n, g, k, c, oy, ox, fy, fx, sy, sx, py, px};\n\
    each of them is mapped as a network of its own. Energies are those of the description's `energy_pj`.\n\n\
    To compare with another tool's mappings: nasa map -c hw/configs/flat16.yaml --whole-space --objective edp \\\n    \
    --sum-bits 16 --beside sw/mapper/tests/zigzag/resnet18.yaml")]
pub struct Map {
    /// Accelerator description.
    #[arg(short, long)]
    pub(super) config: PathBuf,
    /// Network file.
    #[arg(short, long, required_unless_present_any = ["layers", "whole_space"])]
    network: Option<PathBuf>,
    /// Table of layers, in place of a network.
    #[arg(long, value_name = "TABLE", conflicts_with = "network")]
    pub(super) layers: Option<PathBuf>,
    /// What the search looks for.
    #[arg(long, value_enum, default_value_t = Objective::Latency)]
    pub(super) objective: Objective,
    /// Scores these mappings instead of searching.
    #[arg(long, value_name = "MAPPING", conflicts_with = "objective")]
    pub(super) evaluate: Option<PathBuf>,
    /// Where the mappings go; stdout where left out.
    #[arg(short, long, value_name = "MAPPING")]
    pub(super) out: Option<PathBuf>,
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
}

impl Objective {
    /// As the mapper knows it.
    pub(super) fn meant(self) -> energy::Objective {
        match self {
            Objective::Latency => energy::Objective::Latency,
            Objective::Energy => energy::Objective::Energy,
            Objective::Edp => energy::Objective::Edp,
        }
    }
}

impl Map {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        if self.whole_space {
            return super::whole_space::run(self, console);
        }
        let started = Instant::now();
        let accelerator = flow::accelerator(&self.config)?;
        let networks = self.networks()?;
        let given = match &self.evaluate {
            Some(path) => Some((path, text::parse(&files::name(path), &files::read_text(path)?)?)),
            None => None,
        };
        let objective = self.objective.meant();
        let mut mapped = Mapped::default();
        for graph in &networks {
            let mappings = match &given {
                // Of a table every layer is a network, and finds its own.
                Some((path, all)) if self.layers.is_some() => {
                    let mine: Vec<Named> =
                        all.iter().filter(|named| graph.find(&named.layer).is_some()).cloned().collect();
                    Some(mappings::in_order(&files::name(path), &mine, &accelerator, graph)?)
                }
                Some((path, all)) => Some(mappings::in_order(&files::name(path), all, &accelerator, graph)?),
                None => None,
            };
            let options = Options { mappings, objective, ..Options::default() };
            console.busy("mapping", || mapped.add(&accelerator, graph, &options))?;
        }
        let text = text::print(&mapped.named);
        match &self.out {
            Some(out) => {
                files::write(out, text.as_bytes())?;
                console.say(format!("{}: {} layers", out.display(), mapped.named.len()));
            }
            None if self.evaluate.is_none() => console.show(text),
            None => {}
        }
        if self.out.is_some() || self.evaluate.is_some() {
            console.show(mapped.table());
        }
        let name = if self.evaluate.is_some() { "given" } else { objective.name() };
        Ok(Done::well(mapped.json(name, started.elapsed().as_secs_f64())))
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

/// Layers and what they cost.
#[derive(Default)]
struct Mapped {
    named: Vec<Named>,
    layers: Vec<Value>,
    evaluations: u64,
    cycles: u64,
    energy: f64,
}

impl Mapped {
    fn add(&mut self, accelerator: &Accelerator, graph: &Graph, options: &Options) -> Result<(), Report> {
        let compiled = flow::compile(accelerator, graph, options)?;
        let run = flow::predict(accelerator, &compiled.program, super::simulate::LATENCY)?;
        let launches = measure::predicted(&run);
        for plan in &compiled.layers {
            let times = Times::of(&compiled.program, &launches, &plan.name);
            let chunk = &accelerator.chunks[plan.chunk];
            let picojoules = energy::picojoules(accelerator, chunk, &times.counts);
            self.evaluations += plan.evaluations;
            self.energy += picojoules;
            self.layers.push(layer_json(accelerator, plan, &times, picojoules));
        }
        self.named.extend(mappings::named(accelerator, &compiled.layers));
        self.cycles += run.cycles;
        Ok(())
    }

    fn json(&self, objective: &str, seconds: f64) -> Value {
        json!({
            "objective": objective,
            "evaluations": self.evaluations,
            "seconds": seconds,
            "layers": self.layers,
            "total": {
                "cycles": self.cycles, "energy_pj": self.energy, "edp": self.cycles as f64 * self.energy,
            },
        })
    }

    fn table(&self) -> String {
        let line = |cells: [&str; 6]| {
            let [name, chunk, macs, cycles, util, energy] = cells;
            format!("{name:<20} {chunk:>5} {macs:>14} {cycles:>12} {util:>6} {energy:>12}\n")
        };
        let mut text = line(["layer", "chunk", "macs", "cycles", "util", "nJ"]);
        for layer in &self.layers {
            let word = |key: &str| layer[key].as_str().unwrap_or_default();
            let number = |key: &str| layer[key].as_f64().unwrap_or_default();
            text += &line([
                word("name"),
                word("chunk"),
                &grouped(number("macs")),
                &grouped(number("cycles")),
                &format!("{:.1}%", 100.0 * number("utilization")),
                &format!("{:.1}", number("energy_pj") / 1e3),
            ]);
        }
        let (cycles, energy) = (grouped(self.cycles), self.energy / 1e3);
        text + &format!("one image: {cycles} cycles, {energy:.1} nJ\n")
    }
}

/// A layer's mapping and its costs.
fn layer_json(accelerator: &Accelerator, plan: &LayerPlan, times: &Times, picojoules: f64) -> Value {
    let (chunk, mapping) = (&accelerator.chunks[plan.chunk], &plan.mapping);
    let spatial = Dim::ALL.iter().filter(|dim| mapping.spatial(**dim) > 1);
    let spatial: Object<String, Value> =
        spatial.map(|dim| (dim.name().to_string(), mapping.spatial(*dim).into())).collect();
    let temporal: Vec<Value> =
        mapping.loops.iter().map(|l| json!({"dim": l.dim.name(), "bound": l.bound})).collect();
    let accesses: Object<String, Value> = ACCESSES
        .iter()
        .map(|(name, counters)| (name.to_string(), times.counts.accesses(counters).into()))
        .collect();
    let cycles = times.image_cycles as u64;
    json!({
        "name": plan.name,
        "chunk": chunk.name(),
        "macs": plan.macs,
        "spatial": spatial,
        "temporal": temporal,
        "mapping": mapping.to_string(),
        "parts": plan.parts,
        "cycles": cycles,
        "energy_pj": picojoules,
        "edp": cycles as f64 * picojoules,
        "utilization": times.utilization(chunk.pes().into(), 1),
        "accesses": accesses,
    })
}
