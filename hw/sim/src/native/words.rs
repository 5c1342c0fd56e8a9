//! `Netlist`: a module and everything below it as operations on machine words. This is what the passes work on.
//!
//! A value has 1 to 64 bits and is 0 above them; a wider signal is several values, lowest word first. Values are
//! in an order of evaluation: operands have lower numbers. Registers and memories are objects, not values.
//!
//! A value, a register or a memory may have *lanes*: the same of several equal instances, side by side. Operations
//! on lanes work lane by lane; their operands have as many.

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
    /// A memory's entry; 0 beyond the end. Of a memory with lanes, `lane` of it, or where the value has lanes, all
    /// of them; then the address may be one for all.
    Load {
        memory: u32,
        lane: u32,
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
    /// The value of that number in a list, or 0 where there is none.
    Choose(u32, Id),
    /// One lane of a value.
    Pick(Id, u32),
    /// A value in every lane.
    Splat(Id),
    /// Values from a list, one a lane.
    Gather(u32),
    /// Neighbouring lanes of a value with more, from this one up.
    View(Id, u32),
}

impl Op {
    /// The values that it computes from, but for those of a list.
    pub fn direct(self) -> impl Iterator<Item = Id> {
        let (ids, count) = match self {
            Op::Const(_) | Op::Input(_) | Op::State(_) | Op::Gather(_) => ([0; 3], 0),
            Op::Load { addr: a, .. } => ([a, 0, 0], 1),
            Op::Not(a) | Op::Slice(a, _) | Op::Zext(a) | Op::Sext(a) | Op::Parity(a) => ([a, 0, 0], 1),
            Op::Choose(_, a) | Op::Pick(a, _) | Op::Splat(a) | Op::View(a, _) => ([a, 0, 0], 1),
            Op::And(a, b) | Op::Or(a, b) | Op::Xor(a, b) | Op::Concat(a, b) => ([a, b, 0], 2),
            Op::Add(a, b) | Op::Sub(a, b) | Op::Mul(a, b) | Op::MulHigh(a, b) => ([a, b, 0], 2),
            Op::Eq(a, b) | Op::Less(a, b) | Op::LessSigned(a, b) => ([a, b, 0], 2),
            Op::Shl(a, b) | Op::Shr(a, b) | Op::Sar(a, b) => ([a, b, 0], 2),
            Op::Mux(a, b, c) => ([a, b, c], 3),
        };
        ids.into_iter().take(count)
    }

    /// The same operation on other values; what is no operand stays.
    pub fn map(self, mut to: impl FnMut(Id) -> Id) -> Op {
        match self {
            Op::Const(_) | Op::Input(_) | Op::State(_) | Op::Gather(_) => self,
            Op::Load { memory, lane, addr } => Op::Load { memory, lane, addr: to(addr) },
            Op::Not(a) => Op::Not(to(a)),
            Op::And(a, b) => Op::And(to(a), to(b)),
            Op::Or(a, b) => Op::Or(to(a), to(b)),
            Op::Xor(a, b) => Op::Xor(to(a), to(b)),
            Op::Add(a, b) => Op::Add(to(a), to(b)),
            Op::Sub(a, b) => Op::Sub(to(a), to(b)),
            Op::Mul(a, b) => Op::Mul(to(a), to(b)),
            Op::MulHigh(a, b) => Op::MulHigh(to(a), to(b)),
            Op::Eq(a, b) => Op::Eq(to(a), to(b)),
            Op::Less(a, b) => Op::Less(to(a), to(b)),
            Op::LessSigned(a, b) => Op::LessSigned(to(a), to(b)),
            Op::Shl(a, b) => Op::Shl(to(a), to(b)),
            Op::Shr(a, b) => Op::Shr(to(a), to(b)),
            Op::Sar(a, b) => Op::Sar(to(a), to(b)),
            Op::Mux(select, yes, no) => Op::Mux(to(select), to(yes), to(no)),
            Op::Slice(a, low) => Op::Slice(to(a), low),
            Op::Concat(high, low) => Op::Concat(to(high), to(low)),
            Op::Zext(a) => Op::Zext(to(a)),
            Op::Sext(a) => Op::Sext(to(a)),
            Op::Parity(a) => Op::Parity(to(a)),
            Op::Choose(list, index) => Op::Choose(list, to(index)),
            Op::Pick(a, lane) => Op::Pick(to(a), lane),
            Op::Splat(a) => Op::Splat(to(a)),
            Op::View(a, first) => Op::View(to(a), first),
        }
    }

