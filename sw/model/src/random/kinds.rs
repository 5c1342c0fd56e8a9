//! What a random layer is: its kind, where it reads, kernel, stride, padding and clamp.

use super::{size, Grower};
use crate::draft::LayerDraft;
use crate::graph::{Padding, Parameters, Shape};
use spec::op::Op;

/// The longest side of an average pool.
pub(super) const MOST_POOL: usize = 16;

impl Grower<'_> {
    /// A layer of a random kind; it may turn out to be illegal. Also the bits of its weights.
    pub(super) fn draw_layer(&mut self) -> (LayerDraft, u32) {
        let (input, shape) = self.draw_source();
        let (op, bits) = *self.rng.choose(&self.knobs.ops);
        let mut layer = LayerDraft {
            name: format!("{}{}", op.name(), self.layers.len()),
            op,
            input,
            residual: None,
            out_channels: if self.rng.percent(40) {
                shape.c
            } else {
                size(&mut self.rng, 1..=self.knobs.channels)
            },
            kernel: [1, 1],
            stride: [1, 1],
            padding: Padding::default(),
            groups: 1,
            clamp: self.draw_clamp(),
            parameters: Parameters::default(),
        };
        match size(&mut self.rng, 0..=99) {
            0..20 => {} // pointwise, and fully connected on a 1 x 1 map
            20..55 => self.draw_window(&mut layer),
            55..70 => {
                layer.groups = shape.c;
                layer.out_channels = shape.c * size(&mut self.rng, 1..=2);
                self.draw_window(&mut layer);
            }
            70..85 => {
                let divisors: Vec<usize> = (1..=shape.c).filter(|g| shape.c.is_multiple_of(*g)).collect();
                layer.groups = *self.rng.choose(&divisors);
                layer.out_channels = layer.groups * size(&mut self.rng, 1..=4);
                self.draw_window(&mut layer);
            }
            85..92 => layer.kernel = [shape.h, shape.w], // fully connected on a whole map
            // A pool is a conv: without that op the layer stays pointwise.
            _ if self.knobs.ops.iter().all(|(op, _)| *op != Op::Conv) => {}
            _ => {
                self.make_pool(&mut layer, shape);
                if self.rng.percent(40) {
                    layer.kernel = layer.kernel.map(|most| size(&mut self.rng, 1..=most));
                    layer.stride = [size(&mut self.rng, 1..=4), size(&mut self.rng, 1..=4)];
                }
            }
        }
        (layer, bits)
    }

    /// Makes a layer the pool of a whole map of `shape`, or of as much of it as a pool may take.
    fn make_pool(&self, layer: &mut LayerDraft, shape: Shape) {
        layer.name = format!("pool{}", self.layers.len());
        layer.op = Op::Conv;
        layer.kernel = [shape.h.min(MOST_POOL), shape.w.min(MOST_POOL)];
        layer.groups = shape.c;
        layer.out_channels = shape.c;
    }

    /// The pool of the largest side over the input, strided where more than one window fits.
    pub(super) fn draw_large_pool(&mut self) -> (LayerDraft, u32) {
        let (mut layer, bits) = self.draw_layer();
        let shape = self.draft.input.shape;
        self.make_pool(&mut layer, shape);
        layer.input = "input".into();
        (layer.stride, layer.padding) = ([1, 1], Padding::default());
        if self.rng.percent(30) {
            layer.padding = [0, 0, size(&mut self.rng, 1..=8), size(&mut self.rng, 1..=8)].into();
            layer.stride = [size(&mut self.rng, 2..=4), size(&mut self.rng, 2..=4)];
        }
        (layer, bits)
    }

    /// Most often the last layer, now and then any map.
    fn draw_source(&mut self) -> (String, Shape) {
        let before = self.layers.len();
        let index = if self.rng.percent(70) { before } else { size(&mut self.rng, 0..=before) };
        match index.checked_sub(1) {
            Some(i) => (self.layers[i].name.clone(), self.layers[i].out_shape),
            None => ("input".into(), self.draft.input.shape),
        }
    }

    /// Kernel, padding and stride; half of the windows keep the size of the map.
    fn draw_window(&mut self, layer: &mut LayerDraft) {
        let most = self.knobs.kernel;
        layer.kernel = [size(&mut self.rng, 1..=most), size(&mut self.rng, 1..=most * self.knobs.stretch)];
        let [kh, kw] = layer.kernel;
        if self.rng.percent(50) {
            let (top, left) = ((kh - 1) / 2, (kw - 1) / 2);
            layer.padding = Padding { top, left, bottom: kh - 1 - top, right: kw - 1 - left };
            return;
        }
        layer.padding = [kh, kw, kh, kw].map(|kernel| size(&mut self.rng, 0..=kernel - 1)).into();
        if self.rng.percent(60) {
            layer.stride = [size(&mut self.rng, 1..=4), size(&mut self.rng, 1..=4)];
        }
    }

    fn draw_clamp(&mut self) -> (i8, i8) {
        let (a, b) = (self.rng.range(-128, 127) as i8, self.rng.range(-128, 127) as i8);
        match size(&mut self.rng, 0..=99) {
            0..60 => (-128, 127),
            60..85 => (0, 127),
            _ => (a.min(b), a.max(b)),
        }
    }
}
