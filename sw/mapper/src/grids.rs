//! Arrays for a network under an area: every chunk's layers are mapped on arrays of many shapes, and those are put together
//! that leave the pipeline of all chunks with the least of what is asked for. In its steady state chunks work on different
//! images, so an image takes as long as the busiest chunk, and the energy of all.
//!
//! Cycles are those of the `EXEC`s alone and each layer moves its tensors through DRAM once, as every array makes it: good
//! enough to rank arrays by, and to hand the best to somebody who runs whole programs. Only arrays about as large as the
//! chunk's share of the terms are looked at, and none that is more than twice as long as wide.

use crate::energy::{of_exec, Objective};
use crate::search::search;
use crate::tiling::Capacity;
use crate::work::{Dim, Work};
use rayon::prelude::*;
use spec::accelerator::{most_post_lanes, usual_post_lanes, Accelerator, Chunk};

/// Rows and columns that are tried.
const SIDES: [u32; 21] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 24, 32, 40, 48, 64];

/// How much longer than the other a side may be.
const MOST_SLENDER: u32 = 2;

/// How much less, or more, than its share of the area a chunk may get.
const MOST_UNFAIR: f64 = 2.5;

/// As many PEs a chunk may always get, however small its share.
const ALWAYS: u32 = 16;

/// A chunk's layers, and what its PEs take.
#[derive(Clone, Debug)]
pub struct Demand {
    /// The chunk as it is described; only its array changes.
    pub chunk: Chunk,
    /// Different layers, and how many there are of each.
    pub works: Vec<(Work, u32)>,
    /// Area of a PE.
    pub pe_area: f64,
}

/// An array, and what the layers of a chunk take on it for an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The chunk with this array.
    pub chunk: Chunk,
    /// Area of its PEs.
    pub area: f64,
    /// Cycles of all `EXEC`s.
    pub cycles: u64,
    /// Picojoules.
    pub picojoules: f64,
}

impl Demand {
    /// The layers of `works`, the equal ones together.
    pub fn new(chunk: &Chunk, works: impl IntoIterator<Item = Work>, pe_area: f64) -> Demand {
        let mut counted: Vec<(Work, u32)> = Vec::new();
        for work in works {
            match counted.iter_mut().find(|(known, _)| *known == work) {
                Some((_, count)) => *count += 1,
                None => counted.push((work, 1)),
            }
        }
        Demand { chunk: chunk.clone(), works: counted, pe_area }
    }

    /// What the share of an area goes by: the terms of an image, each as large as the PE that computes it.
    pub fn weight(&self) -> f64 {
        let terms = self.works.iter().map(|(work, count)| f64::from(*count) * work.macs() as f64);
        terms.sum::<f64>() * self.pe_area
    }

    /// The arrays of about `share` and at most `budget` that no other one beats in area, cycles and energy at once; the
    /// smallest first.
    pub fn candidates(&self, accelerator: &Accelerator, share: f64, budget: f64) -> Vec<Candidate> {
        let sides = || SIDES.iter().copied();
        let slender = |rows: u32, cols: u32| rows.max(cols) > MOST_SLENDER * rows.min(cols);
        let pairs = sides().flat_map(|rows| sides().map(move |cols| (rows, cols)));
        let area = |pes: u32| f64::from(pes) * self.pe_area;
        // A share may lie beyond the sizes that are tried, at either end.
        let largest = area(SIDES[SIDES.len() - 1].pow(2));
        let (least, most) = ((share / MOST_UNFAIR).min(largest), (share * MOST_UNFAIR).max(area(ALWAYS)));
        let fitting = pairs.filter(|(rows, cols)| {
            let area = area(rows * cols);
            !slender(*rows, *cols) && area <= budget && (least..=most).contains(&area)
        });
        let fitting: Vec<(u32, u32)> = fitting.collect();
        let found = fitting.par_iter().filter_map(|(rows, cols)| self.on(accelerator, *rows, *cols));
        let mut found: Vec<Candidate> = found.collect();
        found.sort_by(|a, b| {
            (a.area, a.cycles, a.picojoules).partial_cmp(&(b.area, b.cycles, b.picojoules)).expect("numbers")
        });
        let mut best: Vec<Candidate> = Vec::new();
        for candidate in found {
            let beats = |other: &Candidate| {
                other.cycles <= candidate.cycles && other.picojoules <= candidate.picojoules
            };
            if !best.iter().any(beats) {
                best.push(candidate);
            }
        }
        best
    }

