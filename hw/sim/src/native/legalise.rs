//! Operations of any width as operations on words of at most 64 bits.

use hdl::{Binary, Op as Wide, Reduction};

use super::fold::Folder;
use super::words::{ones, Id, Op};

/// A signal: its words, lowest first; all but the last have 64 bits.
pub(crate) type Words = Vec<Id>;

/// Bits of word `index` of a signal.
pub(crate) fn word_width(width: u32, index: u32) -> u32 {
    (width - 64 * index).min(64)
}

impl Folder {
    /// Bits of a signal.
    pub fn bits(&self, words: &[Id]) -> u32 {
        words.iter().map(|word| self.width(*word)).sum()
    }

    /// A constant signal.
    pub fn literal(&mut self, value: &num::Bits) -> Words {
        let words = value.words().iter().enumerate();
        words.map(|(i, word)| self.lit(*word, word_width(value.width(), i as u32))).collect()
    }

    /// The words of a computed operation of the hardware language, given those of its operands.
    pub fn legalise(&mut self, op: &Wide, width: u32, of: &[&Words]) -> Words {
        match op {
            Wide::Const(value) => self.literal(value),
            Wide::Not(_) => of[0].iter().map(|a| self.make(Op::Not(*a), self.width(*a))).collect(),
            Wide::Binary(kind, ..) => self.binary(*kind, of[0], of[1], width),
            Wide::Reduce(kind, _) => vec![self.reduce(*kind, of[0])],
            Wide::Mux { .. } => self.mux(of[0][0], of[1], of[2]),
            Wide::Select { .. } => self.select(of[0], &of[1..], width),
            Wide::Slice { low, .. } => self.slice(of[0], *low, width),
            Wide::Concat(_) => self.concat(of),
            Wide::Zext(_) => self.zext(of[0], width),
            Wide::Sext(_) => self.sext(of[0], width),
            leaf => panic!("{leaf:?} is not computed from operands"),
        }
    }

    fn binary(&mut self, kind: Binary, a: &Words, b: &Words, width: u32) -> Words {
        match kind {
            Binary::And => self.pairwise(Op::And, a, b),
            Binary::Or => self.pairwise(Op::Or, a, b),
            Binary::Xor => self.pairwise(Op::Xor, a, b),
            Binary::Add => self.add(a, b),
            Binary::Sub => self.sub(a, b).0,
            Binary::MulUnsigned => {
                let (a, b) = (self.zext(a, width), self.zext(b, width));
                self.mul(&a, &b)
            }
            Binary::MulSigned => {
                let (a, b) = (self.sext(a, width), self.sext(b, width));
                self.mul(&a, &b)
            }
            Binary::Eq => vec![self.equal(a, b)],
            Binary::LessUnsigned => vec![self.less(a, b, false)],
            Binary::LessSigned => vec![self.less(a, b, true)],
            Binary::ShiftLeft | Binary::ShiftRight | Binary::ShiftRightSigned => self.shift(kind, a, b),
        }
    }

    fn pairwise(&mut self, op: fn(Id, Id) -> Op, a: &[Id], b: &[Id]) -> Words {
        a.iter().zip(b).map(|(a, b)| self.make(op(*a, *b), self.width(*a))).collect()
    }

    fn add(&mut self, a: &[Id], b: &[Id]) -> Words {
        let mut carry = None;
        let mut sum = Vec::new();
        for (a, b) in a.iter().zip(b) {
            let width = self.width(*a);
            let mut word = self.make(Op::Add(*a, *b), width);
            let mut out = self.make(Op::Less(word, *a), 1);
            if let Some(carry) = carry {
                let carry = self.make(Op::Zext(carry), width);
                let total = self.make(Op::Add(word, carry), width);
                let over = self.make(Op::Less(total, word), 1);
                (word, out) = (total, self.make(Op::Or(out, over), 1));
            }
            sum.push(word);
            carry = Some(out);
        }
        sum
    }

    /// The difference, and whether it is below 0 as unsigned numbers.
    fn sub(&mut self, a: &[Id], b: &[Id]) -> (Words, Id) {
        let mut borrow = None;
        let mut difference = Vec::new();
        for (a, b) in a.iter().zip(b) {
            let width = self.width(*a);
            let mut word = self.make(Op::Sub(*a, *b), width);
            let mut out = self.make(Op::Less(*a, *b), 1);
            if let Some(borrow) = borrow {
                let borrow = self.make(Op::Zext(borrow), width);
                let below = self.make(Op::Less(word, borrow), 1);
                (word, out) = (self.make(Op::Sub(word, borrow), width), self.make(Op::Or(out, below), 1));
            }
            difference.push(word);
            borrow = Some(out);
        }
        (difference, borrow.expect("a signal of a word or more"))
    }

