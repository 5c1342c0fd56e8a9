//! The four dataflows. What they have in common is in [`accesses`](super::accesses) and [`search`](super::search);
//! they differ in the levels at which a dimension may be divided, in the kernel dimensions that lie along the array,
//! and in what a PE keeps of its inputs and how these reach it. A new dataflow is a row here and a word in [`DATAFLOWS`].

use super::tiling::{window, Tiling, TILED};
use crate::work::{Dim, Work};

/// A row of the list.
#[derive(Clone, Copy, Debug)]
pub struct Dataflow {
    /// As the paper abbreviates it.
    pub name: &'static str,
    /// The levels that K, C, OY and OX may be divided among.
    pub levels: [&'static [usize]; 4],
    /// Dimension (as in `levels`) and level of factors that must not be 1. The paper's layers have more than one row and
    /// column of outputs. Where a layer has one only (a fully connected one), that one is allowed: or no dataflow
    /// had a tiling for it.
    pub divided: &'static [(usize, usize)],
    /// Whether FY, and FX, lie along the array.
    pub kernel_on_array: [bool; 2],
    /// Words of the input register file that a tile takes.
    pub held_inputs: fn(&Work, &Tiling) -> u64,
    /// Words of the input that cross the NoC for one pass over the output channels at the outer levels.
    pub noc_inputs: fn(&Work, &Tiling) -> f64,
    /// Words of the input that register files deliver for one output channel.
    pub rf_inputs: fn(&Work) -> f64,
}

/// Every dataflow, in the paper's order.
pub const DATAFLOWS: [Dataflow; 4] = [ROW, INPUT, WEIGHT, OUTPUT];

/// Row stationary: kernel rows and output rows along the array, a row of outputs one by one.
const ROW: Dataflow = Dataflow {
    name: "RS",
    levels: [&[0, 1, 2, 3], &[0, 1, 2], &[1, 3], &[0]],
    divided: &[(2, 1)],
    kernel_on_array: [true, false],
    held_inputs: |work, tiling| u64::from(tiling.c[0]) * u64::from(work.size[Dim::FX]),
    noc_inputs: |work, _| reuse(work)[0] * inputs(work),
    rf_inputs: every_tap,
};

/// Input stationary: a patch of inputs stays in a PE for all output channels.
const INPUT: Dataflow = Dataflow {
    name: "IS",
    levels: [&[0, 1], &[0, 1, 2], &[0, 1, 3], &[0, 1, 3]],
    divided: &[(2, 0), (3, 0)],
    kernel_on_array: [false, false],
    held_inputs: patch,
    noc_inputs: with_halo,
    rf_inputs: inputs,
};

/// Weight stationary: the kernel along the array, a weight a PE.
const WEIGHT: Dataflow = Dataflow {
    name: "WS",
    levels: [&[0, 1, 2, 3], &[0, 1, 2], &[0, 1], &[0, 1]],
    divided: &[(2, 0), (3, 0)],
    kernel_on_array: [true, true],
    held_inputs: |_, tiling| tiling.c[0].into(),
    noc_inputs: |work, _| every_tap(work),
    rf_inputs: every_tap,
};

/// Output stationary: all reductions of an output in a PE, or along the array.
const OUTPUT: Dataflow = Dataflow {
    name: "OS",
    levels: [&[0, 1, 2, 3], &[0, 1], &[0, 1, 3], &[0, 1, 3]],
    divided: &[(2, 0), (3, 0)],
    kernel_on_array: [false, false],
    held_inputs: patch,
    noc_inputs: with_halo,
    rf_inputs: every_tap,
};

impl Dataflow {
    /// FY * FX, as far as they lie along the array, and as far as a PE repeats them.
    pub fn kernel(&self, work: &Work) -> [u32; 2] {
        let mut split = [1, 1];
        for (dim, on_array) in [Dim::FY, Dim::FX].into_iter().zip(self.kernel_on_array) {
            split[usize::from(!on_array)] *= work.size[dim];
        }
        split
    }

    /// The loops of a tiling, from the inside to the outside of each level, without those of one iteration: the index of
    /// the level in [`LEVELS`](super::tiling::LEVELS), the dimension, the factor. The order within a level means nothing.
    pub fn loops(&self, work: &Work, tiling: &Tiling) -> Vec<(usize, Dim, u32)> {
        let kernel = [Dim::FY, Dim::FX].into_iter().zip(self.kernel_on_array);
        let kernel = kernel.map(|(dim, on_array)| (usize::from(on_array), dim, work.size[dim]));
        let tiled = TILED.into_iter().zip(tiling.factors()).flat_map(|(dim, factors)| {
            factors.into_iter().enumerate().map(move |(level, factor)| (level, dim, factor))
        });
        let mut loops: Vec<_> = kernel.chain(tiled).filter(|(_, _, bound)| *bound > 1).collect();
        loops.sort_by_key(|(level, _, _)| *level);
        loops
    }
}

impl PartialEq for Dataflow {
    fn eq(&self, other: &Dataflow) -> bool {
        self.name == other.name
    }
}

/// Words of the input map.
pub fn inputs(work: &Work) -> f64 {
    let [height, width] = work.input.map(f64::from);
    height * width * f64::from(work.size[Dim::C])
}

/// How many outputs of its column, and of its row, an input contributes to on average.
fn reuse(work: &Work) -> [f64; 2] {
    let axis = |kernel: Dim, outputs: Dim, extent: u32| {
        f64::from(work.size[kernel]) * f64::from(work.size[outputs]) / f64::from(extent)
    };
    [axis(Dim::FY, Dim::OY, work.input[0]), axis(Dim::FX, Dim::OX, work.input[1])]
}

/// An input as often as there are taps that it serves.
fn every_tap(work: &Work) -> f64 {
    let [rows, cols] = reuse(work);
    rows * cols * inputs(work)
}

/// The inputs of every tile of outputs, the overlap of tiles each time anew.
fn with_halo(work: &Work, tiling: &Tiling) -> f64 {
    let [height, width] = window(work, tiling.outputs());
    f64::from(tiling.oy[3])
        * height as f64
        * f64::from(tiling.ox[3])
        * width as f64
        * f64::from(work.size[Dim::C])
}

/// The inputs under a PE's outputs, but along the shorter side only as many as one output reads.
/// The rule is written with FY for both sides, as the paper's simulator has it; its kernels are square.
fn patch(work: &Work, tiling: &Tiling) -> u64 {
    let [rows, cols] = [tiling.oy[0], tiling.ox[0]];
    let (outputs, stride) = if cols > rows { (rows, work.stride[0]) } else { (cols, work.stride[1]) };
    let long = u64::from(outputs - 1) * u64::from(stride) + u64::from(work.size[Dim::FY]);
    u64::from(tiling.c[0]) * u64::from(work.size[Dim::FX]) * long
}
