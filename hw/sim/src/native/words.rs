//! `Netlist`: a module and everything below it as operations on machine words. This is what the passes work on.
//!
//! A value has 1 to 64 bits and is 0 above them; a wider signal is several values, lowest word first. Values are
//! in an order of evaluation: operands have lower numbers. Registers and memories are objects, not values.

use std::fmt::Write as _;

/// A value.
pub(crate) type Id = u32;

/// What computes a value. Operands of logic, sums, products and comparisons are as wide as each other, and as
/// the result where it is not one bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    Const(u64),
    /// A word of an input of the top.
    Input(u32),
    /// What a register's word holds.
    State(u32),
    /// A word of a memory's entry; 0 beyond the end.
    Load {
        memory: u32,
        word: u32,
        addr: Id,
    },
    Not(Id),
    And(Id, Id),
    Or(Id, Id),
    Xor(Id, Id),
    Add(Id, Id),
    Sub(Id, Id),
    /// The low bits of a product.
    Mul(Id, Id),
    /// The upper 64 bits of an unsigned product of 64-bit operands.
    MulHigh(Id, Id),
    Eq(Id, Id),
    Less(Id, Id),
    LessSigned(Id, Id),
    /// The amount is an unsigned number of any width.
    Shl(Id, Id),
    Shr(Id, Id),
    Sar(Id, Id),
    /// The second where the 1-bit first is set, else the third.
    Mux(Id, Id, Id),
    /// The result's width of bits, from a constant position up.
    Slice(Id, u32),
    /// High part, low part.
    Concat(Id, Id),
    Zext(Id),
    Sext(Id),
    /// Whether the number of set bits is odd.
    Parity(Id),
}

impl Op {
    /// The values that it computes from.
    pub fn operands(self) -> impl Iterator<Item = Id> {
        let (ids, count) = match self {
            Op::Const(_) | Op::Input(_) | Op::State(_) => ([0; 3], 0),
            Op::Load { addr: a, .. } => ([a, 0, 0], 1),
            Op::Not(a) | Op::Slice(a, _) | Op::Zext(a) | Op::Sext(a) | Op::Parity(a) => ([a, 0, 0], 1),
            Op::And(a, b) | Op::Or(a, b) | Op::Xor(a, b) | Op::Concat(a, b) => ([a, b, 0], 2),
            Op::Add(a, b) | Op::Sub(a, b) | Op::Mul(a, b) | Op::MulHigh(a, b) => ([a, b, 0], 2),
            Op::Eq(a, b) | Op::Less(a, b) | Op::LessSigned(a, b) => ([a, b, 0], 2),
            Op::Shl(a, b) | Op::Shr(a, b) | Op::Sar(a, b) => ([a, b, 0], 2),
            Op::Mux(a, b, c) => ([a, b, c], 3),
        };
        ids.into_iter().take(count)
    }

    /// Whether it is there before a cycle's evaluation starts.
    pub fn is_leaf(self) -> bool {
        matches!(self, Op::Const(_) | Op::Input(_) | Op::State(_))
    }
}

/// A value: what computes it, its bits, and the instance that it belongs to (the first, where several share it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub op: Op,
    pub width: u32,
    pub scope: u32,
}

/// A word of a register: takes the reset value while reset, else `next` while enabled.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub width: u32,
    pub scope: u32,
    pub next: Id,
    pub enable: Option<Id>,
    pub reset: Option<(Id, u64)>,
}

impl State {
    /// The values that decide what it takes.
    pub fn operands(&self) -> impl Iterator<Item = Id> + '_ {
        [Some(self.next), self.enable, self.reset.map(|reset| reset.0)].into_iter().flatten()
    }
}

/// A memory's write port.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub addr: Id,
    pub enable: Id,
    /// By word.
    pub data: Vec<Id>,
    /// By word: the bits that are written, where not all are.
    pub mask: Option<Vec<Id>>,
}

/// A memory.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    pub width: u32,
    pub depth: u32,
    pub writes: Vec<Write>,
}

impl Memory {
    /// The values that decide what is written.
    pub fn operands(&self) -> impl Iterator<Item = Id> + '_ {
        self.writes.iter().flat_map(|write| {
            let masks = write.mask.iter().flatten();
            [write.addr, write.enable].into_iter().chain(write.data.iter().chain(masks).copied())
        })
    }

    /// Words of an entry.
    pub fn words(&self) -> u32 {
        self.width.div_ceil(64)
    }

    /// Bytes that an entry takes: a power of two below a word, else whole words.
    pub fn bytes(&self) -> u32 {
        match self.width {
            0..=8 => 1,
            9..=16 => 2,
            17..=32 => 4,
            _ => 8 * self.words(),
        }
    }
}

/// A module and everything below it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Netlist {
    pub nodes: Vec<Node>,
    pub states: Vec<State>,
    pub memories: Vec<Memory>,
    /// Width of every word of every input.
    pub inputs: Vec<u32>,
    /// The words of every output.
    pub outputs: Vec<Vec<Id>>,
}

/// The lowest `width` bits.
pub(crate) fn ones(width: u32) -> u64 {
    u64::MAX >> (64 - width)
}

/// A value as a signed number.
pub(crate) fn signed(value: u64, width: u32) -> i64 {
    (value << (64 - width)) as i64 >> (64 - width)
}

impl Netlist {
    /// Bits of a value.
    pub fn width(&self, id: Id) -> u32 {
        self.nodes[id as usize].width
    }

