//! What a tap does with two vectors: the step of a sum, and what the sum begins and ends with.
//!
//! Many processors have two units that add, compare and take maxima, and two others that multiply and add. A step for
//! which the former have most to do lets the latter add: a product with 1 is exact.

use super::element::Element;
use super::panels::load_row;
use pulp::bytemuck::cast;
use pulp::Simd;

/// What a sum does with each term, a vector at a time; `before` is what stood in the sum's place.
pub trait Step<T: Element>: Copy {
    /// Whether the units that add have work of their own. Where they have none, a number can be spread over a vector
    /// by them, once for several vectors of weights; else it is better read by the instruction that takes it.
    const ADDS: bool = true;

    /// The sum with one more term; `row` is its number in a tile.
    fn step<S: Simd>(
        self,
        simd: S,
        row: usize,
        sum: T::Vector<S>,
        before: T::Vector<S>,
        a: T::Vector<S>,
        b: T::Vector<S>,
    ) -> T::Vector<S>;

    /// What the step needs of what stood in the sums' place: `C` vectors of `row` from vector `first` on. Most steps
    /// need nothing.
    #[inline(always)]
    fn before<S: Simd, const C: usize>(self, simd: S, _row: &[T], _first: usize) -> [T::Vector<S>; C] {
        [T::splat(simd, T::default()); C]
    }

    /// The results from the `sums` of every term: `C` vectors of result `result` from vector `first` on.
    #[inline(always)]
    fn finish<S: Simd, const C: usize>(
        self,
        _: S,
        sums: [T::Vector<S>; C],
        _result: usize,
        _first: usize,
    ) -> [T::Vector<S>; C] {
        sums
    }
}

/// `sum + a * b`
#[derive(Clone, Copy, Debug)]
pub struct Product;

impl<T: Element> Step<T> for Product {
    const ADDS: bool = false;

    #[inline(always)]
    fn step<S: Simd>(
        self,
        simd: S,
        _row: usize,
        sum: T::Vector<S>,
        _: T::Vector<S>,
        a: T::Vector<S>,
        b: T::Vector<S>,
    ) -> T::Vector<S> {
        T::add_product(simd, sum, a, b)
    }
}

/// 1, which the compiler must not know: it would make plain sums of products with it.
fn one<T: Element>() -> T {
    std::hint::black_box(T::ONE)
}

/// `sum - |a - b|`
#[derive(Clone, Copy, Debug)]
pub struct Distance<T> {
    one: T,
}

impl<T: Element> Default for Distance<T> {
    fn default() -> Distance<T> {
        Distance { one: one() }
    }
}

impl<T: Element> Step<T> for Distance<T> {
    #[inline(always)]
    fn step<S: Simd>(
        self,
        simd: S,
        _row: usize,
        sum: T::Vector<S>,
        _: T::Vector<S>,
        a: T::Vector<S>,
        b: T::Vector<S>,
    ) -> T::Vector<S> {
        T::add_multiplied(simd, sum, T::neg_distance(simd, a, b), T::splat(simd, self.one))
    }
}

/// [`Distance`] with one instruction less for each term: `-|a - b| = a + b - 2 max(a, b)`, where the sums of all `a`
/// and of all `b` are known beforehand.
#[derive(Clone, Copy, Debug)]
pub struct Greater<'a, T> {
    windows: &'a [T],
    columns: &'a [T],
    one: T,
}

impl<'a, T: Element> Greater<'a, T> {
    /// `windows` has the sum of each result's window, `columns` that of each column of the weights.
    pub fn new(windows: &'a [T], columns: &'a [T]) -> Greater<'a, T> {
        Greater { windows, columns, one: one() }
    }
}

impl<T: Element> Step<T> for Greater<'_, T> {
    #[inline(always)]
    fn step<S: Simd>(
        self,
        simd: S,
        _row: usize,
        sum: T::Vector<S>,
        _: T::Vector<S>,
        a: T::Vector<S>,
        b: T::Vector<S>,
    ) -> T::Vector<S> {
        // `a` comes last: a number that is the same in all lanes is read by the instruction itself only there.
        T::add_multiplied(simd, sum, T::max(simd, b, a), T::splat(simd, self.one))
    }

    #[inline(always)]
    fn finish<S: Simd, const C: usize>(
        self,
        simd: S,
        mut sums: [T::Vector<S>; C],
        result: usize,
        first: usize,
    ) -> [T::Vector<S>; C] {
        let window = T::splat(simd, self.windows[result]);
        let columns = load_row::<T, S, C>(simd, self.columns, first);
        for (sum, column) in sums.iter_mut().zip(columns) {
            *sum = T::sub(simd, T::add(simd, column, window), T::add(simd, *sum, *sum));
        }
        sums
    }
}

/// `sum + a * clamp(b - before, -1, 1)`
#[derive(Clone, Copy, Debug)]
pub struct Slope {
    one: f32,
}

impl Default for Slope {
    fn default() -> Slope {
        Slope { one: one() }
    }
}

impl Step<f32> for Slope {
    #[inline(always)]
    fn before<S: Simd, const C: usize>(self, simd: S, row: &[f32], first: usize) -> [S::f32s; C] {
        load_row::<f32, S, C>(simd, row, first)
    }

    /// Every other row leaves the difference to the units that multiply.
    #[inline(always)]
    fn step<S: Simd>(
        self,
        simd: S,
        row: usize,
        sum: S::f32s,
        before: S::f32s,
        a: S::f32s,
        b: S::f32s,
    ) -> S::f32s {
        let difference = match row % 2 {
            0 => simd.sub_f32s(b, before),
            _ => simd.mul_add_f32s(b, simd.splat_f32s(self.one), simd.neg_f32s(before)),
        };
        simd.mul_add_f32s(a, clamp_to_one(simd, difference), sum)
    }
}

/// `clamp(x, -1, 1)`, which is one instruction in AVX-512: the lesser magnitude of `x` and 1 with the sign of `x`.
#[inline(always)]
fn clamp_to_one<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (low, high) = (simd.splat_f32s(-1.0), simd.splat_f32s(1.0));
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = (&simd as &dyn std::any::Any).downcast_ref::<pulp::x86::V4>() {
        return cast(simd.avx512dq._mm512_range_ps::<0b0010>(cast(x), cast(high)));
    }
    simd.max_f32s(simd.min_f32s(x, high), low)
}
