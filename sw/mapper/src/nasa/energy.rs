//! What operations and accesses cost, from the paper's 45 nm tables. A layer's energy is the sum of both; its latency is
//! its cycles at 250 MHz.

use super::accesses::Accesses;
use super::CLOCK_MHZ;
use spec::op::Op;

/// Picojoules of a multiplication, an addition and a shift, at the widths that the paper's table has.
const OPERATIONS: [(u32, [f64; 3]); 4] =
    [(32, [3.7, 0.9, 0.13]), (16, [1.0, 0.03, 0.103]), (8, [0.2, 0.03, 0.024]), (6, [0.2, 0.022, 0.018])];

/// Picojoules of 16 bits from DRAM, from the global buffer, over the NoC and from a register file.
const MEMORIES: [f64; 4] = [200.0, 6.0, 2.0, 1.0];

/// The widths that operations have an energy for, the widest first.
pub fn widths() -> impl Iterator<Item = u32> {
    OPERATIONS.iter().map(|(bits, _)| *bits)
}

/// Unit energies of a chunk, in picojoules: of one term, and of a word at each level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    term: f64,
    words: [f64; 4],
}

impl Unit {
    /// Of a chunk for `op` with words of `bits`; `None` where the table lacks that width.
    ///
    /// A term is the op alone: a multiplication, a shift or an addition, accumulated for nothing. The paper's text does not
    /// say so; its simulator's figures of conv layers do, and the other chunks are taken likewise.
    pub fn of(op: Op, bits: u32) -> Option<Unit> {
        let (_, [multiplication, addition, shift]) = OPERATIONS.iter().find(|(width, _)| *width == bits)?;
        let term = match op {
            Op::Conv => *multiplication,
            Op::Shift => *shift,
            Op::Adder => *addition,
        };
        Some(Unit { term, words: MEMORIES.map(|pj| pj * f64::from(bits) / 16.0) })
    }

    /// Picojoules of `terms` and what they access.
    pub fn picojoules(&self, terms: f64, accesses: &Accesses) -> f64 {
        let Accesses { dram, gb, noc, rf } = accesses;
        let words = [dram, gb, noc, rf].map(|words| words.total());
        terms * self.term + words.iter().zip(self.words).map(|(words, pj)| words * pj).sum::<f64>()
    }
}

/// Milliseconds of `cycles`.
pub fn milliseconds(cycles: u64) -> f64 {
    cycles as f64 / (CLOCK_MHZ * 1e3)
}

#[cfg(test)]
mod tests {
    use super::super::accesses::Words;
    use super::*;

    #[test]
    fn terms_cost_their_op_and_words_their_width() {
        let term = |op: Op, bits: u32| Some(Unit::of(op, bits)?.picojoules(1.0, &Accesses::default()));
        let terms = |bits: u32| [Op::Conv, Op::Shift, Op::Adder].map(|op| term(op, bits));
        for (bits, conv, shift, adder) in
            [(32, 3.7, 0.13, 0.9), (16, 1.0, 0.103, 0.03), (8, 0.2, 0.024, 0.03), (6, 0.2, 0.018, 0.022)]
        {
            assert_eq!(terms(bits), [Some(conv), Some(shift), Some(adder)], "{bits} bits");
        }
        assert_eq!(terms(7), [None; 3]);
        let word = Words { weights: 1.0, ..Words::default() };
        let [dram, noc] =
            [Accesses { dram: word, ..Accesses::default() }, Accesses { noc: word, ..Accesses::default() }];
        let unit = Unit::of(Op::Conv, 32).expect("a width");
        assert_eq!([dram, noc].map(|accesses| unit.picojoules(0.0, &accesses)), [400.0, 4.0]);
    }
}
