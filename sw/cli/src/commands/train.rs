//! `nasa train` and `nasa quantize`: from a data set to a network of integers.

use super::device::Device;
use super::Done;
use crate::console::Console;
use crate::files;
use clap::Args;
use serde_json::json;
use spec::error::Report;
use std::path::PathBuf;

/// Trains a network; a run that was interrupted goes on with --resume.
#[derive(Args)]
#[command(after_help = "Example: nasa train sw/zoo/fashion-hybrid/train.yaml -o runs/fashion")]
pub struct Train {
    /// What to train, as YAML.
    pub config: PathBuf,
    /// Folder of the run.
    #[arg(short, long, value_name = "RUN_DIR")]
    pub out: PathBuf,
    /// Goes on after the last whole epoch.
    #[arg(long)]
    pub resume: bool,
    #[command(flatten)]
    pub device: Device,
}

impl Train {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let config = nas::TrainConfig::parse(&files::name(&self.config), &files::read_text(&self.config)?)?;
        let show = if console.is_quiet() { nas::Show::Nothing } else { nas::Show::Progress };
        let summary =
            self.device.learn(console, || nas::train_showing(&config, &self.out, self.resume, show))?;
        let last = &summary.last;
        let (run, float, epochs) = (self.out.display(), last.float_accuracy, last.epoch + 1);
        let rounded = last.rounded_accuracy.zip(last.integer_accuracy);
        let rounded =
            rounded.map(|(r, i)| format!(", {r:.4} rounded, {i:.4} as integers")).unwrap_or_default();
        console.say(format!("{run}: accuracy {float:.4}{rounded} after {epochs} epochs"));
        Ok(Done::well(json!({
            "epochs": last.epoch + 1, "loss": last.loss, "float_accuracy": last.float_accuracy,
            "rounded_accuracy": last.rounded_accuracy, "integer_accuracy": last.integer_accuracy,
            "seconds": summary.seconds,
        })))
    }
}

/// Exports a trained network as integers, with a few test images.
#[derive(Args)]
#[command(after_help = "Example: nasa quantize runs/fashion -o networks/fashion")]
pub struct Quantize {
    /// Folder of a run.
    pub run: PathBuf,
    /// Folder for the network, its tensors, and images to try it with.
    #[arg(short, long, value_name = "DIR")]
    pub out: PathBuf,
}

impl Quantize {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let found = console.busy("exporting", || nas::quantize(&self.run, &self.out))?;
        let (float, rounded, integer) =
            (found.float_accuracy, found.rounded_accuracy, found.integer_accuracy);
        let out = self.out.display();
        console.say(format!("{out}: accuracy {float:.4}, {rounded:.4} rounded, {integer:.4} as integers"));
        let json = json!({
            "images": found.images, "epochs": found.epochs, "float_accuracy": float, "rounded_accuracy": rounded,
            "integer_accuracy": integer,
            "network": found.network, "samples": found.samples, "labels": found.labels,
        });
        Ok(Done::well(json).with_products(found.files.iter().map(|name| self.out.join(name)).collect()))
    }
}
