//! The progress bar of an epoch, where stderr is a terminal, and else one line an epoch.

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
    /// Starts the bar of `epoch` (from 0) over what is left of the run, `steps` an epoch, so that its ETA is that
    /// of the run; `last` is what the epoch before gave, in a few words.
    pub fn start(show: Show, epoch: usize, epochs: usize, steps: usize, last: &str) -> Epoch {
        let length = ((epochs - epoch) * steps) as u64;
        let bar = match show {
            Show::Nothing => ProgressBar::hidden(),
            Show::Progress => ProgressBar::new(length), // Draws nothing where stderr is no terminal.
        };
        let template =
            format!("epoch {}/{epochs} [{{bar:30}}] {{percent}} %, {{eta}} left, {{msg}}{last}", epoch + 1);
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

    /// The epoch is done, and gave what `line` says.
    pub fn finish(&self, line: &str) {
        self.bar.finish_and_clear();
        if self.show == Show::Progress && !std::io::stderr().is_terminal() {
            // A message that nobody reads is no reason to stop training.
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }
}
