//! The parts of a layer: what its `EXEC`s compute, in the order of the outer loops.
//!
//! Any dimension may be cut, in any order, and need not be a multiple of its part. Where a reduction is cut, several
//! parts make the same results: all but the last leave sums, all but the first go on from them.
//!
//! An operand's level of the buffer says which parts share what is there: those that only loops below it tell apart.
//! Parts that follow each other on the same of outputs are a visit; sums that another visit has to finish go through DRAM.

use crate::mapping::{Loop, Mapping};
use crate::work::{Dim, Sizes, Work};
use std::collections::HashMap;

/// What one `EXEC` computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it begins in the layer.
    pub from: Sizes,
    /// How large it is.
    pub size: Sizes,
    /// Whether it goes on from the sums of an earlier part.
    pub reads: bool,
    /// Whether its sums are left for a later part.
    pub writes: bool,
}

impl Part {
    /// First and number of its elements along `dim`.
    pub fn range(&self, dim: Dim) -> (u32, u32) {
        (self.from[dim], self.size[dim])
    }

    /// Where it begins along each of `dims`.
    pub fn begin<const N: usize>(&self, dims: [Dim; N]) -> [u32; N] {
        dims.map(|dim| self.from[dim])
    }

    /// Whether it makes this output, finished or not.
    pub fn makes(&self, at: &[(Dim, u32)]) -> bool {
        at.iter().all(|(dim, at)| (self.from[*dim]..self.from[*dim] + self.size[*dim]).contains(at))
    }
}

/// What tells outputs apart.
const OUTPUTS: [Dim; 4] = [Dim::G, Dim::K, Dim::OY, Dim::OX];
/// What tells weights apart.
pub const WEIGHTS: [Dim; 5] = [Dim::G, Dim::K, Dim::C, Dim::FY, Dim::FX];
/// What tells parameters apart.
pub const PARAMETERS: [Dim; 2] = [Dim::G, Dim::K];

/// Parts that follow each other on the same outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// In their order.
    pub parts: Vec<Part>,
}

/// The outer loops that take whole strips of rows one after the other, and of each all channels.
pub fn strips(work: &Work, tile: &Sizes) -> Vec<Loop> {
    let bound = |dim: Dim| work.size[dim].div_ceil(tile[dim].max(1));
    let order = [Dim::FX, Dim::FY, Dim::C, Dim::OX, Dim::K, Dim::G, Dim::OY];
    order.map(|dim| Loop { dim, bound: bound(dim) }).into_iter().filter(|l| l.bound > 1).collect()
}

/// The parts of a layer in their order.
pub fn parts(mapping: &Mapping) -> Vec<Part> {
    let (layer, tile) = (&mapping.layer.size, &mapping.tile);
    let mut parts = vec![Sizes([0; 7])];
    let mut step = *tile;
    for l in &mapping.outer {
        let inner = parts.clone();
        for i in 1..l.bound {
            let moved = |from: &Sizes| {
                let mut from = *from;
                from[l.dim] += i * step[l.dim];
                from
            };
            parts.extend(inner.iter().map(moved).filter(|from| from[l.dim] < layer[l.dim]));
        }
        step[l.dim] *= l.bound;
    }
    let part = |from: Sizes| {
        let size = Dim::ALL.map(|dim| tile[dim].min(layer[dim] - from[dim]));
        Part { from, size: Sizes(size), reads: false, writes: false }
    };
    let mut parts: Vec<Part> = parts.into_iter().map(part).collect();
    chain(&mut parts);
    parts
}

/// Finds which parts make the same outputs.
fn chain(parts: &mut [Part]) {
    let mut before: HashMap<[u32; 4], usize> = HashMap::new();
    for i in 0..parts.len() {
        if let Some(earlier) = before.insert(parts[i].begin(OUTPUTS), i) {
            parts[earlier].writes = true;
            parts[i].reads = true;
        }
    }
}

/// What the buffer holds for `part` of an operand of the dimensions `dims`, down to `level`; of other dimensions nothing
/// is said.
pub fn held<const N: usize>(mapping: &Mapping, part: &Part, level: usize, dims: [Dim; N]) -> Part {
    let mut held = *part;
    for dim in dims {
        let inside = mapping.outer[..level].iter().filter(|l| l.dim == dim);
        let span = inside.fold(mapping.tile[dim], |span, l| span.saturating_mul(l.bound));
        held.from[dim] = part.from[dim] / span * span;
        held.size[dim] = span.min(mapping.layer.size[dim] - held.from[dim]);
    }
    held
}

/// The visits of a layer in their order.
pub fn visits(mapping: &Mapping) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::new();
    for part in parts(mapping) {
        let outputs = |part: &Part| mapping.outputs_of(part);
        match visits.last_mut() {
            Some(visit) if outputs(&visit.parts[0]) == outputs(&part) => visit.parts.push(part),
            _ => visits.push(Visit { parts: vec![part] }),
        }
    }
    visits
}

impl Visit {
    /// Whether it goes on from sums of an earlier visit.
    pub fn reads(&self) -> bool {
        self.parts[0].reads
    }

    /// Whether its sums are left for a later visit.
    pub fn writes(&self) -> bool {
        self.parts[self.parts.len() - 1].writes
    }
}
