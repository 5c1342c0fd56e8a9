//! What the launches of a run say about a layer: a launch belongs to the layer whose words it comes from.
//!
//! Cycles of launches are counted from the first launch of the run, measured and predicted alike; what the user sees is
//! counted from the start of the run, [`first_launch`] cycles before.

use cosim::executor::Outcome;
use mapper::events::{Run, Waits};
use mapper::{exec, Counts};
use spec::isa::table::Queue;
use spec::program::{Program, Span};

/// One engine's work for one launch, measured or predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Three a chunk, in the order of `Queue::ALL`.
    pub queue: usize,
    /// Index of its word in the queue's stream.
    pub word: usize,
    /// First cycle.
    pub begin: u64,
    /// First cycle in which the engine is idle again.
    pub end: u64,
    /// What the chunk's counters gained.
    pub counts: Counts,
    /// Its own cycles, if it is an `EXEC`; of a measured one, this is not known.
    pub exec: exec::Times,
    /// What an `EXEC`'s chunk waited for before; of a measured one, this is not known.
    pub waits: Waits,
}

impl Launch {
    /// Index of its chunk.
    pub fn chunk(&self) -> usize {
        self.queue / Queue::ALL.len()
    }

    fn is_exec(&self) -> bool {
        Queue::ALL[self.queue % Queue::ALL.len()] == Queue::Execute
    }
}

/// The cycle of the run in which its first launch begins.
pub fn first_launch(outcome: &Outcome) -> u64 {
    outcome.events.iter().map(|event| event.begin).min().unwrap_or(0)
}

/// The launches that the hardware's trace showed.
pub fn measured(outcome: &Outcome) -> Vec<Launch> {
    let counts = |counters: &[u32]| {
        let mut counts = Counts::default();
        counts.0.iter_mut().zip(counters).for_each(|(to, from)| *to = u64::from(*from));
        counts
    };
    let events = outcome.events.iter();
    ordered(events.map(|e| Launch {
        queue: e.queue,
        word: e.word,
        begin: e.begin,
        end: e.end,
        counts: counts(&e.counters),
        exec: exec::Times::default(),
        waits: Waits::default(),
    }))
}

/// The launches that the event model predicts.
pub fn predicted(run: &Run) -> Vec<Launch> {
    let events = run.events.iter();
    ordered(events.map(|e| Launch {
        queue: e.queue,
        word: e.word,
        begin: e.begin,
        end: e.end,
        counts: e.counts,
        exec: e.times,
        waits: e.waits,
    }))
}

/// By queue, and in each queue in the order of its launches.
fn ordered(launches: impl Iterator<Item = Launch>) -> Vec<Launch> {
    let mut launches: Vec<Launch> = launches.collect();
    let first = launches.iter().map(|launch| launch.begin).min().unwrap_or(0);
    launches.iter_mut().for_each(|launch| {
        launch.begin -= first;
        launch.end -= first;
    });
    launches.sort_by_key(|launch| (launch.queue, launch.begin));
    launches
}

/// The layer that a launch works for.
pub fn layer_of<'a>(program: &'a Program, launch: &Launch) -> Option<&'a str> {
    span_of(program, launch).map(|span| span.layer.as_str())
}

/// The words that a launch is one of.
pub fn span_of<'a>(program: &'a Program, launch: &Launch) -> Option<&'a Span> {
    let mut spans = program.source.iter().filter(|span| span.stream == launch.queue);
    spans.find(|span| (span.first..=span.last).contains(&launch.word))
}

/// A layer's launches together, over all images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    /// From the begin of its first launch for the first image to the end of its last for the last.
    pub span: Option<(u64, u64)>,
    /// The same of its `EXEC`s.
    pub exec_span: Option<(u64, u64)>,
    /// Cycles of its `EXEC`s together.
    pub exec: u64,
    /// From the begin of an image's first `EXEC` to the end of its last, the mean over the images.
    pub image_cycles: f64,
    /// Its `EXEC`s, image by image.
    pub execs: Vec<Launch>,
    /// What the chunk's counters gained by all of them.
    pub counts: Counts,
}

impl Times {
    /// Of the launches whose words run `layer`.
    pub fn of(program: &Program, launches: &[Launch], layer: &str) -> Times {
        let mine: Vec<&Launch> =
            launches.iter().filter(|launch| layer_of(program, launch) == Some(layer)).collect();
        let execs: Vec<&Launch> = mine.iter().copied().filter(|launch| launch.is_exec()).collect();
        // A layer takes its images one after the other, each with as many EXECs.
        let images = execs.chunks((execs.len() / program.images as usize).max(1));
        let cycles: Vec<u64> = images.filter_map(span).map(|(begin, end)| end - begin).collect();
        let mut counts = Counts::default();
        mine.iter().for_each(|launch| counts.add(&launch.counts));
        Times {
            span: span(&mine),
            exec_span: span(&execs),
            exec: execs.iter().map(|launch| launch.end - launch.begin).sum(),
            image_cycles: cycles.iter().sum::<u64>() as f64 / cycles.len().max(1) as f64,
            execs: execs.into_iter().copied().collect(),
            counts,
        }
    }

    /// Cycles from the begin of the first launch to the end of the last.
    pub fn cycles(&self) -> u64 {
        self.span.map_or(0, |(begin, end)| end - begin)
    }

    /// The `macs` of an image for each PE and cycle between its first `EXEC` and the end of its last, the mean over
    /// images: the time in which a layer waits for its next image is not its own, and what idle PEs do is no use.
    pub fn utilization(&self, macs: u64, pes: u64) -> f64 {
        macs as f64 / (pes as f64 * self.image_cycles).max(1.0)
    }
}

/// From the first begin to the last end.
fn span(launches: &[&Launch]) -> Option<(u64, u64)> {
    let begin = launches.iter().map(|launch| launch.begin).min()?;
    let end = launches.iter().map(|launch| launch.end).max()?;
    Some((begin, end))
}
