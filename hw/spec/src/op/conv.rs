//! `conv`: the multiplier PE. `acc = sum(x * w)`, weights in two's complement.

use super::{Definition, Vector};
use num::Num;

/// The multiplication of ordinary convolutions.
pub struct Conv;

impl Definition for Conv {
    const NAME: &'static str = "conv";
    const CHUNK: &'static str = "clp";
    const WEIGHT_BITS: (u32, u32) = (2, 8);
    const DEFAULT_WEIGHT_BITS: u32 = 8;
    const ZERO_IS_NEUTRAL: bool = true;
    const VECTORS: &'static [Vector] =
        &[(0, 77, 0), (3, -5, -15), (-128, -128, 16384), (127, -128, -16256), (-1, 1, -1)];

    fn term<N: Num>(x: &N, w: &N) -> N {
        x.mul(w)
    }

    fn worst_case(w: i64) -> i64 {
        128 * w.abs()
    }
}
