//! What `nasa verify` checks: bits against the reference, begin and end of every launch and what it makes the
//! counters gain against the mapper. The first thing that differs is named with its place.

use crate::labels::{Labels, Top1};
use crate::measure::{self, layer_of, Launch, Times};
use compiler::{Compiled, LayerPlan};
use cosim::compare::{compare, Comparison};
use cosim::executor::Outcome;
use mapper::counts::ACCESSES;
use mapper::events::Run;
use model::{Graph, Tensor};
use spec::accelerator::Accelerator;
use spec::error::{grouped, Diagnostic, Report};
use spec::program::Program;

/// What is compared with what.
pub struct Evidence<'a> {
    pub accelerator: &'a Accelerator,
    pub graph: &'a Graph,
    pub compiled: &'a Compiled,
    /// The reference's output of every layer.
    pub expected: &'a [Tensor],
    pub outcome: &'a Outcome,
    /// The predicted run.
    pub run: &'a Run,
    /// Whether its cycles can be compared: the memory's latency was fixed.
    pub timed: bool,
    pub engine: &'static str,
    /// The layers to compare; all where left out.
    pub only: Option<&'a [String]>,
    /// The images' classes, where they are known.
    pub labels: Option<&'a Labels>,
}

/// A run on the hardware, beside what it should have been.
pub struct Verification {
    pub network: String,
    pub config: String,
    pub engine: &'static str,
    pub images: u32,
    pub cycles: u64,
    /// Nothing where the memory's timing was random.
    pub predicted: Option<u64>,
    /// Bytes that the DMA read and wrote, instructions included.
    pub dram: [u64; 2],
    pub top1: Option<Top1>,
    pub layers: Vec<Layer>,
    /// Launches of the run, and how the first of them that is not timed as predicted differs.
    pub launches: usize,
    late: Option<Diagnostic>,
}

/// One layer of it.
pub struct Layer {
    pub index: usize,
    pub name: String,
    pub chunk: &'static str,
    pub pes: u64,
    pub macs: u64,
    /// Nothing where its output was not stored, or was not asked for.
    pub comparison: Option<Comparison>,
    /// What made the first element that differs, for messages.
    pub made_by: Option<String>,
    pub measured: Times,
    pub predicted: Times,
}

