//! `Value`: what Rust's types mean on wires. Nothing is cut off: 8 bits take -128 to 255, and give 0 to 255 to any type
//! that has room for what is there. Only who asks for a signed number gets one: a literal whose type was inferred must
//! not turn 200 into -56.

use std::fmt::Display;

use num::{bits_for_signed, bits_for_unsigned, Bits};

/// A type that goes over wires.
pub trait Value: Display + Sized {
    /// As `width` bits; nothing where it does not fit.
    fn to_bits(&self, width: u32) -> Option<Bits>;

    /// The unsigned number that the bits stand for; nothing where this type cannot hold it.
    fn from_bits(bits: &Bits) -> Option<Self>;
}

impl Value for Bits {
    fn to_bits(&self, width: u32) -> Option<Bits> {
        let fitted = self.zext(width);
        (width >= self.width() || fitted.zext(self.width()) == *self).then_some(fitted)
    }

    fn from_bits(bits: &Bits) -> Option<Bits> {
        Some(bits.clone())
    }
}

impl Value for bool {
    fn to_bits(&self, width: u32) -> Option<Bits> {
        Some(Bits::from_u64(width, u64::from(*self)))
    }

    fn from_bits(bits: &Bits) -> Option<bool> {
        match u64::from_bits(bits)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Value for u64 {
    fn to_bits(&self, width: u32) -> Option<Bits> {
        (bits_for_unsigned(*self) <= width).then(|| Bits::from_u64(width, *self))
    }

    fn from_bits(bits: &Bits) -> Option<u64> {
        bits.words()[1..].iter().all(|word| *word == 0).then(|| bits.to_u64())
    }
}

impl Value for i64 {
    fn to_bits(&self, width: u32) -> Option<Bits> {
        match u64::try_from(*self) {
            Ok(value) => value.to_bits(width),
            Err(_) => (bits_for_signed(*self) <= width).then(|| Bits::from_i64(width, *self)),
        }
    }

    fn from_bits(bits: &Bits) -> Option<i64> {
        u64::from_bits(bits)?.try_into().ok()
    }
}

/// The signed number that the bits stand for; nothing where 64 bits cannot hold it.
pub(crate) fn signed(bits: &Bits) -> Option<i64> {
    let low = bits.zext(64.min(bits.width()));
    (low.sext(bits.width()) == *bits).then(|| low.to_i64())
}

/// The smaller types, through the largest of their kind.
macro_rules! through {
    ($wide:ty: $($narrow:ty)*) => {$(
        impl Value for $narrow {
            fn to_bits(&self, width: u32) -> Option<Bits> {
                <$wide>::from(*self).to_bits(width)
            }

            fn from_bits(bits: &Bits) -> Option<$narrow> {
                <$wide as Value>::from_bits(bits)?.try_into().ok()
            }
        }
    )*};
}

through!(u64: u8 u16 u32);
through!(i64: i8 i16 i32);

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers at the ends of what wires and types hold.
    #[test]
    fn nothing_is_cut_off() {
        assert_eq!(
            [-129, -128, 255, 256].map(|value: i32| value.to_bits(8).is_some()),
            [false, true, true, false]
        );
        assert_eq!((-1i8).to_bits(70), Some(Bits::ones(70)));
        assert_eq!(u64::MAX.to_bits(63), None);
        let pattern = Bits::from_u64(8, 0x80);
        assert_eq!((u8::from_bits(&pattern), i8::from_bits(&pattern)), (Some(128), None));
        assert_eq!((i32::from_bits(&pattern), signed(&pattern)), (Some(128), Some(-128)));
        assert_eq!((u64::from_bits(&Bits::ones(70)), signed(&Bits::ones(70))), (None, Some(-1)));
        assert_eq!(signed(&Bits::from_u64(70, u64::MAX)), None);
        assert_eq!(
            (bool::from_bits(&Bits::from_u64(3, 1)), bool::from_bits(&Bits::from_u64(3, 2))),
            (Some(true), None)
        );
        assert_eq!(Bits::from_u64(9, 255).to_bits(8), Some(Bits::from_u64(8, 255)));
        assert_eq!(Bits::from_u64(9, 256).to_bits(8), None);
    }
}
