//! `events`: when every instruction that starts an engine begins and ends, for a whole run.
//!
//! Between executions everything depends on queues, tokens and the DMA that all of them share, so those are
//! followed cycle by cycle, with the hardware's own rules: one word a cycle, bursts granted round robin, a
//! memory that answers after a fixed latency and then with a beat a cycle. What happens inside an `EXEC` is
//! [`crate::exec`]'s answer. Stretches in which nothing moves are skipped.

mod queue;
mod reads;
mod stream;
mod transfer;
mod waits;
mod writes;

use crate::counts::Counts;
use crate::exec::{self, Times};
use queue::{Action, Sequencer};
use reads::{Burst, Reads};
use spec::accelerator::Accelerator;
use spec::isa::table::{Queue, FETCH_WORDS, HEADER_WORDS};
use spec::program::Program;
use std::collections::HashMap;
use stream::Stream;
use transfer::Transfer;
use waits::Signallers;
pub use waits::Waits;
use writes::Writes;

/// Cycles of a memory from an address to its first beat, where nothing else is said.
pub const LATENCY: u32 = 40;

/// One engine's work for one launch. Cycle 0 is the one in which the streams start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Queue: three a chunk, load, execute, store.
    pub queue: usize,
    /// Word that launches it, as an index in the queue's stream.
    pub word: usize,
    /// Cycle of the launch.
    pub begin: u64,
    /// First cycle in which the engine is idle again.
    pub end: u64,
    /// What the chunk's counters gain by it.
    pub counts: Counts,
    /// Of an `EXEC`: its own cycles.
    pub times: Times,
    /// Of an `EXEC`: what its chunk waited for since the end of the one before, or since the start of the run.
    pub waits: Waits,
}

/// A predicted run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Every launch, in the order of its end.
    pub events: Vec<Event>,
    /// The cycle in which the last queue reaches its end.
    pub cycles: u64,
    /// Bytes of instructions that are fetched in all, the header included, and what streams fetch beyond the end.
    pub fetched: u64,
}

/// Predicts a run of `program` before a memory of `latency` cycles.
///
/// # Errors
/// Where every queue waits for another: the program would never end.
pub fn predict(accelerator: &Accelerator, program: &Program, latency: u32) -> Result<Run, String> {
    let mut model = Model::new(accelerator, program, latency);
    while model.units.iter().any(Unit::is_running) {
        if !model.advance() {
            return Err("every queue waits for another".to_string());
        }
    }
    model.run.cycles = model.now;
    // Streams fetch ahead of the last word until they are full.
    while model.advance() {}
    Ok(model.run)
}

/// A queue with its stream and its engine.
struct Unit {
    stream: Stream,
    queue: Sequencer,
    engine: Engine,
    /// The launch that is under way.
    open: Option<Event>,
    /// What an array has been waiting for since it was last idle.
    waits: Waits,
}

enum Engine {
    /// Idle from this cycle on.
    Chunk(u64),
    Transfer(Transfer),
}

impl Unit {
    fn is_running(&self) -> bool {
        self.queue.is_running()
    }

    fn is_idle(&self, now: u64) -> bool {
        match &self.engine {
            Engine::Chunk(until) => now >= *until,
            Engine::Transfer(transfer) => transfer.is_idle(),
        }
    }
}

struct Model<'a> {
    accelerator: &'a Accelerator,
    units: Vec<Unit>,
    tokens: Vec<u32>,
    signallers: Signallers,
    reads: Reads,
    writes: Writes,
    /// Times and counts of executions that were seen before, by queue and word.
    executions: HashMap<(usize, usize), (Times, Counts)>,
    now: u64,
    run: Run,
}