impl Evidence<'_> {
    /// How many images the hardware puts into their class.
    fn top1(&self) -> Option<Top1> {
        let name = &self.compiled.layers[self.graph.output.0].name;
        let (_, output) = self.outcome.outputs.iter().find(|(output, _)| output == name)?;
        self.labels.map(|labels| labels.top1(output))
    }

    fn layers(&self, measured: &[Launch], predicted: &[Launch]) -> Vec<Layer> {
        assert_eq!(self.graph.len(), self.compiled.layers.len(), "a plan for every layer");
        let layer = |(index, plan): (usize, &LayerPlan)| {
            let chunk = &self.accelerator.chunks[plan.chunk];
            let wanted = self.only.is_none_or(|only| only.contains(&plan.name));
            let found = self.outcome.outputs.iter().find(|(output, _)| wanted && *output == plan.name);
            let comparison = found.map(|(_, found)| compare(&self.expected[index], found));
            let measured = Times::of(&self.compiled.program, measured, &plan.name);
            let first = comparison.as_ref().and_then(|comparison| comparison.first.as_ref());
            Layer {
                index,
                name: plan.name.clone(),
                chunk: chunk.name(),
                pes: chunk.pes().into(),
                macs: plan.macs,
                made_by: first.and_then(|first| self.made_by(plan, &measured, first.index)),
                comparison,
                measured,
                predicted: Times::of(&self.compiled.program, predicted, &plan.name),
            }
        };
        self.compiled.layers.iter().enumerate().map(layer).collect()
    }

    /// The first launch that does not begin and end as predicted; else the run, where it takes another time.
    fn late(&self, measured: &[Launch], predicted: &[Launch]) -> Option<Diagnostic> {
        let timed = |launch: &Launch| (launch.queue, launch.word, launch.begin, launch.end);
        let pairs = || predicted.iter().zip(measured).filter(|(p, m)| timed(p) != timed(m));
        let (found, expected) = (self.outcome.cycles, self.run.cycles);
        let run = format!("the run takes {} cycles, {} were predicted", grouped(found), grouped(expected));
        let of_all = format!("{} of {} launches differ; {run}", pairs().count(), predicted.len());
        let error = match pairs().min_by_key(|(p, m)| p.end.min(m.end)) {
            Some((p, m)) => {
                let program = &self.compiled.program;
                let (layer, place) = (layer_of(program, p).unwrap_or("none"), self.place(program, p));
                let message = format!("layer `{layer}`: {place} is not timed as predicted");
                let cycles = |launch: &Launch| self.cycles(launch).join(" to ");
                let (p, m) = (cycles(p), cycles(m));
                Diagnostic::new("verify", message)
                    .note(format!("predicted from cycle {p}, measured from cycle {m}"))
                    .note(of_all)
            }
            None if predicted.len() != measured.len() || found != expected => {
                Diagnostic::new("verify", run).note(of_all)
            }
            None => return None,
        };
        Some(error.help("unless a beat was delayed on purpose, this is a mistake in nasa: report it with network and configuration"))
    }

    /// The `EXEC` that wrote element `[n, c, y, x]` of a layer: its word and cycles.
    fn made_by(&self, plan: &LayerPlan, measured: &Times, [n, c, y, x]: [usize; 4]) -> Option<String> {
        let launch = exec_of(plan, measured, [n, c, y, x])?;
        let [begin, end] = self.cycles(launch);
        let place = self.place(&self.compiled.program, launch);
        Some(format!("written by the EXEC of {place}, cycles {begin} to {end}, for image {n}"))
    }

    /// First cycle of a launch, and the first after it, counted from the start of the run.
    fn cycles(&self, launch: &Launch) -> [String; 2] {
        let first = measure::first_launch(self.outcome);
        [launch.begin, launch.end].map(|cycle| grouped(first + cycle))
    }

    /// Queue and word of a launch, for messages.
    fn place(&self, program: &Program, launch: &Launch) -> String {
        let names: Vec<&str> = self.accelerator.chunks.iter().map(|chunk| chunk.name()).collect();
        debug_assert!(launch.queue < program.streams.len());
        format!("{} at word {}", Program::stream_name(&names, launch.queue), launch.word)
    }
}

/// The `EXEC` that wrote element `[n, c, y, x]` of a layer.
pub fn exec_of<'a>(plan: &LayerPlan, times: &'a Times, [n, c, y, x]: [usize; 4]) -> Option<&'a Launch> {
    times.execs.get(n * plan.parts as usize + plan.part_of([c, y, x].map(|at| at as u32))?)
}

impl Verification {
    /// Compares what the hardware left in DRAM with the reference, and its trace with the prediction.
    pub fn new(evidence: &Evidence<'_>) -> Verification {
        let Evidence { accelerator, graph, compiled, outcome, run, timed, engine, .. } = evidence;
        let (measured, predicted) = (measure::measured(outcome), measure::predicted(run));
        Verification {
            network: graph.name.clone(),
            config: accelerator.name.clone(),
            engine,
            images: compiled.program.images,
            cycles: outcome.cycles,
            predicted: timed.then_some(run.cycles),
            dram: [outcome.dram_read, outcome.dram_written],
            top1: evidence.top1(),
            layers: evidence.layers(&measured, &predicted),
            launches: measured.len(),
            late: timed.then(|| evidence.late(&measured, &predicted)).flatten(),
        }
    }

    /// The layers whose bits were compared.
    pub fn compared(&self) -> impl Iterator<Item = (&Layer, &Comparison)> {
        self.layers.iter().filter_map(|layer| Some((layer, layer.comparison.as_ref()?)))
    }

