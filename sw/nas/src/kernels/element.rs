//! The numbers that the kernels run on, and vectors of them: `f32` in training, exact `i32` in quantised
//! evaluation.

use pulp::bytemuck::{cast_slice, cast_slice_mut, Pod};
use pulp::Simd;

/// A number with vectors.
pub trait Element: Pod + Default + Send + Sync {
    /// 1
    const ONE: Self;

    /// As many numbers as a register of `S` holds.
    type Vector<S: Simd>: Pod;

    /// `self + other`, which may wrap around.
    fn plus(self, other: Self) -> Self;

    /// The same number in every lane.
    fn splat<S: Simd>(simd: S, number: Self) -> Self::Vector<S>;

    /// The whole vectors that the numbers begin with.
    fn vectors<S: Simd>(numbers: &[Self]) -> &[Self::Vector<S>];

    /// [`Element::vectors`] to write to.
    fn vectors_mut<S: Simd>(numbers: &mut [Self]) -> &mut [Self::Vector<S>];

    /// `sum + x * w`, rounded once where it rounds at all.
    fn add_product<S: Simd>(
        simd: S,
        sum: Self::Vector<S>,
        x: Self::Vector<S>,
        w: Self::Vector<S>,
    ) -> Self::Vector<S>;

    /// `-|x - w|`
    fn neg_distance<S: Simd>(simd: S, x: Self::Vector<S>, w: Self::Vector<S>) -> Self::Vector<S>;

    /// `max(x, w)`
    fn max<S: Simd>(simd: S, x: Self::Vector<S>, w: Self::Vector<S>) -> Self::Vector<S>;

    /// `sum + x`, where `one` is 1: by the unit that multiplies, where sums have another one.
    fn add_multiplied<S: Simd>(
        simd: S,
        sum: Self::Vector<S>,
        x: Self::Vector<S>,
        one: Self::Vector<S>,
    ) -> Self::Vector<S>;

    /// `x + y`
    fn add<S: Simd>(simd: S, x: Self::Vector<S>, y: Self::Vector<S>) -> Self::Vector<S>;

    /// `x - y`
    fn sub<S: Simd>(simd: S, x: Self::Vector<S>, y: Self::Vector<S>) -> Self::Vector<S>;

    /// How many numbers a vector has.
    #[inline(always)]
    fn lanes<S: Simd>() -> usize {
        size_of::<Self::Vector<S>>() / size_of::<Self>()
    }

    /// A vector that begins with `numbers`, of which there may be fewer than lanes; then zeros follow.
    #[inline(always)]
    fn load<S: Simd>(simd: S, numbers: &[Self]) -> Self::Vector<S> {
        if let Some(vector) = Self::vectors::<S>(numbers).first() {
            return *vector;
        }
        let mut vector = [Self::splat(simd, Self::default())];
        cast_slice_mut(&mut vector)[..numbers.len()].copy_from_slice(numbers);
        vector[0]
    }

    /// Writes as many lanes as there is room for.
    #[inline(always)]
    fn store<S: Simd>(vector: Self::Vector<S>, numbers: &mut [Self]) {
        match Self::vectors_mut::<S>(numbers).first_mut() {
            Some(place) => *place = vector,
            None => numbers.copy_from_slice(&cast_slice(&[vector])[..numbers.len()]),
        }
    }
}

impl Element for f32 {
    const ONE: f32 = 1.0;

    type Vector<S: Simd> = S::f32s;

    #[inline(always)]
    fn plus(self, other: f32) -> f32 {
        self + other
    }

    #[inline(always)]
    fn splat<S: Simd>(simd: S, number: f32) -> S::f32s {
        simd.splat_f32s(number)
    }

    #[inline(always)]
    fn vectors<S: Simd>(numbers: &[f32]) -> &[S::f32s] {
        S::as_simd_f32s(numbers).0
    }

    #[inline(always)]
    fn vectors_mut<S: Simd>(numbers: &mut [f32]) -> &mut [S::f32s] {
        S::as_mut_simd_f32s(numbers).0
    }

    #[inline(always)]
    fn add_product<S: Simd>(simd: S, sum: S::f32s, x: S::f32s, w: S::f32s) -> S::f32s {
        simd.mul_add_f32s(x, w, sum)
    }

    #[inline(always)]
    fn neg_distance<S: Simd>(simd: S, x: S::f32s, w: S::f32s) -> S::f32s {
        simd.or_f32s(simd.sub_f32s(x, w), simd.splat_f32s(-0.0))
    }

    #[inline(always)]
    fn max<S: Simd>(simd: S, x: S::f32s, w: S::f32s) -> S::f32s {
        simd.max_f32s(x, w)
    }

    #[inline(always)]
    fn add_multiplied<S: Simd>(simd: S, sum: S::f32s, x: S::f32s, one: S::f32s) -> S::f32s {
        simd.mul_add_f32s(x, one, sum)
    }

    #[inline(always)]
    fn add<S: Simd>(simd: S, x: S::f32s, y: S::f32s) -> S::f32s {
        simd.add_f32s(x, y)
    }

    #[inline(always)]
    fn sub<S: Simd>(simd: S, x: S::f32s, y: S::f32s) -> S::f32s {
        simd.sub_f32s(x, y)
    }
}

/// No sum may leave 32 bits; folding shows that none does. Vectors wrap around.
impl Element for i32 {
    const ONE: i32 = 1;

    type Vector<S: Simd> = S::i32s;

    #[inline(always)]
    fn plus(self, other: i32) -> i32 {
        self.wrapping_add(other)
    }

    #[inline(always)]
    fn splat<S: Simd>(simd: S, number: i32) -> S::i32s {
        simd.splat_i32s(number)
    }

    #[inline(always)]
    fn vectors<S: Simd>(numbers: &[i32]) -> &[S::i32s] {
        S::as_simd_i32s(numbers).0
    }

    #[inline(always)]
    fn vectors_mut<S: Simd>(numbers: &mut [i32]) -> &mut [S::i32s] {
        S::as_mut_simd_i32s(numbers).0
    }

    #[inline(always)]
    fn add_product<S: Simd>(simd: S, sum: S::i32s, x: S::i32s, w: S::i32s) -> S::i32s {
        simd.add_i32s(sum, simd.mul_i32s(x, w))
    }

    #[inline(always)]
    fn neg_distance<S: Simd>(simd: S, x: S::i32s, w: S::i32s) -> S::i32s {
        simd.min_i32s(simd.sub_i32s(x, w), simd.sub_i32s(w, x))
    }

    #[inline(always)]
    fn max<S: Simd>(simd: S, x: S::i32s, w: S::i32s) -> S::i32s {
        simd.max_i32s(x, w)
    }

    #[inline(always)]
    fn add_multiplied<S: Simd>(simd: S, sum: S::i32s, x: S::i32s, _one: S::i32s) -> S::i32s {
        simd.add_i32s(sum, x)
    }

    #[inline(always)]
    fn add<S: Simd>(simd: S, x: S::i32s, y: S::i32s) -> S::i32s {
        simd.add_i32s(x, y)
    }

    #[inline(always)]
    fn sub<S: Simd>(simd: S, x: S::i32s, y: S::i32s) -> S::i32s {
        simd.sub_i32s(x, y)
    }
}
