//! Depthwise layers, computed directly on the map: the inner loop runs over the channels, which are adjacent.
//!
//! `image`, `g` and results are one image each, `w` is `[row, column, channel]`. The formulas are those of
//! [`super::dense`], a channel at a time.

use super::element::Element;
use super::{Tap, Window};
use pulp::Arch;

/// Writes `y`.
pub fn forward<T: Element>(tap: Tap, window: &Window, image: &[T], w: &[T], y: &mut [T]) {
    y.fill(T::default());
    Arch::new().dispatch(
        #[inline(always)]
        || match tap {
            Tap::Product => accumulate(window, image, w, y, |y, x, w| *y = y.add_product(x, w)),
            Tap::Distance => accumulate(window, image, w, y, |y, x, w| *y = y.sub_distance(x, w)),
        },
    );
}

/// [`forward`] for one op; a padding tap of a product adds nothing and costs little.
#[inline(always)]
fn accumulate<T: Element>(window: &Window, image: &[T], w: &[T], y: &mut [T], step: impl Fn(&mut T, T, T)) {
    let channels = window.input[2];
    let zeros = vec![T::default(); channels];
    visit(window, |pixel, tap, source| {
        let x = source.map_or(&zeros[..], |source| &image[source * channels..][..channels]);
        let w = &w[tap * channels..][..channels];
        let y = &mut y[pixel * channels..][..channels];
        for ((y, &x), &w) in y.iter_mut().zip(x).zip(w) {
            step(y, x, w);
        }
    });
}

/// Adds to `dx`, which starts at 0.
pub fn backward_input(tap: Tap, window: &Window, g: &[f32], w: &[f32], image: &[f32], dx: &mut [f32]) {
    let arch = Arch::new();
    match tap {
        Tap::Product => arch.dispatch(
            #[inline(always)]
            || scatter(window, g, w, image, dx, |g, w, _| g * w),
        ),
        Tap::Distance => arch.dispatch(
            #[inline(always)]
            || scatter(window, g, w, image, dx, |g, w, x| g * (w - x).clamp(-1.0, 1.0)),
        ),
    }
}

/// [`backward_input`] for one op.
#[inline(always)]
fn scatter(
    window: &Window,
    g: &[f32],
    w: &[f32],
    image: &[f32],
    dx: &mut [f32],
    term: impl Fn(f32, f32, f32) -> f32,
) {
    let channels = window.input[2];
    visit(window, |pixel, tap, source| {
        let Some(source) = source else { return };
        let g = &g[pixel * channels..][..channels];
        let w = &w[tap * channels..][..channels];
        let x = &image[source * channels..][..channels];
        let dx = &mut dx[source * channels..][..channels];
        for (((dx, &g), &w), &x) in dx.iter_mut().zip(g).zip(w).zip(x) {
            *dx += term(g, w, x);
        }
    });
}

/// Adds to `dw` what this image contributes.
pub fn backward_weights(tap: Tap, window: &Window, image: &[f32], g: &[f32], w: &[f32], dw: &mut [f32]) {
    let arch = Arch::new();
    match tap {
        Tap::Product => arch.dispatch(
            #[inline(always)]
            || gather(window, image, g, w, dw, |g, x, _| g * x),
        ),
        Tap::Distance => arch.dispatch(
            #[inline(always)]
            || gather(window, image, g, w, dw, |g, x, w| g * (x - w)),
        ),
    }
}

/// [`backward_weights`] for one op; a padding tap is `x = 0`.
#[inline(always)]
fn gather(
    window: &Window,
    image: &[f32],
    g: &[f32],
    w: &[f32],
    dw: &mut [f32],
    term: impl Fn(f32, f32, f32) -> f32,
) {
    let channels = window.input[2];
    let zeros = vec![0.0; channels];
    visit(window, |pixel, tap, source| {
        let x = source.map_or(&zeros[..], |source| &image[source * channels..][..channels]);
        let g = &g[pixel * channels..][..channels];
        let w = &w[tap * channels..][..channels];
        let dw = &mut dw[tap * channels..][..channels];
        for (((dw, &g), &x), &w) in dw.iter_mut().zip(g).zip(x).zip(w) {
            *dw += term(g, x, w);
        }
    });
}

/// Calls `body(output pixel, tap, input pixel)` in row-major order; the input pixel is `None` in the padding.
#[inline(always)]
fn visit(window: &Window, mut body: impl FnMut(usize, usize, Option<usize>)) {
    for oy in 0..window.output[0] {
        for ox in 0..window.output[1] {
            for ky in 0..window.kernel[0] {
                for kx in 0..window.kernel[1] {
                    let pixel = oy * window.output[1] + ox;
                    body(pixel, ky * window.kernel[1] + kx, window.source(oy, ox, ky, kx));
                }
            }
        }
    }
}
