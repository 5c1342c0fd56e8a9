//! What an array waits for while it has nothing to compute: the token that its queue waits for is given by another queue,
//! whose engine works, or which waits itself; whoever works at the end of that chain is the cause.

use super::Model;
use spec::isa::code::Instruction;
use spec::isa::table::{Queue, SIGNAL};
use spec::program::Program;
use std::collections::HashMap;

/// Cycles in which an array had no `EXEC`, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// The chunk's loads were under way.
    pub loads: u64,
    /// The chunk's stores were under way: what is overwritten next must have left the buffer.
    pub stores: u64,
    /// Another chunk was at work on what is read next.
    pub chunks: u64,
    /// Instructions were fetched or executed.
    pub words: u64,
}

impl Waits {
    /// All cycles.
    pub fn total(&self) -> u64 {
        self.loads + self.stores + self.chunks + self.words
    }

    /// Both together.
    pub fn and(&self, other: &Waits) -> Waits {
        Waits {
            loads: self.loads + other.loads,
            stores: self.stores + other.stores,
            chunks: self.chunks + other.chunks,
            words: self.words + other.words,
        }
    }

    /// Adds `cycles` in which the array of queue `home` waited because the engine of queue `cause` worked, or for
    /// instructions where that is none.
    fn add(&mut self, home: usize, cause: Option<usize>, cycles: u64) {
        let gains = match cause.map(|cause| (chunk(cause) == chunk(home), kind(cause))) {
            None | Some((true, Queue::Execute)) => &mut self.words,
            Some((false, _)) => &mut self.chunks,
            Some((true, Queue::Load)) => &mut self.loads,
            Some((true, Queue::Store)) => &mut self.stores,
        };
        *gains += cycles;
    }
}

/// The chunk of a queue of a program.
fn chunk(queue: usize) -> usize {
    queue / Queue::ALL.len()
}

/// What a queue of a program does.
fn kind(queue: usize) -> Queue {
    Queue::ALL[queue % Queue::ALL.len()]
}

/// The queue that gives each token; every token has one.
pub struct Signallers(HashMap<usize, usize>);

impl Signallers {
    /// Of a program.
    pub fn of(program: &Program) -> Signallers {
        let mut queues = HashMap::new();
        for (queue, words) in program.streams.iter().enumerate() {
            for word in words.iter().filter_map(|word| Instruction::decode(*word, kind(queue))) {
                if word.row.opcode == SIGNAL {
                    queues.insert(word.get("token") as usize, queue);
                }
            }
        }
        Signallers(queues)
    }

    /// Who gives `token`.
    pub fn of_token(&self, token: usize) -> Option<usize> {
        self.0.get(&token).copied()
    }
}

impl Model<'_> {
    /// Says what idle arrays wait for from cycle `now` on, for so many cycles.
    pub(super) fn charge(&mut self, now: u64, cycles: u64) {
        for home in (Queue::Execute as usize..self.units.len()).step_by(Queue::ALL.len()) {
            if self.units[home].is_running() && self.units[home].is_idle(now) {
                let cause = self.cause(home, now);
                self.units[home].waits.add(home, cause, cycles);
            }
        }
    }

    /// The queue whose engine works while the array of queue `home` waits; none, where instructions are on their way.
    fn cause(&self, home: usize, now: u64) -> Option<usize> {
        let mut at = home;
        // No chain is longer than there are queues, unless they wait for each other.
        for _ in 0..self.units.len() {
            let unit = &self.units[at];
            if !unit.is_idle(now) {
                return Some(at);
            }
            let token = unit.stream.word_is_there().then(|| unit.queue.awaited(unit.stream.pc())).flatten();
            let missing = token.filter(|token| self.tokens[*token] == 0);
            match missing.and_then(|token| self.signallers.of_token(token)) {
                Some(giver) => at = giver,
                None => return (chunk(at) != chunk(home)).then_some(at),
            }
        }
        None
    }
}