    /// What the layers take on one array; none where one of them has no mapping.
    fn on(&self, accelerator: &Accelerator, rows: u32, cols: u32) -> Option<Candidate> {
        let chunk = resized(&self.chunk, accelerator.buffer.line_bytes, rows, cols);
        let capacity = generous(accelerator, &chunk);
        let area = f64::from(rows * cols) * self.pe_area;
        let mut all = Candidate { chunk, area, cycles: 0, picojoules: 0.0 };
        for (work, count) in &self.works {
            // Mappings with few cycles are found fast, and what they cost beside tells arrays apart well enough.
            let found = search(accelerator, &all.chunk, work, &capacity, Objective::Latency).ok()?;
            let picojoules = found.mapping.parts() as f64 * of_exec(accelerator, &all.chunk, &found.mapping);
            all.cycles += u64::from(*count) * found.total;
            all.picojoules += f64::from(*count) * (picojoules + through_dram(accelerator, work));
        }
        Some(all)
    }
}

/// Half of a chunk's share of the buffer for everything: the compiler divides it as the layers need it.
fn generous(accelerator: &Accelerator, chunk: &Chunk) -> Capacity {
    let half = accelerator.buffer.bytes() / accelerator.chunks.len() as u32 / 2;
    Capacity {
        inputs: half,
        outputs: half,
        weights: half,
        residuals: half,
        ..Capacity::even(accelerator, chunk)
    }
}

/// `chunk` with another array, and as many post lanes: the usual number, or the most, where it had that.
pub fn resized(chunk: &Chunk, line_bytes: u32, rows: u32, cols: u32) -> Chunk {
    let before_and_now = |lanes: fn(u32, u32, u32) -> u32| {
        [(chunk.rows, chunk.cols), (rows, cols)].map(|(rows, cols)| lanes(rows, cols, line_bytes))
    };
    let (usual, most) = (before_and_now(usual_post_lanes), before_and_now(most_post_lanes));
    let post_lanes = match chunk.post_lanes {
        had if had == usual[0] => usual[1],
        had if had == most[0] => most[1],
        had => had.min(most[1]),
    };
    Chunk { rows, cols, post_lanes, ..chunk.clone() }
}

/// Picojoules of a layer's tensors, each once between DRAM and buffer.
fn through_dram(accelerator: &Accelerator, work: &Work) -> f64 {
    let product = |sizes: &[u32]| sizes.iter().map(|size| f64::from(*size)).product::<f64>();
    let [g, k, c, fy, fx] = [Dim::G, Dim::K, Dim::C, Dim::FY, Dim::FX].map(|dim| work.size[dim]);
    let inputs = product(&[work.in_channels(), work.input[0], work.input[1]]);
    let outputs = product(&[work.out_channels(), work.size[Dim::OY], work.size[Dim::OX]]);
    8.0 * (inputs + outputs + product(&[g, k, c, fy, fx]))
        * (accelerator.energy.dram_bit + accelerator.energy.buffer_bit)
}

/// Arrays that fit together, an array a chunk.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// In the order of the demands.
    pub arrays: Vec<Candidate>,
    /// What is to be small.
    pub score: f64,
}

impl Choice {
    /// Area of all PEs.
    pub fn area(&self) -> f64 {
        self.arrays.iter().map(|array| array.area).sum()
    }
}

/// The `count` best choices of an array a chunk out of `candidates`, of at most `budget` together; the best first.
pub fn choose(candidates: &[Vec<Candidate>], budget: f64, objective: Objective, count: usize) -> Vec<Choice> {
    let mut best = Vec::new();
    let mut taken = Vec::new();
    extend(candidates, budget, objective, count, &mut taken, &mut best);
    best.into_iter()
        .map(|(score, taken): (f64, Vec<usize>)| {
            let arrays =
                taken.iter().zip(candidates).map(|(index, of_chunk)| of_chunk[*index].clone()).collect();
            Choice { arrays, score }
        })
        .collect()
}

