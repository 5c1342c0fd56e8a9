//! What AXI4 forbids a master, checked in every cycle of a simulation, and what we promise beyond it: bursts
//! of at most 64 beats that never cross a 4 KiB boundary.

use crate::memory::{FromMaster, ToMaster};
use std::collections::VecDeque;

/// Most beats of a burst.
pub const MOST_BEATS: u32 = 64;

/// The checker: what the last cycle left open.
#[derive(Debug)]
pub struct Protocol {
    beat_bytes: u64,
    last: Option<(FromMaster, ToMaster)>,
    /// Beats left of each write burst whose address is known.
    writes: VecDeque<u32>,
    /// Beats of the current burst whose address is not known yet, and their `wlast`.
    early: VecDeque<bool>,
    violations: Vec<String>,
}

/// More violations than this are not noted: the first ones tell.
const MOST_VIOLATIONS: usize = 20;

impl Protocol {
    /// For a bus of `beat_bytes`.
    pub fn new(beat_bytes: u64) -> Protocol {
        let (writes, early) = (VecDeque::new(), VecDeque::new());
        Protocol { beat_bytes, last: None, writes, early, violations: Vec::new() }
    }

    /// In the order of the cycles.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// Checks a cycle.
    pub fn clock(&mut self, cycle: u64, master: &FromMaster, slave: &ToMaster) {
        if let Some((before, accepted)) = self.last {
            self.check_held(cycle, &before, &accepted, master);
        }
        if master.ar_valid && slave.ar_ready {
            self.check_burst(cycle, "read", master.ar_addr, master.ar_len);
        }
        if master.aw_valid && slave.aw_ready {
            self.check_burst(cycle, "write", master.aw_addr, master.aw_len);
            self.writes.push_back(master.aw_len + 1);
        }
        if master.w_valid && slave.w_ready {
            self.early.push_back(master.w_last);
        }
        self.check_lasts(cycle);
        self.last = Some((*master, *slave));
    }

    fn violation(&mut self, cycle: u64, what: String) {
        if self.violations.len() < MOST_VIOLATIONS {
            self.violations.push(format!("cycle {cycle}: {what}"));
        }
    }

    /// What was offered and not accepted must be offered again, unchanged.
    fn check_held(&mut self, cycle: u64, before: &FromMaster, slave: &ToMaster, now: &FromMaster) {
        let read =
            (before.ar_valid, before.ar_addr, before.ar_len) != (now.ar_valid, now.ar_addr, now.ar_len);
        let write =
            (before.aw_valid, before.aw_addr, before.aw_len) != (now.aw_valid, now.aw_addr, now.aw_len);
        let data = (before.w_valid, before.w_data, before.w_strb, before.w_last)
            != (now.w_valid, now.w_data, now.w_strb, now.w_last);
        let channels = [
            ("read address", before.ar_valid && !slave.ar_ready && read),
            ("write address", before.aw_valid && !slave.aw_ready && write),
            ("write data", before.w_valid && !slave.w_ready && data),
        ];
        for (channel, changed) in channels {
            if changed {
                self.violation(cycle, format!("the {channel} changed before it was accepted"));
            }
        }
    }

    fn check_burst(&mut self, cycle: u64, kind: &str, address: u64, len: u32) {
        let beats = len + 1;
        let begin = address % 4096 / self.beat_bytes * self.beat_bytes;
        if begin + u64::from(beats) * self.beat_bytes > 4096 {
            self.violation(cycle, format!("a {kind} burst crosses 4 KiB: {beats} beats from {address:#x}"));
        }
        if beats > MOST_BEATS {
            self.violation(cycle, format!("a {kind} burst has {beats} beats, {MOST_BEATS} are the most"));
        }
    }

    /// `wlast` marks the last beat of every burst, and no other.
    fn check_lasts(&mut self, cycle: u64) {
        while let (Some(left), Some(last)) = (self.writes.front_mut(), self.early.front().copied()) {
            self.early.pop_front();
            *left -= 1;
            let ends = *left == 0;
            if ends {
                self.writes.pop_front();
            }
            if ends != last {
                self.violation(
                    cycle,
                    format!(
                        "wlast is {}, the burst {}",
                        u8::from(last),
                        if ends { "ends" } else { "goes on" }
                    ),
                );
            }
        }
    }
}
