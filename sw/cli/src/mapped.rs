//! Layers mapped onto this hardware, and what they cost: as a table for people and as JSON for programs.

use crate::measure::{self, Times};
use crate::{explained, flow, mappings};
use compiler::{LayerPlan, Options};
use mapper::counts::ACCESSES;
use mapper::events::LATENCY;
use mapper::text::Named;
use mapper::{energy, Dim};
use model::Graph;
use serde_json::{json, Map as Object, Value};
use spec::accelerator::Accelerator;
use spec::error::{grouped, Report};
use spec::op::Op;

/// Layers and what they cost.
#[derive(Default)]
pub struct Mapped {
    /// The mappings.
    pub named: Vec<Named>,
    layers: Vec<Value>,
    /// Why each layer costs what it costs, where that was asked for.
    explanations: Option<Vec<String>>,
    evaluations: u64,
    cycles: u64,
    energy: f64,
}

impl Mapped {
    /// Nothing yet; with `explain` every layer is explained.
    pub fn new(explain: bool) -> Mapped {
        Mapped { explanations: explain.then(Vec::new), ..Mapped::default() }
    }

    /// Maps the layers of a network, each as a run of it takes it.
    pub fn add(&mut self, accelerator: &Accelerator, graph: &Graph, options: &Options) -> Result<(), Report> {
        let compiled = flow::compile(accelerator, graph, options)?;
        let run = flow::predict(accelerator, &compiled.program, LATENCY)?;
        let launches = measure::predicted(&run);
        for plan in &compiled.layers {
            let times = Times::of(&compiled.program, &launches, &plan.name);
            let chunk = &accelerator.chunks[plan.chunk];
            let picojoules = energy::picojoules(accelerator, chunk, &times.counts);
            self.evaluations += plan.evaluations;
            self.energy += picojoules;
            let mut layer = layer_json(accelerator, plan, &times, picojoules);
            if let Some(explanations) = &mut self.explanations {
                let explanation = explained::of(accelerator, &compiled, &launches, plan, &times);
                layer["explanation"] = explained::json(&explanation);
                let title = format!("{} on the {}", plan.name, chunk.name());
                explanations.push(explained::text(&title, &plan.mapping.to_string(), &explanation));
            }
            self.layers.push(layer);
        }
        self.named.extend(mappings::named(accelerator, &compiled.layers));
        self.cycles += run.cycles;
        Ok(())
    }

    /// For programs.
    pub fn json(&self, objective: &str, seconds: f64) -> Value {
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

    /// For people: why each layer costs what it costs, where that was asked for.
    pub fn explanations(&self) -> String {
        let texts = self.explanations.iter().flatten();
        texts.map(|text| format!("{text}\n")).collect()
    }

    /// For people.
    pub fn table(&self) -> String {
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
        for chunk in Op::ALL.iter().map(|op| op.chunk()) {
            let mut layers = self.layers.iter().filter(|layer| layer["chunk"] == chunk).peekable();
            if layers.peek().is_some() {
                let sum = |(cycles, energy): (f64, f64), layer: &Value| {
                    let number = |key: &str| layer[key].as_f64().unwrap_or_default();
                    (cycles + number("cycles"), energy + number("energy_pj") / 1e3)
                };
                let (cycles, energy) = layers.fold((0.0, 0.0), sum);
                text += &format!("layers of the {chunk}: {} cycles, {energy:.1} nJ\n", grouped(cycles));
            }
        }
        let (cycles, energy) = (grouped(self.cycles), self.energy / 1e3);
        text + &format!("one image: {cycles} cycles, {energy:.1} nJ\n")
    }
}

/// A layer's mapping and its costs.
fn layer_json(accelerator: &Accelerator, plan: &LayerPlan, times: &Times, picojoules: f64) -> Value {
    let (chunk, mapping) = (&accelerator.chunks[plan.chunk], &plan.mapping);
    let spatial = Dim::ALL.iter().filter(|dim| mapping.unroll.size(**dim) > 1);
    let spatial: Object<String, Value> =
        spatial.map(|dim| (dim.name().to_string(), mapping.unroll.size(*dim).into())).collect();
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
        "utilization": times.utilization(plan.macs, chunk.pes().into()),
        "accesses": accesses,
    })
}
