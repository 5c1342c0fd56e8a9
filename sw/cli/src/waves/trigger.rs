//! What a trigger means, and in which cycles it happens.

use super::Job;
use crate::measure::{self, layer_of, Launch, Times};
use crate::verification::exec_of;
use compiler::Compiled;
use cosim::compare::compare;
use cosim::executor::Outcome;
use cosim::waves::Selection;
use hdl::Module;
use model::Tensor;
use num::Bits;
use spec::error::{nearest, Diagnostic, Report};
use spec::isa::table::Queue;
use spec::program::Program;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Something that happens in a run.
pub enum Trigger {
    /// The making of the first element that differs from the reference.
    Mismatch,
    /// The first instruction of a layer, of one kind of queue or of any.
    Layer { layer: String, queue: Option<Queue> },
    /// The instruction at a word of a stream.
    Word { stream: String, number: usize, word: usize },
    /// A signal has a value.
    Signal { path: String, value: Bits, selection: Selection },
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trigger::Mismatch => f.write_str("mismatch"),
            Trigger::Layer { layer, queue: None } => f.write_str(layer),
            Trigger::Layer { layer, queue: Some(queue) } => write!(f, "{}:{layer}", queue.name()),
            Trigger::Word { stream, word, .. } => write!(f, "{stream}:{word}"),
            Trigger::Signal { path, value, .. } => write!(f, "{path}={value}"),
        }
    }
}

impl Trigger {
    /// Reads what `--trigger` says.
    ///
    /// # Errors
    /// Layers, queues, words and signals that there are not, and values that do not fit.
    pub fn parse(text: &str, module: &Arc<Module>, job: &Job<'_>) -> Result<Trigger, Report> {
        if text == "mismatch" {
            return Ok(Trigger::Mismatch);
        }
        if let Some((path, value)) = text.split_once('=') {
            return signal(path, value, module);
        }
        let streams = job.streams();
        if let Some((stream, word)) = text.rsplit_once(':') {
            if let Some(number) = streams.iter().position(|known| known == stream) {
                return job.word(stream, number, word);
            }
            let Some(queue) = Queue::ALL.into_iter().find(|queue| queue.name() == stream) else {
                let kinds = Queue::ALL.map(Queue::name);
                let known = kinds.into_iter().chain(streams.iter().map(String::as_str));
                return Err(unknown("queue", stream, known.collect()));
            };
            return job.layer(word, Some(queue));
        }
        job.layer(text, None)
    }

    /// The cycles in which it happens, by what a run left behind.
    pub fn in_outcome(
        &self,
        job: &Job<'_>,
        outcome: &Outcome,
        mismatch: impl Fn(&Outcome) -> Result<Option<Range<u64>>, Report>,
    ) -> Result<Option<Range<u64>>, Report> {
        let is_it = |launch: &Launch| match self {
            Trigger::Layer { layer, queue } => {
                let kind = Queue::ALL[launch.queue % 3];
                layer_of(job.program, launch) == Some(layer) && queue.is_none_or(|queue| queue == kind)
            }
            Trigger::Word { number, word, .. } => (launch.queue, launch.word) == (*number, *word),
            Trigger::Mismatch | Trigger::Signal { .. } => false,
        };
        if let Trigger::Mismatch = self {
            return mismatch(outcome);
        }
        let launches = measure::measured(outcome).into_iter().filter(is_it);
        Ok(launches.min_by_key(|launch| launch.begin).map(|launch| cycles(&launch, outcome)))
    }
}

impl Job<'_> {
    /// The names of the program's streams.
    fn streams(&self) -> Vec<String> {
        let names: Vec<&str> = self.accelerator.chunks.iter().map(|chunk| chunk.name()).collect();
        (0..self.program.streams.len()).map(|stream| Program::stream_name(&names, stream)).collect()
    }

    fn layer(&self, layer: &str, queue: Option<Queue>) -> Result<Trigger, Report> {
        let mut layers: Vec<&str> = self.program.source.iter().map(|span| span.layer.as_str()).collect();
        layers.sort_unstable();
        layers.dedup();
        match layers.contains(&layer) {
            true => Ok(Trigger::Layer { layer: layer.to_owned(), queue }),
            false => Err(unknown("layer", layer, layers)),
        }
    }

    fn word(&self, stream: &str, number: usize, word: &str) -> Result<Trigger, Report> {
        let words = self.program.streams[number].len();
        match word.parse() {
            Ok(word) if word < words => Ok(Trigger::Word { stream: stream.to_owned(), number, word }),
            _ => {
                let error = Diagnostic::new("trace", format!("the stream {stream} has no word `{word}`"));
                let error = error.note(format!("it has {words} words, counted from 0"));
                Err(error.help("see them with `nasa disasm`").into())
            }
        }
    }
}

/// A value of a signal, in any base.
fn signal(path: &str, value: &str, module: &Arc<Module>) -> Result<Trigger, Report> {
    let (selection, declared) = Selection::signal(module, path)?;
    let (digits, base) = match value.get(..2) {
        Some("0x") => (&value[2..], 16),
        Some("0b") => (&value[2..], 2),
        _ => (value, 10),
    };
    let wrong = |why: String| Diagnostic::new("trace", format!("`{path}` can never be `{value}`")).note(why);
    let Ok(number) = u64::from_str_radix(digits, base) else {
        let error = wrong("that is no number below 2^64".to_owned());
        return Err(error.help("write an unsigned number: 31, 0x1f or 0b11111").into());
    };
    if declared.width < 64 && number >> declared.width != 0 {
        let error = wrong(format!("its width is {}", declared.width));
        return Err(error.help(format!("write a number up to {}", (1u64 << declared.width) - 1)).into());
    }
    let value = Bits::from_u64(64, number).zext(declared.width);
    Ok(Trigger::Signal { path: path.to_owned(), value, selection })
}

fn unknown(what: &str, name: &str, known: Vec<&str>) -> Report {
    let error = Diagnostic::new("trace", format!("the program has no {what} `{name}`"));
    match nearest(name, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")).into(),
        None => error.help(format!("there are {}; for a signal write PATH=VALUE", known.join(", "))).into(),
    }
}

/// The cycles of the run in which the first element was made that differs from the reference, of all layers whose
/// output was stored.
pub fn first_mismatch(compiled: &Compiled, expected: &[Tensor], outcome: &Outcome) -> Option<Range<u64>> {
    let measured = measure::measured(outcome);
    let makers = compiled.layers.iter().enumerate().filter_map(|(index, plan)| {
        let (_, found) = outcome.outputs.iter().find(|(output, _)| *output == plan.name)?;
        let first = compare(&expected[index], found).first?;
        let times = Times::of(&compiled.program, &measured, &plan.name);
        exec_of(plan, &times, first.index).copied()
    });
    makers.min_by_key(|launch| launch.end).map(|launch| cycles(&launch, outcome))
}

/// The cycles of the run in which a launch works.
fn cycles(launch: &Launch, outcome: &Outcome) -> Range<u64> {
    let first = measure::first_launch(outcome);
    first + launch.begin..first + launch.end
}
