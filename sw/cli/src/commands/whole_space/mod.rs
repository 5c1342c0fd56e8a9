//! `nasa map --whole-space`: layers mapped with any unrolling and uneven boundaries on a neutral architecture, each
//! with the bound that no mapping passes, and beside mappings of the same layers from elsewhere, both under one model.

mod shown;

use self::shown::{result, table, warnings};
use super::map::Map;
use super::Done;
use crate::console::Console;
use crate::files;
use mapper::energy::Objective;
use mapper::space::check::faults;
use mapper::space::search::{search, Found, LeftOut, Options};
use mapper::space::text::{self, Named};
use mapper::space::{evaluate, Architecture, Cost, Layer, Mapping};
use spec::accelerator::Accelerator;
use spec::error::{grouped, Diagnostic, Report};
use std::path::Path;
use std::time::Instant;

/// A layer, and the architecture of its chunk.
#[derive(Clone)]
struct Task {
    name: String,
    chunk: &'static str,
    architecture: Architecture,
    layer: Layer,
}

/// A layer's mapping, its cost, and what it is compared with.
struct Row {
    task: Task,
    /// 1 for the best mapping of its layer, or the one that was given.
    rank: usize,
    mapping: Mapping,
    cost: Cost,
    /// What the search proves; nothing where the mapping was given.
    proof: Option<Proof>,
    beside: Option<Cost>,
}

/// What a search says of all the mappings that it did not score.
#[derive(Clone, Copy)]
struct Proof {
    /// No mapping scores less.
    bound: f64,
    /// What the bound is weak for.
    left_out: LeftOut,
}

pub fn run(map: &Map, console: &Console, accelerator: &Accelerator) -> Result<Done, Report> {
    let started = Instant::now();
    let objective = super::map::Objective::of(map.objective, Objective::Latency);
    let [given, beside] = [&map.evaluate, &map.beside].map(|path| path.as_deref().map(read).transpose());
    let (given, beside) = (given?, beside?);
    let tasks = tasks(map, accelerator, given.as_ref().or(beside.as_ref()))?;
    if let Some(beside) = &beside {
        if !tasks.iter().any(|task| beside.find(&task.name).is_some()) {
            return Err(beside.lacks(tasks.first().map_or("", |task| &task.name)));
        }
    }
    let (mut rows, mut evaluations) = (Vec::<Row>::new(), 0);
    let mut searched: Vec<(Task, Vec<Found>, Proof)> = Vec::new();
    for task in tasks {
        let other = beside.as_ref().and_then(|beside| Some((beside, beside.find(&task.name)?)));
        let other = other.map(|(beside, named)| beside.cost(named, &task)).transpose()?;
        let row = |rank, mapping, cost, proof| Row {
            task: task.clone(),
            rank,
            mapping,
            cost,
            proof,
            beside: other,
        };
        if let Some(given) = &given {
            let named = given.find(&task.name).ok_or_else(|| given.lacks(&task.name))?;
            rows.push(row(1, named.mapping.clone(), given.cost(named, &task)?, None));
            continue;
        }
        // A network repeats its layers.
        let is_same = |known: &Task| (&known.layer, &known.architecture) == (&task.layer, &task.architecture);
        let known = searched.iter().position(|(known, ..)| is_same(known));
        let index = match known {
            Some(index) => index,
            None => {
                let usual = Options::default();
                let (budget, keep) = (map.budget.unwrap_or(usual.budget), map.keep as usize);
                let options = Options { objective, budget, keep, ..usual };
                let outcome = console.busy("mapping", || search(&task.architecture, &task.layer, &options));
                let outcome = outcome.filter(|outcome| !outcome.found.is_empty());
                let outcome = outcome.ok_or_else(|| fits_nowhere(&task))?;
                evaluations += outcome.evaluations;
                let proof = Proof { bound: outcome.bound, left_out: outcome.left_out };
                searched.push((task.clone(), outcome.found, proof));
                searched.len() - 1
            }
        };
        let (_, found, proof) = &searched[index];
        let ranked = (1..).zip(found);
        rows.extend(ranked.map(|(rank, found)| row(rank, found.mapping.clone(), found.cost, Some(*proof))));
    }
    let seconds = started.elapsed().as_secs_f64();
    let named = |row: &Row| Named { name: row.name(), mapping: row.mapping.clone() };
    let mappings = text::print(&rows.iter().map(named).collect::<Vec<_>>());
    match &map.out {
        Some(out) => files::write(out, mappings.as_bytes())?,
        None if given.is_none() && beside.is_none() => {
            console.show(mappings);
            best(&rows).flat_map(warnings).for_each(|warning| console.say(warning));
        }
        None => {}
    }
    if map.out.is_some() || given.is_some() || beside.is_some() {
        console.show(table(&rows, objective, seconds));
    }
    let name = if given.is_some() { "given" } else { objective.name() };
    Ok(Done::well(result(&rows, name, evaluations, seconds)))
}

