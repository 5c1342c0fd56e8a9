//! What the launches of a run say about a layer: a launch belongs to the layer whose words it comes from.

use accel::counters::CHUNK_COUNTERS;
use cosim::executor::Outcome;
use mapper::events::Run;
use spec::isa::table::Queue;
use spec::program::Program;

/// One engine's work for one launch, measured or predicted.
pub struct Launch<'a> {
    queue: usize,
    word: usize,
    begin: u64,
    end: u64,
    /// What the chunk's counters gained; empty where that is not known.
    counters: &'a [u32],
}

/// The launches that the hardware's trace showed.
pub fn measured(outcome: &Outcome) -> Vec<Launch<'_>> {
    let launch = |event: &'_ cosim::executor::Event| (event.queue, event.word, event.begin, event.end);
    outcome
        .events
        .iter()
        .map(|event| {
            let (queue, word, begin, end) = launch(event);
            Launch { queue, word, begin, end, counters: &event.counters }
        })
        .collect()
}

/// The launches that the event model predicts.
pub fn predicted(run: &Run) -> Vec<Launch<'_>> {
    let events = run.events.iter();
    events
        .map(|e| Launch { queue: e.queue, word: e.word, begin: e.begin, end: e.end, counters: &[] })
        .collect()
}

/// A layer's launches together, over all images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// From the begin of its first launch to the end of its last.
    pub span: Option<(u64, u64)>,
    /// The same of its `EXEC`s.
    pub exec_span: Option<(u64, u64)>,
    /// Cycles of its `EXEC`s together.
    pub exec: u64,
    /// Queue and word of its first `EXEC`.
    pub first: Option<(usize, usize)>,
    /// Sums of the chunk's counters, in the order of `CHUNK_COUNTERS`.
    counters: Vec<u64>,
}

impl Times {
    /// Of the launches whose words run `layer`.
    pub fn of(program: &Program, launches: &[Launch<'_>], layer: &str) -> Times {
        let spans: Vec<_> = program.source.iter().filter(|span| span.layer == layer).collect();
        let mine = |launch: &&Launch<'_>| {
            let words = spans.iter().filter(|span| span.stream == launch.queue);
            words.into_iter().any(|span| (span.first..=span.last).contains(&launch.word))
        };
        let mut times = Times::default();
        launches.iter().filter(mine).for_each(|launch| times.add(launch));
        times
    }

    fn add(&mut self, launch: &Launch<'_>) {
        let widen = |span: Option<(u64, u64)>| {
            let (begin, end) = span.unwrap_or((launch.begin, launch.end));
            Some((begin.min(launch.begin), end.max(launch.end)))
        };
        self.span = widen(self.span);
        if Queue::ALL[launch.queue % 3] == Queue::Execute {
            self.exec_span = widen(self.exec_span);
            self.exec += launch.end - launch.begin;
            self.first.get_or_insert((launch.queue, launch.word));
            self.counters.resize(self.counters.len().max(launch.counters.len()), 0);
            self.counters.iter_mut().zip(launch.counters).for_each(|(sum, count)| *sum += u64::from(*count));
        }
    }

    /// Cycles from the begin of the first launch to the end of the last.
    pub fn cycles(&self) -> u64 {
        self.span.map_or(0, |(begin, end)| end - begin)
    }

    /// A counter of the chunk.
    pub fn counter(&self, name: &str) -> u64 {
        let index = CHUNK_COUNTERS.iter().position(|(counter, _)| *counter == name);
        index.and_then(|index| self.counters.get(index)).copied().unwrap_or(0)
    }

    /// Multiply-accumulates for each PE and cycle, from the first `EXEC` to the end of the last.
    pub fn utilization(&self, pes: u64) -> f64 {
        let cycles = self.exec_span.map_or(0, |(begin, end)| end - begin);
        self.counter("macs") as f64 / (pes * cycles).max(1) as f64
    }
}
