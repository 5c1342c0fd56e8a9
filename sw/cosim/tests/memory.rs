//! The AXI4 memory answers when it says it does, keeps what was written, and sees what a master must not do.

use cosim::memory::{FromMaster, Memory, Timing, ToMaster, SLVERR};
use spec::random::Rng;

const STEADY: Timing = Timing::Fixed { latency: 20 };

/// A master that has one transaction under way at a time.
struct Driver {
    memory: Memory,
    cycle: u64,
}

impl Driver {
    fn new(bits: u32, timing: Timing) -> Driver {
        Driver { memory: Memory::new(vec![0; 1 << 14], bits, timing), cycle: 0 }
    }

    fn step(&mut self, master: FromMaster) -> ToMaster {
        let slave = self.memory.drive();
        self.memory.clock(&master);
        self.cycle += 1;
        slave
    }

    /// Reads a burst; the beats, each with its cycle counted from the address, and the response.
    fn read(&mut self, ar_addr: u64, beats: u32) -> Vec<(u64, [u64; 2], u8)> {
        while !self
            .step(FromMaster { ar_valid: true, ar_addr, ar_len: beats - 1, ..FromMaster::default() })
            .ar_ready
        {}
        let (address_cycle, mut found) = (self.cycle - 1, Vec::new());
        loop {
            let slave = self.step(FromMaster::default());
            if slave.r_valid {
                found.push((self.cycle - 1 - address_cycle, slave.r_data, slave.r_resp));
                if slave.r_last {
                    return found;
                }
            }
        }
    }

    /// Writes a burst; the cycles from its last beat to the response, and the response.
    fn write(&mut self, aw_addr: u64, beats: &[[u64; 2]], w_strb: u32) -> (u64, u8) {
        let aw_len = beats.len() as u32 - 1;
        while !self.step(FromMaster { aw_valid: true, aw_addr, aw_len, ..FromMaster::default() }).aw_ready {}
        for (i, &w_data) in beats.iter().enumerate() {
            let w_last = i + 1 == beats.len();
            while !self
                .step(FromMaster { w_valid: true, w_data, w_strb, w_last, ..FromMaster::default() })
                .w_ready
            {}
        }
        let last = self.cycle - 1;
        loop {
            let slave = self.step(FromMaster::default());
            if slave.b_valid {
                return (self.cycle - 1 - last, slave.b_resp);
            }
        }
    }
}

#[test]
fn a_steady_memory_answers_after_its_latency_then_every_cycle() {
    let mut driver = Driver::new(64, Timing::Fixed { latency: 7 });
    assert_eq!(driver.write(0x100, &[[0x1111, 0], [0x2222, 0], [0x3333, 0]], 0xff), (7, 0));
    let cycles = driver.read(0x100, 3);
    assert_eq!(cycles, [(7, [0x1111, 0], 0), (8, [0x2222, 0], 0), (9, [0x3333, 0], 0)]);
    assert_eq!(driver.memory.violations(), [""; 0]);
    assert!(!driver.memory.busy());
}

#[test]
fn byte_enables_and_unaligned_addresses_stay_within_their_beats() {
    let mut driver = Driver::new(128, STEADY);
    driver.write(0x203, &[[!0; 2]; 2], 0x7ff8);
    assert_eq!(driver.memory.bytes[0x200..0x220].iter().filter(|byte| **byte == 0xff).count(), 24);
    let beats = driver.read(0x20f, 2);
    assert!(beats.iter().all(|(_, data, _)| *data == [0xffff_ffff_ff00_0000, 0x00ff_ffff_ffff_ffff]));
}

#[test]
fn accesses_outside_fail() {
    let mut driver = Driver::new(64, STEADY);
    assert_eq!(driver.read(1 << 14, 1)[0].2, SLVERR);
    assert_eq!(driver.read((1 << 14) - 8, 1)[0].2, 0);
    assert_eq!(driver.write(1 << 20, &[[1, 0]], 0xff).1, SLVERR);
    assert_eq!(driver.write(u64::MAX - 7, &[[1, 0]], 0xff).1, SLVERR);
}

#[test]
fn random_timing_keeps_the_data_and_repeats_itself() {
    let run = || {
        let mut driver = Driver::new(64, Timing::Random { latency: 5, seed: 3 });
        let (mut rng, mut model) = (Rng::new(1), vec![0u64; 1 << 11]);
        for _ in 0..300 {
            let (word, beats) = (rng.range(0, 2000) as usize, rng.size(1, 8) as usize);
            let word = word / 8 * 8;
            if rng.percent(50) {
                let data: Vec<u64> = (0..beats).map(|_| rng.bits()).collect();
                model[word..word + beats].copy_from_slice(&data);
                let data: Vec<[u64; 2]> = data.into_iter().map(|word| [word, 0]).collect();
                driver.write(8 * word as u64, &data, 0xff);
            } else {
                let found: Vec<u64> =
                    driver.read(8 * word as u64, beats as u32).iter().map(|beat| beat.1[0]).collect();
                assert_eq!(found, model[word..word + beats]);
            }
        }
        assert_eq!(driver.memory.violations(), [""; 0]);
        driver.cycle
    };
    assert_eq!(run(), run());
}

#[test]
fn what_a_master_must_not_do_is_noted() {
    let mut driver = Driver::new(64, STEADY);
    driver.read(0xff8, 2);
    driver.read(0x1000, 65);
    driver.step(FromMaster { aw_valid: true, aw_len: 1, ..FromMaster::default() });
    driver.step(FromMaster { w_valid: true, w_last: true, ..FromMaster::default() });
    let noted = driver.memory.violations().join("\n");
    for expected in
        ["a read burst crosses 4 KiB: 2 beats from 0xff8", "has 65 beats", "wlast is 1, the burst goes on"]
    {
        assert!(noted.contains(expected), "{noted}");
    }
    let mut driver = Driver::new(64, Timing::Random { latency: 5, seed: 1 });
    while driver.step(FromMaster { ar_valid: true, ..FromMaster::default() }).ar_ready {}
    driver.step(FromMaster { ar_valid: true, ar_addr: 8, ..FromMaster::default() });
    assert!(driver.memory.violations()[0].contains("the read address changed before it was accepted"));
}
