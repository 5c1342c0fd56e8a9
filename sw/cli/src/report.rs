//! What `nasa verify` found out, as a table for people and JSON for programs.

use accel::counters::CHUNK_COUNTERS;
use compiler::{Compiled, LayerPlan};
use cosim::compare::{compare, Comparison};
use cosim::executor::{Event, Outcome};
use model::{Graph, Tensor};
use serde_json::{json, Value};
use spec::accelerator::Accelerator;
use spec::error::{grouped, Diagnostic, Report};
use spec::program::{Program, Span};

/// What was compared and measured.
pub struct Verification {
    network: String,
    config: String,
    engine: &'static str,
    images: u32,
    cycles: u64,
    dram: [u64; 2],
    layers: Vec<Layer>,
}

/// One layer of it.
struct Layer {
    index: usize,
    name: String,
    chunk: &'static str,
    pes: u64,
    macs: u64,
    predicted: u64,
    /// Nothing where its output was not stored, or was not asked for.
    comparison: Option<Comparison>,
    measured: Measured,
}

/// What the trace says about a layer, over all images.
#[derive(Default)]
struct Measured {
    /// From the begin of its first instruction to the end of its last.
    begin: Option<u64>,
    end: u64,
    /// The same of its `EXEC`s.
    exec_begin: Option<u64>,
    exec_end: u64,
    /// Cycles of its `EXEC`s together.
    exec: u64,
    /// Sums of the chunk's counters, in the order of `CHUNK_COUNTERS`.
    counters: Vec<u64>,
    /// First `EXEC` and its word, to find the place of a mistake.
    first: Option<(usize, usize)>,
}

impl Measured {
    fn add(&mut self, event: &Event) {
        self.begin = Some(self.begin.map_or(event.begin, |begin| begin.min(event.begin)));
        self.end = self.end.max(event.end);
        if event.counters.is_empty() {
            return;
        }
        self.exec_begin = Some(self.exec_begin.map_or(event.begin, |begin| begin.min(event.begin)));
        self.exec_end = self.exec_end.max(event.end);
        self.exec += event.end - event.begin;
        self.counters.resize(event.counters.len(), 0);
        self.counters.iter_mut().zip(&event.counters).for_each(|(sum, count)| *sum += u64::from(*count));
        self.first.get_or_insert((event.queue, event.word));
    }

    fn counter(&self, name: &str) -> u64 {
        let index = CHUNK_COUNTERS.iter().position(|(counter, _)| *counter == name);
        index.and_then(|index| self.counters.get(index)).copied().unwrap_or(0)
    }

    fn cycles(&self) -> u64 {
        self.end - self.begin.unwrap_or(self.end)
    }

    fn utilization(&self, pes: u64) -> f64 {
        let cycles = self.exec_end - self.exec_begin.unwrap_or(self.exec_end);
        self.counter("macs") as f64 / (pes * cycles).max(1) as f64
    }
}

impl Verification {
    /// Compares what the hardware left in DRAM with `expected`, the reference's output of every layer; `only`
    /// names the layers to compare.
    pub fn new(
        accelerator: &Accelerator,
        graph: &Graph,
        compiled: &Compiled,
        expected: &[Tensor],
        outcome: &Outcome,
        engine: &'static str,
        only: Option<&[String]>,
    ) -> Verification {
        let wanted = |name: &str| only.is_none_or(|only| only.iter().any(|other| other == name));
        let found =
            |name: &str| outcome.outputs.iter().find(|(output, _)| output == name).map(|(_, tensor)| tensor);
        let layers = graph.layers().zip(&compiled.layers).map(|((id, layer), plan)| {
            let chunk = &accelerator.chunks[plan.chunk];
            let found = found(&layer.name).filter(|_| wanted(&layer.name));
            Layer {
                index: id.0,
                name: layer.name.clone(),
                chunk: chunk.name(),
                pes: chunk.pes().into(),
                macs: plan.macs,
                predicted: plan.predicted * u64::from(compiled.program.images),
                comparison: found.map(|found| compare(&expected[id.0], found)),
                measured: measured(&compiled.program, outcome, &layer.name),
            }
        });
        Verification {
            network: graph.name.clone(),
            config: accelerator.name.clone(),
            engine,
            images: compiled.program.images,
            cycles: outcome.cycles,
            dram: [outcome.dram_read, outcome.dram_written],
            layers: layers.collect(),
        }
    }

    fn compared(&self) -> impl Iterator<Item = (&Layer, &Comparison)> {
        self.layers.iter().filter_map(|layer| Some((layer, layer.comparison.as_ref()?)))
    }

