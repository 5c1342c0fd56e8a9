//! A run as a timeline: every launch of every queue from its first cycle to its last, in the trace-event format
//! that Perfetto (ui.perfetto.dev) and chrome://tracing show. A microsecond there is a cycle here,
//! counted from the start of the run.

use crate::measure::{self, layer_of};
use cosim::executor::Outcome;
use serde_json::{json, Value};
use spec::accelerator::Accelerator;
use spec::program::{Program, Span};

/// The launches of `outcome`, a process a chunk, a thread a queue.
pub fn of(accelerator: &Accelerator, program: &Program, outcome: &Outcome) -> Value {
    let names: Vec<&str> = accelerator.chunks.iter().map(|chunk| chunk.name()).collect();
    let queue = |index: usize| {
        json!({"ph": "M", "name": "thread_name", "pid": index / 3, "tid": index,
            "args": {"name": Program::stream_name(&names, index)}})
    };
    let chunk = |(index, name): (usize, &&str)| json!({"ph": "M", "name": "process_name", "pid": index, "args": {"name": name}});
    let launches = measure::measured(outcome);
    let first = measure::first_launch(outcome);
    let launch = |launch: &measure::Launch| {
        let mut spans = program.source.iter().filter(|span| span.stream == launch.queue);
        let within = |span: &&Span| (span.first..=span.last).contains(&launch.word);
        let what = spans.find(within).map_or("", |span| span.what.as_str());
        json!({
            "ph": "X",
            "name": layer_of(program, launch).unwrap_or(""),
            "cat": what,
            "pid": launch.chunk(),
            "tid": launch.queue,
            "ts": first + launch.begin,
            "dur": launch.end - launch.begin,
            "args": {"word": launch.word, "what": what},
        })
    };
    let rows = names.iter().enumerate().map(chunk).chain((0..program.streams.len()).map(queue));
    let events: Vec<Value> = rows.chain(launches.iter().map(launch)).collect();
    json!({"traceEvents": events, "displayTimeUnit": "ns"})
}