    /// The low bits of a product, as wide as the operands.
    fn mul(&mut self, a: &Words, b: &Words) -> Words {
        if let ([a], [b]) = (&a[..], &b[..]) {
            return vec![self.make(Op::Mul(*a, *b), self.width(*a))];
        }
        let (width, words) = (self.bits(a), a.len());
        let (a, b) = (self.zext(a, 64 * words as u32), self.zext(b, 64 * words as u32));
        let mut sum = vec![self.lit(0, 64); words];
        for i in 0..words {
            for j in 0..words - i {
                let mut partial = vec![self.lit(0, 64); words];
                partial[i + j] = self.make(Op::Mul(a[i], b[j]), 64);
                if i + j + 1 < words {
                    partial[i + j + 1] = self.make(Op::MulHigh(a[i], b[j]), 64);
                }
                let upper = self.add(&sum[i + j..], &partial[i + j..]);
                sum.splice(i + j.., upper);
            }
        }
        self.slice(&sum, 0, width)
    }

    fn equal(&mut self, a: &[Id], b: &[Id]) -> Id {
        let equal: Words = a.iter().zip(b).map(|(a, b)| self.make(Op::Eq(*a, *b), 1)).collect();
        self.chain(Op::And, &equal)
    }

    fn chain(&mut self, op: fn(Id, Id) -> Op, words: &[Id]) -> Id {
        let (first, rest) = words.split_first().expect("a signal of a word or more");
        rest.iter().fold(*first, |all, word| self.make(op(all, *word), self.width(all)))
    }

    fn less(&mut self, a: &[Id], b: &[Id], is_signed: bool) -> Id {
        let compare = |is_top: bool| if is_signed && is_top { Op::LessSigned } else { Op::Less };
        let mut below = self.make(compare(a.len() == 1)(a[0], b[0]), 1);
        for i in 1..a.len() {
            let equal = self.make(Op::Eq(a[i], b[i]), 1);
            let less = self.make(compare(i + 1 == a.len())(a[i], b[i]), 1);
            below = self.make(Op::Mux(equal, below, less), 1);
        }
        below
    }

    fn reduce(&mut self, kind: Reduction, a: &[Id]) -> Id {
        let words: Words = a
            .iter()
            .map(|word| {
                let width = self.width(*word);
                match kind {
                    Reduction::And => {
                        let all = self.lit(ones(width), width);
                        self.make(Op::Eq(*word, all), 1)
                    }
                    Reduction::Or => self.any(*word),
                    Reduction::Xor if width == 1 => *word,
                    Reduction::Xor => self.make(Op::Parity(*word), 1),
                }
            })
            .collect();
        match kind {
            Reduction::And => self.chain(Op::And, &words),
            Reduction::Or => self.chain(Op::Or, &words),
            Reduction::Xor => self.chain(Op::Xor, &words),
        }
    }

    /// Whether a word has a set bit.
    fn any(&mut self, word: Id) -> Id {
        let width = self.width(word);
        if width == 1 {
            return word;
        }
        let zero = self.lit(0, width);
        let none = self.make(Op::Eq(word, zero), 1);
        self.make(Op::Not(none), 1)
    }

    pub fn mux(&mut self, select: Id, yes: &[Id], no: &[Id]) -> Words {
        let pairs = yes.iter().zip(no);
        pairs.map(|(yes, no)| self.make(Op::Mux(select, *yes, *no), self.width(*yes))).collect()
    }

    /// One choice a word; what is beyond the first word of the index chooses nothing.
    fn select(&mut self, index: &Words, options: &[&Words], width: u32) -> Words {
        let word = |word: usize| {
            let options: Words = options.iter().map(|option| option[word]).collect();
            self.choose(index[0], &options)
        };
        let chosen: Words = (0..options[0].len()).map(word).collect();
        if index.len() == 1 {
            return chosen;
        }
        let beyond = self.reduce(Reduction::Or, &index[1..]);
        let zero = self.zero(width);
        self.mux(beyond, &zero, &chosen)
    }

