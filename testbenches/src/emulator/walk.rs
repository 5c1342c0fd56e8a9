//! Nest tables as `BOUND` and `DELTA` fill them, and a walk through one of their nests.

use spec::isa::code::Instruction;
use spec::isa::table::NestKind;

/// Levels that the instruction words can name.
const LEVELS: usize = 16;
/// Accumulators that the instruction words can name, at most.
const ACCUMULATORS: usize = 32;

/// A level of a nest.
#[derive(Clone, Copy, Debug)]
struct Row {
    bound: i64,
    flags: u32,
    deltas: [i64; ACCUMULATORS],
}

/// A page of the nest tables.
#[derive(Clone, Debug)]
pub struct Table {
    nests: [[Row; LEVELS]; 4],
}

impl Default for Table {
    fn default() -> Table {
        Table { nests: [[Row { bound: 7, flags: 3, deltas: [5; ACCUMULATORS] }; LEVELS]; 4] }
    }
}

impl Table {
    /// Executes a `BOUND`.
    pub fn bound(&mut self, word: &Instruction) {
        let row = &mut self.nests[word.get("nest") as usize][word.get("level") as usize];
        (row.bound, row.flags) = (word.get("bound"), word.get("flags") as u32);
    }

    /// Executes a `DELTA`.
    pub fn delta(&mut self, word: &Instruction) {
        let row = &mut self.nests[word.get("nest") as usize][word.get("level") as usize];
        let pair = 2 * word.get("pair") as usize;
        (row.deltas[pair], row.deltas[pair + 1]) = (word.get("first"), word.get("second"));
    }

    /// A walk from the first step of a nest of `depth` levels.
    pub fn walk(&self, kind: NestKind, depth: i64) -> Walk {
        Walk {
            kind,
            rows: self.nests[kind as usize][..depth as usize].to_vec(),
            counters: vec![0; depth as usize],
            values: vec![0; kind.accumulators().len()],
            over: false,
        }
    }
}

/// A position in a nest.
pub struct Walk {
    kind: NestKind,
    rows: Vec<Row>,
    counters: Vec<i64>,
    /// The accumulators.
    pub values: Vec<i64>,
    /// Whether the last step is done.
    pub over: bool,
}

impl Walk {
    /// The accumulator called `name`.
    pub fn get(&self, name: &str) -> i64 {
        self.values[super::place_of(self.kind, name)]
    }

    /// Whether all loops with the flag are at their first iteration.
    pub fn is_first(&self, flag: u32) -> bool {
        self.rows.iter().zip(&self.counters).all(|(row, counter)| row.flags & flag == 0 || *counter == 0)
    }

    /// Whether all loops with the flag are at their last iteration.
    pub fn is_last(&self, flag: u32) -> bool {
        let ended = |(row, counter): (&Row, &i64)| row.flags & flag == 0 || *counter + 1 == row.bound;
        self.rows.iter().zip(&self.counters).all(ended)
    }

    /// Goes on to the next step: the flags of the level that advances, or all of them at the end.
    pub fn advance(&mut self) -> u32 {
        let level = (0..self.rows.len()).find(|i| self.counters[*i] + 1 < self.rows[*i].bound);
        let Some(level) = level else {
            self.over = true;
            return u32::MAX;
        };
        self.counters[..level].fill(0);
        self.counters[level] += 1;
        let deltas = self.rows[level].deltas;
        for (i, (_, width)) in self.kind.accumulators().iter().enumerate() {
            let unused = 64 - width;
            self.values[i] = (self.values[i] + deltas[i]) << unused >> unused;
        }
        self.rows[level].flags
    }
}
