//! The trace: what every engine did, from the top's trace ports.

use crate::ports::Ports;
use accel::counters::{CHUNK_COUNTERS, COUNTER_BITS};
use accel::queue::PC_BITS;
use sim::Simulator;
use spec::counters::Counter;
use spec::isa::table::Queue;

/// One engine's work for one launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Queue: three a chunk, load, execute, store.
    pub queue: usize,
    /// Word that launched it, as an index in the queue's stream.
    pub word: usize,
    /// Cycle of the launch, from the start of the run.
    pub begin: u64,
    /// First cycle in which the engine was idle again.
    pub end: u64,
    /// What the chunk's counters gained meanwhile, in the order of `CHUNK_COUNTERS`; 0 for those that count the
    /// work of the chunk's other queues.
    pub counters: Vec<u32>,
}

/// Collects events, a cycle at a time.
pub struct Trace {
    /// Launches whose engine is still busy, for every queue.
    pub open: Vec<Option<Event>>,
    /// Launches whose engine is idle again, in the order of their ends.
    pub events: Vec<Event>,
}

impl Trace {
    /// Nothing has happened yet on `queues` queues.
    pub fn new(queues: usize) -> Trace {
        Trace { open: vec![None; queues], events: Vec::new() }
    }

    /// Notes launches and ends of cycle `now`; words are counted from the start of the program.
    pub fn note(&mut self, engine: &mut dyn Simulator, ports: &Ports, now: u64) {
        let ended = engine.get(ports.trace_end);
        let launched = engine.get(ports.trace_launch);
        if ended == 0 && launched == 0 {
            return;
        }
        let pcs = engine.get_bits(ports.trace_pc);
        for queue in 0..self.open.len() {
            let concerned = (ended | launched) >> queue & 1 == 1;
            let counters = if concerned { counters(engine, ports, queue / 3) } else { Vec::new() };
            if ended >> queue & 1 == 1 {
                self.close(queue, now, &counters);
            }
            if launched >> queue & 1 == 1 {
                let word = pcs.slice(PC_BITS * queue as u32, PC_BITS).to_u64() as usize;
                self.open[queue] = Some(Event { queue, word, begin: now, end: 0, counters });
            }
        }
    }

    fn close(&mut self, queue: usize, now: u64, counters: &[u32]) {
        if let Some(mut event) = self.open[queue].take() {
            event.end = now;
            let kind = Queue::ALL[queue % 3];
            let gain = |(i, row): (usize, &Counter)| {
                if row.queue == kind {
                    counters[i].wrapping_sub(event.counters[i])
                } else {
                    0
                }
            };
            event.counters = CHUNK_COUNTERS.iter().enumerate().map(gain).collect();
            self.events.push(event);
        }
    }
}

/// The counters of a chunk, in the order of `CHUNK_COUNTERS`.
pub fn counters(engine: &mut dyn Simulator, ports: &Ports, chunk: usize) -> Vec<u32> {
    let count = CHUNK_COUNTERS.len();
    let values = engine.get_bits(ports.trace_counters);
    let at = |i: usize| values.slice(COUNTER_BITS * (chunk * count + i) as u32, COUNTER_BITS).to_u64() as u32;
    (0..count).map(at).collect()
}
