//! `adder`: the |x - w| PE. `acc = -sum(|x - w|)`; weights share the scale of `x`.
//!
//! A zero input is not neutral here: an idle lane needs a zero weight as well, or it would add `-|0 - w|`; a padding
//! tap is a real zero and does add `-|w|`.

use super::{Definition, Vector};
use num::Num;

/// The negated absolute difference of AdderNet.
pub struct Adder;

impl Definition for Adder {
    const NAME: &'static str = "adder";
    const CHUNK: &'static str = "alp";
    const WEIGHT_BITS: (u32, u32) = (2, 8);
    const DEFAULT_WEIGHT_BITS: u32 = 8;
    const ZERO_IS_NEUTRAL: bool = false;
    const VECTORS: &'static [Vector] =
        &[(0, 0, 0), (0, 9, -9), (3, -5, -8), (-128, 127, -255), (127, -128, -255), (-4, -4, 0)];

    fn term<N: Num>(x: &N, w: &N) -> N {
        // Both differences are at hand, so the sign only selects: no second carry chain for the negation.
        let (forward, backward) = (x.sub(w), w.sub(x));
        N::select(&forward.is_negative(), &forward, &backward)
    }

    fn worst_case(w: i64) -> i64 {
        128 + w.abs()
    }
}
