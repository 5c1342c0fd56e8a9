//! What the search of the whole space shows, to people and to programs.

use super::{best, Row};
use mapper::energy::Objective;
use mapper::space::cost::Access;
use mapper::space::search::LeftOut;
use mapper::space::{Cost, Dim};
use serde_json::{json, Map as Object, Value};
use spec::error::grouped;

/// A line a layer, what was left out of its search, and what all of them take together.
pub(super) fn table(rows: &[Row], objective: Objective, seconds: f64) -> String {
    let width = rows.iter().map(|row| row.name().len()).max().unwrap_or(0).max(5);
    let line = |cells: [&str; 8]| {
        let [name, class, cycles, util, energy, edp, proven, beside] = cells;
        format!(
            "{name:<width$} {class:>5} {cycles:>11} {util:>6} {energy:>11} {edp:>10} {proven:>7} {beside:>7}\n"
        )
    };
    let score = |cost: &Cost| objective.score(cost.cycles as u64, cost.picojoules());
    let mut text = line(["layer", "class", "cycles", "util", "nJ", "EDP", "proven", "beside"]);
    for row in rows {
        let (task, cost) = (&row.task, &row.cost);
        let share = |share: Option<f64>| share.map_or("-".to_string(), |share| format!("{share:.4}"));
        text += &line([
            &row.name(),
            &cost.class(task.layer.macs() as f64).to_string(),
            &grouped(cost.cycles as u64),
            &format!("{:.1}%", 100.0 * utilization(row)),
            &grouped((cost.picojoules() / 1e3).round()),
            &format!("{:.3e}", cost.edp()),
            &share(row.proof.map(|proof| proof.bound / score(cost))),
            &share(row.beside.map(|beside| score(cost) / score(&beside))),
        ]);
    }
    text.extend(best(rows).flat_map(warnings).map(|warning| warning + "\n"));
    let sum = |of: fn(&Cost) -> f64| best(rows).map(|row| of(&row.cost)).sum::<f64>();
    let (cycles, energy) = (grouped(sum(|cost| cost.cycles) as u64), sum(Cost::picojoules) / 1e3);
    text += &format!("in all: {cycles} cycles, {} nJ; {seconds:.1} s\n", grouped(energy.round()));
    let logarithms: Vec<f64> =
        best(rows).filter_map(|row| Some((score(&row.cost) / score(row.beside.as_ref()?)).ln())).collect();
    if !logarithms.is_empty() {
        let mean = (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp();
        text += &format!("{} of the mappings beside, in the geometric mean: {mean:.4}\n", objective.name());
    }
    text
}

/// What was left out of the search of a row, in sentences.
pub(super) fn warnings(row: &Row) -> impl Iterator<Item = String> + '_ {
    let why = row.proof.into_iter().flat_map(|proof| reasons(proof.left_out));
    why.map(|(_, why)| format!("{}: {why}", row.task.name))
}

/// What was left out of a search, in a word and in a sentence.
fn reasons(left_out: LeftOut) -> impl Iterator<Item = (&'static str, &'static str)> {
    let LeftOut { unrollings, factors } = left_out;
    let all = [
        (
            unrollings,
            "unrollings",
            "unrollings that leave room for more PEs were not searched, there are too many; less is proven",
        ),
        (
            factors,
            "factors",
            "loops of some unrollings have too many factors, of which some were merged; less is proven",
        ),
    ];
    all.into_iter().filter(|(is, ..)| *is).map(|(_, what, why)| (what, why))
}

fn utilization(row: &Row) -> f64 {
    row.task.layer.macs() as f64 / (f64::from(row.task.architecture.pes()) * row.cost.cycles)
}

/// The same for programs.
pub(super) fn result(rows: &[Row], objective: &str, evaluations: u64, seconds: f64) -> Value {
    let sum = |of: fn(&Cost) -> f64| best(rows).map(|row| of(&row.cost)).sum::<f64>();
    let (cycles, energy) = (sum(|cost| cost.cycles), sum(Cost::picojoules));
    json!({
        "objective": objective,
        "evaluations": evaluations,
        "seconds": seconds,
        "layers": rows.iter().map(layer_json).collect::<Vec<_>>(),
        "total": {"cycles": cycles as u64, "energy_pj": energy, "edp": cycles * energy},
    })
}

fn layer_json(row: &Row) -> Value {
    let Row { task, mapping, cost, .. } = row;
    let lanes = mapping.spatial();
    let spatial: Object<String, Value> = Dim::ALL
        .iter()
        .filter(|dim| lanes[dim.index()] > 1)
        .map(|dim| (dim.name().to_string(), lanes[dim.index()].into()))
        .collect();
    let temporal: Vec<Value> =
        mapping.loops.iter().map(|l| json!({"dim": l.dim.name(), "bound": l.count})).collect();
    let words = |accesses: &[Access; 3]| {
        accesses.iter().map(|access| (access.reads + access.writes).round() as u64).sum::<u64>()
    };
    json!({
        "name": row.name(),
        "chunk": task.chunk,
        "macs": task.layer.macs(),
        "spatial": spatial,
        "temporal": temporal,
        "mapping": mapping.to_string(),
        "class": cost.class(task.layer.macs() as f64).to_string(),
        "cycles": cost.cycles as u64,
        "energy_pj": cost.picojoules(),
        "edp": cost.edp(),
        "utilization": utilization(row),
        "accesses": {"rf": words(&cost.rf), "gb": words(&cost.buffer), "dram": words(&cost.dram)},
        "bound": row.proof.map(|proof| proof.bound),
        "left_out": row.proof.map(|proof| reasons(proof.left_out).map(|(what, _)| what).collect::<Vec<_>>()),
        "beside": row.beside.map(|beside| json!({
            "cycles": beside.cycles as u64, "energy_pj": beside.picojoules(), "edp": beside.edp(),
        })),
    })
}
