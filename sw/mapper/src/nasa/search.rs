//! Every tiling of a layer, and the best one for whatever room the buffer has. The room is what schedules differ in,
//! so a search keeps, of all tilings, those that no other one beats with fewer words of the buffer: looking for a tiling in
//! less room is then a look into a short list.
//!
//! Limits cut the enumeration as soon as the factors that they speak of are chosen. All of them are strict: PEs, words of
//! the register files and of the buffer; only the partial sums of a PE may reach theirs.

use super::accesses::{Accesses, Volumes};
use super::dataflow::Dataflow;
use super::energy::Unit;
use super::tiling::{factorisations, Factors, Tiling, TILED};
use super::{BUFFER_WORDS, INPUT_WORDS, PSUMS, WEIGHT_WORDS};
use crate::energy::Objective;
use crate::work::{Dim, Work};
use spec::error::grouped;
use spec::op::Op;
use std::fmt;

/// An array, as this model knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Array {
    /// What its PEs compute.
    pub op: Op,
    /// Number of PEs; a tiling uses fewer.
    pub pes: u32,
    /// Energies of its terms and words.
    pub unit: Unit,
}

/// A tiling and what it costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tiled {
    /// The tiling.
    pub tiling: Tiling,
    /// Words of the buffer that it takes.
    pub words: u64,
    /// Cycles.
    pub cycles: u64,
    /// Picojoules.
    pub picojoules: f64,
    /// Words at every level.
    pub accesses: Accesses,
    score: (f64, f64),
}

/// The tilings worth having, from the fewest words of the buffer to the best score.
#[derive(Clone, Debug, Default)]
pub struct Front {
    tilings: Vec<Tiled>,
    /// Tilings within all limits.
    pub evaluations: u64,
}

impl Front {
    /// All tilings of `work`, a layer of one group, on `array`.
    pub fn search(dataflow: &Dataflow, work: &Work, array: &Array, objective: Objective) -> Front {
        let mut front = Front::default();
        let space = Space::new(dataflow, work, array, objective);
        space.each(|tiled| front.add(tiled));
        front
    }

    /// The best tiling that takes fewer than `room` words; of equal ones the one with the fewest.
    pub fn within(&self, room: u64) -> Option<&Tiled> {
        let fitting = self.tilings.partition_point(|tiled| tiled.words < room);
        self.tilings[..fitting].last()
    }

    /// The fewest words that any tiling takes.
    pub fn least(&self) -> Option<u64> {
        self.tilings.first().map(|tiled| tiled.words)
    }

    fn add(&mut self, tiled: Tiled) {
        self.evaluations += 1;
        let at = self.tilings.partition_point(|other| other.words <= tiled.words);
        if self.tilings[..at].last().is_some_and(|other| other.score <= tiled.score) {
            return;
        }
        // Tilings with as many words or more are of use only if they are better than this one.
        let from = self.tilings.partition_point(|other| other.words < tiled.words);
        let to = from + self.tilings[from..].partition_point(|other| other.score >= tiled.score);
        self.tilings.splice(from..to, [tiled]);
    }
}

