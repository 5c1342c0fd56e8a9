//! A layer's arithmetic over a whole batch: groups of images spread over the cores, the sums over groups in a
//! fixed order, so that the number of threads changes no bit.

use super::dense::{self, Panels};
use super::depthwise::Taps;
use super::element::Element;
use super::patches::{fold, unfold};
use super::{Tap, Window};
use crate::maps::{sum_over_groups, GROUP};
use rayon::prelude::*;

/// `y` of all images of `x`; `w` is ordered as [`Window::weights`] says.
pub fn forward<T: Element>(tap: Tap, window: &Window, x: &[T], w: &[T]) -> Vec<T> {
    let images = x.len() / window.input_len();
    let mut y = vec![T::default(); images * window.output_len()];
    let panels = packed(window, w, Panels::pack);
    y.par_chunks_mut(GROUP * window.output_len()).zip(x.par_chunks(GROUP * window.input_len())).for_each(
        |(y, x)| {
            if window.is_pointwise() {
                return dense::forward(tap, x, &panels, y);
            }
            let (mut taps, mut patches) = (taps(window), Vec::new());
            let images = x.chunks_exact(window.input_len()).zip(y.chunks_exact_mut(window.output_len()));
            for (x, y) in images {
                if let Some(taps) = &mut taps {
                    taps.forward(tap, x, w, y);
                } else {
                    unfold(window, x, &mut patches);
                    dense::forward(tap, &patches, &panels, y);
                }
            }
        },
    );
    y
}

/// The gradient by the input, from the gradient `g` by the output.
pub fn backward_input(tap: Tap, window: &Window, x: &[f32], g: &[f32], w: &[f32]) -> Vec<f32> {
    let mut dx = vec![0.0; x.len()];
    let panels = packed(window, w, |w, terms, columns| Panels::transposed(w, columns, terms));
    let (inputs, outputs) = (window.input_len(), window.output_len());
    let groups = dx.par_chunks_mut(GROUP * inputs).zip(x.par_chunks(GROUP * inputs));
    groups.zip(g.par_chunks(GROUP * outputs)).for_each(|((dx, x), g)| {
        if window.is_pointwise() {
            return dense::backward_input(tap, g, &panels, x, dx);
        }
        let (mut taps, mut patches, mut slopes) = (taps(window), Vec::new(), Vec::new());
        let images = dx.chunks_exact_mut(inputs).zip(x.chunks_exact(inputs));
        for ((dx, x), g) in images.zip(g.chunks_exact(outputs)) {
            if let Some(taps) = &mut taps {
                taps.backward_input(tap, g, w, x, dx, &mut slopes);
            } else {
                if tap == Tap::Distance {
                    unfold(window, x, &mut patches);
                }
                slopes.resize(window.pixels() * window.terms(), 0.0);
                dense::backward_input(tap, g, &panels, &patches, &mut slopes);
                fold(window, &slopes, dx);
            }
        }
    });
    dx
}

/// The gradient by the weights.
pub fn backward_weights(tap: Tap, window: &Window, x: &[f32], g: &[f32], w: &[f32]) -> Vec<f32> {
    let (inputs, outputs) = (window.input_len(), window.output_len());
    let columns = window.output[2];
    let xs: Vec<&[f32]> = x.chunks(GROUP * inputs).collect();
    let gs: Vec<&[f32]> = g.chunks(GROUP * outputs).collect();
    sum_over_groups(xs.len(), |group| {
        let (x, g) = (xs[group], gs[group]);
        let mut dw = vec![0.0; w.len()];
        if window.is_pointwise() {
            dense::backward_weights(tap, x, g, w, columns, &mut dw);
            return dw;
        }
        let (mut taps, mut patches) = (taps(window), Vec::new());
        for (x, g) in x.chunks_exact(inputs).zip(g.chunks_exact(outputs)) {
            if let Some(taps) = &mut taps {
                taps.backward_weights(tap, x, g, w, &mut dw);
            } else {
                unfold(window, x, &mut patches);
                dense::backward_weights(tap, &patches, g, w, columns, &mut dw);
            }
        }
        dw
    })
}

/// The weights of a full or pointwise layer as panels; a depthwise layer needs none.
fn packed<T: Element>(window: &Window, w: &[T], pack: impl Fn(&[T], usize, usize) -> Panels<T>) -> Panels<T> {
    if window.depthwise {
        Panels::default()
    } else {
        pack(w, window.terms(), window.output[2])
    }
}

/// What a depthwise layer reads where; no other layer needs it.
fn taps<T: Element>(window: &Window) -> Option<Taps<T>> {
    window.depthwise.then(|| Taps::new(window))
}
