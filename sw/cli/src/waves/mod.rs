//! Waves of a run: which flags ask for them, and how they come about. A run is the same every time, so what happens at
//! a trigger is recorded by running twice: first to learn in which cycles it happens, then to record these.

mod trigger;

pub use trigger::first_mismatch;

use crate::commands::Hardware;
use crate::console::Console;
use crate::{files, flow};
use clap::Args;
use cosim::executor::{self, Outcome};
use cosim::waves::{self, Output, Plan, Selection};
use hdl::Module;
use model::Tensor;
use serde_json::{json, Value};
use sim::Simulator;
use spec::accelerator::Accelerator;
use spec::error::{grouped, Diagnostic, Report};
use spec::program::Program;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use trigger::Trigger;

/// What is recorded of a run.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Waves")]
pub struct Waves {
    /// Records what the signals were, for GTKWave or Surfer, with the names of the Verilog.
    ///
    /// All of them in every cycle, unless the flags below ask for less. Cycle N, counted from the start of the run as in
    /// messages and timelines, is the time from 2N to 2N + 2; what a signal is in a cycle is what the clock edge at its
    /// end finds.
    #[arg(long, value_name = "FILE.fst")]
    pub trace: Option<PathBuf>,
    /// Records only cycles A to B, B left out: 48100:48300.
    #[arg(long, value_name = "A:B", requires = "trace")]
    pub window: Option<String>,
    /// Records only this instance and what is in it: nasa_top.core.clp; may be given several times.
    #[arg(long, value_name = "PATH", requires = "trace")]
    pub scope: Vec<String>,
    /// Records only around what happens: mismatch, LAYER, ex:LAYER, clp.ex:WORD, or PATH=VALUE.
    ///
    /// What happens first of its kind counts: `mismatch`, the EXEC that makes the first element that differs from the
    /// reference (of `nasa simulate` without --dump, in the network's output); `LAYER`, an instruction of a layer, and
    /// `ex:LAYER`, an EXEC of it (`ld`, `st`: LD, ST); `clp.ex:119`, the instruction at word 119 of a queue;
    /// `PATH=VALUE`, the cycle in which a signal has a value, also in hexadecimal (0x1f) or binary (0b101).
    #[arg(long, value_name = "WHAT", requires = "trace", conflicts_with = "window")]
    pub trigger: Option<String>,
    /// Cycles before and after what --trigger finds.
    #[arg(long, value_name = "N", default_value_t = 100, requires = "trigger")]
    pub around: u64,
}

/// A run, whether it is recorded or not.
pub struct Job<'a> {
    pub console: &'a Console,
    pub hardware: &'a Hardware,
    pub accelerator: &'a Accelerator,
    pub program: &'a Program,
    pub images: &'a Tensor,
    pub options: executor::Options,
}

/// What became of the waves that were asked for.
#[derive(Default)]
pub struct Recording {
    /// The machine-readable result: file and cycles.
    pub json: Option<Value>,
    /// Why there are none: what they were to show did not happen.
    pub failures: Report,
}

impl Recording {
    /// Adds what became of the waves to a command's result.
    pub fn add_to(self, json: &mut Value, failures: &mut Report) {
        if let Some(recording) = self.json {
            json["trace"] = recording;
        }
        failures.0.extend(self.failures.0);
    }
}

/// What a run gave, or why it failed; or why it could not be.
pub type Ran<T> = Result<Result<T, Report>, Report>;

impl Waves {
    /// Does the job, and records what the flags ask for. `mismatch` gives the cycles in which the first element that
    /// differs from the reference was made.
    ///
    /// # Errors
    /// All that is wrong with the flags, before anything runs; files that cannot be written. Of a run that fails, what
    /// happened until then is recorded, unless it was run to find a trigger.
    pub fn run(
        &self,
        job: &Job<'_>,
        mismatch: impl Fn(&Outcome) -> Result<Option<Range<u64>>, Report>,
    ) -> Ran<(Outcome, Recording)> {
        let Some(file) = &self.trace else {
            return Ok(job.run()?.map(|outcome| (outcome, Recording::default())));
        };
        let module = flow::hardware(job.accelerator)?;
        let (selection, window, trigger) = self.check(file, &module, job)?;
        let plan = |window| Plan { file: file.clone(), window, selection: selection.clone() };
        let Some(trigger) = trigger else {
            return Ok(job
                .record(plan(window))?
                .map(|(outcome, cycles)| (outcome, described(job, file, cycles))));
        };
        let found = match &trigger {
            Trigger::Signal { .. } => search(job, file, &trigger)?,
            _ => match job.run()? {
                Ok(outcome) => Ok((trigger.in_outcome(job, &outcome, mismatch)?, outcome)),
                Err(failed) => Err(failed),
            },
        };
        let (found, outcome) = match found {
            Ok((Some(found), outcome)) => (found, outcome),
            Ok((None, outcome)) => return Ok(Ok((outcome, never(&trigger)))),
            Err(failed) => return Ok(Err(failed)),
        };
        let window = found.start.saturating_sub(self.around)..found.end.saturating_add(self.around);
        let options = executor::Options { stop_at: Some(window.end), ..job.options.clone() };
        let again = Job { options, ..*job }.record(plan(window))?;
        Ok(again.map(|(_, cycles)| (outcome, described(job, file, cycles))))
    }

