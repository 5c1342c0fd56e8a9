//! What the user sees while a command runs: results on stdout, messages and progress on stderr. Where nobody reads
//! any more (`nasa disasm F | head -1`), the program ends without a word, as one that SIGPIPE ends.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, ErrorKind, Write};
use std::process;
use std::time::Duration;

/// Exit status where the reader of stdout or stderr is gone: 128 + SIGPIPE, as shells have it.
const NO_READER: i32 = 141;

/// Writes a result.
pub fn to_stdout(text: &str) {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    if let Err(error) = written {
        if error.kind() != ErrorKind::BrokenPipe {
            to_stderr(&format!(
                "error[file]: cannot write to stdout: {error}\n  = help: check where it goes\n"
            ));
            process::exit(2);
        }
        process::exit(NO_READER);
    }
}

/// Writes a message. One that cannot be written is lost, which changes no result.
pub fn to_stderr(text: &str) {
    let written = io::stderr().lock().write_all(text.as_bytes());
    if written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
        process::exit(NO_READER);
    }
}

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
    #[cfg(feature = "train")]
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// A message about what happens.
    pub fn say(&self, text: impl AsRef<str>) {
        if !self.quiet {
            to_stderr(&format!("{}\n", text.as_ref()));
        }
    }

    /// A result to be read by a person.
    pub fn show(&self, text: impl AsRef<str>) {
        match (self.quiet, self.stdout_is_taken) {
            (true, _) => {}
            (false, true) => to_stderr(text.as_ref()),
            (false, false) => to_stdout(text.as_ref()),
        }
    }

    /// Does `work` under a spinner that says `what`; the spinner shows on terminals only.
    pub fn busy<T>(&self, what: &str, work: impl FnOnce() -> T) -> T {
        self.counting(what, |_| work())
    }

    /// Does `work` under a spinner that says `what`, and how much of it is done: `work` calls what it is given with that,
    /// and with how much there is.
    pub fn counting<T>(&self, what: &str, work: impl FnOnce(&(dyn Fn(usize, usize) + Sync)) -> T) -> T {
        if self.quiet {
            return work(&|_, _| ());
        }
        let spinner = ProgressBar::new_spinner().with_message(what.to_string());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            spinner.set_style(style);
        }
        spinner.enable_steady_tick(Duration::from_millis(100));
        let result = work(&|done, all| spinner.set_message(format!("{what}, {done} of {all}")));
        spinner.finish_and_clear();
        result
    }
}
