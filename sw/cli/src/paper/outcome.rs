//! What the paper's auto-mapper found: all combinations of dataflows, the best of them layer by layer, as a table for people
//! and as JSON for programs.

use super::unfit::{self, names};
use mapper::energy::Objective;
use mapper::nasa::energy::milliseconds;
use mapper::nasa::layer::Layer;
use mapper::nasa::schedule::{Run, Schedule};
use mapper::nasa::search::Array;
use mapper::nasa::space::{Combination, Space, Unfit};
use mapper::nasa::tiling::LEVELS;
use mapper::nasa::{CLOCK_MHZ, DATAFLOWS};
use mapper::Dim;
use serde_json::{json, Map as Object, Value};
use spec::error::{grouped, Report};
use std::cmp::Ordering;

/// Index of the array in [`LEVELS`].
const ARRAY: usize = 1;

/// Every combination of dataflows, and the best.
pub struct Outcome<'a> {
    space: Space<'a>,
    objective: Objective,
    tried: Vec<(Combination, Result<Schedule, Unfit>)>,
    best: Combination,
    schedule: Schedule,
}

/// A layer in the best schedule.
struct Line<'a> {
    layer: &'a Layer,
    array: &'a Array,
    dataflow: usize,
    runs: Vec<&'a Run>,
    cycles: u64,
    picojoules: f64,
}

impl<'a> Outcome<'a> {
    /// Tries every combination. `progress` is told how many searches of tilings are done, and of how many.
    ///
    /// # Errors
    /// Where none has a tiling for every layer: what is short.
    pub fn search(
        layers: &'a [Layer],
        arrays: &'a [Array],
        objective: Objective,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Outcome<'a>, Report> {
        let space = Space::new(layers, arrays, objective, &progress);
        let tried: Vec<_> =
            space.combinations().into_iter().map(|c| (c.clone(), space.schedule(&c))).collect();
        let valid = tried.iter().filter_map(|(c, schedule)| Some((c, schedule.as_ref().ok()?)));
        let score = |schedule: &Schedule| schedule.score(objective);
        // Energies are numbers, so scores can be compared.
        let best = valid.min_by(|(_, a), (_, b)| score(a).partial_cmp(&score(b)).unwrap_or(Ordering::Equal));
        match best.map(|(c, schedule)| (c.clone(), schedule.clone())) {
            Some((best, schedule)) => Ok(Outcome { space, objective, tried, best, schedule }),
            None => Err(unfit::report(&space, &tried)),
        }
    }

    fn lines(&self) -> Vec<Line<'_>> {
        let line = |index: usize| {
            let runs: Vec<&Run> = self.schedule.of_layer(index).collect();
            Line {
                layer: &self.space.layers()[index],
                array: self.space.array_of(index),
                dataflow: self.space.dataflow_of(index, &self.best),
                cycles: runs.iter().map(|run| u64::from(run.groups) * run.tiled.cycles).sum(),
                picojoules: runs.iter().map(|run| f64::from(run.groups) * run.tiled.picojoules).sum(),
                runs,
            }
        };
        (0..self.space.layers().len()).map(line).collect()
    }

    /// For people: the best combination layer by layer, then what it takes beside one dataflow for all chunks.
    pub fn table(&self) -> String {
        let row = |cells: [&str; 6]| {
            let [name, chunk, dataflow, macs, energy, latency] = cells;
            format!("{name:<20} {chunk:>5} {dataflow:>8} {macs:>14} {energy:>12} {latency:>12}\n")
        };
        let mut text = row(["layer", "chunk", "dataflow", "macs", "mJ", "ms"]);
        let lines = self.lines();
        for line in &lines {
            text += &row([
                &line.layer.name,
                line.array.op.chunk(),
                DATAFLOWS[line.dataflow].name,
                &grouped(line.layer.macs()),
                &format!("{:.6}", line.picojoules / 1e9),
                &format!("{:.6}", milliseconds(line.cycles)),
            ]);
        }
        let chunks: Vec<&str> = self.space.ops().iter().map(|op| op.chunk()).collect();
        for chunk in &chunks {
            let mine: Vec<&Line<'_>> = lines.iter().filter(|line| line.array.op.chunk() == *chunk).collect();
            let energy = mine.iter().map(|line| line.picojoules).sum::<f64>() / 1e9;
            let cycles: u64 = mine.iter().map(|line| line.cycles).sum();
            let (pes, ms, cycles) = (mine[0].array.pes, milliseconds(cycles), grouped(cycles));
            text +=
                &format!("layers of the {chunk} ({pes} PEs): {energy:.6} mJ, {ms:.6} ms, {cycles} cycles\n");
        }
        text += &format!("\n{:<20} {:>12} {:>12} {:>12}\n", chunks.join(" "), "mJ", "ms", "mJ x ms");
        for dataflow in 0..DATAFLOWS.len() {
            text += &self.total(&self.space.fixed(dataflow), "");
        }
        text + &self.total(&self.best, &format!("  best of {}", self.tried.len()))
    }

    /// What a combination takes, as a line.
    fn total(&self, combination: &[usize], remark: &str) -> String {
        let names = names(combination).join(" ");
        let found = self.tried.iter().find(|(tried, _)| tried == combination).map(|(_, found)| found);
        match found {
            Some(Ok(schedule)) => {
                let (energy, latency) = (schedule.picojoules / 1e9, milliseconds(schedule.latency()));
                format!("{names:<20} {energy:>12.6} {latency:>12.6} {:>12.6}{remark}\n", energy * latency)
            }
            Some(Err(unfit)) => format!("{names:<20} no tiling fits: {}\n", unfit::text(&self.space, unfit)),
            None => String::new(),
        }
    }

    /// For programs.
    pub fn json(&self, seconds: f64) -> Value {
        let (cycles, energy) = (self.schedule.latency(), self.schedule.picojoules);
        let chunks = self.space.ops();
        let dataflows = |combination: &[usize]| -> Object<String, Value> {
            let pairs = chunks.iter().zip(names(combination));
            pairs.map(|(op, name)| (op.chunk().to_string(), name.into())).collect()
        };
        let tried = |(combination, found): &(Combination, Result<Schedule, Unfit>)| match found {
            Ok(schedule) => {
                let mut total = total_json(schedule.latency(), schedule.picojoules);
                total["dataflows"] = dataflows(combination).into();
                total["fits"] = true.into();
                total
            }
            Err(unfit) => json!({
                "dataflows": dataflows(combination),
                "fits": false,
                "layer": self.space.layers()[unfit.layer].name,
                "why": self.space.why(unfit),
            }),
        };
        let mut total = total_json(cycles, energy);
        total["dataflows"] = dataflows(&self.best).into();
        json!({
            "cost_model": "nasa",
            "objective": self.objective.name(),
            "clock_mhz": CLOCK_MHZ,
            "evaluations": self.space.evaluations(),
            "seconds": seconds,
            "layers": self.lines().iter().map(Line::json).collect::<Vec<Value>>(),
            "total": total,
            "combinations": self.tried.iter().map(tried).collect::<Vec<Value>>(),
        })
    }
}