    /// Every layer that differs in bits or in accesses, and the first launch that differs in time, as errors; one
    /// error where nothing was compared.
    pub fn failures(&self) -> Report {
        let mut report = Report(self.compared().filter_map(|(layer, found)| layer.wrong(found)).collect());
        report.0.extend(self.layers.iter().filter_map(Layer::miscounted));
        report.0.extend(self.late.clone());
        if self.compared().next().is_none() {
            let error = Diagnostic::new("verify", "nothing was compared");
            report.push(error.help("name layers whose output is stored, or leave --layers out"));
        }
        report
    }
}

impl Layer {
    /// Where its bits differ from the reference.
    fn wrong(&self, comparison: &Comparison) -> Option<Diagnostic> {
        let first = comparison.first.as_ref()?;
        let message =
            format!("layer {} `{}` differs from the reference at {:?}", self.index, self.name, first.index);
        let (mismatches, elements) = (grouped(comparison.mismatches), grouped(comparison.elements));
        let figures = format!(
            "expected {}, RTL gave {} ({mismatches} of {elements} elements differ)",
            first.expected, first.found
        );
        let error = Diagnostic::new("cosim", message).note(figures);
        let error = self.made_by.iter().fold(error, Diagnostic::note);
        Some(error.help(
            "see its waves with --trace out.fst --trigger mismatch, its inputs with `nasa reference --dump`",
        ))
    }

    /// Which of its accesses are not as many as predicted.
    fn miscounted(&self) -> Option<Diagnostic> {
        let message = format!("layer {} `{}` does not access what was predicted", self.index, self.name);
        let mut error = Diagnostic::new("verify", message);
        for (name, counters) in ACCESSES {
            let [predicted, measured] =
                [&self.predicted, &self.measured].map(|times| times.counts.accesses(counters));
            if predicted != measured {
                let figures = [predicted, measured].map(grouped);
                error = error.note(format!("{name}: predicted {}, measured {}", figures[0], figures[1]));
            }
        }
        let help = "this is a mistake in nasa: report it with network and configuration";
        (!error.notes.is_empty()).then(|| error.help(help))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of one layer that reads 12 bytes of the buffer.
    fn verification(comparison: Option<Comparison>) -> Verification {
        let mut times = Times::default();
        times.counts.0[spec::counters::index_of("x_bytes")] = 12;
        let layer = Layer {
            index: 0,
            name: "stem".into(),
            chunk: "clp",
            pes: 16,
            macs: 1,
            comparison,
            made_by: None,
            measured: times.clone(),
            predicted: times,
        };
        Verification {
            network: "n".into(),
            config: "c".into(),
            engine: "verilator",
            images: 1,
            cycles: 9,
            predicted: Some(9),
            dram: [0; 2],
            top1: None,
            layers: vec![layer],
            launches: 1,
            late: None,
        }
    }

    fn equal() -> Option<Comparison> {
        Some(Comparison { elements: 4, mismatches: 0, first: None })
    }

    #[test]
    fn what_agrees_is_no_failure() {
        assert_eq!(verification(equal()).failures(), Report::default());
    }

    #[test]
    fn comparing_nothing_is_a_failure() {
        let text = verification(None).failures().to_string();
        let help = "name layers whose output is stored, or leave --layers out";
        assert_eq!(text, format!("error[verify]: nothing was compared\n  = help: {help}\n"));
    }

    #[test]
    fn one_access_too_many_is_named() {
        let mut wrong = verification(equal());
        wrong.layers[0].measured.counts.0[spec::counters::index_of("x_bytes")] += 1;
        let text = wrong.failures().to_string();
        assert!(
            text.starts_with("error[verify]: layer 0 `stem` does not access what was predicted\n"),
            "{text}"
        );
        assert!(text.contains("\n  gb: predicted 12, measured 13\n"), "{text}");
    }
}
