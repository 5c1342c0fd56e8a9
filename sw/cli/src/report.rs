//! Results as a table for people and as JSON for programs.

use crate::labels::Top1;
use crate::measure::Times;
use crate::verification::{Layer, Verification};
use compiler::LayerPlan;
use cosim::compare::Comparison;
use mapper::counts::ACCESSES;
use serde_json::{json, Map, Value};
use spec::accelerator::Accelerator;
use spec::counters::CHUNK_COUNTERS;
use spec::error::grouped;

impl Verification {
    /// The machine-readable result.
    pub fn json(&self) -> Value {
        let [read, written] = self.dram;
        let loaded: u64 = self.layers.iter().map(|layer| layer.measured.counts.get("ld_bytes")).sum();
        let mut json = json!({
            "network": self.network,
            "config": self.config,
            "engine": self.engine,
            "images": self.images,
            "mismatches": self.compared().map(|(_, found)| found.mismatches).sum::<usize>(),
            "elements": self.compared().map(|(_, found)| found.elements).sum::<usize>(),
            "cycles": {"predicted": self.predicted, "measured": self.cycles},
            "launches": self.launches,
            "dram": {"read": read, "written": written, "instructions": read - loaded},
            "layers": self.layers.iter().map(|layer| self.layer_json(layer)).collect::<Vec<Value>>(),
        });
        if let Some(Top1 { right, images }) = self.top1 {
            json["top1"] = json!({"right": right, "images": images});
        }
        json
    }

    fn layer_json(&self, layer: &Layer) -> Value {
        let (measured, predicted) = (&layer.measured, &layer.predicted);
        let timed = self.predicted.map(|_| predicted);
        let counter = |i: usize| (CHUNK_COUNTERS[i].name.to_string(), measured.counts.0[i].into());
        let access = |(name, counters): &(&str, &[&str])| {
            let [predicted, measured] = [predicted, measured].map(|times| times.counts.accesses(counters));
            (name.to_string(), json!({"predicted": predicted, "measured": measured}))
        };
        json!({
            "name": layer.name,
            "chunk": layer.chunk,
            "macs": layer.macs,
            "mismatches": layer.comparison.as_ref().map(|found| found.mismatches),
            "elements": layer.comparison.as_ref().map(|found| found.elements),
            "cycles": {"predicted": timed.map(Times::cycles), "measured": measured.cycles()},
            "exec_cycles": {"predicted": timed.map(|times| times.exec), "measured": measured.exec},
            "image_cycles": {"predicted": timed.map(|times| times.image_cycles), "measured": measured.image_cycles},
            "utilization": measured.utilization(layer.macs, layer.pes),
            "accesses": ACCESSES.iter().map(access).collect::<Map<String, Value>>(),
            "counters": (0..CHUNK_COUNTERS.len()).map(counter).collect::<Map<String, Value>>(),
        })
    }

    /// The result for people: a line a layer, its cycles those of one image.
    pub fn table(&self) -> String {
        let header = ["layer", "chunk", "macs", "cycles", "predicted", "util", "elements", "mismatches"];
        let mut text = line(&header.map(str::to_string));
        for layer in &self.layers {
            text += &line(&self.row(layer));
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

    fn row(&self, layer: &Layer) -> [String; 8] {
        let (elements, mismatches) = match &layer.comparison {
            None => (String::new(), "-".to_string()),
            Some(Comparison { elements, mismatches, .. }) => (grouped(*elements), grouped(*mismatches)),
        };
        let cycles = |times: &Times| grouped(times.image_cycles.round());
        [
            layer.name.clone(),
            layer.chunk.to_string(),
            grouped(layer.macs),
            cycles(&layer.measured),
            self.predicted.map_or(String::new(), |_| cycles(&layer.predicted)),
            format!("{:.1}%", 100.0 * layer.measured.utilization(layer.macs, layer.pes)),
            elements,
            mismatches,
        ]
    }
}

fn line(cells: &[String; 8]) -> String {
    let [name, chunk, macs, cycles, predicted, utilization, elements, mismatches] = cells;
    format!("{name:<20} {chunk:>5} {macs:>12} {cycles:>12} {predicted:>12} {utilization:>6} {elements:>12} {mismatches:>10}\n")
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
        "evaluations": plan.evaluations,
        "utilization": utilization,
        "input_resident": plan.input_resident,
        "stored": plan.stored,
    })
}