/// The limits of one dataflow that every tiling of `work` meets or exceeds, each with the least that one needs; empty where
/// there are tilings within each of them, though perhaps not within all.
pub fn shortages(dataflow: &Dataflow, work: &Work, array: &Array) -> Vec<Shortage> {
    let space = Space::new(dataflow, work, array, Objective::Edp);
    let [ks, cs, oys, oxs] = &space.factors;
    let least = |factors: &[Factors], size: fn(&Factors) -> u32| factors.iter().copied().min_by_key(size);
    let products: [fn(&Factors) -> u32; 3] = [|f| f[1], |f| f[0], |f| f[0] * f[1] * f[2]];
    let smallest = |product: fn(&Factors) -> u32| {
        let of = |factors: &[Factors]| least(factors, product).unwrap_or([1; 4]);
        Tiling { k: of(ks), c: of(cs), oy: of(oys), ox: of(oxs) }
    };
    let [spatial, held, kept] = products.map(smallest);
    let pes =
        spatial.factors().iter().map(|factors| u64::from(factors[1])).product::<u64>() * space.kernel[0];
    let weights = u64::from(held.c[0]) * u64::from(held.k[0]) * space.kernel[1];
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

/// What tilings are compared by, both to be small: the objective, and of equal ones the energy-delay product.
pub fn score(objective: Objective, cycles: u64, picojoules: f64) -> (f64, f64) {
    (objective.score(cycles, picojoules), Objective::Edp.score(cycles, picojoules))
}

/// The tilings of one layer in one dataflow.
struct Space<'a> {
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

impl<'a> Space<'a> {
    fn new(dataflow: &'a Dataflow, work: &'a Work, array: &'a Array, objective: Objective) -> Space<'a> {
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
        Space { dataflow, work, array, objective, volumes: Volumes::new(dataflow, work), factors, kernel }
    }

    /// Calls `visit` with every tiling within the limits.
    fn each(&self, mut visit: impl FnMut(Tiled)) {
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

#[cfg(test)]
mod tests {
    use super::super::tiling::window;
    use super::super::DATAFLOWS;
    use super::*;
    use crate::work::Sizes;

    /// All limits at once, of a tiling that nothing was cut from, in the words of the paper.
    fn is_legal(dataflow: &Dataflow, work: &Work, tiling: &Tiling, pes: u32) -> bool {
        let [on_array, in_pe] = dataflow.kernel(work).map(u64::from);
        let product =
            |level: usize| -> u64 { tiling.factors().iter().map(|f| u64::from(f[level])).product() };
        let divided = |(dim, level): &(usize, usize)| tiling.factors()[*dim][*level] != 1;
        product(1) * on_array < u64::from(pes)
            && tiling.k[0] <= PSUMS
            && u64::from(tiling.c[0]) * u64::from(tiling.k[0]) * in_pe < WEIGHT_WORDS
            && (dataflow.held_inputs)(work, tiling) < INPUT_WORDS
            && dataflow.divided.iter().all(divided)
    }

    #[test]
    fn nothing_better_is_missed_in_any_room() {
        let size = Sizes([1, 24, 12, 8, 6, 3, 3]);
        let work = Work { size, stride: [1; 2], padding: [0; 2], input: [8, 6], residual: false };
        let array = Array { op: Op::Shift, pes: 60, unit: Unit::of(Op::Shift, 6).expect("a width") };
        for dataflow in &DATAFLOWS {
            let front = Front::search(dataflow, &work, &array, Objective::Edp);
            let volumes = Volumes::new(dataflow, &work);
            let all = |i: usize| factorisations(work.size[TILED[i]], dataflow.levels[i]);
            let [ks, cs, oys, oxs] = [0, 1, 2, 3].map(all);
            let mut legal = Vec::new();
            for (k, c) in ks.iter().flat_map(|k| cs.iter().map(move |c| (*k, *c))) {
                for (oy, ox) in oys.iter().flat_map(|oy| oxs.iter().map(move |ox| (*oy, *ox))) {
                    let tiling = Tiling { k, c, oy, ox };
                    if is_legal(dataflow, &work, &tiling, array.pes) {
                        let [_, in_pe] = dataflow.kernel(&work).map(f64::from);
                        let outside = |f: &Factors| f64::from(f[0] * f[2] * f[3]);
                        let cycles = tiling.factors().iter().map(outside).product::<f64>() * in_pe;
                        let energy = array.unit.picojoules(work.macs() as f64, &volumes.accesses(&tiling));
                        legal.push((tiling.buffer_words(&work), cycles * energy));
                    }
                }
            }
            assert_eq!(front.evaluations, legal.len() as u64, "{}", dataflow.name);
            for room in [0, 100, 200, 400, 800, 1600, BUFFER_WORDS] {
                let fitting = legal.iter().filter(|(words, _)| *words < room);
                let least = fitting.map(|(_, edp)| *edp).min_by(f64::total_cmp);
                let found = front.within(room).map(|tiled| tiled.cycles as f64 * tiled.picojoules);
                let same = match (least, found) {
                    (Some(least), Some(found)) => (least - found).abs() <= 1e-9 * least,
                    (least, found) => least.is_none() && found.is_none(),
                };
                assert!(same, "{} in {room}: {found:?}, not {least:?}", dataflow.name);
            }
        }
        assert_eq!(window(&work, [2, 3]), [4, 5]);
    }
}
