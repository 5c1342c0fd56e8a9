//! What `nasa verify` found out, as a table for people and JSON for programs.

use crate::labels::{Labels, Top1};
use crate::measure::{self, Times};
use accel::counters::CHUNK_COUNTERS;
use compiler::{Compiled, LayerPlan};
use cosim::compare::{compare, Comparison};
use cosim::executor::Outcome;
use mapper::events;
use model::{Graph, Tensor};
use serde_json::{json, Map, Value};
use spec::accelerator::Accelerator;
use spec::error::{grouped, Diagnostic, Report};

/// A run on the hardware, beside what it should have been.
pub struct Verification {
    network: String,
    config: String,
    engine: &'static str,
    images: u32,
    cycles: u64,
    /// Nothing where the memory's timing was random.
    predicted: Option<u64>,
    dram: [u64; 2],
    top1: Option<Top1>,
    layers: Vec<Layer>,
}

/// One layer of it.
struct Layer {
    index: usize,
    name: String,
    chunk: &'static str,
    pes: u64,
    macs: u64,
    /// Nothing where its output was not stored, or was not asked for.
    comparison: Option<Comparison>,
    measured: Times,
    predicted: Option<Times>,
}

/// What is compared with what.
pub struct Evidence<'a> {
    pub accelerator: &'a Accelerator,
    pub graph: &'a Graph,
    pub compiled: &'a Compiled,
    /// The reference's output of every layer.
    pub expected: &'a [Tensor],
    pub outcome: &'a Outcome,
    /// The predicted run, where there is one.
    pub run: Option<&'a events::Run>,
    pub engine: &'static str,
    /// The layers to compare; all where left out.
    pub only: Option<&'a [String]>,
    /// The images' classes, where they are known.
    pub labels: Option<&'a Labels>,
}

impl Evidence<'_> {
    /// How many images the hardware puts into their class.
    fn top1(&self) -> Option<Top1> {
        let name = &self.compiled.layers[self.graph.output.0].name;
        let (_, output) = self.outcome.outputs.iter().find(|(output, _)| output == name)?;
        self.labels.map(|labels| labels.top1(output))
    }
}

impl Verification {
    /// Compares what the hardware left in DRAM with the reference, and its trace with the prediction.
    pub fn new(evidence: &Evidence<'_>) -> Verification {
        let Evidence { accelerator, graph, compiled, outcome, run, engine, .. } = evidence;
        Verification {
            network: graph.name.clone(),
            config: accelerator.name.clone(),
            engine,
            images: compiled.program.images,
            cycles: outcome.cycles,
            predicted: run.map(|run| run.cycles),
            dram: [outcome.dram_read, outcome.dram_written],
            top1: evidence.top1(),
            layers: layers(evidence),
        }
    }

    fn compared(&self) -> impl Iterator<Item = (&Layer, &Comparison)> {
        self.layers.iter().filter_map(|layer| Some((layer, layer.comparison.as_ref()?)))
    }

    /// Every layer that differs, as an error; one error where nothing was compared.
    pub fn failures(&self) -> Report {
        let mut report = Report(self.compared().filter_map(|(layer, found)| layer.failure(found)).collect());
        if self.compared().next().is_none() {
            let error = Diagnostic::new("verify", "nothing was compared");
            report.push(error.help("name layers whose output is stored, or leave --layers out"));
        }
        report
    }

    /// The machine-readable result.
    pub fn json(&self) -> Value {
        let mut json = json!({
            "network": self.network,
            "config": self.config,
            "engine": self.engine,
            "images": self.images,
            "mismatches": self.compared().map(|(_, found)| found.mismatches).sum::<usize>(),
            "elements": self.compared().map(|(_, found)| found.elements).sum::<usize>(),
            "cycles": {"predicted": self.predicted, "measured": self.cycles},
            "dram": {"read": self.dram[0], "written": self.dram[1]},
            "layers": self.layers.iter().map(Layer::json).collect::<Vec<Value>>(),
        });
        if let Some(Top1 { right, images }) = self.top1 {
            json["top1"] = json!({"right": right, "images": images});
        }
        json
    }

    /// The result for people.
    pub fn table(&self) -> String {
        let header = ["layer", "chunk", "macs", "cycles", "predicted", "util", "elements", "bits"];
        let mut text = line(&header.map(str::to_string));
        for layer in &self.layers {
            text += &line(&layer.row(self.images));
        }
        let predicted = self
            .predicted
            .map_or("random memory: no prediction".into(), |cycles| format!("{} predicted", grouped(cycles)));
        let [read, written] = self.dram.map(grouped);
        let (images, cycles) = (self.images, grouped(self.cycles));
        text += &format!("{images} images in {cycles} cycles ({predicted}); {read} bytes read from DRAM, {written} written\n");
        if let Some(Top1 { right, images }) = self.top1 {
            text += &format!("top-1: {right} of {images}\n");
        }
        text
    }
}

