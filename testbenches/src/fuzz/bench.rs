//! Runs one case and judges it: it compiles, the hardware ends by itself without breaking a rule of AXI4, every
//! element that it leaves equals the reference, every launch counts what was predicted, and before a memory of
//! fixed latency it begins and ends in the predicted cycle.

use super::case::Case;
use super::prediction::{same_counts, same_cycles, same_reads};
use compiler::{compile, Compiled, Options};
use cosim::compare::{compare, Comparison, Mismatch};
use cosim::executor::{self, Outcome};
use cosim::memory::Timing;
use mapper::events::predict;
use mapper::Mapping;
use model::reference::run_all;
use model::{Graph, Tensor};
use sim::Simulator;
use spec::accelerator::Accelerator;
use spec::program::Program;
use std::any::Any;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// A mistake that is planted in a program.
pub type Sabotage = fn(&mut Program);

/// An accelerator in a simulator.
pub struct Bench {
    /// The accelerator.
    pub accelerator: Accelerator,
    /// Its hardware.
    pub engine: Box<dyn Simulator>,
    /// What is done to every program before it runs.
    pub sabotage: Option<Sabotage>,
}

/// In what way a case fails. A smaller case is the same failure where its kind is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The compiler refused it: no failure, but no result either.
    Refused,
    /// Something panicked.
    Panicked,
    /// The hardware stopped itself, did not end, or broke a rule of AXI4.
    Stopped,
    /// An element differs from the reference.
    Differs,
    /// A launch, or the whole run, took other cycles than predicted.
    Cycles,
    /// A launch made a counter gain something else than predicted.
    Counts,
}

/// Why a case did not pass.
#[derive(Clone, Debug)]
pub struct Failure {
    /// In what way.
    pub kind: Kind,
    /// In words.
    pub text: String,
}

impl Failure {
    /// With its kind.
    pub(super) fn new(kind: Kind, text: impl ToString) -> Failure {
        Failure { kind, text: text.to_string() }
    }
}

/// A case that passed.
pub struct Ran {
    /// What was run.
    pub compiled: Compiled,
    /// What the hardware did.
    pub outcome: Outcome,
    /// Elements that were compared.
    pub elements: u64,
    /// Launches whose cycles were compared.
    pub launches: u64,
}

impl Bench {
    /// Runs `graph` as `case` says.
    ///
    /// # Errors
    /// Where it does not pass; a panic is one of the ways.
    pub fn run(&mut self, case: &Case, graph: &Graph) -> Result<Ran, Failure> {
        let drawn = |bench: &Bench| {
            let named = case.mappings(&bench.accelerator, graph)?;
            Some(named.into_iter().map(|named| named.mapping).collect())
        };
        self.guarded(|bench| bench.judge(case, graph, drawn(bench)))
    }

    /// The same in mappings that are given, one a layer.
    ///
    /// # Errors
    /// As for [`Bench::run`].
    pub fn run_mapped(&mut self, case: &Case, graph: &Graph, mappings: Vec<Mapping>) -> Result<Ran, Failure> {
        self.guarded(|bench| bench.judge(case, graph, Some(mappings)))
    }

    fn guarded(&mut self, run: impl FnOnce(&mut Bench) -> Result<Ran, Failure>) -> Result<Ran, Failure> {
        catch_unwind(AssertUnwindSafe(|| run(self)))
            .unwrap_or_else(|panic| Err(Failure::new(Kind::Panicked, said(&*panic))))
    }

    fn judge(&mut self, case: &Case, graph: &Graph, mappings: Option<Vec<Mapping>>) -> Result<Ran, Failure> {
        let options = Options { images: case.images, dump: case.dump, mappings, ..Options::default() };
        let compiled = compile(&self.accelerator, graph, &options);
        let mut compiled = compiled.map_err(|report| Failure::new(Kind::Refused, report))?;
        self.sabotage.iter().for_each(|sabotage| sabotage(&mut compiled.program));
        let input = case.input(graph);
        let options = executor::Options {
            timing: case.timing,
            watchdog: 20_000,
            max_cycles: 50_000_000,
            ..Default::default()
        };
        let outcome =
            executor::run(self.engine.as_mut(), &self.accelerator, &compiled.program, &input, &options);
        let outcome = outcome.map_err(|report| Failure::new(Kind::Stopped, report))?;
        let elements = same_elements(graph, &input, &outcome)?;
        let launches = self.as_predicted(case, &compiled.program, &outcome)?;
        Ok(Ran { compiled, outcome, elements, launches })
    }

    /// The run against its prediction; how many launches were compared to the cycle.
    fn as_predicted(&self, case: &Case, program: &Program, outcome: &Outcome) -> Result<u64, Failure> {
        let fixed = match case.timing {
            // A late beat is a fault, and this is where it shows.
            Timing::Fixed { latency } | Timing::Late { latency, .. } => Some(latency),
            Timing::Random { .. } => None,
        };
        // What is counted does not depend on the latency.
        let run = predict(&self.accelerator, program, fixed.unwrap_or(1));
        let run = run.map_err(|text| Failure::new(Kind::Cycles, format!("no prediction: {text}")))?;
        same_counts(&run, outcome)?;
        if fixed.is_none() {
            return Ok(0);
        }
        same_reads(&run, outcome)?;
        same_cycles(&run, outcome)
    }
}

/// What a panic said.
pub fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
    text.unwrap_or_else(|| "a panic without words".to_string())
}

/// Every tensor against the reference; how many elements there are.
fn same_elements(graph: &Graph, input: &Tensor, outcome: &Outcome) -> Result<u64, Failure> {
    let reference = run_all(graph, input).map_err(|report| Failure::new(Kind::Refused, report))?;
    let mut elements = 0;
    for (name, tensor) in &outcome.outputs {
        let wrong = |text: String| Failure::new(Kind::Differs, format!("layer `{name}` {text}"));
        let layer = graph.find(name).ok_or_else(|| wrong("does not exist".into()))?;
        difference(tensor, &reference[layer.0]).map_or(Ok(()), |text| Err(wrong(text)))?;
        elements += tensor.data.len() as u64;
    }
    match elements {
        0 => Err(Failure::new(Kind::Differs, "nothing was compared")),
        elements => Ok(elements),
    }
}

/// Where two tensors differ first, and how often.
pub fn difference(ours: &Tensor, reference: &Tensor) -> Option<String> {
    let Comparison { elements, mismatches, first } = compare(reference, ours);
    let Mismatch { index, expected, found } = first?;
    Some(format!("differs first at {index:?}: expected {expected}, RTL gave {found} ({mismatches} of {elements} differ)"))
}
