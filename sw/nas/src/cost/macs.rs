//! Multiply-accumulates as costs: a shift counts as an eighth of a multiplication, an adder's term as a fifth, as
//! in the NASA paper.

use super::{plans, CostTable};
use crate::plan::{Plan, Planned};
use crate::search::SearchConfig;
use crate::space::Place;
use spec::error::Report;
use spec::op::Op;

/// The table of `places`.
///
/// # Errors
/// A candidate that is not possible.
pub fn costs(config: &SearchConfig, places: &[Place]) -> Result<CostTable, Report> {
    let cost = |plan: &Option<Plan>| {
        plan.iter().flat_map(|plan| &plan.layers).map(weighed).fold(0.0, |sum, more| sum + more)
    };
    let blocks = plans(config, places)?;
    Ok(CostTable(blocks.iter().map(|block| block.iter().map(cost).collect()).collect()))
}

fn weighed(layer: &Planned) -> f64 {
    let terms = layer.window.macs() as f64;
    match layer.op {
        Op::Conv => terms,
        Op::Shift => terms / 8.0,
        Op::Adder => terms / 5.0,
    }
}
