//! A stream: the words of one queue, fetched ahead in bursts.
//!
//! At most one burst is under way; a jump throws away what was fetched and, when it arrives, what was asked for.

use crate::queue::PC_BITS;
use crate::wiring::address_bits;
use hdl::{Builder, Errors, Module, Signal};
use spec::accelerator::Accelerator;
use spec::isa::table::FETCH_WORDS;
use std::sync::Arc;

/// Words that a stream holds.
const CAPACITY_WORDS: u32 = 2 * FETCH_WORDS as u32;

/// The stream of any queue.
pub fn module(accelerator: &Accelerator) -> Result<Arc<Module>, Errors> {
    let b = Builder::new("stream", "Fetches the words of one queue ahead of their execution.");
    let start = b.input("start", 1, "starts at start_pc");
    let start_pc = b.input("start_pc", PC_BITS, "index of the first word");
    let jump = b.input("jump", 1, "goes on at jump_pc");
    let jump_pc = b.input("jump_pc", PC_BITS, "index of the word");
    let stop = b.input("stop", 1, "fetches no further");
    let pop = b.input("pop", 1, "the word is done with");
    let granted = b.input("granted", 1, "the burst asked for is under way");
    let data = b.input("data", accelerator.axi_bits, "a beat of the burst");
    let data_we = b.input("data_we", 1, "it is there");
    let data_last = b.input("data_last", 1, "it is the burst's last");

    let words = accelerator.axi_bits / 64;
    let beats = CAPACITY_WORDS / words;
    let burst = FETCH_WORDS as u32 / words;
    let (index_bits, count_bits) = (address_bits(beats), address_bits(beats) + 1);
    let restart = &start | &jump;
    let target = start.mux(&start_pc, &jump_pc);
    let offset_bits = FETCH_WORDS.trailing_zeros();

    let active = b.reg("active", 1);
    active.reset(0).enable(&(&start | &stop)).next(&start);
    let pending = b.reg("pending", 1);
    let finished = &data_we & &data_last;
    pending.reset(0).enable(&(&granted | &finished)).next(&granted);
    let stale = b.reg("stale", 1);
    let in_flight = &(&pending.q() | &granted) & &!&finished;
    stale.reset(0).enable(&(&restart | &finished)).next(&(&restart & &in_flight));

    let count = b.reg("count", count_bits);
    let head = b.reg("head", PC_BITS);
    let skip = b.reg("skip", offset_bits);
    let skipping = &skip.q().any() & &count.q().any();
    let advance = &pop | &skipping;
    let beat_done = if words == 1 { advance.clone() } else { &advance & &head.q().bit(0) };
    let write = &data_we & &!&stale.q();
    let changed = write.mux(&(&count.q() + 1), &(&count.q() - 1));
    let counted = (&write ^ &beat_done).mux(&changed, &count.q());
    count.reset(0).next(&counted.gate(&!&restart));
    let aligned = target.slice(offset_bits, PC_BITS - offset_bits).cat(&b.zero(offset_bits));
    head.enable(&(&restart | &advance)).next(&restart.mux(&aligned, &(&head.q() + 1)));
    skip.reset(0)
        .enable(&(&restart | &skipping))
        .next(&restart.mux(&target.trunc(offset_bits), &(&skip.q() - 1)));

    let memory = b.memory("beats", accelerator.axi_bits, beats);
    let pointer = |name: &str, moves: &Signal| {
        let pointer = b.reg(name, index_bits);
        pointer.reset(0).enable(&(&restart | moves)).next(&(&pointer.q() + 1).gate(&!&restart));
        pointer.q()
    };
    memory.write(&pointer("write_index", &write), &data, &write);
    let beat = memory.read(&pointer("read_index", &beat_done));
    let word = if words == 1 { beat } else { head.q().bit(0).mux(&beat.slice(64, 64), &beat.slice(0, 64)) };

    let fetch = b.reg("fetch_pc", PC_BITS);
    let next = &fetch.q() + &b.lit(PC_BITS, FETCH_WORDS as i64);
    fetch.enable(&(&restart | &granted)).next(&restart.mux(&aligned, &next));
    let room = count.q().ule(&b.lit(count_bits, i64::from(beats - burst)));
    b.output("request", &(&(&active.q() & &!&pending.q()) & &(&room & &!&restart)), "wants a burst");
    b.output("request_pc", &fetch.q(), "index of its first word");
    b.output("word", &word, "the next word");
    b.output("word_valid", &(&(&count.q().any() & &!&skip.q().any()) & &active.q()), "it is there");
    b.output("pc", &head.q(), "its index");
    b.finish()
}
