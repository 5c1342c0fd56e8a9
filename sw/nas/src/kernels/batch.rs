//! A layer's arithmetic over a whole batch: images spread over the cores, sums over images in a fixed order, so
//! that the number of threads changes no bit.

use super::element::Element;
use super::panels::{Columns, Panels, LANES};
use super::step::{Distance, Greater, Product, Slope, Step};
use super::totals::{add_rows, column_totals, window_totals, Room};
use super::walk::{self, Walk};
use super::wide::Arch;
use super::{dense, depthwise, Tap, Window};
use crate::maps::sum_over_groups;
use rayon::iter::repeat_n;
use rayon::prelude::*;

/// Images that the gradient by the weights sums at a time. Fixed, so that sums do not depend on the number of
/// threads, and few, so that no thread waits long for another.
const GROUP: usize = 4;

/// Lines of [`LANES`] numbers that are worth a thread.
const LINES: usize = 1024;

/// An op without its numbers.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// What a tap does.
    pub tap: Tap,
    /// The layer's shape.
    pub window: Window,
    /// The vectors to use; the results are the same on all.
    pub arch: Arch,
}

impl Kernel {
    /// On the machine's widest vectors.
    pub fn new(tap: Tap, window: Window) -> Kernel {
        Kernel { tap, window, arch: Arch::new() }
    }

    /// `y` of all images of `x`; `w` is ordered as [`Window::weights`] says.
    pub fn forward<T: Element>(&self, x: &[T], w: &[T]) -> Vec<T> {
        let (inputs, outputs) = (self.window.input_len(), self.window.output_len());
        let (frame, walk) = walk::forward(&self.window, self.lanes());
        let panels = Panels::pack(w, self.window.output[2]);
        let columns = column_totals(w, self.window.output[2]);
        let mut y = zeros(x.len() / inputs * outputs);
        let images = y.par_chunks_exact_mut(outputs).zip(x.par_chunks_exact(inputs));
        images.for_each_init(<(Vec<T>, Room<T>)>::default, |(room, totals), (y, x)| {
            let x = frame.around(x, room);
            match self.tap {
                Tap::Product => self.sweep(Product, &walk, x, panels.columns(), y),
                Tap::Distance if self.window.depthwise => {
                    self.sweep(Distance::default(), &walk, x, panels.columns(), y)
                }
                Tap::Distance => {
                    let windows = window_totals(&walk, x, totals);
                    self.sweep(Greater::new(windows, &columns), &walk, x, panels.columns(), y);
                }
            }
        });
        y
    }

    /// The gradient by the input, from the gradient `g` by the output.
    pub fn backward_input(&self, x: &[f32], g: &[f32], w: &[f32]) -> Vec<f32> {
        let [inputs, outputs] = [self.window.input, self.window.output];
        let (frame, walks) = walk::backward(&self.window, self.lanes());
        let panels = if self.window.depthwise {
            Panels::pack(w, outputs[2])
        } else {
            Panels::mirrored(w, inputs[2], outputs[2])
        };
        let mut dx = zeros(x.len());
        let gs = g.par_chunks_exact(self.window.output_len());
        let images = dx
            .par_chunks_exact_mut(self.window.input_len())
            .zip(x.par_chunks_exact(self.window.input_len()))
            .zip(gs);
        images.for_each_init(Vec::new, |room, ((dx, x), g)| {
            let g = frame.around(g, room);
            if self.tap == Tap::Distance {
                dx.copy_from_slice(x); // Each sum finds in its place what stood there in the input.
            }
            for walk in &walks {
                match self.tap {
                    Tap::Product => self.sweep(Product, walk, g, panels.columns(), dx),
                    Tap::Distance => self.sweep(Slope::default(), walk, g, panels.columns(), dx),
                }
            }
        });
        dx
    }

    /// The gradient by the weights.
    pub fn backward_weights(&self, x: &[f32], g: &[f32], w: &[f32]) -> Vec<f32> {
        let (inputs, outputs) = (self.window.input_len(), self.window.output_len());
        let columns = self.window.output[2];
        let (frame, walk) = walk::forward(&self.window, self.lanes());
        let xs: Vec<&[f32]> = x.chunks(GROUP * inputs).collect();
        let gs: Vec<&[f32]> = g.chunks(GROUP * outputs).collect();
        sum_over_groups(xs.len(), |group| {
            let (mut room, mut panels) = (Vec::new(), Panels::default());
            // What turns the product with `x` into that with `x - w`: nothing for a convolution.
            let mut totals = vec![0.0; columns];
            let mut dw = vec![0.0; w.len()];
            for (x, g) in xs[group].chunks_exact(inputs).zip(gs[group].chunks_exact(outputs)) {
                let x = frame.around(x, &mut room);
                if self.tap == Tap::Distance {
                    add_rows(g, &mut totals);
                }
                if self.window.depthwise {
                    depthwise::correlate(self.arch, &walk, x, g, &mut dw);
                } else {
                    let g = Columns::of(g, columns, &mut panels);
                    dense::correlate(self.arch, &walk, x, g, &mut dw);
                }
            }
            for (dw, w) in dw.chunks_exact_mut(columns).zip(w.chunks_exact(columns)) {
                dw.iter_mut().zip(w).zip(&totals).for_each(|((dw, w), total)| *dw -= w * total);
            }
            dw
        })
    }

    /// One image's sums.
    fn sweep<T: Element, P: Step<T>>(
        &self,
        step: P,
        walk: &Walk,
        source: &[T],
        w: Columns<T>,
        out: &mut [T],
    ) {
        if self.window.depthwise {
            depthwise::sweep(self.arch, step, walk, source, w, out);
        } else {
            dense::sweep(self.arch, step, walk, source, w, out);
        }
    }

    /// What the channels of a frame are filled up to: a depthwise kernel reads whole vectors.
    fn lanes(&self) -> usize {
        if self.window.depthwise {
            LANES
        } else {
            1
        }
    }
}

/// Zeros, written by all threads: one alone takes as long for a large map as all do for its sums.
fn zeros<T: Element>(count: usize) -> Vec<T> {
    let lines = repeat_n([T::default(); LANES], count.div_ceil(LANES)).with_min_len(LINES);
    let mut zeros = lines.collect::<Vec<_>>().into_flattened();
    zeros.truncate(count);
    zeros
}
