//! Seeded randomness for fuzzing: a small generator, and random accelerators that are correct by construction.

use crate::accelerator::{Accelerator, Buffer, Chunk, Energy};
use crate::config::check::BANKS_PER_CHUNK;
use crate::config::hash;
use crate::op::Op;

/// SplitMix64: any seed is a good one, and equal seeds give equal numbers on every machine.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of `lo ..= hi`.
    pub fn range(&mut self, lo: i64, hi: i64) -> i64 {
        let span = hi.wrapping_sub(lo) as u64;
        let offset = if span == u64::MAX { self.bits() } else { self.bits() % (span + 1) };
        lo.wrapping_add(offset as i64)
    }

    /// As [`Rng::range`], for sizes.
    pub fn size(&mut self, lo: u32, hi: u32) -> u32 {
        self.range(lo.into(), hi.into()) as u32
    }

    /// Whether an event of `chance` in 100 happens.
    pub fn percent(&mut self, chance: u32) -> bool {
        self.size(1, 100) <= chance
    }

    /// One of `items`, which must not be empty.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.bits() as usize % items.len()]
    }
}

/// A random accelerator with arrays of up to `side` rows and columns: any subset of chunks, odd sizes, small
/// register files and buffers, so that tiles are ragged and capacities bind.
pub fn accelerator(rng: &mut Rng, side: u32) -> Accelerator {
    let subset = rng.size(1, (1 << Op::ALL.len()) - 1);
    let present = Op::ALL.iter().enumerate().filter(|(i, _)| subset >> i & 1 == 1);
    let axi_bits = *rng.choose(&[64, 64, 128]);
    let line_bytes = *rng.choose(if axi_bits == 64 { &[8, 16, 32] } else { &[16, 32] });
    let chunks: Vec<Chunk> = present.map(|(_, op)| chunk(rng, *op, side, line_bytes)).collect();
    let banks = rng.size(BANKS_PER_CHUNK * chunks.len() as u32, 24);
    let bank_bytes = 2 * line_bytes * rng.size(8, 128);
    let mut accelerator = Accelerator {
        name: format!("random-{:08x}", rng.bits() as u32),
        hash: 0,
        clock_mhz: 500.0,
        axi_bits,
        outstanding_reads: rng.size(1, 8),
        buffer: Buffer { banks, bank_bytes, line_bytes },
        nest_depth: rng.size(10, 14),
        tokens: rng.size(32, 64),
        chunks,
        energy: Energy::default(),
    };
    accelerator.hash = hash::of(&accelerator);
    accelerator
}

fn chunk(rng: &mut Rng, op: Op, side: u32, line_bytes: u32) -> Chunk {
    let (rows, cols) = (rng.size(1, side), rng.size(1, side));
    let (lo, hi) = op.weight_bits();
    Chunk {
        op,
        rows,
        cols,
        weight_bits: rng.size(lo, hi),
        input_rf: rng.size(1, 40),
        weight_rf: rng.size(1, 40),
        psum_rf: rng.size(1, 20),
        post_lanes: rng.size(1, line_bytes.min(rows.max(cols))),
        post_rows: rng.size(1, 64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn random_accelerators_are_correct_and_survive_their_text() {
        for seed in 0..300 {
            let accelerator = accelerator(&mut Rng::new(seed), 9);
            let yaml = config::to_yaml(&accelerator);
            assert_eq!(config::parse("random.yaml", &yaml), Ok(accelerator), "{yaml}");
        }
    }

    #[test]
    fn ranges_reach_both_ends() {
        let mut rng = Rng::new(1);
        let drawn: Vec<i64> = (0..200).map(|_| rng.range(-2, 2)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-2), Some(&2)));
        assert!((i64::MIN..=i64::MAX).contains(&rng.range(i64::MIN, i64::MAX)));
    }
}
