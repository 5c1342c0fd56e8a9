//! Branch and bound over the chains of one unrolling: point after point is chosen, and what cannot be better than the
//! best so far is bounded away.

use super::best::{Best, Found};
use super::chain::{Chains, Node};
use super::lattice::{divides, Exponents};
use super::terms::{Candidate, POINTS, STILL, SUM_BUFFER, SUM_RF};
use crate::energy::Objective;
use crate::space::cost::evaluate;
use crate::space::layer::DIMS;

/// What is decided first: register files before the buffer, for small tiles say more about what goes with them.
const ORDER: [usize; POINTS] = [5, 4, 3, STILL, 2, 1, 0];

/// Orders of the loops between two points that are tried, from the inside to the outside, by the place in [`Dim::ALL`]:
/// as they are written, backwards, and for inputs, weights and sums those that leave the operand as it is innermost,
/// which makes the window for the next tile long.
const LOOPS: [[usize; DIMS]; 5] = [
    [0, 1, 2, 3, 4, 5, 6, 7],
    [7, 6, 5, 4, 3, 2, 1, 0],
    [2, 7, 6, 5, 4, 3, 1, 0],
    [0, 5, 4, 7, 6, 3, 2, 1],
    [7, 6, 3, 5, 4, 2, 1, 0],
];

/// Branches of each depth that a dive follows, and the most that one branch sends there.
const BEAM: usize = 24;
const FAN: usize = 16;

/// Looks for mappings of `chains` that score less than those of `best`, until `budget` branches were visited; what was bounded
/// away or left is noted in `best`.
pub fn search(chains: &Chains<'_>, objective: Objective, budget: u64, best: &mut Best) {
    let mut walk = Walk { chains, objective, budget, best };
    walk.visit(0, &chains.root());
}

/// Looks for a good mapping to begin with: of each depth only the most promising branches are followed.
pub fn dive(chains: &Chains<'_>, objective: Objective, best: &mut Best) {
    let mut walk = Walk { chains, objective, budget: u64::MAX, best };
    let mut beam = vec![chains.root()];
    for depth in 0..POINTS {
        let mut next: Vec<(f64, Node)> = beam.iter().flat_map(|node| walk.branches(depth, node)).collect();
        next.sort_by(|a, b| a.0.total_cmp(&b.0));
        next.truncate(BEAM);
        beam = next.into_iter().map(|(_, node)| node).collect();
    }
    beam.iter().for_each(|node| walk.leaf(node));
}

struct Walk<'a, 'b> {
    chains: &'a Chains<'a>,
    objective: Objective,
    budget: u64,
    best: &'b mut Best,
}

impl Walk<'_, '_> {
    /// Everything that goes on from `node`, where the first `depth` points of the order are chosen.
    fn visit(&mut self, depth: usize, node: &Node) {
        let Some(index) = ORDER.get(depth).copied() else {
            self.leaf(node);
            return;
        };
        for candidate in &self.chains.candidates[index][node.from[index]..] {
            let cheaper = node.with_energy(index, candidate.energy).bound(self.chains, self.objective);
            // Candidates come in the order of their energies, so this holds for all that follow.
            if self.best.bounds_away(cheaper) {
                return;
            }
            if self.best.visited >= self.budget {
                self.best.leave(cheaper);
                return;
            }
            let Some(next) = self.branch(depth, index, node, candidate) else { continue };
            if !self.best.bounds_away(next.bound(self.chains, self.objective)) {
                self.visit(depth + 1, &next);
            }
        }
    }

    /// The cheapest branches from `node`, with their bounds.
    fn branches(&mut self, depth: usize, node: &Node) -> Vec<(f64, Node)> {
        let (chains, objective, index) = (self.chains, self.objective, ORDER[depth]);
        let candidates = &chains.candidates[index][node.from[index]..];
        let next = candidates.iter().filter_map(|candidate| self.branch(depth, index, node, candidate));
        next.take(FAN).map(|next| (next.bound(chains, objective), next)).collect()
    }

    /// The branch that chooses `candidate` for point `index`; none where it forms no chain, does not fit, or leaves
    /// nothing for another point.
    fn branch(&mut self, depth: usize, index: usize, node: &Node, candidate: &Candidate) -> Option<Node> {
        if !goes(&ORDER[..depth], &node.least, index, candidate) {
            return None;
        }
        let mut next = *node;
        next.bits += candidate.bits * self.widening(index, node);
        if next.bits > self.chains.architecture.buffer_bits as f64 {
            return None;
        }
        self.best.visited += 1;
        next.least[index] = *candidate;
        // The least that goes with the chosen ones, for every other point.
        for other in &ORDER[depth + 1..] {
            let list = &self.chains.candidates[*other][next.from[*other]..];
            let found = list.iter().position(|least| goes(&ORDER[..=depth], &next.least, *other, least))?;
            next.from[*other] += found;
            next.least[*other].energy = list[found].energy;
        }
        Some(next)
    }

    /// How much wider than finished what point `index` puts into the buffer is: sums that come unfinished, which is
    /// decided at their register files, and so before.
    fn widening(&self, index: usize, node: &Node) -> f64 {
        let architecture = self.chains.architecture;
        if index == SUM_BUFFER && !node.least[SUM_RF].finished {
            f64::from(architecture.bits[SUM_BUFFER]) / f64::from(architecture.output_bits)
        } else {
            1.0
        }
    }

    /// Scores some orders of the loops between the points. Cycles depend on that order too, so what no order takes less
    /// than is left for the proof.
    fn leaf(&mut self, node: &Node) {
        let bound = self.chains.leaf_bound(node, self.objective);
        self.best.leave(bound);
        if bound >= self.best.limit() {
            return;
        }
        for order in &LOOPS {
            let mapping = self.chains.mapping(&node.least, order);
            let cost = evaluate(self.chains.architecture, &mapping);
            let score = self.objective.score(cost.cycles as u64, cost.picojoules());
            self.best.evaluations += 1;
            self.best.offer(Found { mapping, cost, score });
        }
    }
}

/// Whether a candidate for point `index` forms a chain with the points that are `decided`.
#[inline]
fn goes(decided: &[usize], chosen: &[Candidate; POINTS], index: usize, candidate: &Candidate) -> bool {
    decided.iter().all(|other| pair(index, candidate.exponents, *other, chosen[*other].exponents))
}

/// Whether two points may be in one chain: one divides the other, a tile of register files that of its buffer.
#[inline]
fn pair(a: usize, points_a: Exponents, b: usize, points_b: Exponents) -> bool {
    if a + 3 == b && b != STILL {
        return divides(points_b, points_a);
    }
    if b + 3 == a && a != STILL {
        return divides(points_a, points_b);
    }
    divides(points_a, points_b) || divides(points_b, points_a)
}
