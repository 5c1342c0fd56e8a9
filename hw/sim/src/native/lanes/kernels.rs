//! Array operations, each compiled twice: for any machine, and for one with AVX2.
//!
//! An operation is a type with one function, [`Loop::run`], that is inlined into both. Sizes are bytes of a lane: 1, 2, 4
//! or 8. Lanes are 0 above their width.

use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, BitXor, Not, Shl, Shr};

use super::super::words::Op;

/// What an operation works on: byte offsets in the array, a multiple of the lane's size each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Args {
    pub to: usize,
    pub a: usize,
    pub b: usize,
    pub c: usize,
    pub lanes: usize,
    /// The bits of the result's width.
    pub mask: u64,
    /// Whatever else the operation needs to know.
    pub number: u64,
    /// Where gathered values are.
    pub list: Vec<u32>,
}

/// An operation on the array; gives whether it wrote to a memory.
#[derive(Clone, Copy)]
pub(crate) struct Kernel(unsafe fn(*mut u8, &Args) -> bool);

impl Kernel {
    /// Runs it.
    #[allow(unsafe_code)] // Lanes of several types lie in one array.
    pub fn run(self, arena: &mut [u64], args: &Args) -> bool {
        // SAFETY: the plan has given each operand and result a place of its own inside the array, aligned to its
        // lanes. Whether this machine has the instructions was asked where the kernel was chosen.
        unsafe { (self.0)(arena.as_mut_ptr().cast(), args) }
    }
}

/// A lane.
pub(crate) trait Lane:
    Copy
    + PartialOrd
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
    + Shl<u32, Output = Self>
    + Shr<u32, Output = Self>
{
    const BITS: u32;
    fn cut(number: u64) -> Self;
    fn wide(self) -> u64;
    fn narrow(self) -> (u8, u16, u32);
    fn from_lane<S: Lane>(lane: S) -> Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    fn right_signed(self, by: u32) -> Self;
    fn ones(self) -> u32;
}

