//! Finds the best mappings of the whole space, and proves how much better any could be: all unrollings, the loops in
//! full prime factors, all boundaries. Unrollings come in the order of their bounds, some at a time in parallel; each
//! is searched by branch and bound ([`walk`]), and what is bounded away, or left when the budget is spent, goes into
//! the bound that is proven at the end. There is no chance in it: the same layer gives the same mappings on any number
//! of cores.
//!
//! * [`unroll`]: all unrollings.
//! * [`lattice`]: how far the loops below a boundary have come.
//! * [`terms`]: what each boundary adds to energy and cycles.
//! * [`chain`]: a mapping as the points of its boundaries.
//! * [`walk`]: branch and bound over them.
//! * [`best`]: the best so far, and what bounds the rest.

pub mod best;
pub mod chain;
pub mod lattice;
pub mod terms;
pub mod unroll;
pub mod walk;

pub use best::Found;

use super::architecture::Architecture;
use super::check::faults;
use super::cost::evaluate;
use super::layer::{Dim, Layer};
use super::mapping::{Factor, Hold, Mapping};
use crate::energy::Objective;
use best::Best;
use chain::Chains;
use rayon::prelude::*;
use unroll::{unrollings, Unrolling, Unrollings};

/// What is looked for, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// What is to be small.
    pub objective: Objective,
    /// Mappings to keep, at least one.
    pub keep: usize,
    /// What is better by less than this share is not looked for.
    pub tolerance: f64,
    /// Branches to visit in all; the best so far is the answer when they are used up.
    pub budget: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options { objective: Objective::Edp, keep: 1, tolerance: 0.001, budget: 2_000_000 }
    }
}

/// What a search has found.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The best mappings, the best first; at least one.
    pub found: Vec<Found>,
    /// No mapping scores less than this.
    pub bound: f64,
    /// Mappings that were scored.
    pub evaluations: u64,
    /// Branches that were visited.
    pub visited: u64,
    /// What was not searched, all of it above the bound.
    pub left_out: LeftOut,
}

/// Parts of the space that are too large to be searched. What is known of them is only that every step and every
/// compulsory access counts, so they weaken the bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Unrollings: an axis has too many, and only those that leave no room for more PEs were searched.
    pub unrollings: bool,
    /// Loops in full prime factors: of some unrollings they have too many orders, and some factors were merged.
    pub factors: bool,
}

/// Unrollings whose bounds are found together, and those that are searched together: the more, the less does one
/// profit from what another found.
const BOUNDED: usize = 256;
const SEARCHED: usize = 8;

/// An unrolling behind its bound and whether factors were merged, and the branches that finding these was worth.
type Bounded<'a> = (f64, bool, &'a Unrolling, u64);

/// The best mappings of `layer` on `architecture`; none where not even one element of each operand fits.
pub fn search(architecture: &Architecture, layer: &Layer, options: &Options) -> Option<Outcome> {
    let Options { objective, budget, .. } = *options;
    let Unrollings { all, thinned } = unrollings(architecture, layer);
    let least = terms::compulsory(architecture, layer);
    let cheapest = |unrolling: &Unrolling| objective.score(unrolling.steps(), least);
    let mut best = Best::new(options);
    let mut left_out = LeftOut { unrollings: thinned, factors: false };
    if thinned {
        best.leave(cheapest(&all[0]));
    }
    for together in all.chunks(BOUNDED) {
        // Steps, and so these bounds, only grow.
        if best.bounds_away(cheapest(&together[0])) {
            break;
        }
        if best.visited >= budget {
            best.leave(cheapest(&together[0]));
            break;
        }
        let bounded = |unrolling| {
            let chains = Chains::new(architecture, layer, unrolling)?;
            Some((chains.bound(objective), chains.is_merged(), unrolling, chains.effort()))
        };
        let mut bounds: Vec<Bounded<'_>> = together.par_iter().filter_map(bounded).collect();
        bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, _, unrolling, _) in bounds.iter().filter(|(_, merged, ..)| *merged) {
            left_out.factors = true;
            best.leave(cheapest(unrolling));
        }
        best.visited += bounds.iter().map(|(.., effort)| effort).sum::<u64>();
        let dive = |chains: &Chains<'_>, mine: &mut Best| walk::dive(chains, objective, mine);
        for some in bounds.chunks(SEARCHED) {
            together_in(architecture, layer, some, &mut best, dive);
        }
        for some in bounds.chunks(SEARCHED) {
            // A share of what is left of the budget, so that no unrolling takes it all.
            let share = budget.saturating_sub(best.visited) / 8;
            let walk = |chains: &Chains<'_>, mine: &mut Best| walk::search(chains, objective, share, mine);
            together_in(architecture, layer, some, &mut best, walk);
        }
    }
    if best.found.is_empty() {
        all.iter().filter_map(|unrolling| smallest(architecture, layer, unrolling)).for_each(|mapping| {
            let cost = evaluate(architecture, &mapping);
            let score = objective.score(cost.cycles as u64, cost.picojoules());
            best.evaluations += 1;
            best.offer(Found { mapping, cost, score });
        });
    }
    let Best { found, left, evaluations, visited, .. } = best;
    let bound = found.first()?.score.min(left);
    Some(Outcome { found, bound, evaluations, visited, left_out })
}

/// The mapping of `unrolling` with the smallest tiles there are, where it is legal: the answer where the budget ends
/// before anything is found. Sums stay until they are finished, for then they are narrow.
fn smallest(architecture: &Architecture, layer: &Layer, unrolling: &Unrolling) -> Option<Mapping> {
    let loops = |reduction: bool| {
        let mine = Dim::ALL.into_iter().filter(move |dim| dim.is_reduction() == reduction);
        let all = mine.map(|dim| Factor { dim, count: unrolling.temporal[dim.index()] });
        all.filter(|factor| factor.count > 1).collect::<Vec<_>>()
    };
    let (mut inside, outside) = (loops(true), loops(false));
    let sums = Hold { rf: inside.len(), buffer: inside.len() };
    inside.extend(outside);
    let Unrolling { rows, cols, .. } = unrolling.clone();
    let hold = [Hold::default(), Hold::default(), sums];
    let mapping = Mapping { layer: *layer, rows, cols, loops: inside, hold };
    faults(&mapping, architecture).is_empty().then_some(mapping)
}

/// Searches `some` unrollings in parallel, all with the same limit, so that the answer does not depend on which of them
/// is done first.
fn together_in(
    architecture: &Architecture,
    layer: &Layer,
    some: &[Bounded<'_>],
    best: &mut Best,
    look: impl Fn(&Chains<'_>, &mut Best) + Sync,
) {
    let open: Vec<&Unrolling> = some
        .iter()
        .filter(|(bound, ..)| !best.bounds_away(*bound))
        .map(|(_, _, unrolling, _)| *unrolling)
        .collect();
    let each = |unrolling: &&Unrolling| {
        let mut mine = best.anew();
        if let Some(chains) = Chains::new(architecture, layer, unrolling) {
            look(&chains, &mut mine);
        }
        mine
    };
    let all: Vec<Best> = open.par_iter().map(each).collect();
    all.into_iter().for_each(|mine| best.merge(mine));
}