impl Row {
    /// That of its layer, with its rank where there is a better one.
    fn name(&self) -> String {
        match self.rank {
            1 => self.task.name.clone(),
            rank => format!("{}#{rank}", self.task.name),
        }
    }
}

/// Those with the best mapping of each layer.
fn best(rows: &[Row]) -> impl Iterator<Item = &Row> {
    rows.iter().filter(|row| row.rank == 1)
}

/// Mappings of a file.
struct Given {
    file: String,
    named: Vec<Named>,
}

fn read(path: &Path) -> Result<Given, Report> {
    let file = files::name(path);
    let named = text::parse(&file, &files::read_text(path)?)?;
    Ok(Given { file, named })
}

impl Given {
    fn find(&self, name: &str) -> Option<&Named> {
        self.named.iter().find(|named| named.name == name)
    }

    fn lacks(&self, name: &str) -> Report {
        let error = Diagnostic::new("mapping", format!("there is no mapping of layer `{name}`"));
        error.in_file(&self.file).help("add one, or leave the layer out of the table").into()
    }

    /// What a mapping costs, where it is legal and of the layer that it says.
    fn cost(&self, named: &Named, task: &Task) -> Result<Cost, Report> {
        let name = &named.name;
        if named.mapping.layer != task.layer {
            let error = Diagnostic::new("mapping", format!("this mapping is of another layer than `{name}`"));
            let error = error.note(format!("the mapping's is {}", named.mapping.layer));
            let error = error.note(format!("the table's is {}", task.layer)).in_file(&self.file);
            return Err(error.help("let both say the same, strides and input included").into());
        }
        let faults = faults(&named.mapping, &task.architecture);
        if faults.is_empty() {
            return Ok(evaluate(&task.architecture, &named.mapping));
        }
        let architecture = &task.architecture.name;
        let message = format!("the mapping of layer `{name}` is not legal on `{architecture}`");
        let error = faults.into_iter().fold(Diagnostic::new("mapping", message), Diagnostic::note);
        Err(error
            .in_file(&self.file)
            .help("take less of what is short; --sum-bits makes sums narrower")
            .into())
    }
}

/// The layers of the table, or where there is none of the mappings that are given.
fn tasks(map: &Map, accelerator: &Accelerator, given: Option<&Given>) -> Result<Vec<Task>, Report> {
    let task = |name: &str, chunk: usize, layer: Layer| {
        let mut architecture = Architecture::of(accelerator, chunk);
        if let Some(bits) = map.sum_bits {
            architecture = architecture.with_sums(bits);
        }
        Task { name: name.to_string(), chunk: accelerator.chunks[chunk].name(), architecture, layer }
    };
    if let Some(table) = &map.layers {
        let rows = model::table::parse(&files::name(table), &files::read_text(table)?)?;
        return rows
            .iter()
            .map(|row| {
                let (chunk, _) = accelerator.chunk_of(row.op).ok_or_else(|| no_chunk(accelerator, row))?;
                Ok(task(&row.name, chunk, Layer::from(row)))
            })
            .collect();
    }
    let given = given.ok_or_else(|| {
        let error = Diagnostic::new("mapping", "there is nothing to map");
        Report::from(error.help("give --layers, --beside or --evaluate"))
    })?;
    Ok(given.named.iter().map(|named| task(&named.name, 0, named.mapping.layer)).collect())
}

fn no_chunk(accelerator: &Accelerator, row: &model::table::Row) -> Report {
    let (name, op) = (&row.name, row.op.name());
    let message = format!("no chunk of `{}` computes {op}, which layer `{name}` needs", accelerator.name);
    Diagnostic::new("mapping", message).help("add such a chunk, or leave the layer out").into()
}

fn fits_nowhere(task: &Task) -> Report {
    let (name, architecture) = (&task.name, &task.architecture);
    let message = format!("layer `{name}` has no legal mapping on `{}`", architecture.name);
    let [x, w, a] = architecture.rf_bits;
    let error = Diagnostic::new("mapping", message).note(format!(
        "a PE holds {x} bits of inputs, {w} of weights and {a} of sums, the buffer {}",
        grouped(architecture.buffer_bits)
    ));
    error.help("the smallest tiles of all three operands must fit: enlarge what is short").into()
}
