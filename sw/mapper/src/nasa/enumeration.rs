//! What a search goes through: every tiling of one layer in one dataflow that is within the limits; and where there is none,
//! which limits exclude them all.
//!
//! Limits cut the enumeration as soon as the factors that they speak of are chosen. All of them are strict: PEs, words of
//! the register files and of the buffer; only the partial sums of a PE may reach theirs.

use super::accesses::Volumes;
use super::dataflow::Dataflow;
use super::search::{score, Array, Tiled};
use super::tiling::{factorisations, Factors, Tiling, TILED};
use super::{BUFFER_WORDS, INPUT_WORDS, PSUMS, WEIGHT_WORDS};
use crate::energy::Objective;
use crate::work::{Dim, Work};
use spec::error::grouped;
use std::fmt;

/// The tilings of one layer in one dataflow.
pub struct Enumeration<'a> {
    dataflow: &'a Dataflow,
    work: &'a Work,
    array: &'a Array,
    objective: Objective,
    volumes: Volumes<'a>,
    /// In the order of [`TILED`].
    factors: [Vec<Factors>; 4],
    /// FY * FX along the array, and in a PE.
    kernel: [u64; 2],
}

impl<'a> Enumeration<'a> {
    /// Of `work`, a layer of one group, on `array`.
    pub fn new(
        dataflow: &'a Dataflow,
        work: &'a Work,
        array: &'a Array,
        objective: Objective,
    ) -> Enumeration<'a> {
        let of = |i: usize| {
            let size = work.size[TILED[i]];
            let legal = |factors: &Factors| {
                let divided = dataflow.divided.iter().filter(|(dim, _)| *dim == i);
                size == 1 || divided.clone().all(|(_, level)| factors[*level] != 1)
            };
            factorisations(size, dataflow.levels[i]).into_iter().filter(legal).collect()
        };
        let factors = [0, 1, 2, 3].map(of);
        let kernel = dataflow.kernel(work).map(u64::from);
        Enumeration {
            dataflow,
            work,
            array,
            objective,
            volumes: Volumes::new(dataflow, work),
            factors,
            kernel,
        }
    }

    /// Calls `visit` with every tiling within the limits.
    pub fn each(&self, mut visit: impl FnMut(Tiled)) {
        let [ks, cs, oys, oxs] = &self.factors;
        let [on_array, in_pe] = self.kernel;
        let pes = u64::from(self.array.pes);
        for c in cs {
            let (spatial, held) = (on_array * u64::from(c[1]), in_pe * u64::from(c[0]));
            if spatial >= pes || held >= WEIGHT_WORDS {
                continue;
            }
            for k in ks.iter().filter(|k| k[0] <= PSUMS && held * u64::from(k[0]) < WEIGHT_WORDS) {
                let spatial = spatial * u64::from(k[1]);
                for oy in oys.iter().filter(|oy| spatial * u64::from(oy[1]) < pes) {
                    let spatial = spatial * u64::from(oy[1]);
                    for ox in oxs.iter().filter(|ox| spatial * u64::from(ox[1]) < pes) {
                        let tiling = Tiling { k: *k, c: *c, oy: *oy, ox: *ox };
                        if let Some(tiled) = self.tiled(tiling) {
                            visit(tiled);
                        }
                    }
                }
            }
        }
    }

    /// With its costs, where input register file and buffer hold it.
    fn tiled(&self, tiling: Tiling) -> Option<Tiled> {
        if (self.dataflow.held_inputs)(self.work, &tiling) >= INPUT_WORDS {
            return None;
        }
        let words = tiling.buffer_words(self.work);
        if words >= BUFFER_WORDS {
            return None;
        }
        let repeated =
            tiling.factors().map(|[rf, _, gb, dram]| u64::from(rf) * u64::from(gb) * u64::from(dram));
        let cycles = repeated.iter().product::<u64>() * self.kernel[1];
        let accesses = self.volumes.accesses(&tiling);
        let picojoules = self.array.unit.picojoules(self.terms(), &accesses);
        let score = score(self.objective, cycles, picojoules);
        Some(Tiled { tiling, words, cycles, picojoules, accesses, score })
    }

    fn terms(&self) -> f64 {
        Dim::ALL.iter().map(|dim| f64::from(self.work.size[*dim])).product()
    }
}

/// The limits of one dataflow that every tiling of `work` meets or exceeds, each with the least that one needs; empty where
/// there are tilings within each of them, though perhaps not within all.
pub fn shortages(dataflow: &Dataflow, work: &Work, array: &Array) -> Vec<Shortage> {
    let all = Enumeration::new(dataflow, work, array, Objective::Edp);
    let [ks, cs, oys, oxs] = &all.factors;
    let least = |factors: &[Factors], size: fn(&Factors) -> u32| {
        factors.iter().copied().min_by_key(size).unwrap_or([1; 4])
    };
    let smallest = |size: fn(&Factors) -> u32| {
        let of = |factors| least(factors, size);
        Tiling { k: of(ks), c: of(cs), oy: of(oys), ox: of(oxs) }
    };
    let (spatial, held) = (smallest(|f| f[1]), smallest(|f| f[0]));
    // Of the output channels the buffer keeps those that it repeats as well.
    let kept = Tiling { k: least(ks, |f| f[0] * f[1] * f[2]), ..smallest(|f| f[0] * f[1]) };
    let pes = spatial.factors().iter().map(|factors| u64::from(factors[1])).product::<u64>() * all.kernel[0];
    let weights = u64::from(held.c[0]) * u64::from(held.k[0]) * all.kernel[1];
    let limits = [
        ("PEs", pes, u64::from(array.pes)),
        ("words of input register file", (dataflow.held_inputs)(work, &held), INPUT_WORDS),
        ("words of weight register file", weights, WEIGHT_WORDS),
        ("words of buffer", kept.buffer_words(work), BUFFER_WORDS),
    ];
    let short = limits.into_iter().filter(|(_, needed, limit)| needed >= limit);
    short.map(|(resource, needed, limit)| Shortage { resource, needed, limit }).collect()
}

/// A limit that no tiling stays below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// What is short.
    pub resource: &'static str,
    /// The least that a tiling needs.
    pub needed: u64,
    /// What it must stay below.
    pub limit: u64,
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shortage { resource, needed, limit } = self;
        write!(f, "needs {} {resource}, must stay below {}", grouped(needed), grouped(limit))
    }
}
