//! The program's header: read once at the start of a run, checked, and turned into the start of every stream.

use crate::queue::PC_BITS;
use crate::wiring::address_bits;
use hdl::{Builder, Errors, Module, Signal};
use spec::accelerator::Accelerator;
use spec::isa::table::HEADER_WORDS;
use std::sync::Arc;

/// The header reader for `queues` queues.
pub fn module(accelerator: &Accelerator, queues: u32) -> Result<Arc<Module>, Errors> {
    let b = Builder::new("header", "Reads a program's header, checks its hash and starts the streams.");
    let start = b.input("start", 1, "a run begins");
    let stop = b.input("stop", 1, "the run is being stopped");
    let granted = b.input("granted", 1, "the burst is under way");
    let data = b.input("data", accelerator.axi_bits, "a beat of the header");
    let data_we = b.input("data_we", 1, "it is there");
    let data_last = b.input("data_last", 1, "it is the last");

    let wanting = b.reg("wanting", 1);
    wanting.reset(0).enable(&(&(&start | &granted) | &stop)).next(&(&start & &!&stop));
    let words = accelerator.axi_bits / 64;
    let beat_bits = address_bits(HEADER_WORDS as u32 / words);
    let beat = b.reg("beat", beat_bits);
    beat.reset(0).enable(&(&start | &data_we)).next(&(&beat.q() + 1).gate(&!&start));

    let word = |index: u32| {
        let here = &data_we & &beat.q().eq_lit(i64::from(index / words));
        (here, data.slice(64 * (index % words), 64))
    };
    let (first, hash) = word(0);
    let expected = b.bits(num::Bits::from_u64(64, accelerator.hash));
    let foreign = b.reg("foreign", 1);
    foreign.reset(0).enable(&first).next(&hash.ne(&expected));
    let starts = (0..queues).map(|queue| {
        let (here, offset) = word(1 + queue);
        let pc = b.reg(&format!("start_{queue}"), PC_BITS);
        pc.reset(0).enable(&here).next(&offset.slice(3, PC_BITS));
        pc.q()
    });
    let starts: Vec<Signal> = starts.collect();

    let complete = b.delay_reset("complete", &(&data_we & &data_last), 0);
    b.output("request", &wanting.q(), "wants the header");
    b.output("wrong_hash", &(&complete & &foreign.q()), "the program is for another configuration");
    b.output("checked", &(&complete & &!&foreign.q()), "the header is as it should be");
    for (i, pc) in starts.iter().enumerate() {
        b.output(&format!("start_{i}"), &(&(&complete & &!&foreign.q()) & &pc.any()), "starts this stream");
        b.output(&format!("start_pc_{i}"), pc, "at this word");
    }
    b.finish()
}
