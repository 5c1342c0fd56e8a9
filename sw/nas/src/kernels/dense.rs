//! Full and pointwise layers: products of a map's windows with weights, and their two gradients, for both taps.
//!
//! With `x` the window of a pixel, `w` `[terms, outputs]`, `y` and `g` a pixel's outputs:
//!
//! ```text
//! forward          y = x . w                      y = -sum |x - w|
//! by the input     dx = g . w^T                   dx = sum g * clamp(w - x, -1, 1)
//! by the weights   dw = x^T . g                   dw = sum g * (x - w) = x^T . g - w * sum g
//! ```
//!
//! The adder's gradients are those of AdderNet, which replace the signs of the true ones. Windows are never
//! written out as patches: a tile of `R` pixels by `C` vectors of channels stays in registers while the sum runs
//! over the taps, read where they lie. Its size is chosen by the registers that there are; no sum depends on it.

use super::element::Element;
use super::panels::{load_row, store_row, Columns};
use super::step::Step;
use super::walk::Walk;
use super::wide::Arch;
use pulp::{Simd, WithSimd};

/// `out[pixel][column] = sum over the pixel's window of step(sum, out before, source, w[term][column])`
pub fn sweep<T: Element, P: Step<T>>(
    arch: Arch,
    step: P,
    walk: &Walk,
    source: &[T],
    w: Columns<T>,
    out: &mut [T],
) {
    arch.dispatch(Sweep { step, walk, source, w, out });
}

struct Sweep<'a, T, P> {
    step: P,
    walk: &'a Walk,
    source: &'a [T],
    w: Columns<'a, T>,
    out: &'a mut [T],
}

impl<T: Element, P: Step<T>> WithSimd for Sweep<'_, T, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        match (S::REGISTER_COUNT >= 32, P::ADDS) {
            (true, true) => self.tiles::<S, 8, 1>(simd),
            (true, false) => self.tiles::<S, 8, 2>(simd),
            (false, _) => self.tiles::<S, 4, 2>(simd),
        }
    }
}

impl<T: Element, P: Step<T>> Sweep<'_, T, P> {
    #[inline(always)]
    fn tiles<S: Simd, const R: usize, const C: usize>(&mut self, simd: S) {
        let vectors = self.w.count.div_ceil(T::lanes::<S>());
        for first in (0..self.walk.starts.len()).step_by(R) {
            let pixels = Pixels::<R>::from(self.walk, first);
            let mut vector = 0;
            while vector + C <= vectors {
                self.tile::<S, R, C>(simd, &pixels, vector);
                vector += C;
            }
            while vector < vectors {
                self.tile::<S, R, 1>(simd, &pixels, vector);
                vector += 1;
            }
        }
    }

    /// Some pixels and `C` vectors of columns from `vector` on.
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const C: usize>(&mut self, simd: S, pixels: &Pixels<R>, vector: usize) {
        let (walk, width) = (self.walk, self.w.count);
        let mut sums = [[T::splat(simd, T::default()); C]; R];
        let mut before = sums;
        for row in 0..R {
            let out = &self.out[pixels.targets[row] * width..][..width];
            before[row] = self.step.before(simd, out, vector);
        }
        for (offset, tap) in &walk.taps {
            let mut windows = [self.source; R];
            for row in 0..R {
                windows[row] = &self.source[pixels.starts[row] + offset..][..walk.channels];
            }
            let mut weights = [T::vectors::<S>(self.source); C];
            for (c, weights) in weights.iter_mut().enumerate() {
                *weights = self.w.vectors::<S>(vector + c, tap * walk.channels, walk.channels);
            }
            let stride = self.w.stride::<S>();
            for k in 0..walk.channels {
                for row in 0..R {
                    let a = T::splat(simd, windows[row][k]);
                    for c in 0..C {
                        let (before, weight) = (before[row][c], weights[c][k * stride]);
                        sums[row][c] = self.step.step(simd, row, sums[row][c], before, a, weight);
                    }
                }
            }
        }
        for row in 0..pixels.count {
            let target = pixels.targets[row];
            let results = self.step.finish(simd, sums[row], target, vector);
            store_row::<T, S, C>(results, &mut self.out[target * width..][..width], vector);
        }
    }
}