    /// Every layer that differs, as an error; one error where nothing was compared.
    pub fn failures(&self) -> Report {
        let failures = self.compared().filter_map(|(layer, comparison)| layer.failure(comparison));
        let mut report = Report(failures.collect());
        if self.compared().next().is_none() {
            let error = Diagnostic::new("verify", "nothing was compared");
            report.push(error.help("name layers whose output is stored, or leave --layers out"));
        }
        report
    }

    /// The machine-readable result.
    pub fn json(&self) -> Value {
        let layers: Vec<Value> = self.layers.iter().map(Layer::json).collect();
        json!({
            "network": self.network,
            "config": self.config,
            "engine": self.engine,
            "images": self.images,
            "mismatches": self.compared().map(|(_, comparison)| comparison.mismatches).sum::<usize>(),
            "elements": self.compared().map(|(_, comparison)| comparison.elements).sum::<usize>(),
            "cycles": {"measured": self.cycles},
            "dram": {"read": self.dram[0], "written": self.dram[1]},
            "layers": layers,
        })
    }

    /// The result for people.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<20} {:>5} {:>12} {:>12} {:>12} {:>6} {:>12} {}\n",
            "layer", "chunk", "macs", "exec cycles", "predicted", "util", "elements", "bits"
        );
        for layer in &self.layers {
            let (elements, verdict) = match &layer.comparison {
                None => (String::new(), "not compared".to_string()),
                Some(Comparison { elements, mismatches: 0, .. }) => (grouped(*elements), "equal".to_string()),
                Some(Comparison { elements, mismatches, .. }) => {
                    (grouped(*elements), format!("{mismatches} DIFFER"))
                }
            };
            text += &format!(
                "{:<20} {:>5} {:>12} {:>12} {:>12} {:>5.1}% {:>12} {}\n",
                layer.name,
                layer.chunk,
                grouped(layer.macs * u64::from(self.images)),
                grouped(layer.measured.exec),
                grouped(layer.predicted),
                100.0 * layer.measured.utilization(layer.pes),
                elements,
                verdict
            );
        }
        let (read, written) = (grouped(self.dram[0]), grouped(self.dram[1]));
        text + &format!(
            "{} images in {} cycles; {read} bytes read from DRAM, {written} written\n",
            self.images,
            grouped(self.cycles)
        )
    }
}

impl Layer {
    fn failure(&self, comparison: &Comparison) -> Option<Diagnostic> {
        let first = comparison.first.as_ref()?;
        let message =
            format!("layer {} `{}` differs from the reference at {:?}", self.index, self.name, first.index);
        let (found, expected) = (first.found, first.expected);
        let (mismatches, elements) = (grouped(comparison.mismatches), grouped(comparison.elements));
        let figures =
            format!("expected {expected}, RTL gave {found} ({mismatches} of {elements} elements differ)");
        let mut error = Diagnostic::new("cosim", message).note(figures);
        if let (Some((queue, word)), Some(begin)) = (self.measured.first, self.measured.exec_begin) {
            let end = self.measured.exec_end;
            error = error.note(format!(
                "computed by {}, first EXEC at word {word} of queue {queue}, cycles {begin} to {end}",
                self.chunk
            ));
        }
        Some(error.help("compare with `nasa reference --dump`, list the program with `nasa disasm`"))
    }

    fn json(&self) -> Value {
        let measured = &self.measured;
        let sum = |names: &[&str]| names.iter().map(|name| measured.counter(name)).sum::<u64>();
        let counters: serde_json::Map<String, Value> = CHUNK_COUNTERS
            .iter()
            .map(|(name, _)| (name.to_string(), measured.counter(name).into()))
            .collect();
        json!({
            "name": self.name,
            "chunk": self.chunk,
            "macs": self.macs,
            "mismatches": self.comparison.as_ref().map(|comparison| comparison.mismatches),
            "elements": self.comparison.as_ref().map(|comparison| comparison.elements),
            "cycles": {"measured": measured.cycles()},
            "exec_cycles": {"predicted": self.predicted, "measured": measured.exec},
            "utilization": measured.utilization(self.pes),
            "accesses": {
                "gb": {"measured": sum(&["x_bytes", "w_bytes", "r_bytes", "y_bytes"])},
                "noc": {"measured": sum(&["x_beats", "w_beats", "y_beats"])},
            },
            "counters": counters,
        })
    }
}

/// All events of the words that run `layer`.
fn measured(program: &Program, outcome: &Outcome, layer: &str) -> Measured {
    let runs = |span: &&Span, event: &Event| {
        span.stream == event.queue && (span.first..=span.last).contains(&event.word) && span.layer == layer
    };
    let mut measured = Measured::default();
    for event in outcome.events.iter().filter(|event| program.source.iter().any(|span| runs(&span, event))) {
        measured.add(event);
    }
    measured
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
