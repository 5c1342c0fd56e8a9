//! How far the loops below a boundary have come: a divisor of the rounds of each dimension, the dimensions together a
//! point of a lattice. An order of all prime factors is a path through the lattice from one to all rounds, and a
//! boundary a point of that path; so a mapping is a chain of points, whatever happens between them.

use crate::space::flow::Extents;
use crate::space::layer::{Sizes, DIMS};

/// Exponents of all factors of all dimensions, five bits each of which the highest is kept free.
pub type Exponents = u128;

/// A point.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Which.
    pub exponents: Exponents,
    /// Iterations over each dimension.
    pub extents: Extents,
    /// Iterations in all.
    pub steps: f64,
}

/// Points of all loops of an unrolling.
#[derive(Clone, Debug)]
pub struct Lattice {
    /// All of them; the first is 1, the last all rounds.
    pub points: Vec<Point>,
    /// Whether factors were multiplied together, because there were too many points.
    pub merged: bool,
}

/// Bits of an exponent, and one to see a difference below zero by.
const FIELD: u32 = 5;

/// The free bit of every field.
const GUARDS: Exponents = {
    let (mut guards, mut field) = (0, 0);
    while field < Exponents::BITS / FIELD {
        guards |= 1 << (field * FIELD + FIELD - 1);
        field += 1;
    }
    guards
};

/// More points than this take longer than they are worth. Every factor doubles them, so its logarithm bounds the
/// number of fields.
const MOST: u64 = 1 << 15;

/// Whether `a` divides `b`.
#[inline]
pub fn divides(a: Exponents, b: Exponents) -> bool {
    ((b | GUARDS) - a) & GUARDS == GUARDS
}

impl Lattice {
    /// All divisors of `rounds`.
    pub fn new(rounds: &Sizes) -> Lattice {
        let mut factors = rounds.map(factors);
        let mut merged = false;
        while factors.iter().map(|factors| divisors(factors)).product::<u64>() > MOST {
            merge(&mut factors);
            merged = true;
        }
        let mut points = vec![Point { exponents: 0, extents: [1.0; DIMS], steps: 1.0 }];
        let mut field = 0;
        for (dim, factors) in factors.iter().enumerate() {
            for (factor, exponent) in factors {
                points = powers(&points, dim, f64::from(*factor), *exponent, field);
                field += 1;
            }
        }
        Lattice { points, merged }
    }
}

/// `points` times the powers of a factor.
fn powers(points: &[Point], dim: usize, factor: f64, exponent: u32, field: u32) -> Vec<Point> {
    let mut all = Vec::with_capacity(points.len() * (exponent as usize + 1));
    let mut power = 1.0;
    for exponent in 0..=exponent {
        all.extend(points.iter().map(|point| {
            let mut point = *point;
            point.exponents |= Exponents::from(exponent) << (field * FIELD);
            point.extents[dim] *= power;
            point.steps *= power;
            point
        }));
        power *= factor;
    }
    all
}

/// Prime factors with their exponents.
fn factors(mut number: u32) -> Vec<(u32, u32)> {
    let mut factors = Vec::new();
    let mut prime = 2;
    while number > 1 {
        if prime * prime > number {
            prime = number;
        }
        let mut exponent = 0;
        while number.is_multiple_of(prime) {
            number /= prime;
            exponent += 1;
        }
        if exponent > 0 {
            factors.push((prime, exponent));
        }
        prime += 1;
    }
    factors
}

fn divisors(factors: &[(u32, u32)]) -> u64 {
    factors.iter().map(|(_, exponent)| u64::from(exponent + 1)).product()
}

/// Makes one factor of the two smallest of the dimension that has the most divisors.
fn merge(factors: &mut [Vec<(u32, u32)>; DIMS]) {
    let Some(most) = factors.iter_mut().max_by_key(|factors| divisors(factors)) else { return };
    let mut single: Vec<u32> =
        most.iter().flat_map(|(factor, exponent)| vec![*factor; *exponent as usize]).collect();
    single.sort_unstable();
    single[1] *= single[0];
    single.remove(0);
    single.sort_unstable();
    most.clear();
    for factor in single {
        match most.last_mut() {
            Some((last, exponent)) if *last == factor => *exponent += 1,
            _ => most.push((factor, 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_the_divisors_and_their_order_is_divisibility() {
        let lattice = Lattice::new(&[1, 1, 12, 8, 7, 1, 3, 1]);
        assert_eq!((lattice.points.len(), lattice.merged), (6 * 4 * 2 * 2, false));
        assert_eq!(lattice.points.last().map(|point| point.steps), Some(12.0 * 8.0 * 7.0 * 3.0));
        for a in &lattice.points {
            for b in &lattice.points {
                let each = a.extents.iter().zip(&b.extents).all(|(a, b)| b % a == 0.0);
                assert_eq!(divides(a.exponents, b.exponents), each, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn too_many_points_are_merged() {
        let lattice = Lattice::new(&[30_030, 30_030, 32_768, 65_535, 60_060, 40_320, 720, 360]);
        assert!(lattice.merged && lattice.points.len() as u64 <= MOST);
        let last = lattice.points.last().map(|point| point.extents);
        assert_eq!(last, Some([30_030.0, 30_030.0, 32_768.0, 65_535.0, 60_060.0, 40_320.0, 720.0, 360.0]));
    }
}
