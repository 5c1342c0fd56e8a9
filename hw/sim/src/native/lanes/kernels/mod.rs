//! Array operations, each compiled twice: for any machine, and for one with AVX2.
//!
//! An operation is a type with one function, [`Loop::run`], that is inlined into both. Sizes are bytes of a lane: 1, 2, 4
//! or 8. Lanes are 0 above their width.

mod arithmetic;
mod memory;
mod moves;

use super::super::cpu::Cpu;
use std::ops::{BitAnd, BitOr, BitXor, Not, Shl, Shr};

pub(crate) use self::arithmetic::*;
pub(crate) use self::memory::{load, write};
pub(crate) use self::moves::{choose, either, gather, mux, reset, splat};

/// What an operation works on: byte offsets in the array, a multiple of the lane's size each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Args {
    pub to: usize,
    pub a: usize,
    pub b: usize,
    pub c: usize,
    /// Of a masked write: the mask's place.
    pub d: Option<usize>,
    pub lanes: usize,
    /// Of a memory: lanes from an entry to the next.
    pub stride: usize,
    /// The bits of the result's width.
    pub mask: u64,
    /// The bits of an address without lanes: where it is a lane of something else, others follow it.
    pub address: u64,
    /// Whatever else the operation needs to know.
    pub number: u64,
    /// Where the values of a list are.
    pub list: Vec<u32>,
}

/// An operation on the array, for any machine and for one with AVX2.
#[derive(Clone, Copy)]
pub(crate) struct Kernel {
    anywhere: Compiled,
    with_avx2: Compiled,
}

/// A loop as it was compiled; gives whether it wrote to a memory.
type Compiled = unsafe fn(*mut u8, &Args) -> bool;

impl Kernel {
    /// For a machine.
    pub fn on(self, cpu: Cpu) -> Chosen {
        Chosen(if cpu.has_avx2 { self.with_avx2 } else { self.anywhere })
    }
}

/// An operation on the array, for the machine that it runs on.
#[derive(Clone, Copy)]
pub(crate) struct Chosen(Compiled);

impl Chosen {
    /// Runs it; whether it wrote to a memory.
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

#[cfg(not(target_arch = "x86_64"))]
use self::anywhere as with_avx2;

fn kernel<L: Loop>() -> Kernel {
    Kernel { anywhere: anywhere::<L>, with_avx2: with_avx2::<L> }
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

use {by_size, written_out};
