//! Which of several programs is taken. What is about the best of each layer need not be that of all together: the event model
//! follows whole runs and says what they cost.
//!
//! One image is followed, and every program is made anew of the mappings that were found. So the choice does not depend on how many
//! images a run has, and the mappings compile to the same program when they are given.

use crate::{compile, Compiled, Options};
use mapper::energy::{picojoules, Objective};
use mapper::events::{predict, Event, LATENCY};
use mapper::Mapping;
use model::Graph;
use spec::accelerator::Accelerator;
use spec::error::Report;
use spec::isa::table::Queue;
use spec::program::Program;

/// The program of the mappings whose run costs the least, of the first where several do; `found` has at least one.
pub fn cheapest(
    accelerator: &Accelerator,
    graph: &Graph,
    options: &Options,
    mut found: Vec<Compiled>,
) -> Compiled {
    found.dedup_by(|a, b| mappings(a) == mappings(b));
    let cost = |compiled: &Compiled| {
        let one = again(accelerator, graph, &Options { images: 1, dump: false, ..options.clone() }, compiled);
        one.map_or(f64::INFINITY, |one| cost(accelerator, &one.program, options.objective))
    };
    let costs: Vec<f64> = if found.len() > 1 { found.iter().map(cost).collect() } else { vec![0.0] };
    let least = found.into_iter().zip(costs).min_by(|(_, a), (_, b)| a.total_cmp(b));
    let (least, _) = least.expect("there is at least one");
    again(accelerator, graph, options, &least).unwrap_or(least)
}

fn mappings(compiled: &Compiled) -> Vec<Mapping> {
    compiled.layers.iter().map(|plan| plan.mapping.clone()).collect()
}

/// What was `found`, compiled with its mappings given; what the search looked at is kept.
fn again(
    accelerator: &Accelerator,
    graph: &Graph,
    options: &Options,
    found: &Compiled,
) -> Result<Compiled, Report> {
    let options = Options { mappings: Some(mappings(found)), ..options.clone() };
    let mut compiled = compile(accelerator, graph, &options)?;
    for (plan, found) in compiled.layers.iter_mut().zip(&found.layers) {
        plan.evaluations = found.evaluations;
    }
    Ok(compiled)
}

/// What a run of a program costs; without end where the model finds none.
fn cost(accelerator: &Accelerator, program: &Program, objective: Objective) -> f64 {
    let Ok(run) = predict(accelerator, program, LATENCY) else { return f64::INFINITY };
    let of_event = |event: &Event| {
        picojoules(accelerator, &accelerator.chunks[event.queue / Queue::ALL.len()], &event.counts)
    };
    objective.score(run.cycles, run.events.iter().map(of_event).sum())
}