/// The pixels of a tile; where fewer than `R` are left, the last is computed repeatedly.
struct Pixels<const R: usize> {
    /// Different ones.
    count: usize,
    /// As in the walk.
    starts: [usize; R],
    /// As in the walk.
    targets: [usize; R],
}

impl<const R: usize> Pixels<R> {
    /// From pixel `first` of the walk on.
    #[inline(always)]
    fn from(walk: &Walk, first: usize) -> Pixels<R> {
        let count = R.min(walk.starts.len() - first);
        let pixel = |row: usize| first + row.min(count - 1);
        Pixels {
            count,
            starts: std::array::from_fn(|row| walk.starts[pixel(row)]),
            targets: std::array::from_fn(|row| walk.targets[pixel(row)]),
        }
    }
}

/// `out[term][column] += sum over pixels of source[term] * g[pixel][column]`, for the terms of the pixels' windows.
pub fn correlate(arch: Arch, walk: &Walk, source: &[f32], g: Columns<f32>, out: &mut [f32]) {
    let terms = walk.taps.iter().flat_map(|(offset, _)| (0..walk.channels).map(move |k| offset + k));
    let terms: Vec<usize> = terms.collect();
    arch.dispatch(Correlate { starts: &walk.starts, terms: &terms, source, g, out });
}

struct Correlate<'a> {
    starts: &'a [usize],
    terms: &'a [usize],
    source: &'a [f32],
    g: Columns<'a, f32>,
    out: &'a mut [f32],
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if S::REGISTER_COUNT >= 32 {
            self.tiles::<S, 8, 2>(simd);
        } else {
            self.tiles::<S, 4, 2>(simd);
        }
    }
}

impl Correlate<'_> {
    #[inline(always)]
    fn tiles<S: Simd, const R: usize, const C: usize>(&mut self, simd: S) {
        let vectors = self.g.count.div_ceil(S::F32_LANES);
        let mut vector = 0;
        while vector < vectors {
            // All terms with these columns, which stay in the cache meanwhile.
            let whole = vector + C <= vectors;
            for first in (0..self.terms.len()).step_by(R) {
                if whole {
                    self.tile::<S, R, C>(simd, first, vector);
                } else {
                    self.tile::<S, R, 1>(simd, first, vector);
                }
            }
            vector += if whole { C } else { 1 };
        }
    }

    /// Up to `R` terms from `first` on and `C` vectors of columns; where fewer terms are left, the last is
    /// computed repeatedly.
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const C: usize>(&mut self, simd: S, first: usize, vector: usize) {
        let last = (first + R).min(self.terms.len()) - 1;
        let mut offsets = [0; R];
        for (row, offset) in offsets.iter_mut().enumerate() {
            *offset = self.terms[last.min(first + row)];
        }
        let reach = self.terms[last] + 1; // Taps lie in ascending order.
        let mut slopes = [S::as_simd_f32s(self.source).0; C];
        for (c, slopes) in slopes.iter_mut().enumerate() {
            *slopes = self.g.vectors::<S>(vector + c, 0, self.starts.len());
        }
        let stride = self.g.stride::<S>();
        let mut sums = [[simd.splat_f32s(0.0); C]; R];
        for (pixel, start) in self.starts.iter().enumerate() {
            let window = &self.source[*start..][..reach];
            for row in 0..R {
                let x = simd.splat_f32s(window[offsets[row]]);
                for c in 0..C {
                    sums[row][c] = simd.mul_add_f32s(x, slopes[c][pixel * stride], sums[row][c]);
                }
            }
        }
        for row in 0..=last - first {
            let out = &mut self.out[(first + row) * self.g.count..][..self.g.count];
            let mut totals = load_row::<f32, S, C>(simd, out, vector);
            for c in 0..C {
                totals[c] = simd.add_f32s(totals[c], sums[row][c]);
            }
            store_row::<f32, S, C>(totals, out, vector);
        }
    }
}
