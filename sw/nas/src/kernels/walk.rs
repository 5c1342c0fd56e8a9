//! Which numbers of a map each result reads: the one place that knows about strides and padding.
//!
//! A map is read through a [`Frame`], a copy with a margin of zeros, so that no kernel has a case for the padding:
//! a tap in the padding is a real term of every op. The gradient by the input is the same walk the other way
//! round: every input pixel gathers from the outputs that saw it. Under a stride, neighbours are seen by
//! different taps; then there is one walk for each set of taps, and no tap is visited in vain.

use super::Window;

/// A map with a margin of zeros.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Height, width and channels of the map.
    inner: [usize; 3],
    /// Rows above and columns left of the map.
    margin: [usize; 2],
    /// Height, width and channels with the margin.
    outer: [usize; 3],
}

impl Frame {
    /// The map without its margin, if there is none; else a copy in `room`, which is only for maps of this frame.
    #[inline(always)]
    pub fn around<'a, T: Copy + Default>(&self, map: &'a [T], room: &'a mut Vec<T>) -> &'a [T] {
        if self.inner == self.outer {
            return map;
        }
        room.resize(self.outer.iter().product(), T::default());
        let [_, width, channels] = self.inner;
        for (y, row) in map.chunks_exact(width * channels).enumerate() {
            let start = self.start(y + self.margin[0], self.margin[1]);
            if channels == self.outer[2] {
                room[start..][..row.len()].copy_from_slice(row);
                continue;
            }
            let pixels = room[start..].chunks_exact_mut(self.outer[2]).zip(row.chunks_exact(channels));
            pixels.for_each(|(to, from)| to[..channels].copy_from_slice(from));
        }
        room
    }

    /// Where pixel `(y, x)` of the frame begins.
    fn start(&self, y: usize, x: usize) -> usize {
        (y * self.outer[1] + x) * self.outer[2]
    }
}

/// Results that read a map through the same taps.
#[derive(Clone, Debug)]
pub struct Walk {
    /// Channels of the frame.
    pub channels: usize,
    /// Where a tap reads, from the start of a pixel's window on, and the number of the tap in the kernel.
    pub taps: Vec<(usize, usize)>,
    /// Where the window of each pixel begins in the frame.
    pub starts: Vec<usize>,
    /// The pixel of the result that each of them is for.
    pub targets: Vec<usize>,
}

/// From inputs to outputs. Channels are filled up with zeros to a multiple of `channels`.
pub fn forward(window: &Window, channels: usize) -> (Frame, Walk) {
    let [height, width, inputs] = window.input;
    let outer = |axis: usize, size: usize| {
        let seen = (window.output[axis] - 1) * window.stride[axis] + window.kernel[axis];
        seen.max(size + window.padding[axis])
    };
    let frame = Frame {
        inner: window.input,
        margin: [window.padding[0], window.padding[1]],
        outer: [outer(0, height), outer(1, width), inputs.next_multiple_of(channels)],
    };
    let taps = grid(window.kernel).enumerate().map(|(tap, [ky, kx])| (frame.start(ky, kx), tap));
    let pixels = grid([window.output[0], window.output[1]]);
    let starts = pixels.map(|[y, x]| frame.start(y * window.stride[0], x * window.stride[1]));
    let channels = frame.outer[2];
    let walk = Walk {
        channels,
        taps: taps.collect(),
        starts: starts.collect(),
        targets: (0..window.pixels()).collect(),
    };
    (frame, walk)
}

/// From outputs back to inputs: `iy + top = oy * stride + ky` holds for the taps of one remainder by the stride.
pub fn backward(window: &Window, channels: usize) -> (Frame, Vec<Walk>) {
    let [height, width, outputs] = window.output;
    let Window { input, kernel, stride, padding, .. } = *window;
    let margin = [0, 1].map(|axis| (kernel[axis] - 1) / stride[axis]);
    let outer = |axis: usize, size: usize| {
        let last = (input[axis] - 1 + padding[axis]) / stride[axis];
        margin[axis] + size.max(last + 1)
    };
    let frame = Frame {
        inner: window.output,
        margin,
        outer: [outer(0, height), outer(1, width), outputs.next_multiple_of(channels)],
    };
    let walk = |phase: [usize; 2]| {
        let taps = grid(kernel).enumerate().filter(|(_, k)| [k[0] % stride[0], k[1] % stride[1]] == phase);
        let tap = |[ky, kx]: [usize; 2]| frame.start(margin[0] - ky / stride[0], margin[1] - kx / stride[1]);
        let pixels = || grid([input[0], input[1]]).map(|[y, x]| [y + padding[0], x + padding[1]]);
        let ours = |p: &[usize; 2]| [p[0] % stride[0], p[1] % stride[1]] == phase;
        let start = |p: [usize; 2]| frame.start(p[0] / stride[0], p[1] / stride[1]);
        let targets = pixels().enumerate().filter(|(_, p)| ours(p)).map(|(pixel, _)| pixel);
        Walk {
            channels: frame.outer[2],
            taps: taps.map(|(number, k)| (tap(k), number)).collect(),
            starts: pixels().filter(ours).map(start).collect(),
            targets: targets.collect(),
        }
    };
    (frame, grid(stride).map(walk).collect())
}

/// All places of a grid, row by row.
fn grid([rows, columns]: [usize; 2]) -> impl Iterator<Item = [usize; 2]> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| [row, column]))
}