    /// The list that it takes values from.
    pub fn list(self) -> Option<u32> {
        match self {
            Op::Gather(list) | Op::Choose(list, _) => Some(list),
            _ => None,
        }
    }

    /// The same with another list.
    pub fn with_list(self, list: u32) -> Op {
        match self {
            Op::Gather(_) => Op::Gather(list),
            Op::Choose(_, index) => Op::Choose(list, index),
            other => other,
        }
    }

    /// The value that it is a lane of, or some lanes, from which on: it lies where that lies.
    pub fn lane_of(self) -> Option<(Id, u32)> {
        match self {
            Op::Pick(of, first) | Op::View(of, first) => Some((of, first)),
            _ => None,
        }
    }

    /// Whether it is there before a cycle's evaluation starts.
    pub fn is_leaf(self) -> bool {
        matches!(self, Op::Const(_) | Op::Input(_) | Op::State(_))
    }
}

/// A value: what computes it, its bits, its lanes, and the instance that it belongs to (the first, where several
/// share it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub op: Op,
    pub width: u32,
    pub lanes: u32,
    pub scope: u32,
}

/// A word of a register: takes the reset value while reset, else `next` while enabled. Where it has lanes, enable
/// and reset may be one for all.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub width: u32,
    pub lanes: u32,
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

/// A memory's write port. Where the memory has lanes, its address may be one for all, and then its enable may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write {
    pub addr: Id,
    pub enable: Id,
    pub data: Id,
    /// The bits that are written, where not all are.
    pub mask: Option<Id>,
}

impl Write {
    /// The values that decide what is written.
    pub fn operands(&self) -> impl Iterator<Item = Id> {
        [Some(self.addr), Some(self.enable), Some(self.data), self.mask].into_iter().flatten()
    }
}

/// A memory with entries of at most 64 bits. A wider one is several, with equal addresses.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    pub width: u32,
    pub depth: u32,
    pub lanes: u32,
    pub writes: Vec<Write>,
}

impl Memory {
    /// The values that decide what is written.
    pub fn operands(&self) -> impl Iterator<Item = Id> + '_ {
        self.writes.iter().flat_map(|write| write.operands())
    }

    /// Bytes that an entry takes in each lane.
    pub fn bytes(&self) -> u32 {
        bytes(self.width)
    }

    /// Bytes from an entry to the next.
    pub fn stride(&self) -> u32 {
        padded(self.lanes) * self.bytes()
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
    /// What [`Op::Gather`] gathers and [`Op::Choose`] chooses from.
    pub lists: Vec<Vec<Id>>,
}

/// Lanes that machine code computes at once.
pub(crate) const CHUNK: u32 = 16;

/// Lanes for which there is room: whole chunks, so that none has to end early.
pub(crate) fn padded(lanes: u32) -> u32 {
    match lanes {
        1 => 1,
        _ => lanes.next_multiple_of(CHUNK),
    }
}

/// Bytes in which a number of so many bits is kept among others.
pub(crate) fn bytes(width: u32) -> u32 {
    width.div_ceil(8).next_power_of_two()
}

/// Flags in a word.
pub(crate) const FLAGS: usize = 64;

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

    /// Lanes of a value.
    pub fn lanes(&self, id: Id) -> u32 {
        self.nodes[id as usize].lanes
    }

    /// The values that a value is computed from.
    pub fn operands(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        let op = self.nodes[id as usize].op;
        let list = op.list().map_or(&[][..], |list| &self.lists[list as usize]);
        op.direct().chain(list.iter().copied())
    }

    /// What an operation computes, from the values of its operands, in one lane: the definition of the word
    /// operations. Leaves, reads of memories and what moves values between lanes have none.
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
            Op::Choose(list, index) => {
                let index = usize::try_from(value(index)).unwrap_or(usize::MAX);
                self.lists[list as usize].get(index).map_or(0, |chosen| value(*chosen))
            }
            Op::Input(_) | Op::State(_) | Op::Load { .. } => panic!("{op:?} is not computed from operands"),
            Op::Pick(..) | Op::Splat(_) | Op::Gather(_) | Op::View(..) => panic!("{op:?} moves lanes"),
        };
        result & ones(width)
    }
}
