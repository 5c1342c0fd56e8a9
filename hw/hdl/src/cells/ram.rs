//! A memory with one write port and one read port, in the style that becomes block RAM.
//!
//! Reading takes a cycle: `read_data` is a register that follows `read_addr` where `read_enable` is high, and is
//! held otherwise. Where both ports name one entry, the read gives what was there before. Parts of an entry can
//! be written. Nothing is initialised or reset.

use std::sync::Arc;

use crate::{Builder, Errors, Module};

/// A memory of `depth` entries of `width` bits, written in lanes of `granule` bits (`width` for whole entries).
///
/// Inputs `write_enable`, `write_mask` (a bit a lane, where there are several), `write_addr`, `write_data`,
/// `read_enable`, `read_addr`; output `read_data`.
#[track_caller]
pub fn ram(name: &str, width: u32, depth: u32, granule: u32) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(name, &format!("A memory of {depth} entries of {width} bits."));
    let memory = b.memory("words", width, depth);
    let addr_width = memory.addr_width();
    let write_enable = b.input("write_enable", 1, "writes");
    let write_addr = b.input("write_addr", addr_width, "entry to write");
    let write_data = b.input("write_data", width, "what to write");
    if granule == width {
        memory.write(&write_addr, &write_data, &write_enable);
    } else {
        let lanes = width.checked_div(granule).unwrap_or(1);
        let mask = b.input("write_mask", lanes, &format!("which {granule}-bit lanes to write"));
        memory.write_masked(&write_addr, &write_data, &write_enable, &mask, granule);
    }
    let read_enable = b.input("read_enable", 1, "reads");
    let read_addr = b.input("read_addr", addr_width, "entry to read");
    let read_data = memory.read_sync("read_data", &read_addr, &read_enable);
    b.output("read_data", &read_data, "the entry, a cycle later");
    b.finish()
}
