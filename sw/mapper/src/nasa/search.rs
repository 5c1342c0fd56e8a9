//! The best tiling of a layer for whatever room the buffer has. The room is what schedules differ in, so a search keeps,
//! of all tilings, those that no other one beats with fewer words of the buffer: looking for a tiling in less room is then
//! a look into a short list.

use super::accesses::Accesses;
use super::dataflow::Dataflow;
use super::energy::Unit;
use super::enumeration::Enumeration;
use super::tiling::Tiling;
use crate::energy::Objective;
use crate::work::Work;
use spec::op::Op;

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
    /// What it is compared by, as [`score`] has it.
    pub score: (f64, f64),
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
        Enumeration::new(dataflow, work, array, objective).each(|tiled| front.add(tiled));
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

/// What tilings are compared by, both to be small: the objective, and of equal ones the energy-delay product.
pub fn score(objective: Objective, cycles: u64, picojoules: f64) -> (f64, f64) {
    (objective.score(cycles, picojoules), Objective::Edp.score(cycles, picojoules))
}

#[cfg(test)]
mod tests {
    use super::super::accesses::Volumes;
    use super::super::tiling::{factorisations, window, Factors, TILED};
    use super::super::{BUFFER_WORDS, DATAFLOWS, INPUT_WORDS, PSUMS, WEIGHT_WORDS};
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
