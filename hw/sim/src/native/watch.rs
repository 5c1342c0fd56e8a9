//! The native simulator watched. A computed value that is watched has a *probe*: a register that takes it at every
//! clock edge and that nothing reads, so that all passes treat it as one more register. At the edge it is known
//! which registers change; only there is looked for values that did. A watched register needs no probe: it shows in a
//! cycle what it took at the edge before.
//!
//! A simulator that is not watched has none of this.

#[cfg(test)]
mod test;

use std::ops::Range;
use std::sync::Arc;

use hdl::verilog::Scope;
use hdl::Module;

use super::cpu::Cpu;
use super::pipeline::{lower, Lowered};
use super::plan::{Plan, FLAGS};
use super::words::{bytes, ones};
use super::Native;
use crate::flat::Flat;
use crate::watch::{Held, Watch, Watched};

/// Where the watched values are.
#[derive(Default)]
pub(super) struct Taps {
    watched: Watched,
    /// By value.
    taps: Vec<Tap>,
    /// By edge: its first word, among `words`.
    first_word: Vec<usize>,
    /// By word of the edges' registers: the pieces in it, among `pieces`.
    words: Vec<Range<usize>>,
    pieces: Vec<Piece>,
    /// Registers that changed at the last edge: values of the next cycle.
    later: Vec<usize>,
    /// By value: the edge at which it was last told or put into `later`.
    told: Vec<u64>,
    edges: u64,
}

/// Where a value is kept.
struct Tap {
    is_probe: bool,
    words: Vec<Word>,
}

/// Where a word of it is.
#[derive(Clone, Copy)]
enum Word {
    Constant(u64),
    Kept {
        /// The word of the array with what the register holds, and with what it takes next.
        now: usize,
        next: usize,
        shift: u32,
        mask: u64,
    },
}

/// Some bits of a word that belong to a value.
struct Piece {
    value: usize,
    bits: u64,
}

impl Native {
    /// Makes `module` ready to run as [`Native::new`] does, with the chosen ones of all its `scopes` watched.
    pub fn watching(module: &Arc<Module>, scopes: &[Scope], is_chosen: &[bool]) -> Native {
        Native::watching_with(module, scopes, is_chosen, Cpu::host())
    }

    fn watching_with(module: &Arc<Module>, scopes: &[Scope], is_chosen: &[bool], cpu: Cpu) -> Native {
        crate::check(module).unwrap_or_else(|error| panic!("{error}"));
        let flat = Flat::new(module);
        let probes = Watched::new(&flat, scopes, is_chosen).probes(&flat);
        let lowered = lower(module, Some(&probes), |_, _| {});
        let mut native = Native::start(module, lowered, cpu);
        // Probes have moved the registers behind them, so it is looked again where values are.
        let watched = Watched::new(&native.lowered.flat, scopes, is_chosen);
        native.taps = Taps::new(watched, &native.lowered);
        native
    }
}

impl Taps {
    fn new(watched: Watched, lowered: &Lowered) -> Taps {
        let tap = |held: &Held| match held {
            Held::Constant(value) => Tap {
                is_probe: true,
                words: value.words().iter().map(|word| Word::Constant(*word)).collect(),
            },
            Held::State(state) => Tap { is_probe: false, words: words_of_state(lowered, *state) },
            Held::Slot(slot) => {
                Tap { is_probe: true, words: words_of_state(lowered, lowered.flat.probes[slot]) }
            }
        };
        let taps: Vec<Tap> = watched.held.iter().map(tap).collect();
        let plan = &lowered.plan;
        let mut first_word = Vec::new();
        let mut by_word: Vec<Vec<Piece>> = Vec::new();
        for edge in &plan.edges {
            first_word.push(by_word.len());
            by_word.resize_with(by_word.len() + edge.states.len(), Vec::new);
        }
        let word_at = words_of_edges(plan, &first_word);
        for (value, tap) in taps.iter().enumerate() {
            for word in &tap.words {
                if let Word::Kept { now, shift, mask, .. } = word {
                    by_word[word_at[*now]].push(Piece { value, bits: mask << shift });
                }
            }
        }
        let mut pieces = Vec::new();
        let mut words = Vec::new();
        for of_word in by_word {
            words.push(pieces.len()..pieces.len() + of_word.len());
            pieces.extend(of_word);
        }
        let told = vec![0; taps.len()];
        Taps { watched, taps, first_word, words, pieces, later: Vec::new(), told, edges: 0 }
    }

