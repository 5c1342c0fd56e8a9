//! `Num`: exact signed arithmetic whose results are wide enough by construction.
//!
//! Every operation returns a number that holds its result for all operands of the given widths, so a formula
//! over `Num` cannot overflow; where the designer knows that fewer bits do, [`Num::fit`] says so and the
//! checked implementation proves it.

use std::fmt::Debug;

/// A signed number, or the hardware that computes one.
pub trait Num: Clone + Debug {
    /// A truth value in the same world: `bool` for numbers, one wire for hardware.
    type Bit: Clone + Debug;

    /// The constant `value`, in the world of `self` (hardware needs to know which module it is in).
    fn lit(&self, value: i64) -> Self;

    /// Width in bits, sign included. Plain machine integers answer their own size.
    fn width(&self) -> u32;

    /// `self + rhs`, one bit wider than the wider operand.
    fn add(&self, rhs: &Self) -> Self;

    /// `self - rhs`, one bit wider than the wider operand.
    fn sub(&self, rhs: &Self) -> Self;

    /// `self * rhs`, as wide as both operands together.
    fn mul(&self, rhs: &Self) -> Self;

    /// `-self`, one bit wider.
    fn neg(&self) -> Self {
        self.lit(0).sub(self)
    }

    /// `self << by` for `0 <= by <= max`; `max` bits wider.
    fn shl(&self, by: &Self, max: u32) -> Self;

    /// `self >> by`, arithmetic (towards minus infinity), for `0 <= by <= max`; as wide as `self`.
    fn shr(&self, by: &Self, max: u32) -> Self;

    /// Whether `self < 0`.
    fn is_negative(&self) -> Self::Bit;

    /// Whether `self == 0`.
    fn is_zero(&self) -> Self::Bit;

    /// `yes` where `condition` holds, else `no`; as wide as the wider of the two.
    fn select(condition: &Self::Bit, yes: &Self, no: &Self) -> Self;

    /// The same value in `width` bits. The caller knows that it fits; the checked implementation panics where
    /// it does not, and hardware simply drops the upper bits.
    fn fit(&self, width: u32) -> Self;

    /// A place where hardware may put a pipeline register; numbers pass unchanged.
    fn stage(&self) -> Self {
        self.clone()
    }

    /// The same value under a name that readers of the hardware will see; numbers pass unchanged.
    fn called(&self, _name: &str) -> Self {
        self.clone()
    }

    /// Whether `self < rhs`.
    fn less(&self, rhs: &Self) -> Self::Bit {
        self.sub(rhs).is_negative()
    }

    /// `|self|`, one bit wider.
    fn abs(&self) -> Self {
        Self::select(&self.is_negative(), &self.neg(), self)
    }

    /// `self` held between `lo` and `hi`.
    fn clamp(&self, lo: &Self, hi: &Self) -> Self {
        let low = Self::select(&self.less(lo), lo, self);
        Self::select(&hi.less(&low), hi, &low)
    }
}

/// Bits that a signed `value` needs, sign included.
pub const fn bits_for_signed(value: i64) -> u32 {
    let magnitude = if value < 0 { !value } else { value };
    65 - magnitude.leading_zeros()
}

/// Bits that an unsigned `value` needs, at least one.
pub const fn bits_for_unsigned(value: u64) -> u32 {
    if value == 0 {
        1
    } else {
        64 - value.leading_zeros()
    }
}

/// Implements [`Num`] on a machine integer: the fast reference. Overflow is a broken promise of the caller
/// (networks that could overflow are refused when they are loaded), so debug builds panic on it.
macro_rules! machine_integer {
    ($int:ty) => {
        impl Num for $int {
            type Bit = bool;

            #[inline(always)]
            fn lit(&self, value: i64) -> Self {
                value as $int
            }
            #[inline(always)]
            fn width(&self) -> u32 {
                <$int>::BITS
            }
            #[inline(always)]
            fn add(&self, rhs: &Self) -> Self {
                self + rhs
            }
            #[inline(always)]
            fn sub(&self, rhs: &Self) -> Self {
                self - rhs
            }
            #[inline(always)]
            fn mul(&self, rhs: &Self) -> Self {
                self * rhs
            }
            #[inline(always)]
            fn shl(&self, by: &Self, _max: u32) -> Self {
                self << by
            }
            #[inline(always)]
            fn shr(&self, by: &Self, _max: u32) -> Self {
                self >> by
            }
            #[inline(always)]
            fn is_negative(&self) -> bool {
                *self < 0
            }
            #[inline(always)]
            fn is_zero(&self) -> bool {
                *self == 0
            }
            #[inline(always)]
            fn select(condition: &bool, yes: &Self, no: &Self) -> Self {
                if *condition {
                    *yes
                } else {
                    *no
                }
            }
            #[inline(always)]
            fn fit(&self, _width: u32) -> Self {
                *self
            }
        }
    };
}

machine_integer!(i32);
machine_integer!(i64);