fn layers(evidence: &Evidence<'_>) -> Vec<Layer> {
    let Evidence { accelerator, graph, compiled, expected, outcome, run, only, .. } = evidence;
    let measured = measure::measured(outcome);
    let predicted = run.map(measure::predicted);
    let layer = |(index, plan): (usize, &LayerPlan)| {
        let chunk = &accelerator.chunks[plan.chunk];
        let wanted = only.is_none_or(|only| only.contains(&plan.name));
        let found = outcome.outputs.iter().find(|(output, _)| wanted && *output == plan.name);
        let times = |launches: &Vec<measure::Launch<'_>>| Times::of(&compiled.program, launches, &plan.name);
        Layer {
            index,
            name: plan.name.clone(),
            chunk: chunk.name(),
            pes: chunk.pes().into(),
            macs: plan.macs,
            comparison: found.map(|(_, found)| compare(&expected[index], found)),
            measured: times(&measured),
            predicted: predicted.as_ref().map(times),
        }
    };
    assert_eq!(graph.len(), compiled.layers.len(), "a plan for every layer");
    compiled.layers.iter().enumerate().map(layer).collect()
}

fn line(cells: &[String; 8]) -> String {
    let [name, chunk, macs, cycles, predicted, utilization, elements, bits] = cells;
    format!("{name:<20} {chunk:>5} {macs:>12} {cycles:>12} {predicted:>12} {utilization:>6} {elements:>12} {bits}\n")
}

impl Layer {
    fn row(&self, images: u32) -> [String; 8] {
        let (elements, bits) = match &self.comparison {
            None => (String::new(), "not compared".to_string()),
            Some(Comparison { elements, mismatches: 0, .. }) => (grouped(*elements), "equal".to_string()),
            Some(Comparison { elements, mismatches, .. }) => {
                (grouped(*elements), format!("{mismatches} DIFFER"))
            }
        };
        [
            self.name.clone(),
            self.chunk.to_string(),
            grouped(self.macs * u64::from(images)),
            grouped(self.measured.cycles()),
            self.predicted.as_ref().map_or(String::new(), |times| grouped(times.cycles())),
            format!("{:.1}%", 100.0 * self.measured.utilization(self.pes)),
            elements,
            bits,
        ]
    }

    fn failure(&self, comparison: &Comparison) -> Option<Diagnostic> {
        let first = comparison.first.as_ref()?;
        let message =
            format!("layer {} `{}` differs from the reference at {:?}", self.index, self.name, first.index);
        let (mismatches, elements) = (grouped(comparison.mismatches), grouped(comparison.elements));
        let figures = format!(
            "expected {}, RTL gave {} ({mismatches} of {elements} elements differ)",
            first.expected, first.found
        );
        let mut error = Diagnostic::new("cosim", message).note(figures);
        if let (Some((queue, word)), Some((begin, end))) = (self.measured.first, self.measured.exec_span) {
            let chunk = self.chunk;
            let queue = spec::isa::table::Queue::ALL[queue % 3].name();
            error = error
                .note(format!("computed by {chunk}.{queue} from word {word} on, cycles {begin} to {end}"));
        }
        Some(error.help("see its inputs with `nasa reference --dump`, its words with `nasa disasm`"))
    }

    fn json(&self) -> Value {
        let (measured, predicted) = (&self.measured, self.predicted.as_ref());
        let sum = |names: &[&str]| names.iter().map(|name| measured.counter(name)).sum::<u64>();
        let counter = |(name, _): &(&str, &str)| (name.to_string(), measured.counter(name).into());
        json!({
            "name": self.name,
            "chunk": self.chunk,
            "macs": self.macs,
            "mismatches": self.comparison.as_ref().map(|found| found.mismatches),
            "elements": self.comparison.as_ref().map(|found| found.elements),
            "cycles": {"predicted": predicted.map(Times::cycles), "measured": measured.cycles()},
            "exec_cycles": {"predicted": predicted.map(|times| times.exec), "measured": measured.exec},
            "utilization": measured.utilization(self.pes),
            "accesses": {
                "gb": {"measured": sum(&["x_bytes", "w_bytes", "r_bytes", "y_bytes"])},
                "noc": {"measured": sum(&["x_beats", "w_beats", "y_beats"])},
            },
            "counters": CHUNK_COUNTERS.iter().map(counter).collect::<Map<String, Value>>(),
        })
    }
}

/// How a layer is run, as JSON.
pub fn plan_json(accelerator: &Accelerator, plan: &LayerPlan) -> Value {
    let chunk = &accelerator.chunks[plan.chunk];
    let utilization = plan.macs as f64 / (u64::from(chunk.pes()) * plan.predicted).max(1) as f64;
    json!({
        "name": plan.name,
        "chunk": chunk.name(),
        "macs": plan.macs,
        "mapping": plan.mapping.to_string(),
        "parts": plan.parts,
        "cycles": plan.predicted,
        "utilization": utilization,
        "input_resident": plan.input_resident,
        "stored": plan.stored,
    })
}
