//! Random operations: all that signals can do, on values of one pool.

use super::{any, of_width, Random};
use crate::{Builder, Signal};

/// The result of a random operation on values of `pool`.
pub(super) fn operation(random: &mut Random, build: &Builder, pool: &[Signal]) -> Signal {
    let a = any(random, pool);
    let w = a.width();
    let b = match random.below(8) {
        0 => build.bits(random.bits(w)),
        _ => of_width(random, pool, w),
    };
    let bit = of_width(random, pool, 1);
    let by_width = if random.once_in(12) { random.width() } else { 1 + random.below(9) as u32 };
    let by = of_width(random, pool, by_width);
    let factor_width = by_width.min(128);
    match random.below(32) {
        0 => !&a,
        1 => &a & &b,
        2 => &a | &b,
        3 => &a ^ &b,
        4 => &a + &b,
        5 => &a - &b,
        6 => a.eq(&b),
        7 => a.ne(&b),
        8 => a.ult(&b),
        9 => a.uge(&b),
        10 => a.slt(&b),
        11 => a.sle(&b),
        12 => bit.mux(&a, &b),
        13 => select(random, pool, w),
        14 => a.shift_left(&by),
        15 => a.shift_right(&by),
        16 => a.shift_right_signed(&by),
        17 if w <= 128 => a.mul_u(&of_width(random, pool, factor_width)),
        18 if w <= 128 => a.mul_s(&of_width(random, pool, factor_width)),
        19 if w <= 128 => num::Num::mul(&a, &b),
        20 if w <= 200 => num::Num::add(&a, &of_width(random, pool, by_width.min(55))),
        21 => a.any(),
        22 => a.all(),
        23 => a.parity(),
        24 => a.zext((w + by_width).min(256)),
        25 => a.sext((w + by_width).min(256)),
        26 if w <= 128 => a.cat(&b),
        27 if w <= 16 => a.replicate(by_width.min(16)),
        28 => a.gate(&bit),
        29 => num::Num::clamp(&a, &num::Num::lit(&a, -3), &num::Num::lit(&a, 17)).trunc(1),
        30 => decoder(random, pool),
        _ => {
            let low = random.below(w as usize) as u32;
            a.slice(low, 1 + random.below((w - low) as usize) as u32)
        }
    }
}

/// A choice by an index that is mostly narrow, with or without an option for each of its values.
fn select(random: &mut Random, pool: &[Signal], width: u32) -> Signal {
    let index_width = 1 + random.below(4) as u32;
    let count = 1 + random.below(1 << index_width);
    let options: Vec<Signal> = (0..count).map(|_| of_width(random, pool, width)).collect();
    let index_width = if random.once_in(12) { 60 + random.below(12) as u32 } else { index_width };
    of_width(random, pool, index_width).select(&options)
}

/// Which of some neighbouring numbers a value is, a bit each.
fn decoder(random: &mut Random, pool: &[Signal]) -> Signal {
    let width = 3 + random.below(5) as u32;
    let value = of_width(random, pool, width);
    let bits: Vec<Signal> = (0..4 + random.below(4) as i64).map(|number| value.eq_lit(number)).collect();
    Signal::join(&bits)
}