    /// Tells what changes at the edge that comes, and remembers which registers do.
    fn note_changes(&mut self, plan: &Plan, arena: &[u64], note: &mut dyn FnMut(usize, &[u64])) {
        self.edges += 1;
        for value in std::mem::take(&mut self.later) {
            self.taps[value].tell(value, arena, note);
        }
        for (word, flags) in arena[plan.pending..][..plan.edges.len().div_ceil(FLAGS)].iter().enumerate() {
            let mut flags = *flags;
            while flags != 0 {
                let edge = FLAGS * word + flags.trailing_zeros() as usize;
                flags &= flags - 1;
                self.note_edge(edge, plan, arena, note);
            }
        }
    }

    fn note_edge(&mut self, edge: usize, plan: &Plan, arena: &[u64], note: &mut dyn FnMut(usize, &[u64])) {
        let states = &plan.edges[edge].states;
        let (now, next) = (&arena[states.clone()], &arena[plan.edges[edge].next..]);
        for (offset, (now, next)) in now.iter().zip(next).enumerate() {
            let changed = now ^ next;
            if changed == 0 {
                continue;
            }
            for piece in &self.pieces[self.words[self.first_word[edge] + offset].clone()] {
                if changed & piece.bits == 0 || self.told[piece.value] == self.edges {
                    continue;
                }
                self.told[piece.value] = self.edges;
                match self.taps[piece.value].is_probe {
                    true => self.taps[piece.value].tell(piece.value, arena, note),
                    false => self.later.push(piece.value),
                }
            }
        }
    }
}

/// By word of the array: the number of the register's word, counted over all edges.
fn words_of_edges(plan: &Plan, first_word: &[usize]) -> Vec<usize> {
    let mut word_at = vec![usize::MAX; plan.words];
    for (edge, first) in plan.edges.iter().zip(first_word) {
        for (offset, word) in edge.states.clone().enumerate() {
            word_at[word] = first + offset;
        }
    }
    word_at
}

impl Tap {
    fn tell(&self, value: usize, arena: &[u64], note: &mut dyn FnMut(usize, &[u64])) {
        let word = |word: &Word| match *word {
            Word::Constant(value) => value,
            Word::Kept { now, next, shift, mask } => {
                arena[if self.is_probe { next } else { now }] >> shift & mask
            }
        };
        match &self.words[..] {
            [only] => note(value, &[word(only)]),
            words => note(value, &words.iter().map(word).collect::<Vec<u64>>()),
        }
    }
}

/// Where the words of a state of the layout are.
fn words_of_state(lowered: &Lowered, state: usize) -> Vec<Word> {
    let Lowered { flat, plan, first_state, state_at, .. } = lowered;
    let (first, width) = (first_state[state] as usize, flat.states[state].width);
    let word = |word: usize| {
        let (state, lane) = state_at[word];
        let (now, next) = (plan.state_at[state as usize], plan.next_at[state as usize]);
        let state = &plan.netlist.states[state as usize];
        let mask = ones(state.width);
        if state.lanes == 1 {
            return Word::Kept { now, next, shift: 0, mask };
        }
        let byte = lane * bytes(state.width);
        let (word, shift) = (byte as usize / 8, byte % 8 * 8);
        Word::Kept { now: now + word, next: next + word, shift, mask }
    };
    (first..first + width.div_ceil(64) as usize).map(word).collect()
}

impl Watch for Native {
    fn watched(&self) -> &Watched {
        &self.taps.watched
    }

    fn step_noting(&mut self, all: bool, note: &mut dyn FnMut(usize, &[u64])) {
        self.decide();
        let mut taps = std::mem::take(&mut self.taps);
        if all {
            taps.later.clear();
            taps.note_changes(&self.lowered.plan, &self.arena, &mut |_, _| {});
            let values = taps.taps.iter().enumerate();
            values.for_each(|(value, tap)| tap.tell(value, &self.arena, note));
        } else {
            taps.note_changes(&self.lowered.plan, &self.arena, note);
        }
        self.taps = taps;
        self.clock();
    }
}
