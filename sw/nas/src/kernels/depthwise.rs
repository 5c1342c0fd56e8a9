//! Depthwise layers: every channel has a kernel of its own, so a vector holds adjacent channels of one pixel.
//!
//! The formulas are those of [`super::dense`], a channel at a time. Maps are read through a frame whose channels
//! are filled up to whole vectors; a tile of pixels shares each weight that it loads.

use super::element::Element;
use super::panels::{load_row, store_row, Columns};
use super::step::Step;
use super::walk::Walk;
use super::wide::Arch;
use pulp::{Simd, WithSimd};

/// Pixels of a tile.
const PIXELS: usize = 4;
/// Taps whose gradients are summed at once: all of a 3x3 kernel.
const TAPS: usize = 9;

/// `out[pixel] = sum over taps of step(sum, out before, source, w[tap])`, channel by channel.
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
        for first in (0..self.walk.starts.len()).step_by(PIXELS) {
            for vector in 0..self.w.count.div_ceil(T::lanes::<S>()) {
                self.tile(simd, first, vector);
            }
        }
    }
}

impl<T: Element, P: Step<T>> Sweep<'_, T, P> {
    /// The pixels from `first` on; where fewer are left, the last is computed repeatedly.
    #[inline(always)]
    fn tile<S: Simd>(&mut self, simd: S, first: usize, vector: usize) {
        let (walk, lanes, width) = (self.walk, T::lanes::<S>(), self.w.count);
        let mut sums = [T::splat(simd, T::default()); PIXELS];
        let mut before = sums;
        let mut starts = [0; PIXELS];
        for row in 0..PIXELS {
            let pixel = (first + row).min(walk.starts.len() - 1);
            [before[row]] = self.step.before(simd, &self.out[walk.targets[pixel] * width..][..width], vector);
            starts[row] = walk.starts[pixel] + vector * lanes;
        }
        for (offset, tap) in &walk.taps {
            let w = self.w.vectors::<S>(vector, *tap, 1)[0];
            for row in 0..PIXELS {
                let source = T::vectors::<S>(&self.source[starts[row] + offset..])[0];
                sums[row] = self.step.step(simd, row, sums[row], before[row], source, w);
            }
        }
        for row in 0..PIXELS.min(walk.starts.len() - first) {
            let target = walk.targets[first + row];
            let result = self.step.finish(simd, [sums[row]], target, vector);
            store_row::<T, S, 1>(result, &mut self.out[target * width..][..width], vector);
        }
    }
}

/// `out[tap] += sum over pixels of source * g`, channel by channel.
pub fn correlate(arch: Arch, walk: &Walk, source: &[f32], g: &[f32], out: &mut [f32]) {
    arch.dispatch(Correlate { walk, source, g, out });
}

struct Correlate<'a> {
    walk: &'a Walk,
    source: &'a [f32],
    g: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let channels = self.out.len() / self.walk.taps.len();
        for first in (0..self.walk.taps.len()).step_by(TAPS) {
            for vector in 0..channels.div_ceil(S::F32_LANES) {
                self.tile(simd, channels, first, vector);
            }
        }
    }
}

impl Correlate<'_> {
    /// The taps from `first` on; where fewer are left, the last is computed repeatedly.
    #[inline(always)]
    fn tile<S: Simd>(&mut self, simd: S, channels: usize, first: usize, vector: usize) {
        let taps = &self.walk.taps[first..(first + TAPS).min(self.walk.taps.len())];
        let mut offsets = [0; TAPS];
        for (row, offset) in offsets.iter_mut().enumerate() {
            *offset = taps[row.min(taps.len() - 1)].0 + vector * S::F32_LANES;
        }
        let mut sums = [simd.splat_f32s(0.0); TAPS];
        for (start, target) in self.walk.starts.iter().zip(&self.walk.targets) {
            let [g] = load_row::<f32, S, 1>(simd, &self.g[target * channels..][..channels], vector);
            for row in 0..TAPS {
                let source = S::as_simd_f32s(&self.source[start + offsets[row]..]).0[0];
                sums[row] = simd.mul_add_f32s(source, g, sums[row]);
            }
        }
        for row in 0..taps.len() {
            let out = &mut self.out[(first + row) * channels..][..channels];
            let [total] = load_row::<f32, S, 1>(simd, out, vector);
            store_row::<f32, S, 1>([simd.add_f32s(total, sums[row])], out, vector);
        }
    }
}
