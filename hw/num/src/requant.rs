//! The one lossy step: a 32-bit accumulator becomes an int8 activation.
//!
//! ```text
//! t = acc * multiplier + bias                                   (scale)
//! t = t + ((residual * residual_multiplier) << residual_shift)  (where the layer has a residual)
//! t = t + (1 << (shift - 1))                                    (where shift > 0)
//! y = clamp(t >> shift, lo, hi)                                 (>> is arithmetic: rounds half up)
//! ```
//!
//! Each of the four terms is at most 2^46 in magnitude, so 49 bits hold every sum. [`Num::stage`] marks where
//! the hardware puts its pipeline registers.

use crate::Num;

/// Bits of an accumulator.
pub const ACC_BITS: u32 = 32;
/// Bits of an activation, a residual and an output.
pub const ACT_BITS: u32 = 8;
/// Bits of a bias: its magnitude is below 2^46.
pub const BIAS_BITS: u32 = 47;
/// Bits of a multiplier and of a residual multiplier.
pub const MULTIPLIER_BITS: u32 = 16;
/// Bits that hold the sum of all terms.
pub const SUM_BITS: u32 = 49;
/// The largest legal shift.
pub const MAX_SHIFT: u32 = 47;
/// The largest legal residual shift.
pub const MAX_RESIDUAL_SHIFT: u32 = 24;
/// Pipeline registers between `acc` and `y` in hardware: one per [`Num::stage`] on the longest path.
pub const STAGES: u32 = 4;

/// What one output channel is requantised with. Shifts are non-negative numbers.
#[derive(Clone, Debug)]
pub struct Channel<N> {
    /// Multiplies the accumulator; 16 bits, may be negative or 0.
    pub multiplier: N,
    /// Added after the multiplication; 47 bits.
    pub bias: N,
    /// 0..=47.
    pub shift: N,
    /// Multiplies the residual; 16 bits.
    pub residual_multiplier: N,
    /// 0..=24.
    pub residual_shift: N,
}

/// Requantises `acc`; `residual` is the number 0 where the layer has none.
pub fn requant<N: Num>(acc: &N, residual: &N, channel: &Channel<N>, lo: &N, hi: &N) -> N {
    let product = acc.mul(&channel.multiplier).stage().called("product");
    let scaled = residual.mul(&channel.residual_multiplier).stage().called("scaled_residual");
    let [bias, shift, residual_shift] =
        [&channel.bias, &channel.shift, &channel.residual_shift].map(|parameter| parameter.stage());

    let affine = product.add(&bias).fit(SUM_BITS).stage().called("affine");
    let shortcut = scaled.shl(&residual_shift, MAX_RESIDUAL_SHIFT).fit(SUM_BITS).stage().called("shortcut");
    let shift = shift.stage();

    // 1 << (shift - 1) for shift > 0 and 0 for shift = 0, without a case distinction.
    let half = shift.lit(1).shl(&shift, MAX_SHIFT).shr(&shift.lit(1), 1).fit(SUM_BITS).called("half");
    let sum = affine.add(&shortcut).fit(SUM_BITS).add(&half).fit(SUM_BITS).stage().called("sum");
    let shift = shift.stage();

    sum.shr(&shift, MAX_SHIFT)
        .fit(SUM_BITS)
        .called("shifted")
        .clamp(lo, hi)
        .fit(ACT_BITS)
        .stage()
        .called("clamped")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Int;

    /// acc, multiplier, bias, shift, residual, residual multiplier, residual shift, y.
    type Row = (i64, i64, i64, i64, i64, i64, i64, i64);

    /// Worked by hand.
    const ROWS: &[Row] = &[
        (5, 1, 0, 1, 0, 0, 0, 3),       // 2.5 rounds up
        (-5, 1, 0, 1, 0, 0, 0, -2),     // -2.5 rounds up, to -2
        (7, 1, 0, 0, 0, 0, 0, 7),       // no shift, no rounding
        (1000, 1, 0, 0, 0, 0, 0, 127),  // held at hi
        (100, -3, 10, 2, 0, 0, 0, -72), // -290 + 2 = -288, / 4
        (10, 0, 640, 6, 0, 0, 0, 10),   // gamma 0 keeps its beta
        (0, 1, 0, 4, -3, 5, 2, -4),     // -60 + 8 = -52, >> 4 = -3.25 -> -4
        (i32::MIN as i64, 32767, -(1 << 45), 47, 0, 0, 0, -1),
        (i32::MAX as i64, 32767, (1 << 46) - 1, 47, 127, 32767, 24, 1),
    ];

    #[test]
    fn hand_worked_rows_hold_on_every_kind_of_number() {
        for &(acc, multiplier, bias, shift, residual, residual_multiplier, residual_shift, y) in ROWS {
            let plain = Channel { multiplier, bias, shift, residual_multiplier, residual_shift };
            assert_eq!(requant(&acc, &residual, &plain, &-128, &127), y, "acc {acc}");
            let checked = Channel {
                multiplier: Int::new(multiplier, MULTIPLIER_BITS),
                bias: Int::new(bias, BIAS_BITS),
                shift: Int::new(shift, 7),
                residual_multiplier: Int::new(residual_multiplier, MULTIPLIER_BITS),
                residual_shift: Int::new(residual_shift, 6),
            };
            let (acc, residual) = (Int::new(acc, ACC_BITS), Int::new(residual, ACT_BITS));
            let (lo, hi) = (Int::new(-128, 8), Int::new(127, 8));
            assert_eq!(requant(&acc, &residual, &checked, &lo, &hi).value(), y);
        }
    }
}
