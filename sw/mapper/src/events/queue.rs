//! A queue: what it does with the word at hand, and the descriptors that words leave behind.

use crate::registers::Registers;
use spec::isa::code::Instruction;
use spec::isa::table::{
    NestKind, Queue, BOUND, CFG, DELTA, END, ENDLOOP, EXEC, FENCE, GUARD, INDEX, LD, LOOP, SIGNAL, ST, WAIT,
};
use spec::nest::{Level, Nest};

/// What a queue does in a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It waits.
    None,
    /// It is done with a word that only changes the queue.
    Word,
    /// It works on a word that takes several cycles.
    Working,
    /// It skips a word.
    Skip,
    /// It takes a token.
    Take(usize),
    /// It gives a token.
    Give(usize),
    /// It starts its engine.
    Launch,
    /// It goes back to this word of the program.
    Jump(u64),
    /// It is over.
    End,
}

impl Action {
    /// Whether the word is done with.
    pub fn pops(self) -> bool {
        use Action::*;
        matches!(self, Word | Skip | Take(_) | Give(_) | Launch)
    }
}

/// A level of a nest: bound, flags and deltas.
type Row = (i64, i64, [i64; 16]);

/// A page of nest tables, by nest and level.
type Page = [[Row; 16]; 4];

/// The state of one queue.
pub struct Sequencer {
    words: Vec<Instruction>,
    first: u64,
    running: bool,
    skip: i64,
    iteration: i64,
    /// Trip count and first word of the loop.
    repeat: (i64, u64),
    /// Cycles that the `INDEX` at hand still takes.
    index: Option<u32>,
    registers: Registers,
    pages: Box<[Page; 2]>,
    live: usize,
}

impl Sequencer {
    /// The queue of `words`, which start at word `first` of the program.
    pub fn new(kind: Queue, words: Vec<u64>, first: u64) -> Sequencer {
        let decode = |word: &u64| Instruction::decode(*word, kind);
        Sequencer {
            running: !words.is_empty(),
            words: words.iter().map_while(decode).collect(),
            first,
            skip: 0,
            iteration: 0,
            repeat: (0, 0),
            index: None,
            registers: Registers::new(kind),
            pages: Box::new([[[(1, 0, [0; 16]); 16]; 4]; 2]),
            live: 0,
        }
    }

    /// Whether `END` has not been reached.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// The descriptors.
    pub fn registers(&self) -> &Registers {
        &self.registers
    }

    /// Index in the stream of the program's word `pc`.
    pub fn word_at(&self, pc: u64) -> usize {
        (pc - self.first) as usize
    }

    /// What it does with the word at `pc`.
    pub fn decide(&self, pc: u64, idle: bool, tokens: &[u32]) -> Action {
        let word = self.words.get(self.word_at(pc)).filter(|_| self.running);
        let Some(word) = word else { return Action::None };
        if self.skip > 0 {
            return Action::Skip;
        }
        let token = |word: &Instruction| word.get("token") as usize;
        match word.row.opcode {
            WAIT if tokens[token(word)] > 0 => Action::Take(token(word)),
            SIGNAL if idle => Action::Give(token(word)),
            LD | ST | EXEC if idle => Action::Launch,
            FENCE if idle => Action::Word,
            END if idle => Action::End,
            WAIT | SIGNAL | LD | ST | EXEC | FENCE | END => Action::None,
            ENDLOOP if self.iteration + 1 < self.repeat.0 => Action::Jump(self.repeat.1),
            INDEX if self.index != Some(0) => Action::Working,
            _ => Action::Word,
        }
    }

    /// The token that the word at `pc` waits for.
    pub fn awaited(&self, pc: u64) -> Option<usize> {
        let word = self.words.get(self.word_at(pc)).filter(|_| self.running && self.skip == 0)?;
        (word.row.opcode == WAIT).then(|| word.get("token") as usize)
    }

    /// Ends a cycle in which it did `action` with the word at `pc`.
    pub fn clock(&mut self, pc: u64, action: Action) {
        match action {
            Action::End => self.running = false,
            Action::Skip => self.skip -= 1,
            Action::Jump(_) => self.iteration += 1,
            Action::Working => {
                let factor = self.factor(self.word_at(pc)) as u64;
                self.index = Some(self.index.map_or(u64::BITS - factor.leading_zeros(), |left| left - 1));
            }
            Action::Word => self.execute(pc),
            Action::Launch => {
                let word = &self.words[self.word_at(pc)];
                if word.row.opcode == EXEC && word.get("flip") == 1 {
                    self.live = 1 - self.live;
                }
            }
            _ => {}
        }
    }

    /// What the `INDEX` at `word` multiplies its stride with.
    fn factor(&self, word: usize) -> i64 {
        let word = &self.words[word];
        (self.iteration + word.get("offset")).rem_euclid(1 << word.get("bits").min(16))
    }

    fn execute(&mut self, pc: u64) {
        let index = self.word_at(pc);
        let word = &self.words[index];
        let get = |name: &str| word.get(name);
        match word.row.opcode {
            CFG => self.registers.values[get("reg") as usize] = get("value"),
            INDEX => {
                let moved = self.factor(index) * get("stride");
                self.registers.values[get("reg") as usize] += moved;
                self.index = None;
            }
            BOUND => {
                let row = &mut self.pages[1 - self.live][get("nest") as usize][get("level") as usize];
                (row.0, row.1) = (get("bound"), get("flags"));
            }
            DELTA => {
                let pair = 2 * get("pair") as usize;
                let row = &mut self.pages[1 - self.live][get("nest") as usize][get("level") as usize];
                (row.2[pair % 16], row.2[(pair + 1) % 16]) = (get("first"), get("second"));
            }
            LOOP => (self.repeat, self.iteration) = ((get("count"), pc + 1), 0),
            ENDLOOP => self.iteration = 0,
            GUARD if !(get("from")..get("until")).contains(&self.iteration) => self.skip = get("skip"),
            _ => {}
        }
    }

    /// The nests that the `EXEC` at `word` starts.
    pub fn launched_nests(&self, word: usize) -> [Nest; 4] {
        let page = if self.words[word].get("flip") == 1 { 1 - self.live } else { self.live };
        let depths = ["x_depth", "w_depth", "c_depth", "d_depth"];
        NestKind::ALL.map(|kind| {
            let depth = self.registers.get(depths[kind as usize]) as usize;
            nest(kind, &self.pages[page][kind as usize][..depth])
        })
    }
}

/// The nest of a page's rows: a stride is its delta and what the levels below have gained by then.
fn nest(kind: NestKind, rows: &[Row]) -> Nest {
    let mut wound = vec![0; kind.accumulators().len()];
    let mut levels = Vec::with_capacity(rows.len());
    for (bound, flags, deltas) in rows {
        let strides: Vec<i64> = wound.iter().zip(deltas).map(|(wound, delta)| wound + delta).collect();
        wound.iter_mut().zip(&strides).for_each(|(wound, stride)| *wound += (bound - 1) * stride);
        levels.push(Level { bound: *bound as u32, flags: *flags as u32, strides });
    }
    Nest { levels }
}
