//! The best chains of one unrolling, by branch and bound. A mapping is seven points of the lattice, each two of which
//! divide one another: for every operand the boundary of its register files and of the buffer, and the innermost
//! loops during which weights or inputs stand still. Its energy is a sum with a term for each point, and its cycles
//! are at least a sum of the same kind; so the terms of the points that are chosen, and the least that the others can
//! still have beside them, bound every mapping that goes on from here.

use super::lattice::{divides, Exponents, Lattice, Point};
use super::terms::{candidates, fixed, Candidate, POINTS, STILL, SUM_BUFFER, SUM_RF};
use super::unroll::Unrolling;
use super::{Best, Found};
use crate::energy::Objective;
use crate::space::architecture::Architecture;
use crate::space::cost::evaluate;
use crate::space::cycles::least_cycles;
use crate::space::flow::Frame;
use crate::space::layer::{Dim, Layer, Operand, DIMS};
use crate::space::mapping::{Factor, Hold, Mapping};

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

/// All that is known of an unrolling before the search.
pub struct Chains<'a> {
    architecture: &'a Architecture,
    layer: &'a Layer,
    unrolling: &'a Unrolling,
    lattice: Lattice,
    /// Candidates for each of the points, the cheapest first.
    candidates: [Vec<Candidate>; POINTS],
    /// Picojoules that every mapping has.
    fixed: f64,
    frame: Frame<'a>,
    /// The least of each point's terms.
    least: [Candidate; POINTS],
}

impl<'a> Chains<'a> {
    /// The candidates of `unrolling`; none where some operand fits nowhere.
    pub fn new(
        architecture: &'a Architecture,
        layer: &'a Layer,
        unrolling: &'a Unrolling,
    ) -> Option<Chains<'a>> {
        let lattice = Lattice::new(&unrolling.temporal);
        let frame = Frame::new(architecture, layer, &unrolling.temporal);
        let candidates = candidates(&frame, unrolling, &lattice);
        let mut least = [None; POINTS];
        for (least, list) in least.iter_mut().zip(&candidates) {
            let min = |what: fn(&Candidate) -> f64| list.iter().map(what).fold(f64::INFINITY, f64::min);
            let first = list.first()?;
            let words = [min(|c| c.words[0]), min(|c| c.words[1]), min(|c| c.words[2])];
            let (outer, inner) = (min(|c| c.outer), min(|c| c.inner));
            *least = Some(Candidate { outer, inner, words, ..*first });
        }
        let least = least.map(|least| least.unwrap_or(candidates[STILL][0]));
        let fixed = fixed(architecture, layer);
        Some(Chains { architecture, layer, unrolling, lattice, candidates, fixed, frame, least })
    }

    /// No mapping of this unrolling scores less.
    pub fn bound(&self, objective: Objective) -> f64 {
        self.root().bound(self, objective)
    }

    /// Whether factors were multiplied together.
    pub fn is_merged(&self) -> bool {
        self.lattice.merged
    }

    /// Branches that could have been visited while the candidates were found.
    pub fn effort(&self) -> u64 {
        self.lattice.points.len() as u64 / 16
    }

    /// Looks for mappings that score less than those of `best`, until `budget` branches were visited; what was bounded
    /// away or left is noted in `best`.
    pub fn search(&self, objective: Objective, budget: u64, best: &mut Best) {
        let mut walk = Walk { chains: self, objective, budget, best };
        walk.visit(0, &self.root());
    }

    /// Looks for a good mapping to begin with: of each depth only the most promising branches are followed.
    pub fn dive(&self, objective: Objective, best: &mut Best) {
        let mut walk = Walk { chains: self, objective, budget: u64::MAX, best };
        let mut beam = vec![self.root()];
        for depth in 0..POINTS {
            let mut next: Vec<(f64, Node)> =
                beam.iter().flat_map(|node| walk.branches(depth, node)).collect();
            next.sort_by(|a, b| a.0.total_cmp(&b.0));
            next.truncate(BEAM);
            beam = next.into_iter().map(|(_, node)| node).collect();
        }
        beam.iter().for_each(|node| walk.leaf(node));
    }

    fn root(&self) -> Node {
        Node { least: self.least, from: [0; POINTS], energy: self.fixed, bits: 0.0 }
    }

    /// No mapping of these seven points scores less, in whatever order its loops come.
    fn leaf_bound(&self, node: &Node, objective: Objective) -> f64 {
        let point = |index: usize| &self.lattice.points[node.least[index].point as usize];
        let flows = Operand::ALL.map(|operand| {
            let (buffer, registers) = (point(operand as usize), point(3 + operand as usize));
            [
                self.frame.registers(operand, &registers.extents, registers.steps),
                self.frame.buffer(operand, &buffer.extents, buffer.steps),
            ]
        });
        let [dram, reads, writes] = node.words();
        let cycles = least_cycles(&self.frame, &flows, [reads, writes, dram]);
        objective.score(cycles as u64, node.picojoules())
    }

    /// The mapping of seven points that form a chain. The loops between two of them come in the given `order`.
    fn mapping(&self, chosen: &[Candidate; POINTS], order: &[usize; DIMS]) -> Mapping {
        let point = |index: usize| &self.lattice.points[chosen[index].point as usize];
        let last = &self.lattice.points[self.lattice.points.len() - 1];
        let mut chain: Vec<&Point> = (0..POINTS).map(point).chain([last]).collect();
        chain.sort_by(|a, b| a.steps.total_cmp(&b.steps));
        let (mut loops, mut below) = (Vec::with_capacity(12), [1.0; DIMS]);
        let mut reach = [0; POINTS];
        for to in chain {
            for &i in order {
                let count = (to.extents[i] / below[i]) as u32;
                if count > 1 {
                    loops.push(Factor { dim: Dim::ALL[i], count });
                }
            }
            below = to.extents;
            let here = |index: &usize| chosen[*index].exponents == to.exponents;
            (0..POINTS).filter(here).for_each(|index| reach[index] = loops.len());
        }
        let hold = [0, 1, 2].map(|i| Hold { rf: reach[3 + i], buffer: reach[i] });
        let Unrolling { rows, cols, .. } = self.unrolling;
        Mapping { layer: *self.layer, rows: rows.clone(), cols: cols.clone(), loops, hold }
    }
}