    /// What an operation computes, from the values of its operands: the definition of the word operations. Leaves
    /// and reads of memories have none.
    pub fn evaluate(&self, op: Op, width: u32, value: impl Fn(Id) -> u64) -> u64 {
        let shift = |by: Id| u32::try_from(value(by)).unwrap_or(u32::MAX);
        let result = match op {
            Op::Const(value) => value,
            Op::Not(a) => !value(a),
            Op::And(a, b) => value(a) & value(b),
            Op::Or(a, b) => value(a) | value(b),
            Op::Xor(a, b) => value(a) ^ value(b),
            Op::Add(a, b) => value(a).wrapping_add(value(b)),
            Op::Sub(a, b) => value(a).wrapping_sub(value(b)),
            Op::Mul(a, b) => value(a).wrapping_mul(value(b)),
            Op::MulHigh(a, b) => ((u128::from(value(a)) * u128::from(value(b))) >> 64) as u64,
            Op::Eq(a, b) => u64::from(value(a) == value(b)),
            Op::Less(a, b) => u64::from(value(a) < value(b)),
            Op::LessSigned(a, b) => {
                u64::from(signed(value(a), self.width(a)) < signed(value(b), self.width(b)))
            }
            Op::Shl(a, by) => value(a).checked_shl(shift(by)).unwrap_or(0),
            Op::Shr(a, by) => value(a).checked_shr(shift(by)).unwrap_or(0),
            Op::Sar(a, by) => (signed(value(a), width) >> shift(by).min(63)) as u64,
            Op::Mux(select, yes, no) => value(if value(select) == 1 { yes } else { no }),
            Op::Slice(a, low) => value(a) >> low,
            Op::Concat(high, low) => value(high) << self.width(low) | value(low),
            Op::Zext(a) => value(a),
            Op::Sext(a) => signed(value(a), self.width(a)) as u64,
            Op::Parity(a) => u64::from(value(a).count_ones() % 2 == 1),
            Op::Input(_) | Op::State(_) | Op::Load { .. } => panic!("{op:?} is not computed from operands"),
        };
        result & ones(width)
    }

    /// What is wrong with it, if anything: the definition of a legal netlist.
    pub fn check(&self) -> Result<(), String> {
        for (id, node) in self.nodes.iter().enumerate() {
            let wrong = |why: &str| Err(format!("value {id}, {:?} of {} bits: {why}", node.op, node.width));
            if !(1..=64).contains(&node.width) {
                return wrong("a value has 1 to 64 bits");
            }
            if node.op.operands().any(|operand| operand as usize >= id) {
                return wrong("an operand comes later");
            }
            if let Some(why) = self.width_fault(node) {
                return wrong(why);
            }
        }
        let is_bit = |id: Id| self.width(id) == 1;
        for (index, state) in self.states.iter().enumerate() {
            let controls = state.enable.iter().chain(state.reset.as_ref().map(|reset| &reset.0));
            if self.width(state.next) != state.width || !controls.copied().all(is_bit) {
                return Err(format!("state {index} takes values of wrong widths"));
            }
        }
        for (index, memory) in self.memories.iter().enumerate() {
            let words = memory.words() as usize;
            let fits = |write: &Write| {
                let mask = write.mask.as_ref().is_none_or(|mask| mask.len() == words);
                is_bit(write.enable) && write.data.len() == words && mask
            };
            if !memory.writes.iter().all(fits) {
                return Err(format!("memory {index} is written with values of wrong widths"));
            }
        }
        Ok(())
    }

    fn width_fault(&self, node: &Node) -> Option<&'static str> {
        let (w, of) = (node.width, |id: Id| self.width(id));
        let is_right = match node.op {
            Op::Const(value) => value & !ones(w) == 0,
            Op::Input(word) => self.inputs.get(word as usize) == Some(&w),
            Op::State(state) => self.states.get(state as usize).is_some_and(|state| state.width == w),
            Op::Load { memory, word, .. } => {
                self.memories.get(memory as usize).is_some_and(|m| m.width - 64 * word >= w)
            }
            Op::Not(a) => of(a) == w,
            Op::And(a, b) | Op::Or(a, b) | Op::Xor(a, b) => of(a) == w && of(b) == w,
            Op::Add(a, b) | Op::Sub(a, b) | Op::Mul(a, b) => of(a) == w && of(b) == w,
            Op::MulHigh(a, b) => w == 64 && of(a) == 64 && of(b) == 64,
            Op::Eq(a, b) | Op::Less(a, b) | Op::LessSigned(a, b) => w == 1 && of(a) == of(b),
            Op::Shl(a, _) | Op::Shr(a, _) | Op::Sar(a, _) => of(a) == w,
            Op::Mux(select, yes, no) => of(select) == 1 && of(yes) == w && of(no) == w,
            Op::Slice(a, low) => low + w <= of(a),
            Op::Concat(high, low) => of(high) + of(low) == w,
            Op::Zext(a) | Op::Sext(a) => of(a) <= w,
            Op::Parity(_) => w == 1,
        };
        (!is_right).then_some("operands and result do not fit each other")
    }

    /// As text, a value a line.
    pub fn dump(&self) -> String {
        let mut text = String::new();
        for (id, node) in self.nodes.iter().enumerate() {
            let _ = writeln!(text, "v{id}: {} = {:?} in {}", node.width, node.op, node.scope);
        }
        for (index, state) in self.states.iter().enumerate() {
            let _ = writeln!(text, "state {index}: {state:?}");
        }
        for (index, memory) in self.memories.iter().enumerate() {
            let _ = writeln!(text, "memory {index}: {memory:?}");
        }
        let _ = writeln!(text, "outputs {:?}", self.outputs);
        text
    }
}
