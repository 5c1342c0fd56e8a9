//! The progress bar of an epoch, where stderr is a terminal, and else one line an epoch.

use super::epoch::Learner;
use super::Metrics;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// Progress within one epoch. indicatif draws nothing where stderr is no terminal.
pub struct Epoch {
    bar: ProgressBar,
}

impl Epoch {
    /// Starts the bar over what is left of the run, so that its ETA is that of the run.
    pub fn start(epoch: usize, epochs: usize, learner: &Learner, last: Option<&Metrics>) -> Epoch {
        let steps = learner.steps() as u64;
        let bar = ProgressBar::new((epochs - epoch) as u64 * steps);
        let test = last.map_or(String::new(), |last| {
            format!(", test {:.2} %", 100.0 * last.integer_accuracy.unwrap_or(last.float_accuracy))
        });
        let template =
            format!("epoch {}/{epochs} [{{bar:30}}] {{percent}} %, {{eta}} left, {{msg}}{test}", epoch + 1);
        bar.set_style(
            ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Epoch { bar }
    }

    /// Another step is done.
    pub fn step(&self, loss: f64, accuracy: f64) {
        self.bar.set_message(format!("loss {loss:.4}, train {:.2} %", 100.0 * accuracy));
        self.bar.inc(1);
    }

    /// The epoch is done.
    pub fn finish(&self, metrics: &Metrics) {
        self.bar.finish_and_clear();
        if !std::io::stderr().is_terminal() {
            let integer = metrics
                .integer_accuracy
                .map_or(String::new(), |share| format!(", integers {:.2} %", 100.0 * share));
            eprintln!(
                "epoch {}: loss {:.4}, train {:.2} %, test {:.2} %{integer}, {:.0} s",
                metrics.epoch + 1,
                metrics.loss,
                100.0 * metrics.train_accuracy,
                100.0 * metrics.float_accuracy,
                metrics.seconds
            );
        }
    }
}