    fn zero(&mut self, width: u32) -> Words {
        self.literal(&num::Bits::zero(width))
    }

    pub fn slice(&mut self, a: &[Id], low: u32, width: u32) -> Words {
        (0..width.div_ceil(64)).map(|i| self.window(a, low + 64 * i, word_width(width, i))).collect()
    }

    /// At most 64 bits, from any place.
    fn window(&mut self, a: &[Id], low: u32, width: u32) -> Id {
        let (word, bit) = ((low / 64) as usize, low % 64);
        let here = (self.width(a[word]) - bit).min(width);
        let part = self.make(Op::Slice(a[word], bit), here);
        if here == width {
            return part;
        }
        let rest = self.make(Op::Slice(a[word + 1], 0), width - here);
        self.make(Op::Concat(rest, part), width)
    }

    /// Parts side by side, highest first.
    pub fn concat(&mut self, parts: &[&Words]) -> Words {
        let mut words: Words = Vec::new();
        for word in parts.iter().rev().flat_map(|part| part.iter()) {
            let filled = words.last().map_or(64, |last| self.width(*last));
            let width = self.width(*word);
            if filled == 64 {
                words.push(*word);
                continue;
            }
            let here = width.min(64 - filled);
            let part = self.make(Op::Slice(*word, 0), here);
            let last = words.pop().expect("an unfilled word");
            words.push(self.make(Op::Concat(part, last), filled + here));
            if here < width {
                words.push(self.make(Op::Slice(*word, here), width - here));
            }
        }
        words
    }

    pub fn zext(&mut self, a: &[Id], width: u32) -> Words {
        let zero = self.lit(0, 1);
        self.extend(a, width, Op::Zext, zero)
    }

    pub fn sext(&mut self, a: &[Id], width: u32) -> Words {
        let top = *a.last().expect("a signal of a word or more");
        let sign = self.make(Op::Slice(top, self.width(top) - 1), 1);
        self.extend(a, width, Op::Sext, sign)
    }

    /// Extended, or cut, to a width: the last word by `op`, words above it as copies of `fill`.
    fn extend(&mut self, a: &[Id], width: u32, op: fn(Id) -> Op, fill: Id) -> Words {
        if width <= self.bits(a) {
            return self.slice(a, 0, width);
        }
        let word = |i: u32| {
            let to = word_width(width, i);
            match a.get(i as usize) {
                Some(word) => self.make(op(*word), to),
                None => self.make(Op::Sext(fill), to),
            }
        };
        (0..width.div_ceil(64)).map(word).collect()
    }

    fn shift(&mut self, kind: Binary, a: &Words, by: &Words) -> Words {
        let width = self.bits(a);
        let top = a[a.len() - 1];
        let sign = self.make(Op::Slice(top, self.width(top) - 1), 1);
        let fill = match kind {
            Binary::ShiftRightSigned => self.sext(&[sign], width),
            _ => self.zero(width),
        };
        if let ([a], [by]) = (&a[..], &by[..]) {
            let op = match kind {
                Binary::ShiftLeft => Op::Shl,
                Binary::ShiftRight => Op::Shr,
                _ => Op::Sar,
            };
            return vec![self.make(op(*a, *by), width)];
        }
        let mut value = a.clone();
        let mut bit = 0;
        while bit < self.bits(by) && 1 << bit < width {
            let moved = self.moved(kind, &value, 1 << bit, &fill);
            let select = self.slice(by, bit, 1)[0];
            value = self.mux(select, &moved, &value);
            bit += 1;
        }
        let above = self.bits(by) - bit;
        if above == 0 {
            return value;
        }
        let above = self.slice(by, bit, above);
        let beyond = self.reduce(Reduction::Or, &above);
        self.mux(beyond, &fill, &value)
    }

    /// Shifted by a constant below the width.
    fn moved(&mut self, kind: Binary, a: &Words, by: u32, fill: &Words) -> Words {
        let width = self.bits(a);
        let filling = self.slice(fill, 0, by);
        match kind {
            Binary::ShiftLeft => {
                let kept = self.slice(a, 0, width - by);
                self.concat(&[&kept, &filling])
            }
            _ => {
                let kept = self.slice(a, by, width - by);
                self.concat(&[&filling, &kept])
            }
        }
    }
}
