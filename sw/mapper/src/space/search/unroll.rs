//! Every way to lay a layer along the two axes of an array: any product of dimensions along either, rounded up where
//! a dimension does not divide. Of ways that leave the loops the same rounds only one is kept, for they cost the same.

use crate::space::architecture::Architecture;
use crate::space::layer::{Dim, Layer, Sizes, DIMS};
use crate::space::mapping::Factor;

/// What lies along the axes, and what is left for the loops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrolling {
    /// Along the rows.
    pub rows: Vec<Factor>,
    /// Along the columns.
    pub cols: Vec<Factor>,
    /// PEs along each dimension.
    pub spatial: Sizes,
    /// Rounds of the loops over each dimension.
    pub temporal: Sizes,
}

impl Unrolling {
    /// Compute steps.
    pub fn steps(&self) -> u64 {
        steps(&self.temporal)
    }
}

/// More ways than this along an axis are thinned to those that leave no room for more PEs.
const MOST: usize = 2_500;

/// All unrollings, those with the fewest steps first.
pub fn unrollings(architecture: &Architecture, layer: &Layer) -> Vec<Unrolling> {
    let rows = along(layer, architecture.rows);
    let cols = along(layer, architecture.cols);
    let mut all: Vec<(u64, Sizes, usize, usize)> = Vec::with_capacity(rows.len() * cols.len());
    for (i, row) in rows.iter().enumerate() {
        // Of a square array both orders of the axes are the same.
        let from = if architecture.rows == architecture.cols { i } else { 0 };
        for (j, col) in cols.iter().enumerate().skip(from) {
            let mut temporal = layer.size;
            for (dim, rounds) in temporal.iter_mut().enumerate() {
                *rounds = rounds.div_ceil(row[dim] * col[dim]);
            }
            all.push((steps(&temporal), temporal, i, j));
        }
    }
    all.sort_unstable();
    all.dedup_by_key(|(_, temporal, ..)| *temporal);
    let unrolling = |(_, temporal, i, j): (u64, Sizes, usize, usize)| {
        let (row, col) = (&rows[i], &cols[j]);
        let mut spatial = [1; DIMS];
        spatial.iter_mut().enumerate().for_each(|(dim, lanes)| *lanes = row[dim] * col[dim]);
        Unrolling { rows: factors(row), cols: factors(col), spatial, temporal }
    };
    all.into_iter().map(unrolling).collect()
}

fn steps(temporal: &Sizes) -> u64 {
    temporal.iter().fold(1, |steps, rounds| steps.saturating_mul(u64::from(*rounds)))
}

fn factors(sizes: &Sizes) -> Vec<Factor> {
    let factor = |dim: Dim| Factor { dim, count: sizes[dim.index()] };
    Dim::ALL.into_iter().map(factor).filter(|factor| factor.count > 1).collect()
}

/// Everything that fits along an axis of `room` PEs.
fn along(layer: &Layer, room: u32) -> Vec<Sizes> {
    let mut all = vec![[1; DIMS]];
    for dim in 0..DIMS {
        let mut more = Vec::new();
        for sizes in &all {
            let taken: u32 = sizes.iter().product();
            for lanes in 1..=(room / taken).min(layer.size[dim]) {
                let mut sizes = *sizes;
                sizes[dim] = lanes;
                more.push(sizes);
            }
        }
        all = more;
    }
    if all.len() > MOST {
        all.retain(|sizes| is_full(sizes, layer, room));
    }
    all
}

fn is_full(sizes: &Sizes, layer: &Layer, room: u32) -> bool {
    let taken: u32 = sizes.iter().product();
    (0..DIMS).all(|dim| sizes[dim] >= layer.size[dim] || taken / sizes[dim] * (sizes[dim] + 1) > room)
}
