//! Seeded randomness for fuzzing: a small generator, and random accelerators that are correct by construction.

use crate::accelerator::{most_post_lanes, Accelerator, Buffer, Chunk, Energy};
use crate::config::check::BANKS_PER_CHUNK;
use crate::config::hash;
use crate::config::keys::MAX_SIDE;
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
/// register files and buffers, so that tiles are ragged and capacities bind. Seldom an array is one row or column of up
/// to the most PEs.
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
        nest_depth: match rng.size(0, 19) {
            0 => 6,
            1 => 16,
            n => 10 + n % 5,
        },
        tokens: rng.size(32, 64),
        chunks,
        energy: Energy::default(),
    };
    accelerator.hash = hash::of(&accelerator);
    accelerator
}

fn chunk(rng: &mut Rng, op: Op, side: u32, line_bytes: u32) -> Chunk {
    let (rows, cols) = (rng.size(1, side), rng.size(1, side));
    // Seldom as long as may be, with no more PEs than simulators are quickly built for.
    let (rows, cols) = match rng.size(0, 19) {
        0 => (rng.size(1, MAX_SIDE), 1),
        1 => (1, rng.size(1, MAX_SIDE)),
        _ => (rows, cols),
    };
    // Now and then halves of the columns that may be served at once.
    let has_halves = rng.percent(20);
    let (rows, cols) = if has_halves { (rng.size(2, 4), 4) } else { (rows, cols) };
    let (lo, hi) = op.weight_bits();
    let most = most_post_lanes(rows, cols, line_bytes);
    let post_lanes = if has_halves || rng.percent(20) { most } else { rng.size(1, most) };
    Chunk {
        op,
        rows,
        cols,
        weight_bits: rng.size(lo, hi),
        input_rf: depth(rng, 40),
        weight_rf: depth(rng, 40),
        psum_rf: depth(rng, 20),
        post_lanes,
        post_rows: rng.size(1, 64),
    }
}

/// The depth of a register file: now and then the least that there is.
fn depth(rng: &mut Rng, most: u32) -> u32 {
    rng.size(0, most + 2).saturating_sub(2).max(1)
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
    fn the_ends_of_what_may_be_configured_are_drawn() {
        let all: Vec<Accelerator> = (0..300).map(|seed| accelerator(&mut Rng::new(seed), 6)).collect();
        let chunks = || all.iter().flat_map(|accelerator| &accelerator.chunks);
        let depths = |nest_depth| all.iter().any(|accelerator| accelerator.nest_depth == nest_depth);
        assert!(depths(6) && depths(16));
        assert!(chunks().any(|chunk| chunk.rows > 50) && chunks().any(|chunk| chunk.cols > 50));
        assert!(chunks().any(|chunk| chunk.input_rf == 1) && chunks().any(|chunk| chunk.psum_rf == 1));
        assert!(chunks().all(|chunk| chunk.rows * chunk.cols <= MAX_SIDE));
    }

    #[test]
    fn ranges_reach_both_ends() {
        let mut rng = Rng::new(1);
        let drawn: Vec<i64> = (0..200).map(|_| rng.range(-2, 2)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-2), Some(&2)));
        assert!((i64::MIN..=i64::MAX).contains(&rng.range(i64::MIN, i64::MAX)));
    }
}
