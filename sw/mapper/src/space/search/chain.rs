//! Mappings of one unrolling as chains. A mapping is seven points of the lattice, each two of which
//! divide one another: for every operand the boundary of its register files and of the buffer, and the innermost
//! loops during which weights or inputs stand still. Its energy is a sum with a term for each point, and its cycles
//! are at least a sum of the same kind; so the terms of the points that are chosen, and the least that the others can
//! still have beside them, bound every mapping that goes on from here.

use super::lattice::{Lattice, Point};
use super::terms::{candidates, fixed, Candidate, POINTS, STILL};
use super::unroll::Unrolling;
use crate::energy::Objective;
use crate::space::architecture::Architecture;
use crate::space::cycles::least_cycles;
use crate::space::flow::Frame;
use crate::space::layer::{Dim, Layer, Operand, DIMS};
use crate::space::mapping::{Factor, Hold, Mapping};

/// All that is known of an unrolling before the search.
pub struct Chains<'a> {
    /// The memories.
    pub(super) architecture: &'a Architecture,
    layer: &'a Layer,
    unrolling: &'a Unrolling,
    lattice: Lattice,
    /// Candidates for each of the points, the cheapest first.
    pub(super) candidates: [Vec<Candidate>; POINTS],
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

    /// Where nothing is chosen yet.
    pub(super) fn root(&self) -> Node {
        Node { least: self.least, from: [0; POINTS], energy: self.fixed, bits: 0.0 }
    }

    /// No mapping of these seven points scores less, in whatever order its loops come.
    pub(super) fn leaf_bound(&self, node: &Node, objective: Objective) -> f64 {
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
    pub(super) fn mapping(&self, chosen: &[Candidate; POINTS], order: &[usize; DIMS]) -> Mapping {
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
pub(super) struct Node {
    /// For each point what was chosen, or the least that is still possible.
    pub(super) least: [Candidate; POINTS],
    /// For each point the first candidate that goes with what was chosen.
    pub(super) from: [usize; POINTS],
    /// Picojoules of what every mapping has.
    pub(super) energy: f64,
    /// Bits of the buffer that are taken.
    pub(super) bits: f64,
}

impl Node {
    /// The same with other `energy` for point `index`.
    pub(super) fn with_energy(&self, index: usize, energy: f64) -> Node {
        let mut node = *self;
        node.least[index].energy = energy;
        node
    }

    /// No mapping that goes on from here scores less.
    pub(super) fn bound(&self, chains: &Chains<'_>, objective: Objective) -> f64 {
        let outer: f64 = (0..3).map(|i| self.least[i].outer.max(self.least[3 + i].outer)).sum();
        let [input, weight, sum] = [3, 4, 5].map(|index| self.least[index].inner);
        // Inputs and weights come over one port, and one of them last.
        let cycles = chains.frame.steps + outer + input.min(weight) + sum;
        let cycles = self.words().into_iter().fold(cycles, f64::max);
        objective.score(cycles as u64, self.picojoules())
    }

    /// Picojoules at least.
    pub(super) fn picojoules(&self) -> f64 {
        self.energy + self.least.iter().map(|least| least.energy).sum::<f64>()
    }

    /// Words through the port of DRAM, the read port of the buffer and its write port.
    pub(super) fn words(&self) -> [f64; 3] {
        [0, 1, 2].map(|port| self.least.iter().map(|least| least.words[port]).sum())
    }
}
