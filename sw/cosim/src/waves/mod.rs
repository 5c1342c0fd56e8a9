//! Waves: what the signals of a run were, as an FST file for GTKWave or Surfer.
//!
//! A [`Plan`] says which instances, which cycles and which file; a [`Recorder`] is a simulator that carries it out
//! while a program runs on it. Cycle n of a run is the time from 2n to 2n + 2: signals are shown with the values that
//! they have when the clock edge at the end of the cycle comes, the clock rises at 2n and falls at 2n + 1. So files of
//! all engines show one tree and one time, whoever wrote them: `fst` for the simulators that can be watched,
//! Verilator's own code for its models.

mod fst;
mod output;
mod read;
mod selection;
mod traced;
mod writer;

use std::ops::Range;
use std::path::PathBuf;

use sim::Simulator;
use spec::error::{grouped, Diagnostic, Report};

pub use output::Output;
pub use read::{first, read, Changes};
pub use selection::Selection;
pub use traced::Traced;

/// What is recorded.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where it goes.
    pub file: PathBuf,
    /// Cycles of the run, the last one left out.
    pub window: Range<u64>,
    /// The instances.
    pub selection: Selection,
}

/// A simulator that records.
pub trait Recorder: Simulator {
    /// Ends the recording; gives the cycles that it has.
    ///
    /// # Errors
    /// Where it could not be written, or where the run was over before its first cycle.
    fn close(&mut self) -> Result<Range<u64>, Report>;
}

/// The time at which a cycle begins.
pub(crate) fn time(cycle: u64) -> u64 {
    2 * cycle
}

/// The cycle that a time is in.
pub(crate) fn cycle(time: u64) -> u64 {
    time / 2
}

/// The cycles that a recording has; `next` is the one after the last, where there is one.
pub(crate) fn recorded(plan: &Plan, next: Option<u64>) -> Result<Range<u64>, Report> {
    next.map(|next| plan.window.start..next).ok_or_else(|| {
        let message = format!("the run is over before cycle {}", grouped(plan.window.start));
        let error = Diagnostic::new("trace", message).in_file(&plan.file.display().to_string());
        error.note("there is nothing to record").help("choose an earlier --window").into()
    })
}
