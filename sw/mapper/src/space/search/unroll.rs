//! Every way to lay a layer along the two axes of an array: any product of dimensions along either, rounded up where
//! a dimension does not divide. Ways that leave the loops the same rounds cost the same, and of them only those with the
//! fewest PEs along a dimension are kept: their tiles are the smallest.

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

/// Unrollings of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrollings {
    /// Those with the fewest steps first.
    pub all: Vec<Unrolling>,
    /// Whether some were left out, none of which has fewer steps than the first: there were too many.
    pub thinned: bool,
}

/// The unrollings of `layer`.
pub fn unrollings(architecture: &Architecture, layer: &Layer) -> Unrollings {
    let (rows, few_rows) = along(layer, architecture.rows);
    let (cols, few_cols) = along(layer, architecture.cols);
    let mut pairs: Vec<(u64, Sizes, usize, usize)> = Vec::with_capacity(rows.len() * cols.len());
    for (i, row) in rows.iter().enumerate() {
        // Of a square array both orders of the axes are the same.
        let from = if architecture.rows == architecture.cols { i } else { 0 };
        for (j, col) in cols.iter().enumerate().skip(from) {
            let mut temporal = layer.size;
            for (dim, rounds) in temporal.iter_mut().enumerate() {
                *rounds = rounds.div_ceil(row[dim] * col[dim]);
            }
            pairs.push((steps(&temporal), temporal, i, j));
        }
    }
    pairs.sort_unstable();
    let unrolling = |(_, temporal, i, j): &(u64, Sizes, usize, usize)| {
        let (row, col) = (&rows[*i], &cols[*j]);
        let spatial = std::array::from_fn(|dim| row[dim] * col[dim]);
        Unrolling { rows: factors(row), cols: factors(col), spatial, temporal: *temporal }
    };
    let same = |a: &(u64, Sizes, usize, usize), b: &(u64, Sizes, usize, usize)| a.1 == b.1;
    let all =
        pairs.chunk_by(same).flat_map(|group| smallest(group.iter().map(unrolling).collect())).collect();
    Unrollings { all, thinned: !(few_rows && few_cols) }
}

/// Of unrollings with the same rounds those that no other needs fewer PEs than along every dimension.
fn smallest(mut group: Vec<Unrolling>) -> Vec<Unrolling> {
    group.sort_by_key(|unrolling| unrolling.spatial.iter().sum::<u32>());
    let mut kept: Vec<Unrolling> = Vec::new();
    for unrolling in group {
        let fits = |other: &Unrolling| other.spatial.iter().zip(&unrolling.spatial).all(|(a, b)| a <= b);
        if !kept.iter().any(fits) {
            kept.push(unrolling);
        }
    }
    kept
}

fn steps(temporal: &Sizes) -> u64 {
    temporal.iter().fold(1, |steps, rounds| steps.saturating_mul(u64::from(*rounds)))
}

fn factors(sizes: &Sizes) -> Vec<Factor> {
    let factor = |dim: Dim| Factor { dim, count: sizes[dim.index()] };
    Dim::ALL.into_iter().map(factor).filter(|factor| factor.count > 1).collect()
}

/// What fits along an axis of `room` PEs, and whether that is all of it.
fn along(layer: &Layer, room: u32) -> (Vec<Sizes>, bool) {
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
    let few = all.len() <= MOST;
    if !few {
        all.retain(|sizes| is_full(sizes, layer, room));
    }
    (all, few)
}

fn is_full(sizes: &Sizes, layer: &Layer, room: u32) -> bool {
    let taken: u32 = sizes.iter().product();
    (0..DIMS).all(|dim| sizes[dim] >= layer.size[dim] || taken / sizes[dim] * (sizes[dim] + 1) > room)
}
