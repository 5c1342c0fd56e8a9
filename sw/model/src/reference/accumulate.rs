//! The sums of one layer, in an order that a compiler can vectorise.
//!
//! A large map is padded once and split by stride into phases (every `stride`-th row and column), so that one
//! tap of the kernel reads one contiguous stretch for the whole output map; the few sums between the end of an
//! output row and the next are computed and dropped. A small map would leave those stretches too short, so
//! there each window is copied out instead and meets the weights in a dot product.

use crate::graph::{Layer, Padding};
use spec::op::Op;

/// Below this many outputs a channel, windows are copied out.
const SMALL: usize = 16;

/// The input of one layer, laid out for its sums.
pub enum Windows<'a> {
    /// Phases of the padded map.
    Planes(Planes<'a>),
    /// All windows, copied.
    Copied(Copied<'a>),
}

impl<'a> Windows<'a> {
    /// Lays out `input`, `[C, H, W]`.
    pub fn new(layer: &'a Layer, input: &[i8]) -> Windows<'a> {
        if layer.out_shape.h * layer.out_shape.w < SMALL {
            Windows::Copied(Copied::new(layer, input))
        } else {
            Windows::Planes(Planes::new(layer, input))
        }
    }

    /// Elements of scratch memory that [`Windows::accumulate`] needs.
    pub fn scratch(&self) -> usize {
        match self {
            Windows::Planes(planes) => planes.stretch(),
            Windows::Copied(_) => 0,
        }
    }

    /// The sums of output channel `k` into `acc`, `[OY, OX]`.
    pub fn accumulate(&self, k: usize, scratch: &mut [i32], acc: &mut [i32]) {
        match self {
            Windows::Planes(planes) => planes.accumulate(k, scratch, acc),
            Windows::Copied(copied) => copied.accumulate(k, acc),
        }
    }
}

/// The padded map of each channel, split into `stride` x `stride` phases.
pub struct Planes<'a> {
    layer: &'a Layer,
    /// `[C, stride y, stride x, rows, columns]`.
    data: Vec<i16>,
    rows: usize,
    columns: usize,
}

impl<'a> Planes<'a> {
    fn new(layer: &'a Layer, input: &[i8]) -> Planes<'a> {
        let Padding { top, left, bottom, right } = layer.padding;
        let (shape, [sy, sx]) = (layer.in_shape, layer.stride);
        let (rows, columns) = ((shape.h + top + bottom).div_ceil(sy), (shape.w + left + right).div_ceil(sx));
        let mut planes = Planes { layer, data: vec![0; shape.c * sy * sx * rows * columns], rows, columns };
        for (i, row) in input.chunks_exact(shape.w).enumerate() {
            let (c, y) = (i / shape.h, i % shape.h + top);
            for (phase, skip) in (0..sx).map(|phase| (phase, (phase + sx - left % sx) % sx)) {
                let start = planes.start(c, y, phase) + (skip + left) / sx;
                for (to, x) in planes.data[start..].iter_mut().zip(row.iter().skip(skip).step_by(sx)) {
                    *to = i16::from(*x);
                }
            }
        }
        planes
    }

    /// Where row `y` of channel `c` has the column `x` of the padded map.
    fn start(&self, c: usize, y: usize, x: usize) -> usize {
        let [sy, sx] = self.layer.stride;
        let plane = (c * sy + y % sy) * sx + x % sx;
        (plane * self.rows + y / sy) * self.columns + x / sx
    }

    /// From the first output to the last, dropped ones included.
    fn stretch(&self) -> usize {
        let out = self.layer.out_shape;
        (out.h - 1) * self.columns + out.w
    }

    fn accumulate(&self, k: usize, sums: &mut [i32], acc: &mut [i32]) {
        let dims = self.layer.dims(1);
        let first_channel = k / dims.k * dims.c;
        sums.fill(0);
        let mut weights = self.layer.weights_of(k).iter();
        for c in first_channel..first_channel + dims.c {
            for fy in 0..dims.fy {
                for (fx, w) in (0..dims.fx).zip(&mut weights) {
                    let start = self.start(c, fy, fx);
                    add_tap(self.layer.op, sums, &self.data[start..start + sums.len()], i32::from(*w));
                }
            }
        }
        for (row, sums) in acc.chunks_exact_mut(dims.ox).zip(sums.chunks(self.columns)) {
            row.copy_from_slice(&sums[..dims.ox]);
        }
    }
}

/// One tap of the kernel, for all outputs.
fn add_tap(op: Op, sums: &mut [i32], xs: &[i16], w: i32) {
    for (sum, x) in sums.iter_mut().zip(xs) {
        *sum = op.accumulate(sum, &op.term(&i32::from(*x), &w));
    }
}

/// Every window of the padded map.
pub struct Copied<'a> {
    layer: &'a Layer,
    /// `[OY * OX, G, taps]`.
    data: Vec<i16>,
}

impl<'a> Copied<'a> {
    fn new(layer: &'a Layer, input: &[i8]) -> Copied<'a> {
        let (dims, shape) = (layer.dims(1), layer.in_shape);
        let mut data = Vec::with_capacity(dims.oy * dims.ox * shape.c * dims.fy * dims.fx);
        let inside = |at: usize, pad: usize, size: usize| at.checked_sub(pad).filter(|at| *at < size);
        for (oy, ox) in (0..dims.oy).flat_map(|oy| (0..dims.ox).map(move |ox| (oy, ox))) {
            for (c, fy) in (0..shape.c).flat_map(|c| (0..dims.fy).map(move |fy| (c, fy))) {
                let y = inside(oy * layer.stride[0] + fy, layer.padding.top, shape.h);
                data.extend((0..dims.fx).map(|fx| {
                    let x = inside(ox * layer.stride[1] + fx, layer.padding.left, shape.w);
                    y.zip(x).map_or(0, |(y, x)| i16::from(input[(c * shape.h + y) * shape.w + x]))
                }));
            }
        }
        Copied { layer, data }
    }

    fn accumulate(&self, k: usize, acc: &mut [i32]) {
        let dims = self.layer.dims(1);
        let weights = self.layer.weights_of(k);
        let windows = self.data.chunks_exact(weights.len()).skip(k / dims.k).step_by(dims.g);
        for (acc, window) in acc.iter_mut().zip(windows) {
            *acc = dot(self.layer.op, window, weights);
        }
    }
}

/// The sum of one window.
fn dot(op: Op, xs: &[i16], weights: &[i8]) -> i32 {
    let terms = xs.iter().zip(weights).map(|(x, w)| op.term(&i32::from(*x), &i32::from(*w)));
    terms.fold(0, |sum, term| op.accumulate(&sum, &term))
}
