//! The write side of the DMA, and the memory behind it: one burst at a time is read from the buffer, a beat a
//! cycle; the memory responds a fixed time after a burst's last beat.

use super::reads::{Burst, RoundRobin};
use spec::accelerator::Accelerator;
use spec::timing::BUFFER_READ;
use std::collections::VecDeque;

/// Bursts that may wait for their response.
const RESPONSES: usize = 8;

/// The write channel.
pub struct Writes {
    axi_bytes: u64,
    latency: u64,
    turn: RoundRobin,
    /// The first cycle in which no burst is being read.
    free: u64,
    /// Engine and cycle of every response to come.
    open: VecDeque<(usize, u64)>,
    granted: Option<usize>,
}

impl Writes {
    /// The channel of `accelerator` before a memory of `latency` cycles.
    pub fn new(accelerator: &Accelerator, latency: u32) -> Writes {
        Writes {
            axi_bytes: accelerator.axi_bytes().into(),
            latency: latency.into(),
            turn: RoundRobin::new(),
            free: 0,
            open: VecDeque::new(),
            granted: None,
        }
    }

    /// Who was granted a burst in this cycle.
    pub fn granted(&self) -> Option<usize> {
        self.granted
    }

    /// Grants one of the offers.
    pub fn grant(&mut self, now: u64, offers: &[Option<Burst>]) -> bool {
        // A response in this cycle still counts.
        let answered = self.open.front().is_some_and(|(_, at)| *at == now);
        let room = self.open.len() < RESPONSES && now >= self.free;
        self.granted =
            if room { self.turn.pick(|client| offers[client].is_some(), offers.len()) } else { None };
        if let Some((client, burst)) = self.granted.and_then(|client| Some((client, offers[client]?))) {
            // Beats are read from the next cycle on; each needs the buffer and a place in the queue of beats.
            self.free = now + 1 + burst.beats(self.axi_bytes);
            let sent = self.free - 1 + u64::from(BUFFER_READ) + 1;
            let before = self.open.back().map_or(0, |(_, at)| at + 1);
            self.open.push_back((client, (sent + self.latency).max(before)));
        }
        if answered {
            self.open.pop_front();
        }
        self.granted.is_some()
    }

    /// The engine whose burst is in DRAM from this cycle on.
    pub fn response(&self, now: u64) -> Option<usize> {
        self.open.front().filter(|(_, at)| *at == now).map(|(client, _)| *client)
    }

    /// The next cycles in which a response comes, or a burst can be granted again.
    pub fn next_events(&self, now: u64) -> impl Iterator<Item = u64> {
        let response = self.open.front().map(|(_, at)| *at);
        response.into_iter().chain((self.free > now).then_some(self.free))
    }
}
