//! Tilings: each of K, C, OY and OX as a product of factors, at most one a level. Factorisations are exact: nothing is
//! rounded up, so a prime number of channels lies at one level altogether.

use crate::work::{Dim, Work};

/// The dimensions that are divided; FY and FX stay whole.
pub const TILED: [Dim; 4] = [Dim::K, Dim::C, Dim::OY, Dim::OX];

/// Levels from the inside to the outside: what a PE repeats, what lies along the array, what stays in the buffer,
/// what comes from DRAM again. They are the suffixes 0 to 3 of the paper's factors.
pub const LEVELS: [&str; 4] = ["rf", "array", "gb", "dram"];

/// The factors of a dimension, in the order of [`LEVELS`].
pub type Factors = [u32; 4];

/// The factors of the four dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tiling {
    /// Output channels.
    pub k: Factors,
    /// Input channels.
    pub c: Factors,
    /// Output rows.
    pub oy: Factors,
    /// Output columns.
    pub ox: Factors,
}

impl Tiling {
    /// In the order of [`TILED`].
    pub fn factors(&self) -> [Factors; 4] {
        [self.k, self.c, self.oy, self.ox]
    }

    /// Output rows and columns of the tile in the buffer.
    pub fn outputs(&self) -> [u64; 2] {
        [self.oy, self.ox].map(|[rf, array, ..]| u64::from(rf) * u64::from(array))
    }

    /// Words of the buffer that the tile's inputs and outputs take. Weights pass the buffer by.
    pub fn buffer_words(&self, work: &Work) -> u64 {
        let [rows, cols] = self.outputs();
        let [height, width] = window(work, [rows, cols]);
        let inputs = u64::from(self.c[0]) * u64::from(self.c[1]) * height * width;
        let outputs = self.k[..3].iter().map(|factor| u64::from(*factor)).product::<u64>() * rows * cols;
        inputs + outputs
    }
}

/// Input rows and columns that neighbouring outputs read, `outputs` rows and columns of them.
pub fn window(work: &Work, outputs: [u64; 2]) -> [u64; 2] {
    let axis =
        |i: usize, kernel: Dim| (outputs[i] - 1) * u64::from(work.stride[i]) + u64::from(work.size[kernel]);
    [axis(0, Dim::FY), axis(1, Dim::FX)]
}

/// Every way to write `size` as a product of factors at `levels`; the factors elsewhere are 1.
pub fn factorisations(size: u32, levels: &[usize]) -> Vec<Factors> {
    let mut found = vec![([1; 4], size)];
    for (i, level) in levels.iter().enumerate() {
        let is_last = i + 1 == levels.len();
        let placed = |(factors, rest): (Factors, u32)| {
            let divisors = (1..=rest).filter(move |factor| rest.is_multiple_of(*factor));
            divisors.filter(move |factor| !is_last || *factor == rest).map(move |factor| {
                let mut factors: Factors = factors;
                factors[*level] = factor;
                (factors, rest / factor)
            })
        };
        found = found.into_iter().flat_map(placed).collect();
    }
    found.into_iter().map(|(factors, _)| factors).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factorisations_are_exact_and_complete() {
        assert_eq!(factorisations(6, &[1, 3]), [[1, 1, 1, 6], [1, 2, 1, 3], [1, 3, 1, 2], [1, 6, 1, 1]]);
        assert_eq!(factorisations(7, &[0]), [[7, 1, 1, 1]]);
        // 192 = 2^6 * 3: 84 ways to place the twos, 4 to place the three.
        let all = factorisations(192, &[0, 1, 2, 3]);
        assert_eq!(all.len(), 84 * 4);
        assert!(all.iter().all(|factors| factors.iter().product::<u32>() == 192));
    }
}
