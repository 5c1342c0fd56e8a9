//! The mappings of one dataflow: every tiling of the partial sums, loop order and level of each operand that the register
//! files allow, ranked by the closed form; the best few are timed tile by tile, and counted step by step where energy
//! matters.

use super::Found;
use crate::cost::{closed_form, Cost};
use crate::cut::{Cut, Dram, Transfers};
use crate::energy::{self, Objective};
use crate::exec;
use crate::mapping::{Hold, Loop, Mapping, MOST_ROLLING};
use crate::nests;
use crate::orders;
use crate::stationary::Stationary;
use crate::tiling::{Capacity, Footprint, Shortage};
use crate::work::{Dim, Work};
use spec::accelerator::{Accelerator, Chunk};
use spec::op::ACC_BITS;

/// Mappings that are timed tile by tile.
const FINALISTS: usize = 8;

/// The mappings of one dataflow, cut in one way.
pub(super) struct Space<'a> {
    accelerator: &'a Accelerator,
    chunk: &'a Chunk,
    work: &'a Work,
    cut: Cut,
    transfers: Transfers,
    fixed: Option<Stationary>,
}

impl<'a> Space<'a> {
    /// Those of `cut`.
    pub fn new(
        accelerator: &'a Accelerator,
        chunk: &'a Chunk,
        work: &'a Work,
        cut: Cut,
        capacity: &Capacity,
        fixed: Option<Stationary>,
    ) -> Space<'a> {
        let (line_bytes, post_lanes) = (accelerator.buffer.line_bytes, chunk.post_lanes);
        let transfers = cut.transfers(
            &Footprint { work, unroll: &cut.unroll, line_bytes, post_lanes },
            capacity,
            Dram::of(accelerator),
        );
        Space { accelerator, chunk, work, cut, transfers, fixed }
    }

    /// Cycles that no mapping of this cut does without: its compute steps, and about what they wait for.
    pub fn least_cycles(&self) -> u64 {
        let rounds = |dim: Dim| u64::from(self.work.size[dim].div_ceil(self.cut.unroll.size(dim)));
        self.total(Dim::ALL.into_iter().map(rounds).product())
    }

    /// Cycles of all parts that compute for so many.
    fn total(&self, computing: u64) -> u64 {
        self.transfers.cycles(computing)
    }

    pub fn best(&self, objective: Objective) -> Result<Found, Shortage> {
        let mut ranked = self.ranked();
        match objective {
            Objective::Latency => ranked.sort_by_key(|(cost, _)| *cost),
            // Beats stand for the energy that mappings differ in: every one crosses buffer, NoC and register files.
            Objective::Energy => ranked.sort_by_key(|(cost, _)| (cost.beats, cost.cycles)),
            Objective::Edp => {
                ranked.sort_by(|(a, _), (b, _)| self.product(a).total_cmp(&self.product(b)));
            }
        }
        if ranked.is_empty() {
            return Err(self.no_order());
        }
        let evaluations = ranked.len() as u64;
        let (mut best, mut timed, mut deepest) = (None::<Found>, 0, usize::MAX);
        for (cost, mapping) in ranked {
            let engine = nests::engine(&mapping);
            let depth = engine.nests.iter().map(|nest| nest.levels.len()).max().unwrap_or(0);
            deepest = deepest.min(depth);
            if depth > self.accelerator.nest_depth as usize {
                continue;
            }
            let cycles = exec::cycles(self.accelerator, self.chunk, &engine.nests, &engine.registers);
            let parts = self.cut.parts();
            let energy = match objective {
                Objective::Latency => 0.0,
                _ => {
                    let of_exec = energy::of_exec(self.accelerator, self.chunk, &mapping);
                    parts as f64 * of_exec + energy::of_bytes(self.accelerator, self.transfers.again)
                }
            };
            let found = Found { mapping, cycles, evaluations, total: self.total(cycles * parts), energy };
            if best.as_ref().is_none_or(|best| found.score(objective) < best.score(objective)) {
                best = Some(found);
            }
            timed += 1;
            let hopeless = |best: &Found| objective == Objective::Latency && best.cycles < cost.cycles;
            if timed == FINALISTS || best.as_ref().is_some_and(hopeless) {
                break;
            }
        }
        best.ok_or_else(|| Shortage {
            resource: "nest_depth",
            needed: deepest as u64,
            available: self.accelerator.nest_depth.into(),
            unit: "levels",
            part: "the flattest mapping".to_string(),
        })
    }

    /// What a fixed dataflow lacks where no order of loops keeps what it has to keep.
    fn no_order(&self) -> Shortage {
        Shortage {
            resource: "the fixed dataflow",
            needed: 1,
            available: 0,
            unit: "orders of loops",
            part: "this layer".to_string(),
        }
    }

    /// The closed form's energy-delay product: the energy of terms, which all mappings spend, and of beats.
    fn product(&self, cost: &Cost) -> f64 {
        let unit = &self.accelerator.energy;
        let bits = f64::from(8 * self.cut.unroll.beats.weights);
        let beat = bits * (unit.buffer_bit + unit.noc_bit + unit.rf_bit);
        let term = unit.op[self.chunk.op as usize] + f64::from(2 * ACC_BITS + 16) * unit.rf_bit;
        let terms: f64 = self.cut.tile.0.iter().map(|size| f64::from(*size)).product();
        cost.cycles as f64 * (cost.beats as f64 * beat + terms * term)
    }

    /// Every candidate with its closed form.
    fn ranked(&self) -> Vec<(Cost, Mapping)> {
        let mut ranked = Vec::new();
        let rounds = |dim: Dim| self.cut.tile[dim].div_ceil(self.cut.unroll.size(dim));
        for (loops, held) in orders::all(&rounds, self.chunk.psum_rf) {
            for x in self.levels(&loops, Dim::moves_input) {
                for w in self.levels(&loops, Dim::moves_weight) {
                    // Of mappings that only bring their inputs in another way one is enough.
                    let ways = [(false, false), (true, false), (false, true), (true, true)];
                    let ways = ways
                        .into_iter()
                        .filter_map(|(rolls, clears)| self.candidate(&loops, held, [x, w], rolls, clears));
                    ranked.extend(ways.min_by_key(|(cost, _)| *cost));
                }
            }
        }
        ranked
    }

    /// Levels that an operand may be held at: not below a loop that reuses the very same tile.
    fn levels(&self, loops: &[Loop], moves: impl Fn(Dim) -> bool) -> Vec<usize> {
        (0..=loops.len()).filter(|level| loops.get(*level).is_none_or(|l| moves(l.dim))).collect()
    }

    fn candidate(
        &self,
        loops: &[Loop],
        held: usize,
        [x, w]: [usize; 2],
        rolls: bool,
        clears: bool,
    ) -> Option<(Cost, Mapping)> {
        let Cut { unroll, tile, outer, buffer } = self.cut.clone();
        let hold = |level, operand: usize| Hold { level, slots: 1, buffer: buffer[operand] };
        let mut mapping = Mapping {
            unroll,
            layer: *self.work,
            tile,
            outer,
            loops: loops.to_vec(),
            x: hold(x, 0),
            w: hold(w, 1),
            a: hold(held, 2),
            rolls,
            clears,
        };
        let block = mapping.below(Dim::OX, x);
        if block > 1 && mapping.why_no_block().is_none() {
            mapping.unroll.block = block;
        }
        if rolls && (mapping.why_not_rolling().is_some() || mapping.x_more() >= MOST_ROLLING) {
            return None;
        }
        if clears && mapping.why_not_clearing().is_some() {
            return None;
        }
        mapping.x.slots = slots(self.chunk.input_rf, mapping.x_tile())?;
        if clears {
            // No more than are cleared while bounds are loaded, if those of the next window are among them.
            let at_once = self.accelerator.nest_depth / mapping.x_tile();
            mapping.x.slots = mapping.x.slots.min(at_once.max(2 * (mapping.x_more() + 1)));
        }
        if mapping.x.slots <= mapping.x_more() {
            return None;
        }
        mapping.w.slots = slots(self.chunk.weight_rf, mapping.w_tile())?;
        mapping.a.slots = slots(self.chunk.psum_rf, mapping.a_tile())?;
        if self.fixed.is_some_and(|fixed| !fixed.allows(&mapping)) {
            return None;
        }
        Some((closed_form(&mapping, self.accelerator.nest_depth), mapping))
    }
}

/// Tiles that `entries` of a register file hold; none where not even one fits.
fn slots(entries: u32, tile: u32) -> Option<u32> {
    (tile <= entries).then(|| (entries / tile).min(MAX_SLOTS))
}

/// More slots than this gain nothing.
const MAX_SLOTS: u32 = 64;
