//! Random memories: depths that are powers of two and others, several ports that write whole entries or parts, reads
//! within the cycle and at its end, often where something is written.

use super::{of_width, Random};
use crate::{Builder, Signal};

/// What a random memory gives at all its read ports.
pub(super) fn memory(random: &mut Random, b: &Builder, pool: &[Signal], i: usize) -> Signal {
    let (granule, lanes) = match random.below(4) {
        0 => (random.width(), 1),
        _ => (1 + random.below(12) as u32, 1 + random.below(8) as u32),
    };
    let width = granule * lanes;
    let depth = match random.below(6) {
        0 => 1 << random.below(7),
        1 => 20 + random.below(50),
        _ => 1 + random.below(20),
    };
    let memory = b.memory(&format!("m{i}"), width, depth as u32);
    let mut addresses: Vec<Signal> = Vec::new();
    for _ in 0..1 + random.below(3) {
        let [addr, data, enable, mask] =
            [memory.addr_width(), width, 1, lanes].map(|width| of_width(random, pool, width));
        match random.below(2) {
            0 => memory.write(&addr, &data, &enable),
            _ => memory.write_masked(&addr, &data, &enable, &mask, granule),
        }
        addresses.push(addr);
    }
    let mut all = b.zero(width);
    for port in 0..2 + random.below(2) {
        // An entry that is written in the same cycle, as often as not.
        let addr = match random.below(2) {
            0 => addresses[random.below(addresses.len())].clone(),
            _ => of_width(random, pool, memory.addr_width()),
        };
        let is_sync = port == 0 || random.once_in(3);
        let value = match is_sync {
            true => memory.read_sync(&format!("m{i}_out{port}"), &addr, &of_width(random, pool, 1)),
            false => memory.read(&addr),
        };
        all = &all.shift_left(&b.lit(1, 1)) ^ &value;
    }
    all
}
