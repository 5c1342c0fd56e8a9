//! `Int`: a value that carries its width and refuses to lie about it.
//!
//! It is slow and only tests use it: running a formula on `Int` proves that the widths which the same formula
//! claims in hardware hold for that input.

use crate::Num;

/// A signed value in `width` bits. Panics, naming both, where a value does not fit its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Int {
    value: i128,
    width: u32,
}

impl Int {
    /// `value` in `width` bits.
    pub fn new(value: i64, width: u32) -> Int {
        Int::checked(i128::from(value), width)
    }

    /// The value.
    pub fn value(&self) -> i64 {
        i64::try_from(self.value).expect("an Int of at most 64 bits")
    }

    fn checked(value: i128, width: u32) -> Int {
        assert!((1..=126).contains(&width), "{width} bits are outside what Int checks");
        let limit = 1i128 << (width - 1);
        assert!((-limit..limit).contains(&value), "{value} does not fit in {width} signed bits");
        Int { value, width }
    }
}

impl Num for Int {
    type Bit = bool;

    fn lit(&self, value: i64) -> Int {
        Int::new(value, crate::bits_for_signed(value))
    }
    fn width(&self) -> u32 {
        self.width
    }
    fn add(&self, rhs: &Int) -> Int {
        Int::checked(self.value + rhs.value, self.width.max(rhs.width) + 1)
    }
    fn sub(&self, rhs: &Int) -> Int {
        Int::checked(self.value - rhs.value, self.width.max(rhs.width) + 1)
    }
    fn mul(&self, rhs: &Int) -> Int {
        Int::checked(self.value * rhs.value, self.width + rhs.width)
    }
    fn shl(&self, by: &Int, max: u32) -> Int {
        assert!((0..=i128::from(max)).contains(&by.value), "shift by {} of at most {max}", by.value);
        Int::checked(self.value << by.value, self.width + max)
    }
    fn shr(&self, by: &Int, max: u32) -> Int {
        assert!((0..=i128::from(max)).contains(&by.value), "shift by {} of at most {max}", by.value);
        Int::checked(self.value >> by.value, self.width)
    }
    fn is_negative(&self) -> bool {
        self.value < 0
    }
    fn is_zero(&self) -> bool {
        self.value == 0
    }
    fn select(condition: &bool, yes: &Int, no: &Int) -> Int {
        let chosen = if *condition { yes } else { no };
        Int::checked(chosen.value, yes.width.max(no.width))
    }
    fn fit(&self, width: u32) -> Int {
        Int::checked(self.value, width)
    }
}
