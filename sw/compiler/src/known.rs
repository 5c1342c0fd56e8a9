//! What is known of a queue's descriptors at a point of its stream, so that only what differs is written.
//!
//! Registers are written in every iteration, whether or not the layer has an image in it, so what is known of
//! them stays known. The nest tables flip only where a layer runs, so knowledge of them ends where layers no
//! longer run in the same iterations.

use mapper::Registers;
use spec::isa::table::NestKind;
use spec::nest::Nest;
use std::collections::HashMap;
use std::ops::Range;

/// A word of a nest table: the operands of its `BOUND` or `DELTA`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TableWord {
    /// Nest, level, flags, bound.
    Bound([i64; 4]),
    /// Nest, level, pair, and both deltas.
    Delta([i64; 5]),
}

impl TableWord {
    /// The place that it writes.
    fn place(&self) -> [i64; 4] {
        match self {
            TableWord::Bound([nest, level, ..]) => [0, *nest, *level, 0],
            TableWord::Delta([nest, level, pair, ..]) => [1, *nest, *level, *pair],
        }
    }
}

/// Descriptors whose values are known.
#[derive(Clone, Debug, Default)]
pub struct Known {
    iterations: Range<u32>,
    registers: HashMap<usize, i64>,
    pages: [HashMap<[i64; 4], TableWord>; 2],
    live: usize,
    nests: Option<[Nest; 4]>,
}

impl Known {
    /// Forgets the nest tables, unless words go on running in the same iterations.
    pub fn enter(&mut self, iterations: &Range<u32>) {
        if self.iterations != *iterations {
            let registers = std::mem::take(&mut self.registers);
            *self = Known { iterations: iterations.clone(), registers, ..Known::default() };
        }
    }

    /// The registers that must be written to make them `wanted`; they are known afterwards.
    pub fn registers(&mut self, wanted: &Registers) -> Vec<(usize, i64)> {
        let all = wanted.values.iter().copied().enumerate();
        all.filter(|(index, value)| self.registers.insert(*index, *value) != Some(*value)).collect()
    }

    /// A register is about to be changed by what is not known here.
    pub fn forget(&mut self, register: usize) {
        self.registers.remove(&register);
    }

    /// The words that must be written to the shadow page to make it `wanted`, or none at all where the live page
    /// has these nests already. They are known afterwards, as the live page.
    pub fn nests(&mut self, wanted: &[Nest; 4]) -> Option<Vec<TableWord>> {
        if self.nests.as_ref() == Some(wanted) {
            return None;
        }
        self.nests = Some(wanted.clone());
        self.live = 1 - self.live;
        let page = &mut self.pages[self.live];
        let differs = |word: &TableWord| page.insert(word.place(), word.clone()).as_ref() != Some(word);
        Some(table_words(wanted).into_iter().filter(differs).collect())
    }
}

/// Every word of a page of the nest tables.
fn table_words(nests: &[Nest; 4]) -> Vec<TableWord> {
    let mut words = Vec::new();
    for (kind, nest) in NestKind::ALL.iter().zip(nests) {
        for (level, (described, deltas)) in (0..).zip(nest.levels.iter().zip(nest.deltas())) {
            let [flags, bound] = [described.flags, described.bound].map(i64::from);
            words.push(TableWord::Bound([*kind as i64, level, flags, bound]));
            for (pair, both) in (0..).zip(deltas.chunks(2)) {
                let second = both.get(1).copied().unwrap_or(0);
                words.push(TableWord::Delta([*kind as i64, level, pair, both[0], second]));
            }
        }
    }
    words
}
