//! Energy-delay products as costs: cycles times energy of a candidate's layers on an accelerator, as the mapper
//! predicts them, in thousands of cycles times nanojoules.
//!
//! A search maps single layers, not networks: each has its chunk for itself and an even share of the buffer, and what
//! is loaded from DRAM and stored to it counts only where a layer has to be cut.

use super::{plans, CostTable};
use crate::plan::Plan;
use crate::search::SearchConfig;
use crate::space::Place;
use mapper::energy::Objective;
use mapper::search::search;
use mapper::tiling::{Capacity, Shortage};
use mapper::Work;
use rayon::prelude::*;
use spec::accelerator::Accelerator;
use spec::error::{Diagnostic, Report};
use spec::op::Op;
use std::collections::{BTreeSet, HashMap};

/// Picojoules times cycles in the unit of the table.
const UNIT: f64 = 1e6;

/// The cost of what takes so many cycles and picojoules.
pub fn cost(cycles: u64, picojoules: f64) -> f64 {
    cycles as f64 * picojoules / UNIT
}

/// Predicted cycles and picojoules of a layer.
type Prediction = Result<(u64, f64), Report>;

/// The table of `places` on `accelerator`.
///
/// # Errors
/// Layers without a chunk or a legal mapping.
pub fn costs(
    config: &SearchConfig,
    places: &[Place],
    accelerator: &Accelerator,
) -> Result<CostTable, Report> {
    let blocks = plans(config, places)?;
    let mut questions = HashMap::new();
    for plan in blocks.iter().flatten().flatten() {
        questions.extend(layers(plan).map(|(name, question)| (question, name)));
    }
    let answers: HashMap<(Op, Work), Prediction> = questions
        .into_par_iter()
        .map(|((op, work), name)| ((op, work), predict(accelerator, op, &work, &name)))
        .collect();
    let mut report = Report::default();
    let mut of_plan = |plan: &Option<Plan>| {
        let (mut cycles, mut energy) = (0, 0.0);
        for (_, question) in plan.iter().flat_map(layers) {
            match &answers[&question] {
                Ok((more, picojoules)) => (cycles, energy) = (cycles + more, energy + picojoules),
                Err(error) if !report.0.contains(&error.0[0]) => report.0.extend(error.0.clone()),
                Err(_) => {}
            }
        }
        cost(cycles, energy)
    };
    let table: Vec<Vec<f64>> = blocks.iter().map(|block| block.iter().map(&mut of_plan).collect()).collect();
    report.or(CostTable(table))
}

/// The layers of a candidate, and what the mapper is asked about each.
pub(super) fn layers(plan: &Plan) -> impl Iterator<Item = (String, (Op, Work))> {
    let checked = plan.draft.check().unwrap_or_default(); // Planned, so it was checked before.
    checked.into_iter().map(|layer| {
        let question = (layer.op, Work::from(&layer));
        (layer.name, question)
    })
}

fn predict(accelerator: &Accelerator, op: Op, work: &Work, name: &str) -> Prediction {
    let wrong = |message: String| Diagnostic::new("search", message);
    let Some((_, chunk)) = accelerator.chunk_of(op) else {
        let error =
            wrong(format!("accelerator `{}` has no chunk for {} layers", accelerator.name, op.name()));
        return Err(error
            .help(format!("add chunks.{}, or search without `{}`", op.chunk(), op.name()))
            .into());
    };
    let capacity = Capacity::even(accelerator, chunk);
    search(accelerator, chunk, work, &capacity, Objective::Edp)
        .map(|found| (found.total, found.energy))
        .map_err(|shortages| {
            let error =
                wrong(format!("{} layer `{name}` has no legal mapping on `{}`", op.name(), accelerator.name));
            let error = error.note(format!("its loops are {}", work.size));
            let sentences: BTreeSet<String> = shortages.iter().map(Shortage::sentence).collect();
            let error = sentences.into_iter().fold(error, Diagnostic::note);
            error.help("give a larger buffer, or a narrower space").into()
        })
}