fn extend(
    candidates: &[Vec<Candidate>],
    budget: f64,
    objective: Objective,
    count: usize,
    taken: &mut Vec<usize>,
    best: &mut Vec<(f64, Vec<usize>)>,
) {
    let Some(of_chunk) = candidates.get(taken.len()) else {
        let arrays = || taken.iter().zip(candidates).map(|(index, of_chunk)| &of_chunk[*index]);
        let busiest = arrays().map(|array| array.cycles).max().unwrap_or(0);
        let score = objective.score(busiest, arrays().map(|array| array.picojoules).sum());
        let place = best.partition_point(|(other, _)| *other <= score);
        if place < count {
            best.insert(place, (score, taken.clone()));
            best.truncate(count);
        }
        return;
    };
    for (index, candidate) in
        of_chunk.iter().enumerate().take_while(|(_, candidate)| candidate.area <= budget)
    {
        taken.push(index);
        extend(candidates, budget - candidate.area, objective, count, taken, best);
        taken.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::Sizes;

    fn edge() -> Accelerator {
        spec::config::parse("edge.yaml", include_str!("../../../hw/configs/edge.yaml")).expect("committed")
    }

    fn candidate(area: f64, cycles: u64, picojoules: f64) -> Candidate {
        Candidate { chunk: edge().chunks[0].clone(), area, cycles, picojoules }
    }

    #[test]
    fn the_busiest_chunk_counts_and_the_area_is_kept() {
        let arrays = |list: &[(f64, u64, f64)]| list.iter().map(|(a, c, p)| candidate(*a, *c, *p)).collect();
        let candidates: [Vec<Candidate>; 2] = [
            arrays(&[(1.0, 100, 5.0), (2.0, 50, 6.0), (4.0, 25, 7.0)]),
            arrays(&[(1.0, 60, 5.0), (3.0, 20, 5.0)]),
        ];
        let best = |budget, objective| {
            let choice = choose(&candidates, budget, objective, 1).into_iter().next()?;
            Some((choice.arrays.iter().map(|array| array.area).collect::<Vec<_>>(), choice.score))
        };
        assert_eq!(best(3.0, Objective::Latency), Some((vec![2.0, 1.0], 60.0)));
        assert_eq!(best(7.0, Objective::Latency), Some((vec![4.0, 3.0], 25.0)));
        assert_eq!(best(7.0, Objective::Energy).map(|(_, score)| score), Some(10.0));
        assert_eq!(best(7.0, Objective::Edp), Some((vec![4.0, 3.0], 300.0)));
        assert_eq!(best(1.5, Objective::Edp), None);
        let all = choose(&candidates, 9.0, Objective::Edp, 9);
        assert_eq!(all.len(), 6);
        assert!(all.windows(2).all(|pair| pair[0].score <= pair[1].score));
    }

    #[test]
    fn a_share_may_be_smaller_or_larger_than_every_array() {
        let edge = edge();
        let size = Sizes([1, 24, 24, 8, 8, 1, 1]);
        let work = Work { size, stride: [1; 2], padding: [0; 2], input: [8; 2], residual: false };
        let demand = Demand::new(&edge.chunks[0], [work], 2.0);
        let pes = |share: f64, budget: f64| -> Vec<f64> {
            demand.candidates(&edge, share, budget).iter().map(|array| array.area / 2.0).collect()
        };
        let small = pes(0.2, 128.0);
        assert!(small.len() > 1 && small.iter().all(|pes| *pes <= f64::from(ALWAYS)), "{small:?}");
        assert_eq!(pes(1e6, 1e6), [4096.0]);
    }

    #[test]
    fn larger_arrays_are_faster_and_none_is_beaten() {
        let edge = edge();
        let size = Sizes([1, 24, 24, 8, 8, 1, 1]);
        let work = Work { size, stride: [1; 2], padding: [0; 2], input: [8; 2], residual: false };
        let demand = Demand::new(&edge.chunks[0], [work, work], 2.0);
        assert_eq!(demand.works, [(work, 2)]);
        let found = demand.candidates(&edge, 60.0, 128.0);
        assert!(
            found.len() > 2 && found.iter().all(|array| (24.0..=128.0).contains(&array.area)),
            "{found:?}"
        );
        assert!(found.windows(2).all(|pair| pair[0].area <= pair[1].area));
        let beats = |a: &Candidate, b: &Candidate| {
            a != b && a.area <= b.area && a.cycles <= b.cycles && a.picojoules <= b.picojoules
        };
        assert!(!found.iter().any(|a| found.iter().any(|b| beats(a, b))));
        let fastest = found.iter().min_by_key(|array| array.cycles).expect("an array");
        assert!(fastest.cycles < found[0].cycles);
    }
}
