//! A stream: the words of a queue, fetched ahead in bursts. At most one burst is under way; a jump throws away
//! what was fetched and what was asked for.

use super::queue::Action;
use spec::isa::table::FETCH_WORDS;

const FETCH: u64 = FETCH_WORDS as u64;

/// The fetch state of one queue, in beats of the bus.
pub struct Stream {
    words: u64,
    active: bool,
    /// The start strobe is still to come.
    starting: bool,
    pending: bool,
    stale: bool,
    count: u64,
    head: u64,
    skip: u64,
    fetch: u64,
    first: u64,
}

impl Stream {
    /// A stream whose first word is word `first` of the program.
    pub fn new(axi_bits: u32, first: u64, starting: bool) -> Stream {
        Stream {
            words: u64::from(axi_bits / 64),
            active: false,
            starting,
            pending: false,
            stale: false,
            count: 0,
            head: 0,
            skip: 0,
            fetch: 0,
            first,
        }
    }

    /// Whether the queue has a word in this cycle.
    pub fn word_is_there(&self) -> bool {
        self.active && self.count > 0 && self.skip == 0
    }

    /// The word's index in the program.
    pub fn pc(&self) -> u64 {
        self.head
    }

    /// The word from which a burst is wanted in this cycle, in which the queue takes `action`.
    pub fn request(&self, action: Action) -> Option<u64> {
        let room = self.count <= FETCH / self.words;
        let restarts = self.starting || matches!(action, Action::Jump(_));
        (self.active && !self.pending && room && !restarts).then_some(self.fetch)
    }

    /// Ends a cycle in which the queue did `action`, the request was granted or not, and a beat came (with
    /// whether it was its burst's last) or not. Whether anything changed beside by these.
    pub fn clock(&mut self, action: Action, granted: bool, data: Option<bool>) -> bool {
        let target = match action {
            Action::Jump(pc) => Some(pc),
            _ => self.starting.then_some(self.first),
        };
        let finished = data == Some(true);
        let in_flight = (self.pending || granted) && !finished;
        let skipping = self.skip > 0 && self.count > 0;
        let advance = action.pops() || skipping;
        let beat_done = advance && (self.words == 1 || self.head % 2 == 1);
        let write = data.is_some() && !self.stale;
        if granted || finished {
            self.pending = granted;
        }
        if target.is_some() || finished {
            self.stale = target.is_some() && in_flight;
        }
        self.count = self.count + u64::from(write) - u64::from(beat_done);
        self.head += u64::from(advance);
        self.skip -= u64::from(skipping);
        self.fetch += if granted { FETCH } else { 0 };
        let started = std::mem::take(&mut self.starting);
        self.active |= started;
        if let Some(target) = target {
            (self.count, self.skip) = (0, target % FETCH);
            (self.head, self.fetch) = (target - self.skip, target - self.skip);
        }
        skipping || started
    }
}
