//! Operations of one lane of each operand: logic, sums, products, comparisons, shifts, and lanes of other sizes.

use std::marker::PhantomData;

use super::super::super::words::Op;
use super::{by_size, kernel, read, written, Args, Kernel, Lane, Loop};

/// An operation that computes a lane from those of one or two operands.
macro_rules! map {
    ($(#[$doc:meta])* $name:ident, $type:ident, $result:ty, |$a:ident, $b:ident, $args:ident| $value:expr) => {
        struct $type<T>(PhantomData<T>);
        impl<T: Lane> Loop for $type<T> {
            #[inline(always)]
            #[allow(unsafe_code)] // As above.
            unsafe fn run(base: *mut u8, $args: &Args) -> bool {
                let (a, b) = (read::<T>(base, $args.a, $args.lanes), read::<T>(base, $args.b, $args.lanes));
                let to = written::<$result>(base, $args.to, $args.lanes);
                for ((to, $a), $b) in to.iter_mut().zip(a.iter().copied()).zip(b.iter().copied()) {
                    *to = $value;
                }
                false
            }
        }
        $(#[$doc])*
        pub(crate) fn $name(size: u32) -> Kernel {
            by_size!(size, T => kernel::<$type<T>>())
        }
    };
}

map!(/// Complement.
    not, NotLoop, T, |a, _b, args| !a & T::cut(args.mask));
map!(/// Both.
    and, AndLoop, T, |a, b, _args| a & b);
map!(/// Either.
    or, OrLoop, T, |a, b, _args| a | b);
map!(/// One of the two.
    xor, XorLoop, T, |a, b, _args| a ^ b);
map!(/// Sum.
    add, AddLoop, T, |a, b, args| a.plus(b) & T::cut(args.mask));
map!(/// Difference.
    sub, SubLoop, T, |a, b, args| a.minus(b) & T::cut(args.mask));
map!(/// The low half of a product.
    mul, MulLoop, T, |a, b, args| a.times(b) & T::cut(args.mask));
map!(/// The high half of a product of 64-bit numbers.
    mul_high, MulHighLoop, T, |a, b, _args| T::cut(((u128::from(a.wide()) * u128::from(b.wide())) >> 64) as u64));
map!(/// Whether they are equal.
    equal, EqualLoop, u8, |a, b, _args| u8::from(a == b));
map!(/// Whether the first is below the second, the bits in `number` turned around.
    less, LessLoop, u8, |a, b, args| u8::from((a ^ T::cut(args.number)) < (b ^ T::cut(args.number))));
map!(/// Whether the number of set bits is odd.
    parity, ParityLoop, u8, |a, _b, _args| (a.ones() & 1) as u8);
map!(/// The first above the `number` bits of the second.
    concat, ConcatLoop, T, |a, b, args| a << (args.number as u32 & (T::BITS - 1)) | b);
map!(/// Shifted left; `number` is the width.
shift_left, ShiftLeftLoop, T, |a, by, args| {
    let by = by.narrow().0;
    let shifted = (a << (u32::from(by) & (T::BITS - 1))) & T::cut(args.mask);
    if u64::from(by) < args.number { shifted } else { T::cut(0) }
});
map!(/// Shifted right; `number` is the width.
shift_right, ShiftRightLoop, T, |a, by, args| {
    let by = by.narrow().0;
    let shifted = a >> (u32::from(by) & (T::BITS - 1));
    if u64::from(by) < args.number { shifted } else { T::cut(0) }
});
map!(/// Shifted right with copies of the sign; `number` is the width.
shift_right_signed, ShiftRightSignedLoop, T, |a, by, args| {
    let above = T::BITS - args.number as u32;
    let signed = (a << above).right_signed(above);
    signed.right_signed(u32::from(by.narrow().0).min(T::BITS - 1)) & T::cut(args.mask)
});

/// The shift that an operation asks for.
pub(crate) fn shift(op: Op, size: u32) -> Kernel {
    match op {
        Op::Shl(..) => shift_left(size),
        Op::Shr(..) => shift_right(size),
        _ => shift_right_signed(size),
    }
}

/// An operation that computes a lane from one of another size.
macro_rules! convert {
    ($(#[$doc:meta])* $name:ident, $type:ident, |$a:ident, $args:ident| $value:expr) => {
        struct $type<S, T>(PhantomData<(S, T)>);
        impl<S: Lane, T: Lane> Loop for $type<S, T> {
            #[inline(always)]
            #[allow(unsafe_code)] // As above.
            unsafe fn run(base: *mut u8, $args: &Args) -> bool {
                let a = read::<S>(base, $args.a, $args.lanes);
                for (to, $a) in written::<T>(base, $args.to, $args.lanes).iter_mut().zip(a.iter().copied()) {
                    *to = $value;
                }
                false
            }
        }
        $(#[$doc])*
        pub(crate) fn $name(from: u32, to: u32) -> Kernel {
            by_size!(from, S => by_size!(to, T => kernel::<$type<S, T>>()))
        }
    };
}

convert!(/// The bits from `number` up.
    slice, SliceLoop, |a, args| T::from_lane(a >> args.number as u32) & T::cut(args.mask));
convert!(/// Extended with the sign, which is `number` bits below the top of the result's lane.
sext, SextLoop, |a, args| {
    (T::from_lane(a) << args.number as u32).right_signed(args.number as u32) & T::cut(args.mask)
});
convert!(/// The amount of a shift: at most 255.
amount, AmountLoop, |a, _args| {
    let most = S::cut(255);
    T::from_lane(if a > most { most } else { a })
});
