//! DRAM behind an AXI4 slave port: what the accelerator's master talks to in a simulation.
//!
//! In steady mode the first beat of a read burst comes a fixed number of cycles after its address, then a beat
//! a cycle; a write is answered as long after its last beat. Then predicted cycles can be exact, and one beat can be
//! made to come late to show that they are checked. In random mode latencies, gaps and readiness are drawn from a
//! seed: bits must not depend on them. Addresses outside the
//! memory are answered with SLVERR. Bursts are answered in order. Whatever a master must not do is noted by
//! [`crate::protocol`].

use crate::protocol::Protocol;
use spec::random::Rng;
use std::collections::VecDeque;

/// What the accelerator drives in a cycle. It never refuses data or responses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // The names are AXI's own; words are lowest first.
pub struct FromMaster {
    pub ar_valid: bool,
    pub ar_addr: u64,
    pub ar_len: u32,
    pub aw_valid: bool,
    pub aw_addr: u64,
    pub aw_len: u32,
    pub w_valid: bool,
    pub w_data: [u64; 2],
    pub w_strb: u32,
    pub w_last: bool,
}

/// What the memory drives in a cycle; it depends on earlier cycles only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // The names are AXI's own; words are lowest first.
pub struct ToMaster {
    pub ar_ready: bool,
    pub r_valid: bool,
    pub r_data: [u64; 2],
    pub r_resp: u8,
    pub r_last: bool,
    pub aw_ready: bool,
    pub w_ready: bool,
    pub b_valid: bool,
    pub b_resp: u8,
}

/// AXI's response to an access outside the memory.
pub const SLVERR: u8 = 2;

/// When the memory answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Always as soon as it can.
    Fixed {
        /// Cycles from an address to its first beat, and from a last beat to its response; at least 1.
        latency: u32,
    },
    /// As `Fixed`, but one read beat comes a cycle late: a fault that a check of cycles must notice.
    Late {
        /// As above.
        latency: u32,
        /// Index of the beat among all read beats, from 0.
        beat: u64,
    },
    /// Random latencies, gaps and readiness.
    Random {
        /// The largest latency, at least 1.
        latency: u32,
        /// Equal seeds make equal runs.
        seed: u64,
    },
}

/// A read burst that is under way.
#[derive(Clone, Copy, Debug)]
struct Read {
    address: u64,
    beats_left: u32,
    ready_at: u64,
}

/// A write burst that waits for data.
#[derive(Clone, Copy, Debug)]
struct Write {
    address: u64,
    beats_left: u32,
    failed: bool,
}

/// The memory and the state of its port.
pub struct Memory {
    /// The bytes, for a testbench to fill in and look at.
    pub bytes: Vec<u8>,
    beat_bytes: usize,
    timing: Timing,
    rng: Rng,
    now: u64,
    /// Read beats that were taken, and whether one was held back.
    beats: u64,
    held_back: bool,
    reads: VecDeque<Read>,
    writes: VecDeque<Write>,
    /// Data that came before its address: value and byte enables.
    early: VecDeque<([u64; 2], u32)>,
    /// Responses and the cycles from which they may be given.
    responses: VecDeque<(u64, u8)>,
    port: ToMaster,
    protocol: Protocol,
}

impl Memory {
    /// A memory that holds `bytes` (filled up to whole beats) behind a port of `axi_bits`.
    pub fn new(mut bytes: Vec<u8>, axi_bits: u32, timing: Timing) -> Memory {
        let beat_bytes = axi_bits as usize / 8;
        assert!(matches!(beat_bytes, 8 | 16), "a beat is 64 or 128 bits");
        bytes.resize(bytes.len().next_multiple_of(beat_bytes), 0);
        let seed = if let Timing::Random { seed, .. } = timing { seed } else { 0 };
        let mut memory = Memory {
            bytes,
            beat_bytes,
            timing,
            rng: Rng::new(seed),
            now: 0,
            beats: 0,
            held_back: false,
            reads: VecDeque::new(),
            writes: VecDeque::new(),
            early: VecDeque::new(),
            responses: VecDeque::new(),
            port: ToMaster::default(),
            protocol: Protocol::new(beat_bytes as u64),
        };
        memory.settle();
        memory
    }

    /// What the memory drives in this cycle.
    pub fn drive(&self) -> ToMaster {
        self.port
    }

    /// Whether a transaction is under way.
    pub fn busy(&self) -> bool {
        !(self.reads.is_empty()
            && self.writes.is_empty()
            && self.early.is_empty()
            && self.responses.is_empty())
    }