/// How far a branch has come.
#[derive(Clone, Copy)]
struct Node {
    /// For each point what was chosen, or the least that is still possible.
    least: [Candidate; POINTS],
    /// For each point the first candidate that goes with what was chosen.
    from: [usize; POINTS],
    /// Picojoules of what every mapping has.
    energy: f64,
    /// Bits of the buffer that are taken.
    bits: f64,
}

impl Node {
    fn with_energy(&self, index: usize, energy: f64) -> Node {
        let mut node = *self;
        node.least[index].energy = energy;
        node
    }

    fn bound(&self, chains: &Chains<'_>, objective: Objective) -> f64 {
        let outer: f64 = (0..3).map(|i| self.least[i].outer.max(self.least[3 + i].outer)).sum();
        let [input, weight, sum] = [3, 4, 5].map(|index| self.least[index].inner);
        // Inputs and weights come over one port, and one of them last.
        let cycles = chains.frame.steps + outer + input.min(weight) + sum;
        let cycles = self.words().into_iter().fold(cycles, f64::max);
        objective.score(cycles as u64, self.picojoules())
    }

    fn picojoules(&self) -> f64 {
        self.energy + self.least.iter().map(|least| least.energy).sum::<f64>()
    }

    /// Words through the port of DRAM, the read port of the buffer and its write port.
    fn words(&self) -> [f64; 3] {
        [0, 1, 2].map(|port| self.least.iter().map(|least| least.words[port]).sum())
    }
}

/// Branches of each depth that a dive follows, and the most that one branch sends there.
const BEAM: usize = 24;
const FAN: usize = 16;

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
