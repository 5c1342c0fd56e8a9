//! A region of the buffer that is used like a ring. Nothing is ever freed: what is overwritten too early is for
//! the hazards to hold back.

use crate::banks::Region;

/// A region that is used in turns from its begin to its end.
pub struct Ring {
    region: Region,
    next: u32,
}

impl Ring {
    /// All of it is free.
    pub fn new(region: Region) -> Ring {
        Ring { region, next: region.start }
    }

    /// The next `bytes` bytes, with `slack` bytes of the region behind them.
    pub fn take(&mut self, bytes: u32, slack: u32) -> u32 {
        let end = self.region.start + self.region.bytes;
        if self.next + bytes + slack > end {
            self.next = self.region.start;
        }
        assert!(self.next + bytes + slack <= end, "{bytes} + {slack} bytes do not fit {:?}", self.region);
        let address = self.next;
        self.next += bytes;
        address
    }
}