    /// What the master did that AXI4 forbids, in the order of the cycles.
    pub fn violations(&self) -> &[String] {
        self.protocol.violations()
    }

    /// Ends the cycle in which the master drove `master`.
    pub fn clock(&mut self, master: &FromMaster) {
        self.protocol.clock(self.now, master, &self.port);
        let port = self.port;
        if port.r_valid {
            self.beat_taken();
        }
        if port.b_valid {
            self.responses.pop_front();
        }
        if port.ar_ready && master.ar_valid {
            let ready_at = self.now + self.latency();
            self.reads.push_back(Read { address: master.ar_addr, beats_left: master.ar_len + 1, ready_at });
        }
        if port.aw_ready && master.aw_valid {
            self.writes.push_back(Write {
                address: master.aw_addr,
                beats_left: master.aw_len + 1,
                failed: false,
            });
        }
        if port.w_ready && master.w_valid {
            self.early.push_back((master.w_data, master.w_strb));
        }
        self.write_what_has_an_address();
        self.now += 1;
        self.settle();
    }

    fn latency(&mut self) -> u64 {
        match self.timing {
            Timing::Fixed { latency } | Timing::Late { latency, .. } => latency.into(),
            Timing::Random { latency, .. } => self.rng.size(1, latency).into(),
        }
    }

    fn beat_taken(&mut self) {
        self.beats += 1;
        if let Some(read) = self.reads.front_mut() {
            read.address = next(read.address, self.beat_bytes);
            read.beats_left -= 1;
            if read.beats_left == 0 {
                self.reads.pop_front();
            }
        }
    }

    fn write_what_has_an_address(&mut self) {
        while let (Some(write), false) = (self.writes.front().copied(), self.early.is_empty()) {
            let (data, enables) = self.early.pop_front().unwrap_or_default();
            let line = self.line(write.address);
            let failed = write.failed || line.is_none();
            if let Some(line) = line {
                for i in (0..self.beat_bytes).filter(|i| enables >> i & 1 == 1) {
                    self.bytes[line + i] = (data[i / 8] >> (8 * (i % 8))) as u8;
                }
            }
            if write.beats_left > 1 {
                let address = next(write.address, self.beat_bytes);
                self.writes[0] = Write { address, beats_left: write.beats_left - 1, failed };
            } else {
                self.writes.pop_front();
                let ready_at = self.now + self.latency();
                self.responses.push_back((ready_at, if failed { SLVERR } else { 0 }));
            }
        }
    }

    /// Index of the beat that holds `address`, if there is one.
    fn line(&self, address: u64) -> Option<usize> {
        let line = usize::try_from(address).ok()? / self.beat_bytes * self.beat_bytes;
        (line < self.bytes.len()).then_some(line)
    }

    /// Settles what the port drives in the cycle that begins.
    fn settle(&mut self) {
        let read = self.reads.front().copied().filter(|read| read.ready_at <= self.now);
        let read = read.filter(|_| self.willing()).filter(|_| !self.holds_back());
        let response = self.responses.front().copied().filter(|(ready_at, _)| *ready_at <= self.now);
        let response = response.filter(|_| self.willing());
        let line = read.map(|read| self.line(read.address));
        self.port = ToMaster {
            ar_ready: self.willing(),
            aw_ready: self.willing(),
            w_ready: self.willing(),
            r_valid: read.is_some(),
            r_data: line.flatten().map_or([0; 2], |line| self.value(line)),
            r_resp: if line == Some(None) { SLVERR } else { 0 },
            r_last: read.is_some_and(|read| read.beats_left == 1),
            b_valid: response.is_some(),
            b_resp: response.map_or(0, |(_, response)| response),
        };
    }

    /// Whether the beat at hand is the one that comes late, and this is the first cycle in which it could come.
    fn holds_back(&mut self) -> bool {
        let late = matches!(self.timing, Timing::Late { beat, .. } if beat == self.beats) && !self.held_back;
        self.held_back |= late;
        late
    }

    fn willing(&mut self) -> bool {
        !matches!(self.timing, Timing::Random { .. }) || self.rng.percent(70)
    }

    /// The beat from index `line` on.
    fn value(&self, line: usize) -> [u64; 2] {
        let mut words = [0; 2];
        for (i, byte) in self.bytes[line..line + self.beat_bytes].iter().enumerate() {
            words[i / 8] |= u64::from(*byte) << (8 * (i % 8));
        }
        words
    }
}

/// The address of the beat behind that of `address`.
fn next(address: u64, beat_bytes: usize) -> u64 {
    let beat = beat_bytes as u64;
    (address / beat * beat).wrapping_add(beat)
}
