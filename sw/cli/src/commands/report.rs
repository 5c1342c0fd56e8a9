//! `nasa report`: pictures and tables of a training or a search.

use super::Done;
use crate::console::Console;
use crate::files;
use crate::pictures::{self, Curve};
use clap::Args;
use nas::run::record::Record;
use nas::run::search::{standing, SearchMetrics};
use nas::run::Metrics;
use nas::space::{counted, Candidate};
use nas::SearchConfig;
use serde_json::json;
use spec::error::{Diagnostic, Report as Errors};
use std::path::PathBuf;

/// Shows a training or a search: report.md with its table, and its pictures as SVG.
#[derive(Args)]
#[command(after_help = "Example: nasa report runs/search -o reports/search\n\n\
    A training gives curves.svg; a search also choice.svg, a row a block and a column a candidate, with the probability of each\n\
    in percent. A run that is still going on is shown as far as it is.")]
pub struct Report {
    /// Folder of the run.
    run: PathBuf,
    /// Where the files go; the run's folder where left out.
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The files of a report: names and contents.
type Files = Vec<(&'static str, String)>;

impl Report {
    pub fn run(&self, console: &Console) -> Result<Done, Errors> {
        let out = self.out.as_ref().unwrap_or(&self.run);
        let (kind, epochs, made) = match Record::read(&self.run)? {
            Record::Training(config, metrics) => {
                ("training", metrics.len(), training(&config.name, &metrics))
            }
            Record::Search(config, metrics) => {
                let named = metrics.last().map(|last| standing(&config, &self.run, last)).transpose()?;
                let named = named.map(|named| sentence(&config, named)).unwrap_or_default();
                ("search", metrics.len(), search(&config, &metrics, &named))
            }
        };
        let made = made.map_err(|why| Diagnostic::new("report", format!("no picture can be made: {why}")))?;
        let mut products = Vec::new();
        for (name, text) in made {
            let path = out.join(name);
            files::write(&path, text.as_bytes())?;
            console.say(files::name(&path));
            products.push(path);
        }
        let names: Vec<String> = products.iter().map(|path| files::name(path)).collect();
        let json = json!({"kind": kind, "epochs": epochs, "files": names});
        Ok(Done::well(json).with_products(products))
    }
}

fn training(name: &str, metrics: &[Metrics]) -> Result<Files, String> {
    let percent = |share: f64| 100.0 * share;
    let loss = vec![Curve::new("training images", metrics.iter().map(|epoch| Some(epoch.loss)))];
    let accuracy = vec![
        Curve::new("training images", metrics.iter().map(|epoch| Some(percent(epoch.train_accuracy)))),
        Curve::new("test images", metrics.iter().map(|epoch| Some(percent(epoch.float_accuracy)))),
        Curve::new("test images, rounded", metrics.iter().map(|epoch| epoch.rounded_accuracy.map(percent))),
        Curve::new("test images, integers", metrics.iter().map(|epoch| epoch.integer_accuracy.map(percent))),
    ];
    let svg = pictures::curves(&[("cross entropy", loss), ("top-1 in percent", accuracy)])?;
    let row = |epoch: &Metrics| {
        let [rounded, integer] = [epoch.rounded_accuracy, epoch.integer_accuracy]
            .map(|share| share.map_or("-".to_string(), |share| format!("{:.2}", percent(share))));
        format!(
            "| {} | {:.4} | {:.2} | {:.2} | {rounded} | {integer} | {:.0} |\n",
            epoch.epoch + 1,
            epoch.loss,
            percent(epoch.train_accuracy),
            percent(epoch.float_accuracy),
            epoch.seconds
        )
    };
    let rows: String = metrics.iter().map(row).collect();
    let text = format!(
        "# {name}\n\n![curves](curves.svg)\n\n\
        | epoch | loss | training images % | test images % | rounded % | integers % | s |\n|--:|--:|--:|--:|--:|--:|--:|\n{rows}"
    );
    Ok(vec![("report.md", text), ("curves.svg", svg)])
}

/// The network that a search names as things stand, its cost, and why this one.
fn sentence(config: &SearchConfig, (candidates, cost): (Vec<Candidate>, f64)) -> String {
    let all = counted(config.space.size());
    let why = match config.cost.target {
        None => format!("The likeliest of {all} networks"),
        Some([_, most]) if cost <= most => {
            format!("Of {all} networks the likeliest within the target of costs")
        }
        Some(_) => format!("The cheapest of {all} networks, of which none is within the target of costs"),
    };
    let names: Vec<String> = candidates.iter().map(ToString::to_string).collect();
    format!("{why}: {}, at a cost of {cost:.4e}.", names.join(", "))
}

/// `named`: which network the search names as things stand.
fn search(config: &SearchConfig, metrics: &[SearchMetrics], named: &str) -> Result<Files, String> {
    let all = |value: fn(&SearchMetrics) -> Option<f64>| metrics.iter().map(value);
    let accuracy = vec![
        Curve::new("images of the weights", all(|epoch| Some(100.0 * epoch.accuracy))),
        Curve::new("images of the choice", all(|epoch| epoch.choice_accuracy.map(|share| 100.0 * share))),
    ];
    let cost = vec![
        Curve::new("expected", all(|epoch| Some(epoch.expected_cost))),
        Curve::new("best network", all(|epoch| Some(epoch.best_cost))),
    ];
    let entropy = vec![Curve::new("mean of the blocks", all(|epoch| Some(epoch.entropy)))];
    let panels = [("top-1 in percent", accuracy), ("cost", cost), ("entropy of the choice, nats", entropy)];
    let svg = pictures::curves(&panels)?;
    let choice = choice(config, metrics)?;
    let row = |epoch: &SearchMetrics| {
        let learnt = epoch.choice_accuracy.map_or("-".to_string(), |share| format!("{:.2}", 100.0 * share));
        format!(
            "| {} | {} | {:.4} | {:.2} | {learnt} | {:.2} | {:.2e} | {:.4e} | {:.4e} | {:.3} | {:.0} |\n",
            epoch.epoch + 1,
            epoch.stage,
            epoch.loss,
            100.0 * epoch.accuracy,
            epoch.temperature,
            epoch.lambda,
            epoch.expected_cost,
            epoch.best_cost,
            epoch.entropy,
            epoch.seconds
        )
    };
    let rows: String = metrics.iter().map(row).collect();
    let text = format!(
        "# {}\n\n{named}\n\n![curves](curves.svg)\n\n![choice](choice.svg)\n\n\
        | epoch | stage | loss | weights' images % | choice's images % | temperature | lambda | expected cost | best cost | \
        entropy | s |\n|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n{rows}",
        config.name
    );
    Ok(vec![("report.md", text), ("curves.svg", svg), ("choice.svg", choice)])
}

/// The probabilities after the last epoch: columns are all candidates of any block.
fn choice(config: &SearchConfig, metrics: &[SearchMetrics]) -> Result<String, String> {
    let places = config.space.places([1, 1, 1]);
    let most = places.iter().max_by_key(|place| place.candidates.len()); // In the order of a block that has all ops.
    let mut columns: Vec<String> = Vec::new();
    for candidate in
        most.into_iter().chain(&places).flat_map(|place| &place.candidates).map(|c| c.to_string())
    {
        if !columns.contains(&candidate) {
            columns.push(candidate);
        }
    }
    let shares = metrics.last().map(|epoch| &epoch.probabilities[..]).unwrap_or_default();
    let rows = places.iter().zip(shares).map(|(place, shares)| {
        let names: Vec<String> = place.candidates.iter().map(|candidate| candidate.to_string()).collect();
        let share = |column: &String| names.iter().position(|name| name == column).map(|i| shares[i]);
        (place.name(), columns.iter().map(share).collect())
    });
    pictures::heat(&columns, &rows.collect::<Vec<_>>())
}
