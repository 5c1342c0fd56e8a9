//! The read side of the DMA, and the memory behind it: bursts of loads and streams, granted round robin, come
//! back in order.

use spec::accelerator::Accelerator;
use spec::isa::table::FETCH_WORDS;
use std::collections::VecDeque;

/// A burst that is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// First byte in DRAM.
    pub address: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Burst {
    /// Beats of the bus that it takes.
    pub fn beats(&self, axi_bytes: u64) -> u64 {
        (self.address % axi_bytes + self.bytes).div_ceil(axi_bytes)
    }
}

/// A beat that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Whose burst it belongs to: load engines, then streams.
    pub client: usize,
    /// Whether it is the burst's last.
    pub last: bool,
}

/// A burst under way.
struct Open {
    client: usize,
    beats: u64,
    ready: u64,
}

/// Who was granted last goes last.
pub struct RoundRobin {
    last: Option<usize>,
}

impl RoundRobin {
    /// Nobody was granted yet.
    pub fn new() -> RoundRobin {
        RoundRobin { last: None }
    }

    /// The next of those that ask.
    pub fn pick(&mut self, asks: impl Fn(usize) -> bool, clients: usize) -> Option<usize> {
        let behind = self.last.map_or(clients, |last| last + 1);
        let chosen = (behind..clients).chain(0..clients).find(|client| asks(*client))?;
        self.last = Some(chosen);
        Some(chosen)
    }
}

/// The read channel.
pub struct Reads {
    axi_bytes: u64,
    depth: usize,
    loads: usize,
    latency: u64,
    base: u64,
    turn: RoundRobin,
    open: VecDeque<Open>,
    granted: Option<usize>,
    /// The load whose last beat came in the cycle before.
    arrived: Option<usize>,
}

impl Reads {
    /// The channel of `accelerator` before a memory of `latency` cycles; the program lies at `base`.
    pub fn new(accelerator: &Accelerator, latency: u32, base: u64) -> Reads {
        let mut turn = RoundRobin::new();
        // The header was the first to be granted; it is the last client.
        turn.last = Some(4 * accelerator.chunks.len());
        Reads {
            axi_bytes: accelerator.axi_bytes().into(),
            depth: accelerator.outstanding_reads as usize,
            loads: accelerator.chunks.len(),
            latency: latency.into(),
            base,
            turn,
            open: VecDeque::new(),
            granted: None,
            arrived: None,
        }
    }

    /// The client that is the stream of `queue`.
    pub fn stream_client(&self, queue: usize) -> usize {
        self.loads + queue
    }

    /// The burst that fetches words from `pc` on.
    pub fn fetch(&self, pc: u64) -> Burst {
        Burst { address: self.base + 8 * pc, bytes: 8 * FETCH_WORDS as u64 }
    }

    /// Who was granted a burst in this cycle.
    pub fn granted(&self) -> Option<usize> {
        self.granted
    }

    /// Grants one of the offers; the address goes out in the next cycle.
    pub fn grant(&mut self, now: u64, offers: &[Option<Burst>]) -> bool {
        // A burst whose last beat is in this cycle still counts; `beat` keeps it until the next.
        let room = self.open.len() < self.depth;
        let asks = |client: usize| offers[client].is_some();
        self.granted = if room { self.turn.pick(asks, offers.len()) } else { None };
        if let Some((client, burst)) = self.granted.and_then(|client| Some((client, offers[client]?))) {
            let ready = now + 1 + self.latency;
            self.open.push_back(Open { client, beats: burst.beats(self.axi_bytes), ready });
        }
        self.open.retain(|open| open.beats > 0);
        self.granted.is_some()
    }

    /// The beat that arrives in this cycle.
    pub fn beat(&mut self, now: u64) -> Option<Beat> {
        let open = self.open.front_mut().filter(|open| open.ready <= now)?;
        open.beats -= 1;
        Some(Beat { client: open.client, last: open.beats == 0 })
    }

    /// The load engine that is told in this cycle that a burst is complete: a cycle after its last beat.
    pub fn completed(&mut self, beat: &Option<Beat>) -> Option<usize> {
        let last = beat.filter(|beat| beat.last && beat.client < self.loads).map(|beat| beat.client);
        std::mem::replace(&mut self.arrived, last)
    }

    /// The next cycle in which a beat arrives, or is noticed.
    pub fn next_beat(&self) -> Option<u64> {
        self.open.front().map(|open| open.ready)
    }
}
