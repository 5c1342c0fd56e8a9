//! What the user sees while a command runs: results on stdout, messages and progress on stderr.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// Where a command speaks to the user.
pub struct Console {
    quiet: bool,
    stdout_is_taken: bool,
}

impl Console {
    /// `stdout_is_taken`: the machine-readable result goes there, so nothing else may.
    pub fn new(quiet: bool, stdout_is_taken: bool) -> Console {
        Console { quiet, stdout_is_taken }
    }

    /// Whether nothing but results may be shown.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// A message about what happens.
    pub fn say(&self, text: impl AsRef<str>) {
        if !self.quiet {
            eprintln!("{}", text.as_ref());
        }
    }

    /// A result to be read by a person.
    pub fn show(&self, text: impl AsRef<str>) {
        match (self.quiet, self.stdout_is_taken) {
            (true, _) => {}
            (false, true) => eprint!("{}", text.as_ref()),
            (false, false) => print!("{}", text.as_ref()),
        }
    }

    /// Does `work` under a spinner that says `what`; the spinner shows on terminals only.
    pub fn busy<T>(&self, what: &str, work: impl FnOnce() -> T) -> T {
        if self.quiet {
            return work();
        }
        let spinner = ProgressBar::new_spinner().with_message(what.to_string());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            spinner.set_style(style);
        }
        spinner.enable_steady_tick(Duration::from_millis(100));
        let result = work();
        spinner.finish_and_clear();
        result
    }
}
