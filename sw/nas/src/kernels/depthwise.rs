//! Depthwise layers, computed directly on the map, a few adjacent channels at a time.
//!
//! `image`, `g` and results are one image each, `w` is `[row, column, channel]`. The formulas are those of
//! [`super::dense`], a channel at a time. Padding is a pixel of zeros behind the image's last, so that the
//! inner loops have no case for it.

use super::element::Element;
use super::wide::wide;
use super::{Tap, Window};
use std::ops::Add;

/// Calls `$kernel::<lanes>(first channel, ...)` for strips that together make up `$channels`.
macro_rules! strips {
    ($channels:expr, $kernel:ident($($argument:expr),*)) => {{
        let mut first = 0;
        while first + 16 <= $channels {
            $kernel::<_, 16>(first, $($argument),*);
            first += 16;
        }
        while first + 8 <= $channels {
            $kernel::<_, 8>(first, $($argument),*);
            first += 8;
        }
        while first < $channels {
            $kernel::<_, 1>(first, $($argument),*);
            first += 1;
        }
    }};
}

/// Where each tap of a window reads, and room for an image with its pixel of zeros.
#[derive(Clone, Debug)]
pub struct Taps<T> {
    channels: usize,
    pixels: usize,
    /// `[tap][output pixel]`: where the channels of the input pixel begin.
    sources: Vec<Vec<usize>>,
    padded: Vec<T>,
}

impl<T: Element> Taps<T> {
    /// For the images of one layer.
    pub fn new(window: &Window) -> Taps<T> {
        let channels = window.input[2];
        let [height, width] = window.kernel;
        let outside = window.input[0] * window.input[1];
        let source = |tap: usize, pixel: usize| {
            let (oy, ox) = (pixel / window.output[1], pixel % window.output[1]);
            window.source(oy, ox, tap / width, tap % width).unwrap_or(outside) * channels
        };
        let row = |tap| (0..window.pixels()).map(|pixel| source(tap, pixel)).collect();
        Taps {
            channels,
            pixels: window.pixels(),
            sources: (0..height * width).map(row).collect(),
            padded: vec![T::default(); window.input_len() + channels],
        }
    }

    /// Writes `y`.
    pub fn forward(&mut self, tap: Tap, image: &[T], w: &[T], y: &mut [T]) {
        self.padded[..image.len()].copy_from_slice(image);
        let taps = &*self;
        match tap {
            Tap::Product => wide(
                #[inline(always)]
                || {
                    strips!(taps.channels, accumulate(taps, w, y, |sum: T, x, w| sum.add_product(x, w)));
                },
            ),
            Tap::Distance => wide(
                #[inline(always)]
                || {
                    strips!(taps.channels, accumulate(taps, w, y, |sum: T, x, w| sum.sub_distance(x, w)));
                },
            ),
        }
    }
}

impl Taps<f32> {
    /// Writes `dx`; `scratch` is kept between calls.
    pub fn backward_input(
        &mut self,
        tap: Tap,
        g: &[f32],
        w: &[f32],
        image: &[f32],
        dx: &mut [f32],
        scratch: &mut Vec<f32>,
    ) {
        self.padded[..image.len()].copy_from_slice(image);
        scratch.clear();
        scratch.resize(self.padded.len(), 0.0);
        let (taps, out) = (&*self, &mut scratch[..]);
        match tap {
            Tap::Product => wide(
                #[inline(always)]
                || {
                    strips!(taps.channels, scatter(taps, g, w, out, |g: f32, w, _| g * w));
                },
            ),
            Tap::Distance => wide(
                #[inline(always)]
                || {
                    let term = |g: f32, w: f32, x: f32| g * (w - x).clamp(-1.0, 1.0);
                    strips!(taps.channels, scatter(taps, g, w, out, term));
                },
            ),
        }
        dx.copy_from_slice(&scratch[..dx.len()]);
    }

    /// Adds to `dw` what this image contributes.
    pub fn backward_weights(&mut self, tap: Tap, image: &[f32], g: &[f32], w: &[f32], dw: &mut [f32]) {
        self.padded[..image.len()].copy_from_slice(image);
        let taps = &*self;
        match tap {
            Tap::Product => wide(
                #[inline(always)]
                || {
                    strips!(taps.channels, gather(taps, g, w, dw, |g: f32, x, _| g * x));
                },
            ),
            Tap::Distance => wide(
                #[inline(always)]
                || {
                    strips!(taps.channels, gather(taps, g, w, dw, |g: f32, x, w| g * (x - w)));
                },
            ),
        }
    }
}

/// `L` adjacent numbers.
#[inline(always)]
fn lanes<T: Element, const L: usize>(numbers: &[T], start: usize) -> [T; L] {
    let mut lanes = [T::default(); L];
    lanes.copy_from_slice(&numbers[start..start + L]);
    lanes
}

/// `y = sum over taps of step(sum, x, w)`
#[inline(always)]
fn accumulate<T: Element, const L: usize>(
    first: usize,
    taps: &Taps<T>,
    w: &[T],
    y: &mut [T],
    step: impl Fn(T, T, T) -> T,
) {
    for pixel in 0..taps.pixels {
        let mut sums = [T::default(); L];
        for (tap, sources) in taps.sources.iter().enumerate() {
            let x = lanes::<T, L>(&taps.padded, sources[pixel] + first);
            let w = lanes::<T, L>(w, tap * taps.channels + first);
            for lane in 0..L {
                sums[lane] = step(sums[lane], x[lane], w[lane]);
            }
        }
        y[pixel * taps.channels + first..][..L].copy_from_slice(&sums);
    }
}

/// `dx += term(g, w, x)` at every tap.
#[inline(always)]
fn scatter<T: Element + Add<Output = T>, const L: usize>(
    first: usize,
    taps: &Taps<T>,
    g: &[T],
    w: &[T],
    dx: &mut [T],
    term: impl Fn(T, T, T) -> T,
) {
    for (tap, sources) in taps.sources.iter().enumerate() {
        let w = lanes::<T, L>(w, tap * taps.channels + first);
        for (pixel, source) in sources.iter().enumerate() {
            let g = lanes::<T, L>(g, pixel * taps.channels + first);
            let x = lanes::<T, L>(&taps.padded, source + first);
            let mut sums = lanes::<T, L>(dx, source + first);
            for lane in 0..L {
                sums[lane] = sums[lane] + term(g[lane], w[lane], x[lane]);
            }
            dx[source + first..][..L].copy_from_slice(&sums);
        }
    }
}

/// `dw += term(g, x, w)` over every pixel.
#[inline(always)]
fn gather<T: Element + Add<Output = T>, const L: usize>(
    first: usize,
    taps: &Taps<T>,
    g: &[T],
    w: &[T],
    dw: &mut [T],
    term: impl Fn(T, T, T) -> T,
) {
    for (tap, sources) in taps.sources.iter().enumerate() {
        let start = tap * taps.channels + first;
        let w = lanes::<T, L>(w, start);
        let mut sums = lanes::<T, L>(dw, start);
        for (pixel, source) in sources.iter().enumerate() {
            let g = lanes::<T, L>(g, pixel * taps.channels + first);
            let x = lanes::<T, L>(&taps.padded, source + first);
            for lane in 0..L {
                sums[lane] = sums[lane] + term(g[lane], x[lane], w[lane]);
            }
        }
        dw[start..start + L].copy_from_slice(&sums);
    }
}
