//! `shift`: the barrel-shift PE. A weight is a signed power of two, kept as a code `c`: 0 means zero, else
//! the value is `sign(c) * 2^(|c| - 1)`. The exact zero has a code of its own because 2^e never is 0.
//!
//! Codes beyond 16 in magnitude are illegal at every width, so a PE shifts by 15 at most.

use super::{Definition, Vector};
use num::Num;

/// Multiplication by a signed power of two.
pub struct Shift;

/// The largest distance a PE shifts.
const MAX_DISTANCE: u32 = 15;

impl Definition for Shift {
    const NAME: &'static str = "shift";
    const CHUNK: &'static str = "slp";
    const WEIGHT_BITS: (u32, u32) = (3, 6);
    const DEFAULT_WEIGHT_BITS: u32 = 5;
    const ZERO_IS_NEUTRAL: bool = true;
    const VECTORS: &'static [Vector] =
        &[(5, 0, 0), (5, 1, 5), (5, -1, -5), (-3, 4, -24), (-128, -16, 4194304), (127, 16, 4161536)];

    fn term<N: Num>(x: &N, w: &N) -> N {
        let one = w.lit(1);
        let distance = N::select(&w.is_zero(), &w.lit(0), &w.abs().sub(&one)).fit(5);
        let shifted = x.shl(&distance, MAX_DISTANCE);
        let signed = N::select(&w.is_negative(), &shifted.neg(), &shifted);
        N::select(&w.is_zero(), &x.lit(0), &signed)
    }

    fn worst_case(w: i64) -> i64 {
        if w == 0 {
            0
        } else {
            128 << (w.abs() - 1)
        }
    }

    fn is_legal(w: i64, bits: u32) -> bool {
        w.abs() <= ((1 << (bits - 1)) - 1).min(i64::from(MAX_DISTANCE) + 1)
    }
}
