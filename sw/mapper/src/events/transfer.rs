//! A transfer engine: cuts a copy into bursts. A burst ends at the latest where DRAM addresses reach a multiple
//! of 64 beats; the engine is idle when every burst that it gave away has been completed.

use super::reads::Burst;
use crate::registers::Registers;

/// Beats of the longest burst.
const BURST_BEATS: i64 = 64;

/// The state of one engine.
pub struct Transfer {
    longest: i64,
    /// The bursts that are still to be offered, the next one last.
    bursts: Vec<Burst>,
    open: u32,
}

impl Transfer {
    /// An idle engine on a bus of `axi_bytes`.
    pub fn new(axi_bytes: u32) -> Transfer {
        Transfer { longest: BURST_BEATS * i64::from(axi_bytes), bursts: Vec::new(), open: 0 }
    }

    /// Whether it can be launched.
    pub fn is_idle(&self) -> bool {
        self.bursts.is_empty() && self.open == 0
    }

    /// The burst that it offers.
    pub fn offer(&self) -> Option<Burst> {
        self.bursts.last().copied()
    }

    /// Takes over the transfer that `registers` describe.
    pub fn launch(&mut self, registers: &Registers) {
        let get = |name: &str| registers.get(name);
        for plane in 0..get("planes").max(1) {
            for row in 0..get("rows").max(1) {
                let mut address = get("dram") + plane * get("dram_plane") + row * get("dram_row");
                let mut left = get("bytes");
                while left > 0 {
                    let bytes = left.min(self.longest - address.rem_euclid(self.longest));
                    self.bursts.push(Burst { address: address as u64, bytes: bytes as u64 });
                    (address, left) = (address + bytes, left - bytes);
                }
            }
        }
        self.bursts.reverse();
    }

    /// Ends a cycle in which its burst was granted or not, and one was completed or not.
    pub fn clock(&mut self, granted: bool, completed: bool) {
        if granted {
            self.bursts.pop();
        }
        self.open = self.open + u32::from(granted) - u32::from(completed);
    }
}
