//! `nasa search`: from a space of networks to the training of one.

use super::device::Device;
use super::Done;
use crate::console::Console;
use crate::files;
use clap::Args;
use nas::space::counted;
use serde_json::json;
use spec::error::Report;
use std::path::PathBuf;

/// Searches a network among all of a space; a run that was interrupted goes on with --resume.
#[derive(Args)]
#[command(after_help = "Example: nasa search sw/nas/spaces/fashion.yaml -o runs/search\n\n\
    The folder holds metrics.jsonl (an epoch a line, with the probability of every candidate), costs.csv (what every candidate\n\
    costs) and in the end train.yaml, the training of what was found:\n\
    nasa train runs/search/train.yaml -o runs/found\n\n\
    --ops searches the same space among other ops: conv alone is the baseline without shift and adder layers.\n\
    docs/nas.md explains spaces, stages of pretraining and costs.")]
pub struct Search {
    /// What to search, as YAML.
    pub config: PathBuf,
    /// Folder of the run.
    #[arg(short, long, value_name = "RUN_DIR")]
    pub out: PathBuf,
    /// Goes on after the last whole epoch.
    #[arg(long)]
    pub resume: bool,
    /// Ops of the blocks, in place of those of the space.
    #[arg(long, value_delimiter = ',', value_name = "OPS")]
    pub ops: Vec<String>,
    #[command(flatten)]
    pub device: Device,
}

impl Search {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let config = nas::SearchConfig::parse(&files::name(&self.config), &files::read_text(&self.config)?)?;
        let config = if self.ops.is_empty() { config } else { config.with_ops(self.ops.clone())? };
        let show = if console.is_quiet() { nas::Show::Nothing } else { nas::Show::Progress };
        let found = self.device.learn(console, || nas::search(&config, &self.out, self.resume, show))?;
        let training = files::name(&found.training);
        let chosen: Vec<String> = found.chosen.iter().map(|candidate| candidate.to_string()).collect();
        for (i, candidate) in chosen.iter().enumerate() {
            console.show(format!("b{:02} {candidate}\n", i + 1));
        }
        let (networks, cost) = (counted(found.space), found.cost);
        console.say(format!("{training}: one of {networks} networks, cost {cost:.4e}"));
        let last = &found.last;
        let json = json!({
            "epochs": last.epoch + 1, "space": found.space, "network": chosen, "cost": cost,
            "expected_cost": last.expected_cost, "lambda": last.lambda, "entropy": last.entropy, "loss": last.loss,
            "accuracy": last.accuracy, "choice_accuracy": last.choice_accuracy, "training": training,
            "seconds": found.seconds,
        });
        Ok(Done::well(json).with_products(vec![found.training.clone()]))
    }
}
