//! The progress bar of an epoch, where stderr is a terminal, and else one line an epoch.

use super::epoch::Learner;
use super::Metrics;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};

/// Whether a run says how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Nothing at all.
    Nothing,
    /// A bar with loss, accuracy and ETA where stderr is a terminal, and else one line an epoch.
    Progress,
}

/// Progress within one epoch.
pub struct Epoch {
    bar: ProgressBar,
    show: Show,
}

impl Epoch {
    /// Starts the bar over what is left of the run, so that its ETA is that of the run.
    pub fn start(show: Show, epoch: usize, learner: &Learner, last: Option<&Metrics>) -> Epoch {
        let epochs = learner.config.schedule.epochs;
        let length = ((epochs - epoch) * learner.steps()) as u64;
        let bar = match show {
            Show::Nothing => ProgressBar::hidden(),
            Show::Progress => ProgressBar::new(length), // Draws nothing where stderr is no terminal.
        };
        let test = last.map_or(String::new(), |last| {
            format!(", test {:.2} %", 100.0 * last.integer_accuracy.unwrap_or(last.float_accuracy))
        });
        let template =
            format!("epoch {}/{epochs} [{{bar:30}}] {{percent}} %, {{eta}} left, {{msg}}{test}", epoch + 1);
        bar.set_style(
            ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Epoch { bar, show }
    }

    /// Another step is done.
    pub fn step(&self, loss: f64, accuracy: f64) {
        self.bar.set_message(format!("loss {loss:.4}, train {:.2} %", 100.0 * accuracy));
        self.bar.inc(1);
    }

    /// The epoch is done.
    pub fn finish(&self, metrics: &Metrics) {
        self.bar.finish_and_clear();
        if self.show == Show::Progress && !std::io::stderr().is_terminal() {
            let integer = metrics
                .integer_accuracy
                .map_or(String::new(), |share| format!(", integers {:.2} %", 100.0 * share));
            // A message that nobody reads is no reason to stop training.
            let _ = writeln!(
                std::io::stderr(),
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