macro_rules! lane {
    ($type:ty, $signed:ty, $from:expr) => {
        impl Lane for $type {
            const BITS: u32 = <$type>::BITS;
            #[inline(always)]
            fn cut(number: u64) -> $type {
                number as $type
            }
            #[inline(always)]
            fn wide(self) -> u64 {
                u64::from(self)
            }
            #[inline(always)]
            fn narrow(self) -> (u8, u16, u32) {
                (self as u8, self as u16, self as u32)
            }
            #[inline(always)]
            fn from_lane<S: Lane>(lane: S) -> $type {
                let from: fn(S) -> $type = $from;
                from(lane)
            }
            #[inline(always)]
            fn plus(self, other: $type) -> $type {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn minus(self, other: $type) -> $type {
                self.wrapping_sub(other)
            }
            #[inline(always)]
            fn times(self, other: $type) -> $type {
                self.wrapping_mul(other)
            }
            #[inline(always)]
            fn right_signed(self, by: u32) -> $type {
                ((self as $signed) >> by) as $type
            }
            #[inline(always)]
            fn ones(self) -> u32 {
                self.count_ones()
            }
        }
    };
}

lane!(u8, i8, |lane| lane.narrow().0);
lane!(u16, i16, |lane| lane.narrow().1);
lane!(u32, i32, |lane| lane.narrow().2);
lane!(u64, i64, |lane| lane.wide());

/// The loop of an operation.
trait Loop {
    /// # Safety
    /// The places of `args` are inside the array at `base`, aligned, and what is written overlaps nothing that is read.
    #[allow(unsafe_code)] // As above.
    unsafe fn run(base: *mut u8, args: &Args) -> bool;
}

#[allow(unsafe_code)] // As above.
unsafe fn anywhere<L: Loop>(base: *mut u8, args: &Args) -> bool {
    L::run(base, args)
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // As above.
#[target_feature(enable = "avx2")]
unsafe fn with_avx2<L: Loop>(base: *mut u8, args: &Args) -> bool {
    L::run(base, args)
}

fn kernel<L: Loop>() -> Kernel {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return Kernel(with_avx2::<L>);
    }
    Kernel(anywhere::<L>)
}

/// Lanes that are read.
#[inline(always)]
#[allow(unsafe_code)] // As above.
unsafe fn read<'a, T: Lane>(base: *mut u8, at: usize, lanes: usize) -> &'a [T] {
    std::slice::from_raw_parts(base.add(at).cast::<T>(), lanes)
}

/// Lanes that are written.
#[inline(always)]
#[allow(unsafe_code)] // As above.
unsafe fn written<'a, T: Lane>(base: *mut u8, at: usize, lanes: usize) -> &'a mut [T] {
    std::slice::from_raw_parts_mut(base.add(at).cast::<T>(), lanes)
}

/// A value without lanes.
#[inline(always)]
#[allow(unsafe_code)] // As above.
unsafe fn one(base: *mut u8, at: usize) -> u64 {
    base.add(at).cast::<u64>().read_unaligned()
}

/// Chooses an operation by the size of its lanes.
macro_rules! by_size {
    ($size:expr, $lane:ident => $kernel:expr) => {
        match $size {
            1 => {
                type $lane = u8;
                $kernel
            }
            2 => {
                type $lane = u16;
                $kernel
            }
            4 => {
                type $lane = u32;
                $kernel
            }
            _ => {
                type $lane = u64;
                $kernel
            }
        }
    };
}

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

/// An operation that is written out.
macro_rules! written_out {
    ($type:ident<$($lane:ident),*>, |$base:ident, $args:ident| $body:expr) => {
        struct $type<$($lane),*>(PhantomData<fn($($lane),*)>);
        impl<$($lane: Lane),*> Loop for $type<$($lane),*> {
            #[inline(always)]
            #[allow(unsafe_code)] // As above.
            unsafe fn run($base: *mut u8, $args: &Args) -> bool {
                $body
            }
        }
    };
}

written_out!(MuxLoop<T>, |base, args| {
    let (yes, no) = (read::<T>(base, args.a, args.lanes), read::<T>(base, args.b, args.lanes));
    let select = read::<u8>(base, args.c, args.lanes);
    let to = written::<T>(base, args.to, args.lanes);
    for (i, to) in to.iter_mut().enumerate() {
        let yes_bits = T::cut(0).minus(T::from_lane(select[i]));
        *to = (yes[i] & yes_bits) | (no[i] & !yes_bits);
    }
    false
});

/// Where the lane of `c` is set that of `a`, else that of `b`.
pub(crate) fn mux(size: u32) -> Kernel {
    by_size!(size, T => kernel::<MuxLoop<T>>())
}

written_out!(ChooseLoop<T>, |base, args| {
    let chosen = if one(base, args.c) & 1 == 1 { args.a } else { args.b };
    written::<T>(base, args.to, args.lanes).copy_from_slice(read::<T>(base, chosen, args.lanes));
    false
});

/// All of `a` where `c`, which has no lanes, is set, else all of `b`.
pub(crate) fn choose(size: u32) -> Kernel {
    by_size!(size, T => kernel::<ChooseLoop<T>>())
}

written_out!(ResetAllLoop<T>, |base, args| {
    if one(base, args.c) & 1 == 1 {
        written::<T>(base, args.to, args.lanes).fill(T::cut(args.number));
    }
    false
});

written_out!(ResetLoop<T>, |base, args| {
    let reset = read::<u8>(base, args.c, args.lanes);
    for (to, reset) in written::<T>(base, args.to, args.lanes).iter_mut().zip(reset) {
        *to = if *reset == 1 { T::cut(args.number) } else { *to };
    }
    false
});

/// `number` where `c` is set.
pub(crate) fn reset(size: u32, has_lanes: bool) -> Kernel {
    match has_lanes {
        true => by_size!(size, T => kernel::<ResetLoop<T>>()),
        false => by_size!(size, T => kernel::<ResetAllLoop<T>>()),
    }
}

written_out!(SplatLoop<T>, |base, args| {
    let value = read::<T>(base, args.a, 1)[0];
    written::<T>(base, args.to, args.lanes).fill(value);
    false
});

/// A value in every lane.
pub(crate) fn splat(size: u32) -> Kernel {
    by_size!(size, T => kernel::<SplatLoop<T>>())
}

written_out!(GatherLoop<T>, |base, args| {
    for (to, from) in written::<T>(base, args.to, args.lanes).iter_mut().zip(&args.list) {
        *to = read::<T>(base, *from as usize, 1)[0];
    }
    false
});

/// Values from a list.
pub(crate) fn gather(size: u32) -> Kernel {
    by_size!(size, T => kernel::<GatherLoop<T>>())
}

written_out!(LoadRowLoop<T>, |base, args| {
    let entry = one(base, args.b).min(args.number) as usize;
    let row = args.a + entry * args.lanes * size_of::<T>();
    written::<T>(base, args.to, args.lanes).copy_from_slice(read::<T>(base, row, args.lanes));
    false
});

written_out!(LoadLoop<A, T>, |base, args| {
    let addresses = read::<A>(base, args.b, args.lanes);
    let entries = read::<T>(base, args.a, (args.number as usize + 1) * args.lanes);
    for (lane, to) in written::<T>(base, args.to, args.lanes).iter_mut().enumerate() {
        *to = entries[addresses[lane].wide().min(args.number) as usize * args.lanes + lane];
    }
    false
});

/// Entries of the memory at `a`, which has `number` of them; the address `b` is one for all or, with lanes, of a size.
pub(crate) fn load(size: u32, address: Option<u32>) -> Kernel {
    match address {
        None => by_size!(size, T => kernel::<LoadRowLoop<T>>()),
        Some(address) => by_size!(address, A => by_size!(size, T => kernel::<LoadLoop<A, T>>())),
    }
}

written_out!(WriteRowLoop<T>, |base, args| {
    let entry = one(base, args.b);
    let is_written = one(base, args.c) & 1 == 1 && entry < args.number;
    if is_written {
        let row = args.to + entry as usize * args.lanes * size_of::<T>();
        written::<T>(base, row, args.lanes).copy_from_slice(read::<T>(base, args.a, args.lanes));
    }
    is_written
});

written_out!(WriteChosenLoop<T>, |base, args| {
    let (entry, enable) = (one(base, args.b), read::<u8>(base, args.c, args.lanes));
    if entry >= args.number {
        return false;
    }
    let (data, row) = (read::<T>(base, args.a, args.lanes), args.to + entry as usize * args.lanes * size_of::<T>());
    let mut any = 0;
    for ((to, data), enable) in written::<T>(base, row, args.lanes).iter_mut().zip(data).zip(enable) {
        *to = if *enable == 1 { *data } else { *to };
        any |= enable;
    }
    any == 1
});

written_out!(WriteLoop<A, T>, |base, args| {
    let (addresses, data) = (read::<A>(base, args.b, args.lanes), read::<T>(base, args.a, args.lanes));
    let enable = read::<u8>(base, args.c, args.lanes);
    let entries = written::<T>(base, args.to, args.number as usize * args.lanes);
    let mut is_any = false;
    // Most lanes are not written: eight that are not are passed over at once.
    for (group, enable) in enable.chunks(8).enumerate() {
        if enable.iter().all(|enable| *enable == 0) {
            continue;
        }
        for lane in (8 * group..).take(enable.len()).filter(|lane| enable[lane % 8] == 1) {
            let entry = addresses[lane].wide();
            if entry < args.number {
                entries[entry as usize * args.lanes + lane] = data[lane];
                is_any = true;
            }
        }
    }
    is_any
});

written_out!(WriteScatteredLoop<A, T>, |base, args| {
    let (addresses, data) = (read::<A>(base, args.b, args.lanes), read::<T>(base, args.a, args.lanes));
    if one(base, args.c) & 1 == 0 {
        return false;
    }
    let entries = written::<T>(base, args.to, args.number as usize * args.lanes);
    let mut is_any = false;
    for lane in 0..args.lanes {
        let entry = addresses[lane].wide();
        if entry < args.number {
            entries[entry as usize * args.lanes + lane] = data[lane];
            is_any = true;
        }
    }
    is_any
});

/// Writes `a` to the memory at `to`, which has `number` entries, at address `b` where `c` is set; both are one for all
/// or have lanes, the address then of a size.
pub(crate) fn write(size: u32, address: Option<u32>, chooses: bool) -> Kernel {
    match (address, chooses) {
        (None, false) => by_size!(size, T => kernel::<WriteRowLoop<T>>()),
        (None, true) => by_size!(size, T => kernel::<WriteChosenLoop<T>>()),
        (Some(address), true) => by_size!(address, A => by_size!(size, T => kernel::<WriteLoop<A, T>>())),
        (Some(address), false) => {
            by_size!(address, A => by_size!(size, T => kernel::<WriteScatteredLoop<A, T>>()))
        }
    }
}