    /// What the flags mean.
    fn check(
        &self,
        file: &Path,
        module: &Arc<Module>,
        job: &Job<'_>,
    ) -> Result<(Selection, Range<u64>, Option<Trigger>), Report> {
        let mut report = Report::default();
        if file.extension().is_none_or(|extension| extension != "fst") {
            let error = Diagnostic::new("trace", "waves are written as FST").in_file(&files::name(file));
            let name = file.with_extension("fst");
            report.push(error.help(format!("write --trace {}, or --timeline for JSON", name.display())));
        }
        let mut keep = |report_of: Report| report.0.extend(report_of.0);
        let selection = Selection::new(module, &self.scope).map_err(&mut keep).ok();
        let window = self.window.as_deref().map_or(Ok(0..u64::MAX), window).map_err(&mut keep).ok();
        let trigger = self.trigger.as_deref().map(|text| Trigger::parse(text, module, job));
        let trigger = trigger.transpose().map_err(&mut keep).ok();
        match (selection, window, trigger) {
            (Some(selection), Some(window), Some(trigger)) if report.0.is_empty() => {
                // A file that cannot be written is told before anything runs. This one goes as it came.
                Output::create(file).map(|_| (selection, window, trigger))
            }
            _ => Err(report),
        }
    }
}

/// Runs, and looks for a signal's value in a recording of its instance alone.
fn search(job: &Job<'_>, file: &Path, trigger: &Trigger) -> Ran<(Option<Range<u64>>, Outcome)> {
    let Trigger::Signal { path, value, selection } = trigger else { panic!("a trigger of a signal") };
    let scratch = file.with_extension("search.fst");
    let plan = Plan { file: scratch.clone(), window: 0..u64::MAX, selection: selection.clone() };
    let recorded = job.record(plan);
    let found = recorded.as_ref().map_or(Ok(None), |_| waves::first(&scratch, path, value));
    // It may not even exist; the error that matters is the first one.
    let _ = std::fs::remove_file(&scratch);
    let recorded = recorded?;
    let found = found?.map(|cycle| cycle..cycle + 1);
    Ok(recorded.map(|(outcome, _)| (found, outcome)))
}

/// What is left where nothing is to be seen.
fn never(trigger: &Trigger) -> Recording {
    let message = format!("`{trigger}` did not happen in this run, so there is no trace");
    let mut error = Diagnostic::new("trace", message);
    if let Trigger::Word { .. } = trigger {
        error = error.note("only LD, EXEC and ST start something that takes time");
    }
    Recording { json: None, failures: error.help("choose another --trigger, or a --window").into() }
}

impl Job<'_> {
    fn run(&self) -> Ran<Outcome> {
        let mut simulator = flow::simulator(self.console, self.accelerator, self.hardware)?;
        Ok(self.execute(simulator.as_mut()))
    }

    /// Runs and records; gives the cycles that were. What a run did until it failed is recorded all the same.
    fn record(&self, plan: Plan) -> Ran<(Outcome, Range<u64>)> {
        let mut recorder = flow::recorder(self.console, self.accelerator, self.hardware, plan)?;
        let outcome = self.execute(recorder.as_mut());
        match (outcome, recorder.close()) {
            (Ok(outcome), Ok(cycles)) => Ok(Ok((outcome, cycles))),
            (Err(failed), _) => Ok(Err(failed)),
            (Ok(_), Err(unwritten)) => Err(unwritten),
        }
    }

    fn execute(&self, simulator: &mut dyn Simulator) -> Result<Outcome, Report> {
        flow::execute(self.console, simulator, self.accelerator, self.program, self.images, &self.options)
    }
}

fn described(job: &Job<'_>, file: &Path, cycles: Range<u64>) -> Recording {
    let [first, last] = [cycles.start, cycles.end].map(grouped);
    job.console.say(format!("{}: the signals in cycles {first} to {last}", file.display()));
    let json = json!({"file": file.display().to_string(), "cycles": [cycles.start, cycles.end]});
    Recording { json: Some(json), failures: Report::default() }
}

/// `A:B` as the cycles from A to B, B left out.
fn window(text: &str) -> Result<Range<u64>, Report> {
    let numbers =
        text.split_once(':').and_then(|(a, b)| Some((a.parse::<u64>().ok()?, b.parse::<u64>().ok()?)));
    let wrong = |message: String, help: String| Err(Diagnostic::new("trace", message).help(help).into());
    match numbers {
        None => wrong(
            format!("`{text}` is no window"),
            "write the first cycle and the one after the last: 48100:48300".into(),
        ),
        Some((a, b)) if a == b => wrong(
            format!("the window {a}:{b} is empty"),
            format!("write {a}:{} for one cycle", a.saturating_add(1)),
        ),
        Some((a, b)) if a > b => {
            wrong(format!("the window {a}:{b} ends before it begins"), format!("write {b}:{a}"))
        }
        Some((a, b)) => Ok(a..b),
    }
}