impl<'a> Model<'a> {
    fn new(accelerator: &'a Accelerator, program: &Program, latency: u32) -> Model<'a> {
        let offsets = program.stream_offsets();
        let unit = |(i, words): (usize, &Vec<u64>)| {
            let kind = Queue::ALL[i % 3];
            let first = offsets[i] / 8;
            Unit {
                stream: Stream::new(accelerator.axi_bits, first, !words.is_empty()),
                queue: Sequencer::new(kind, words.clone(), first),
                engine: match kind {
                    Queue::Execute => Engine::Chunk(0),
                    _ => Engine::Transfer(Transfer::new(accelerator.axi_bytes())),
                },
                open: None,
                waits: Waits::default(),
            }
        };
        Model {
            accelerator,
            units: program.streams.iter().enumerate().map(unit).collect(),
            tokens: vec![0; accelerator.tokens as usize],
            signallers: Signallers::of(program),
            reads: Reads::new(accelerator, latency, program.base),
            writes: Writes::new(accelerator, latency),
            executions: HashMap::new(),
            now: 0,
            run: Run { fetched: 8 * HEADER_WORDS as u64, ..Run::default() },
        }
    }

    /// One cycle and those behind it in which nothing moves; whether there is anything left to move.
    fn advance(&mut self) -> bool {
        let next = if self.cycle() { Some(self.now + 1) } else { self.next_event() };
        let before = self.now;
        self.now = next.map_or(self.now, |next| next.max(self.now + 1));
        self.charge(before, self.now - before);
        next.is_some()
    }

    /// One cycle; whether anything moved in it.
    fn cycle(&mut self) -> bool {
        let now = self.now;
        self.close_events();
        let actions: Vec<Action> = (0..self.units.len()).map(|i| self.decide(i)).collect();
        let mut moved = actions.iter().any(|action| *action != Action::None);
        let beat = self.reads.beat(now);
        let response = self.writes.response(now);
        moved |= beat.is_some() || response.is_some();
        moved |= self.grant(&actions);
        for (i, action) in actions.iter().enumerate() {
            self.act(i, *action);
            let data = beat.filter(|beat| beat.client == self.reads.stream_client(i));
            let granted = self.reads.granted() == Some(self.reads.stream_client(i));
            moved |= self.units[i].stream.clock(*action, granted, data.map(|beat| beat.last));
        }
        self.settle_transfers(&beat, response) || moved
    }

    /// Ends of engines that are idle in this cycle.
    fn close_events(&mut self) {
        for unit in &mut self.units {
            let Some(event) = unit.open.filter(|event| event.begin < self.now && unit.is_idle(self.now))
            else {
                continue;
            };
            self.run.events.push(Event { end: self.now, ..event });
            unit.open = None;
        }
    }

    /// What a queue does in this cycle.
    fn decide(&self, index: usize) -> Action {
        let unit = &self.units[index];
        if unit.stream.word_is_there() {
            unit.queue.decide(unit.stream.pc(), unit.is_idle(self.now), &self.tokens)
        } else {
            Action::None
        }
    }

    /// Gives the DMA's channels to bursts; whether any was given.
    fn grant(&mut self, actions: &[Action]) -> bool {
        let chunks = self.accelerator.chunks.len();
        let mut offers: Vec<Option<Burst>> = Vec::with_capacity(4 * chunks);
        for chunk in 0..chunks {
            offers.push(self.offer(3 * chunk));
        }
        for (unit, action) in self.units.iter().zip(actions) {
            offers.push(unit.stream.request(*action).map(|pc| self.reads.fetch(pc)));
        }
        let read = self.reads.grant(self.now, &offers);
        if self.reads.granted().is_some_and(|client| client >= chunks) {
            self.run.fetched += 8 * FETCH_WORDS as u64;
        }
        let stores: Vec<Option<Burst>> = (0..chunks).map(|chunk| self.offer(3 * chunk + 2)).collect();
        let write = self.writes.grant(self.now, &stores);
        read || write
    }

    fn offer(&self, index: usize) -> Option<Burst> {
        match &self.units[index].engine {
            Engine::Transfer(transfer) => transfer.offer(),
            Engine::Chunk(_) => None,
        }
    }

    /// What the queue's action changes beside its stream.
    fn act(&mut self, index: usize, action: Action) {
        match action {
            Action::Take(token) => self.tokens[token] -= 1,
            Action::Give(token) => self.tokens[token] += 1,
            Action::Launch => self.launch(index),
            _ => {}
        }
        let unit = &mut self.units[index];
        unit.queue.clock(unit.stream.pc(), action);
    }

    fn launch(&mut self, index: usize) {
        let (now, unit) = (self.now, &mut self.units[index]);
        let word = unit.queue.word_at(unit.stream.pc());
        let (times, counts) = match &mut unit.engine {
            Engine::Transfer(transfer) => {
                transfer.launch(unit.queue.registers());
                let is_load = Queue::ALL[index % 3] == Queue::Load;
                let counter = if is_load { "ld_bytes" } else { "st_bytes" };
                (Times::default(), Counts::of_transfer(counter, unit.queue.registers()))
            }
            Engine::Chunk(until) => {
                let (accelerator, queue) = (self.accelerator, &unit.queue);
                let (times, counts) = *self.executions.entry((index, word)).or_insert_with(|| {
                    let (nests, registers) = (queue.launched_nests(word), queue.registers());
                    let chunk = &accelerator.chunks[index / 3];
                    let counts = Counts::of_exec(chunk, &nests, registers);
                    let times = exec::times(accelerator, chunk, &nests, registers);
                    (times, counts.timed(&times))
                });
                *until = now + times.cycles;
                (times, counts)
            }
        };
        let waits = std::mem::take(&mut unit.waits);
        unit.open = Some(Event { queue: index, word, begin: now, end: now, counts, times, waits });
    }

    /// Tells the transfer engines which bursts were granted and completed; whether any was completed.
    fn settle_transfers(&mut self, beat: &Option<reads::Beat>, response: Option<usize>) -> bool {
        let (granted_read, granted_write) = (self.reads.granted(), self.writes.granted());
        let completed_read = self.reads.completed(beat);
        for (i, unit) in self.units.iter_mut().enumerate() {
            let Engine::Transfer(transfer) = &mut unit.engine else { continue };
            let client = Some(i / 3);
            let is_load = i % 3 == 0;
            let granted = if is_load { granted_read } else { granted_write };
            let completed = if is_load { completed_read } else { response };
            transfer.clock(granted == client, completed == client);
        }
        completed_read.is_some() || response.is_some()
    }

    /// The next cycle in which something can move by itself.
    fn next_event(&self) -> Option<u64> {
        let chunks = self.units.iter().filter_map(|unit| match unit.engine {
            Engine::Chunk(until) if until > self.now => Some(until),
            _ => None,
        });
        chunks.chain(self.reads.next_beat()).chain(self.writes.next_events(self.now)).min()
    }
}
