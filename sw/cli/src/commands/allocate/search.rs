//! The area by search: arrays whose pipeline has the least of what is asked for.

use super::{Allocate, Done};
use crate::allocation::{Allocation, Budget};
use crate::commands::map::Objective;
use crate::console::Console;
use crate::{files, flow};
use mapper::energy;
use model::{table, Graph};
use serde_json::{json, Value};
use spec::accelerator::Accelerator;
use spec::error::{grouped, Report};
use std::path::Path;

impl Allocate {
    pub(super) fn by_search(&self, console: &Console, accelerator: &Accelerator) -> Result<Done, Report> {
        let graph = network(self.network.as_deref(), self.layers.as_deref())?;
        let unit = self.unit.unwrap_or_default().of();
        let budget = Budget::new(accelerator, self.areas.as_deref(), unit, self.area)?;
        let objective = Objective::of(self.objective, energy::Objective::Edp);
        let found = budget.divide(console, accelerator, &graph, objective)?;
        let written = self.write(found.accelerator.clone())?;
        console.show(text(&found, &budget));
        console.say(format!("{}: accelerator `{}`", files::name(&self.out), written.name));
        let mut json = json(&found, &budget);
        (json["network"], json["config"]) = (graph.name.into(), written.name.into());
        (json["unit"], json["objective"]) = (unit.name().into(), objective.name().into());
        Ok(Done::well(json).with_products(vec![self.out.clone()]))
    }
}

/// The network, or the layers of the table as one.
fn network(network: Option<&Path>, table: Option<&Path>) -> Result<Graph, Report> {
    match (network, table) {
        (Some(path), _) => flow::network(path),
        (None, path) => {
            let path = path.expect("the command line demands a network or a table");
            table::network("layers", &table::parse(&files::name(path), &files::read_text(path)?)?)
        }
    }
}

fn text(found: &Allocation, budget: &Budget) -> String {
    let Allocation { accelerator, area, steady } = found;
    let mut text = format!("{:<5} {:>6}  {:<14} {:>12}\n", "chunk", "PEs", "array", "busy");
    for (chunk, busy) in accelerator.chunks.iter().zip(&steady.busy) {
        let (array, share) = (format!("{} x {}", chunk.rows, chunk.cols), 100.0 * busy / steady.cycles);
        text += &format!("{:<5} {:>6}  {array:<14} {share:>11.1}%\n", chunk.name(), chunk.pes());
    }
    let (cycles, energy) = (grouped(steady.cycles.round()), grouped((steady.levels.total() / 1e3).round()));
    text + &format!(
        "area: {area:.1} of {:.1} PEs with multipliers; an image: {cycles} cycles, {energy} nJ\n",
        budget.pes()
    )
}

fn json(found: &Allocation, budget: &Budget) -> Value {
    let Allocation { accelerator, area, steady } = found;
    let chunks = accelerator.chunks.iter().zip(&steady.busy).map(|(chunk, busy)| {
        json!({"name": chunk.name(), "pes": chunk.pes(), "rows": chunk.rows, "cols": chunk.cols, "busy": busy})
    });
    json!({
        "area": budget.pes(), "used": area, "cycles": steady.cycles, "energy_pj": steady.levels.total(),
        "edp": steady.edp(), "chunks": chunks.collect::<Vec<Value>>(),
    })
}
