//! `nasa ablate`: one search in variants, each over several seeds, and a table of what they came to.
//!
//! The values of all variants are checked before the first epoch. A run that fails, as its loss is no longer finite, leaves the
//! others alone; one that was interrupted goes on after its last whole epoch when the command is given again.

use super::device::Device;
use super::Done;
use crate::console::Console;
use crate::files;
use clap::Args;
use nas::run::search::Found;
use nas::search::ablation::Ablation;
use nas::{SearchConfig, Show, Summary, TrainConfig};
use serde_json::{json, Value};
use spec::error::{grouped, Report};
use std::path::{Path, PathBuf};

/// Searches and trains variants of one search over several seeds, and compares them; goes on where it stopped.
#[derive(Args)]
#[command(after_help = "Example: nasa ablate flows/ablations.yaml\n\n\
    `search` is the file that all variants are made from, `seeds` how often; `set` changes values of all of them, and of each\n\
    its own: {weights.zero_gamma: false}. The table, report.md, has the mean over the seeds, with the least and the greatest.\n\
    docs/nas.md has an example.")]
pub struct Ablate {
    /// What to compare, as YAML.
    ablation: PathBuf,
    #[command(flatten)]
    device: Device,
}

/// A search of a variant with a seed, and where it is run.
struct Run<'a> {
    variant: &'a str,
    seed: u64,
    config: SearchConfig,
    folder: PathBuf,
}

/// What one run came to.
struct Outcome<'a> {
    variant: &'a str,
    seed: u64,
    found: Found,
    trained: Summary,
}

impl Ablate {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let ablation = Ablation::parse(&files::name(&self.ablation), &files::read_text(&self.ablation)?)?;
        self.device.learn(console, || self.compare(console, &ablation))
    }

    fn compare(&self, console: &Console, ablation: &Ablation) -> Result<Done, Report> {
        let out = files::beside(&self.ablation, &ablation.out);
        let (mut outcomes, mut failures) = (Vec::new(), Report::default());
        for run in runs(ablation, &self.ablation, &out)? {
            console.say(format!("{}, seed {}: {}", run.variant, run.seed, run.folder.display()));
            match run.outcome(console) {
                Ok(outcome) => outcomes.push(outcome),
                Err(errors) => failures.0.extend(errors.0),
            }
        }
        let table = table(ablation, &outcomes);
        let file = out.join("report.md");
        files::write(&file, format!("# {}\n\n{table}", ablation.search.display()).as_bytes())?;
        console.show(&table);
        let runs: Vec<Value> = outcomes.iter().map(Outcome::json).collect();
        Ok(Done::failing(json!({ "runs": runs }), failures).with_products(vec![file]))
    }
}

/// Every variant with every seed. Seeds come first: what is compared early is all variants, not all seeds of one.
fn runs<'a>(ablation: &'a Ablation, file: &Path, out: &Path) -> Result<Vec<Run<'a>>, Report> {
    let space = files::beside(file, &ablation.search);
    let base = SearchConfig::parse(&files::name(&space), &files::read_text(&space)?)?;
    let mut report = Report::default();
    // Seeds are right, whatever they are.
    for variant in &ablation.variants {
        let faults = ablation.search(&base, variant, base.seed).err().into_iter().flat_map(|faults| faults.0);
        report.0.extend(faults.map(|fault| fault.in_file(&files::name(file))));
    }
    report.or(())?;
    let mut runs = Vec::new();
    for seed in &ablation.seeds {
        for variant in &ablation.variants {
            let folder = out.join(format!("{}-{seed}", variant.name));
            let config = ablation.search(&base, variant, *seed)?;
            runs.push(Run { variant: &variant.name, seed: *seed, config, folder });
        }
    }
    Ok(runs)
}

impl<'a> Run<'a> {
    /// Searches, and trains what was found.
    fn outcome(self, console: &Console) -> Result<Outcome<'a>, Report> {
        let show = if console.is_quiet() { Show::Nothing } else { Show::Progress };
        let found = nas::search(&self.config, &self.folder.join("search"), true, show)?;
        let text = files::read_text(&found.training)?;
        let training = TrainConfig::parse(&files::name(&found.training), &text)?;
        let trained = nas::train_showing(&training, &self.folder.join("train"), true, show)?;
        Ok(Outcome { variant: self.variant, seed: self.seed, found, trained })
    }
}

impl Outcome<'_> {
    fn json(&self) -> Value {
        let Outcome { variant, seed, found, trained } = self;
        let chosen: Vec<String> = found.chosen.iter().map(ToString::to_string).collect();
        json!({
            "variant": variant, "seed": seed, "network": chosen, "cost": found.cost, "entropy": found.last.entropy,
            "choice_accuracy": found.last.choice_accuracy, "float_accuracy": trained.last.float_accuracy,
            "integer_accuracy": trained.last.integer_accuracy, "seconds": found.seconds + trained.seconds,
        })
    }
}

/// A column: its name, what it shows of a run, and how.
type Column = (&'static str, fn(&Outcome) -> Option<f64>, fn(f64) -> String);

const COLUMNS: &[Column] = &[
    ("choice %", |o| o.found.last.choice_accuracy.map(percent), two_places),
    ("entropy", |o| Some(o.found.last.entropy), two_places),
    (
        "skips",
        |o| Some(o.found.chosen.iter().filter(|c| c.kind() == nas::space::SKIP).count() as f64),
        two_places,
    ),
    ("cost", |o| Some(o.found.cost), |cost| grouped(cost.round())),
    ("float %", |o| Some(percent(o.trained.last.float_accuracy)), two_places),
    ("integers %", |o| o.trained.last.integer_accuracy.map(percent), two_places),
    ("minutes", |o| Some((o.found.seconds + o.trained.seconds) / 60.0), |minutes| format!("{minutes:.0}")),
];

fn percent(share: f64) -> f64 {
    100.0 * share
}

fn two_places(number: f64) -> String {
    format!("{number:.2}")
}

/// A row a variant: the mean over its seeds, and the least and the greatest where they differ.
fn table(ablation: &Ablation, outcomes: &[Outcome]) -> String {
    let names: String = COLUMNS.iter().map(|(name, ..)| format!(" {name} |")).collect();
    let mut text = format!("| variant |{names}\n|---|{}\n", "--:|".repeat(COLUMNS.len()));
    for variant in &ablation.variants {
        let mine: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.variant == variant.name).collect();
        let cells = COLUMNS.iter().map(|(_, of, show)| {
            let values: Option<Vec<f64>> = mine.iter().map(|outcome| of(outcome)).collect();
            let values = values.filter(|values| !values.is_empty());
            format!(" {} |", values.map_or("-".to_string(), |values| spread(&values, *show)))
        });
        let failed = match ablation.seeds.len() - mine.len() {
            0 => String::new(),
            failed => format!(" ({failed} failed)"),
        };
        text += &format!("| {}{failed} |{}\n", variant.name, cells.collect::<String>());
    }
    let seeds: Vec<String> = ablation.seeds.iter().map(u64::to_string).collect();
    let each = if seeds.len() > 1 { ": the mean, and the least to the greatest" } else { "" };
    text + &format!("\nSeeds {}{each}.\n", seeds.join(", "))
}

fn spread(values: &[f64], show: fn(f64) -> String) -> String {
    let mean = show(values.iter().sum::<f64>() / values.len() as f64);
    let ends = [f64::min, f64::max].map(|end| values.iter().copied().reduce(end).map_or(String::new(), show));
    match ends {
        [least, most] if least != most => format!("{mean} ({least} to {most})"),
        _ => mean,
    }
}