impl Line<'_> {
    fn json(&self) -> Value {
        let mut json = total_json(self.cycles, self.picojoules);
        json["name"] = self.layer.name.as_str().into();
        json["chunk"] = self.array.op.chunk().into();
        json["pes"] = self.array.pes.into();
        json["dataflow"] = DATAFLOWS[self.dataflow].name.into();
        json["macs"] = self.layer.macs().into();
        json["groups"] = self.layer.groups.into();
        let slots = f64::from(self.array.pes) * self.cycles as f64;
        json["utilization"] = (self.layer.macs() as f64 / slots).into();
        let tilings: Vec<Value> = self.runs.iter().map(|run| self.tiling(run)).collect();
        for key in ["spatial", "temporal"] {
            json[key] = tilings[0][key].clone();
        }
        json["tilings"] = tilings.into();
        json["accesses"] = self.accesses();
        json
    }

    /// A tiling, and how many groups have it.
    fn tiling(&self, run: &Run) -> Value {
        let loops = DATAFLOWS[self.dataflow].loops(&self.layer.group, &run.tiled.tiling);
        let (spatial, temporal): (Vec<_>, Vec<_>) =
            loops.into_iter().partition(|(level, ..)| *level == ARRAY);
        let spatial: Object<String, Value> =
            spatial.into_iter().map(|(_, dim, bound)| (dim.name().to_string(), bound.into())).collect();
        let one = |(level, dim, bound): (usize, Dim, u32)| json!({"dim": dim.name(), "bound": bound, "level": LEVELS[level]});
        let temporal: Vec<Value> = temporal.into_iter().map(one).collect();
        json!({"groups": run.groups, "spatial": spatial, "temporal": temporal, "gb_words": run.tiled.words})
    }

    /// Words at each level.
    fn accesses(&self) -> Value {
        let mut sums = [0.0; 4];
        for run in &self.runs {
            let accesses = &run.tiled.accesses;
            let levels = [&accesses.dram, &accesses.gb, &accesses.noc, &accesses.rf];
            for (sum, words) in sums.iter_mut().zip(levels) {
                *sum += f64::from(run.groups) * words.total();
            }
        }
        let [dram, gb, noc, rf] = sums;
        json!({"dram": dram, "gb": gb, "noc": noc, "rf": rf})
    }
}

/// The costs that layers and totals have, in our units and in the paper's.
fn total_json(cycles: u64, picojoules: f64) -> Value {
    json!({
        "cycles": cycles,
        "energy_pj": picojoules,
        "edp": cycles as f64 * picojoules,
        "energy_mj": picojoules / 1e9,
        "latency_ms": milliseconds(cycles),
    })
}
