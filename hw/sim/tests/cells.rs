//! Every cell of the library against a plain Rust model of what its documentation says.

use std::collections::VecDeque;

use hdl::cells;
use sim::{Drive, Inside, Interpreter, Simulator};

/// A small generator of random numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % limit
    }

    /// 1 in `rate` of 4 cases.
    fn chance(&mut self, rate: u64) -> u64 {
        u64::from(self.below(4) < rate)
    }
}

fn poke(cell: &mut Interpreter, values: &[(&str, u64)]) {
    for (port, value) in values {
        cell.poke(port, *value).expect("an input that takes it");
    }
}

fn peek(cell: &mut Interpreter, port: &str) -> u64 {
    cell.peek(port).expect("an output")
}

/// Drives a stream cell with every mix of eager and lazy sides; `capacity` is the number of words it holds.
fn check_stream(mut cell: Interpreter, width: u32, capacity: usize) {
    let random = &mut Random(7);
    let mut held = VecDeque::new();
    let (mut taken, mut given) = (0, 0);
    for cycle in 0..6000 {
        let (eager_in, eager_out) = (1 + cycle / 500 % 4, 1 + cycle / 2000 % 4);
        let (offers, takes) = (random.chance(eager_in), random.chance(eager_out));
        let word = random.below(1 << width);
        poke(&mut cell, &[("in_valid", offers), ("in_data", word), ("out_ready", takes)]);
        let (ready, valid) = (peek(&mut cell, "in_ready"), peek(&mut cell, "out_valid"));
        assert_eq!(ready == 1, held.len() < capacity, "in_ready in cycle {cycle} with {} held", held.len());
        assert_eq!(valid == 1, !held.is_empty(), "out_valid in cycle {cycle}");
        if valid == 1 {
            assert_eq!(Some(&peek(&mut cell, "out_data")), held.front(), "out_data in cycle {cycle}");
        }
        if valid & takes == 1 {
            held.pop_front();
            given += 1;
        }
        if ready & offers == 1 {
            held.push_back(word);
            taken += 1;
        }
        cell.step(1);
    }
    assert!(taken > 1000 && given > 1000, "only {taken} words went in and {given} out");
}

#[test]
fn fifos_of_any_size_queue() {
    for (width, depth) in [(1, 1), (8, 2), (5, 3), (12, 4), (9, 7), (16, 16)] {
        check_stream(Interpreter::new(&cells::fifo("queue", width, depth).unwrap()), width, depth as usize);
    }
}

#[test]
fn a_skid_buffer_holds_two_words() {
    check_stream(Interpreter::new(&cells::skid("stage", 8).unwrap()), 8, 2);
}

#[test]
fn a_skid_buffer_passes_a_word_every_cycle() {
    let mut stage = Interpreter::new(&cells::skid("stage", 8).unwrap());
    for word in 0..100 {
        poke(&mut stage, &[("in_valid", 1), ("in_data", word), ("out_ready", 1)]);
        assert_eq!(peek(&mut stage, "in_ready"), 1);
        if word > 0 {
            assert_eq!(peek(&mut stage, "out_data"), word - 1);
        }
        stage.step(1);
    }
}

#[test]
fn counters_wrap_at_their_limit() {
    for limit in [1, 2, 3, 8, 10, 255, 256, 1000] {
        let mut cell = Interpreter::new(&cells::counter("index", limit).unwrap());
        let (random, mut count) = (&mut Random(3), 0);
        for _ in 0..3 * limit + 50 {
            let (step, clear) = (random.chance(3), u64::from(random.below(300) == 0));
            poke(&mut cell, &[("step", step), ("clear", clear)]);
            assert_eq!(peek(&mut cell, "count"), count);
            assert_eq!(peek(&mut cell, "last") == 1, count == limit - 1);
            cell.step(1);
            count = if clear == 1 { 0 } else { (count + step) % limit };
        }
    }
}

#[test]
fn the_arbiter_takes_turns() {
    for count in [1, 2, 3, 5, 8] {
        let mut cell = Interpreter::new(&cells::arbiter("turns", count).unwrap());
        let (random, mut first) = (&mut Random(11), 0);
        for _ in 0..2000 {
            let (request, advance) = (random.below(1 << count), random.chance(3));
            poke(&mut cell, &[("request", request), ("advance", advance)]);
            let mut order = (0..count).map(|i| (first + i) % count);
            let winner = order.find(|i| request >> i & 1 == 1);
            assert_eq!(peek(&mut cell, "grant"), winner.map_or(0, |winner| 1 << winner));
            assert_eq!(peek(&mut cell, "any") == 1, winner.is_some());
            cell.step(1);
            if let (Some(winner), 1) = (winner, advance) {
                first = winner + 1;
                // Above the highest there is nobody: the turn starts again at 0.
                first %= count;
            }
        }
    }
}

#[test]
fn the_ram_reads_what_was_there_before() {
    for (width, depth, granule) in [(32, 16, 8), (8, 5, 8), (12, 3, 4), (1, 1, 1)] {
        let mut cell = Interpreter::new(&cells::ram("bank", width, depth, granule).unwrap());
        let random = &mut Random(5);
        let (mut words, mut read) = (vec![0u64; depth as usize], 0);
        for _ in 0..2000 {
            let (write_addr, read_addr) = (random.below(depth.into()), random.below(depth.into()));
            let (write_enable, read_enable) = (random.chance(3), random.chance(3));
            let write_data = random.below(1 << width);
            let mask = random.below(1 << (width / granule));
            poke(&mut cell, &[("write_enable", write_enable), ("write_addr", write_addr)]);
            poke(
                &mut cell,
                &[("write_data", write_data), ("read_enable", read_enable), ("read_addr", read_addr)],
            );
            if granule < width {
                poke(&mut cell, &[("write_mask", mask)]);
            }
            assert_eq!(peek(&mut cell, "read_data"), read);
            cell.step(1);
            if read_enable == 1 {
                read = words[read_addr as usize];
            }
            for lane in (0..width / granule).filter(|lane| granule == width || mask >> lane & 1 == 1) {
                let lane = ((1 << granule) - 1) << (lane * granule);
                if write_enable == 1 {
                    let word = &mut words[write_addr as usize];
                    *word = *word & !lane | write_data & lane;
                }
            }
            assert_eq!(
                cell.peek_path(&format!("words[{write_addr}]")).unwrap().to_u64(),
                words[write_addr as usize]
            );
        }
    }
}
