//! How many PEs each chunk gets: as many for each of its terms as every other chunk, so that all take equally long, and
//! together no more area than there is. A shift or an adder PE is smaller than one with a multiplier; how much
//! smaller is the ratio of areas.
//!
//! With O the terms of an image that a chunk computes, A the area in PEs with multipliers and r the ratio, each chunk
//! gets u * O PEs where u = A / (O_conv + O_shift / r + O_adder / r). The paper rounds down for multipliers and up
//! for the others, and so do we.

use spec::op::Op;

/// The paper's area: Eyeriss, 12 x 14 PEs.
pub const AREA: f64 = 168.0;

/// The paper's ratio: the area of a PE with a multiplier in those of a shift or an adder PE.
pub const RATIO: f64 = 1.88;

/// The area of `pes` PEs for `op`, in PEs with multipliers.
pub fn area(op: Op, pes: f64, ratio: f64) -> f64 {
    match op {
        Op::Conv => pes,
        Op::Shift | Op::Adder => pes / ratio,
    }
}

/// PEs of each chunk, given the terms of an image by op. A chunk with terms has at least one, one without has none.
pub fn pes(terms: &[(Op, u64)], budget: f64, ratio: f64) -> Vec<u32> {
    let weighed: f64 = terms.iter().map(|(op, terms)| area(*op, *terms as f64, ratio)).sum();
    let share = |(op, terms): &(Op, u64)| {
        // In this order the whole budget is exactly that where a chunk is alone.
        let exact = budget * *terms as f64 / weighed;
        let rounded = if *op == Op::Conv { exact.floor() } else { exact.ceil() };
        if *terms == 0 {
            0
        } else {
            rounded.max(1.0) as u32
        }
    };
    terms.iter().map(share).collect()
}

/// Rows and columns of an array of at most `pes` PEs, as near to square as can be: the most rows whose square fits, and as
/// many columns as then fit. Up to one column of PEs less than `pes` is lost.
pub fn array(pes: u32) -> [u32; 2] {
    let rows = pes.isqrt().max(1);
    [rows, pes / rows]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_example() {
        let terms = [(Op::Conv, 33_535_000), (Op::Shift, 43_838_000), (Op::Adder, 23_273_000)];
        assert_eq!(pes(&terms, AREA, RATIO), [81, 107, 57]);
    }

    #[test]
    fn chunks_without_terms_get_nothing_and_small_ones_a_pe() {
        assert_eq!(pes(&[(Op::Conv, 0), (Op::Shift, 1000)], 10.0, 2.0), [0, 20]);
        assert_eq!(pes(&[(Op::Conv, 1), (Op::Shift, 1000)], 10.0, 2.0), [1, 20]);
        assert_eq!(pes(&[(Op::Conv, 0)], 10.0, 2.0), [0]);
    }

    #[test]
    fn arrays_are_nearly_square_and_never_larger() {
        assert_eq!([1, 3, 57, 81, 107, 168].map(array), [[1, 1], [1, 3], [7, 8], [9, 9], [10, 10], [12, 14]]);
        assert!((1..5000).all(|pes| array(pes).iter().product::<u32>() + array(pes)[0] > pes));
    }
}
