//! `Bits`: what a bundle of wires carries. A two's-complement vector of any width, with the operations that a
//! hardware description may apply to it. Results have the width of the operands unless their text says more.

use std::fmt;

/// A bit vector of 1 bit or more, kept in 64-bit words, lowest first; unused upper bits are always 0.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Bits {
    width: u32,
    words: Vec<u64>,
}

impl Bits {
    /// All zeros.
    pub fn zero(width: u32) -> Bits {
        assert!(width > 0, "a vector has at least one bit");
        Bits { width, words: vec![0; width.div_ceil(64) as usize] }
    }

    /// All ones.
    pub fn ones(width: u32) -> Bits {
        Bits::zero(width).not()
    }

    /// The low `width` bits of `value`.
    pub fn from_u64(width: u32, value: u64) -> Bits {
        let mut bits = Bits::zero(width);
        bits.words[0] = value;
        bits.canonical()
    }

    /// `value` sign-extended, or cut, to `width` bits.
    pub fn from_i64(width: u32, value: i64) -> Bits {
        let mut bits = Bits::zero(width);
        bits.words.fill(if value < 0 { u64::MAX } else { 0 });
        bits.words[0] = value as u64;
        bits.canonical()
    }

    /// The low `width` bits of `words`, lowest word first; missing words are 0.
    pub fn from_words(width: u32, words: &[u64]) -> Bits {
        let mut bits = Bits::zero(width);
        for (to, from) in bits.words.iter_mut().zip(words) {
            *to = *from;
        }
        bits.canonical()
    }

    /// Width in bits.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The words, lowest first.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The low 64 bits as an unsigned number.
    pub fn to_u64(&self) -> u64 {
        self.words[0]
    }

    /// The value as a signed number; only its low 64 bits where it is wider.
    pub fn to_i64(&self) -> i64 {
        if self.width >= 64 {
            return self.words[0] as i64;
        }
        let unused = 64 - self.width;
        ((self.words[0] << unused) as i64) >> unused
    }

    /// Whether bit `index` is set; bits beyond the width are 0.
    pub fn bit(&self, index: u32) -> bool {
        index < self.width && self.words[(index / 64) as usize] >> (index % 64) & 1 == 1
    }

    /// Whether every bit is 0.
    pub fn is_zero(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The sign bit.
    pub fn is_negative(&self) -> bool {
        self.bit(self.width - 1)
    }

    /// Bits `low .. low + width`.
    pub fn slice(&self, low: u32, width: u32) -> Bits {
        assert!(low + width <= self.width, "bits {low}..{} of {}", low + width, self.width);
        Bits::from_words(width, &self.lshr(low).words)
    }

    /// `self` above `low`, as wide as both.
    pub fn concat(&self, low: &Bits) -> Bits {
        let width = self.width + low.width;
        self.zext(width).shl(low.width).or(&low.zext(width))
    }

    /// Zero-extended, or cut, to `width`.
    pub fn zext(&self, width: u32) -> Bits {
        Bits::from_words(width, &self.words)
    }

    /// Sign-extended, or cut, to `width`.
    pub fn sext(&self, width: u32) -> Bits {
        if width <= self.width || !self.is_negative() {
            return self.zext(width);
        }
        let upper = Bits::ones(width).shl(self.width);
        self.zext(width).or(&upper)
    }

    /// Bitwise complement.
    pub fn not(&self) -> Bits {
        Bits { width: self.width, words: self.words.iter().map(|word| !word).collect() }.canonical()
    }

    /// Bitwise and.
    pub fn and(&self, rhs: &Bits) -> Bits {
        self.zip(rhs, |a, b| a & b)
    }

    /// Bitwise or.
    pub fn or(&self, rhs: &Bits) -> Bits {
        self.zip(rhs, |a, b| a | b)
    }

    /// Bitwise exclusive or.
    pub fn xor(&self, rhs: &Bits) -> Bits {
        self.zip(rhs, |a, b| a ^ b)
    }

    /// Sum, modulo 2^width.
    pub fn add(&self, rhs: &Bits) -> Bits {
        let mut carry = 0u128;
        self.zip(rhs, |a, b| {
            let sum = u128::from(a) + u128::from(b) + carry;
            carry = sum >> 64;
            sum as u64
        })
    }

    /// Difference, modulo 2^width.
    pub fn sub(&self, rhs: &Bits) -> Bits {
        self.add(&rhs.not()).add(&Bits::from_u64(self.width, 1))
    }

    /// Product, modulo 2^width; the same for signed and unsigned operands.
    pub fn mul(&self, rhs: &Bits) -> Bits {
        self.assert_same_width(rhs);
        let mut out = Bits::zero(self.width);
        for (i, a) in self.words.iter().enumerate() {
            let mut carry = 0u128;
            for j in 0..self.words.len() - i {
                let sum = u128::from(*a) * u128::from(rhs.words[j]) + u128::from(out.words[i + j]) + carry;
                out.words[i + j] = sum as u64;
                carry = sum >> 64;
            }
        }
        out.canonical()
    }

    /// Shift left, zeros in; all zeros from `width` on.
    pub fn shl(&self, by: u32) -> Bits {
        let mut out = Bits::zero(self.width);
        let (words, bits) = ((by / 64) as usize, by % 64);
        for i in words..self.words.len() {
            let low = if bits > 0 && i > words { self.words[i - words - 1] >> (64 - bits) } else { 0 };
            out.words[i] = self.words[i - words] << bits | low;
        }
        out.canonical()
    }

    /// Shift right, zeros in.
    pub fn lshr(&self, by: u32) -> Bits {
        let mut out = Bits::zero(self.width);
        let (words, bits) = ((by / 64) as usize, by % 64);
        for i in 0..self.words.len().saturating_sub(words) {
            let above = self.words.get(i + words + 1).copied().unwrap_or(0);
            let high = if bits > 0 { above << (64 - bits) } else { 0 };
            out.words[i] = self.words[i + words] >> bits | high;
        }
        out
    }

    /// Shift right, copies of the sign in.
    pub fn ashr(&self, by: u32) -> Bits {
        let by = by.min(self.width);
        if !self.is_negative() {
            return self.lshr(by);
        }
        self.not().lshr(by).not()
    }

    /// Unsigned `self < rhs`.
    pub fn ult(&self, rhs: &Bits) -> bool {
        self.assert_same_width(rhs);
        self.words.iter().rev().lt(rhs.words.iter().rev())
    }

    /// Signed `self < rhs`.
    pub fn slt(&self, rhs: &Bits) -> bool {
        match (self.is_negative(), rhs.is_negative()) {
            (true, false) => true,
            (false, true) => false,
            _ => self.ult(rhs),
        }
    }

    fn zip(&self, rhs: &Bits, mut op: impl FnMut(u64, u64) -> u64) -> Bits {
        self.assert_same_width(rhs);
        let words = self.words.iter().zip(&rhs.words).map(|(a, b)| op(*a, *b)).collect();
        Bits { width: self.width, words }.canonical()
    }

    fn canonical(mut self) -> Bits {
        let used = self.width % 64;
        if used > 0 {
            if let Some(top) = self.words.last_mut() {
                *top &= u64::MAX >> (64 - used);
            }
        }
        self
    }

    fn assert_same_width(&self, rhs: &Bits) {
        assert_eq!(self.width, rhs.width, "operands of {} and {} bits", self.width, rhs.width);
    }
}

/// Verilog's own notation: `8'h1f`.
impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex: String = self.words.iter().rev().map(|word| format!("{word:016x}")).collect();
        let digits = self.width.div_ceil(4) as usize;
        write!(f, "{}'h{}", self.width, &hex[hex.len() - digits..])
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Bits;

    /// 128-bit machine arithmetic is the oracle for widths up to 128.
    #[test]
    fn agrees_with_machine_integers() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for round in 0..20_000u32 {
            let width = 1 + round % 128;
            let mask = u128::MAX >> (128 - width);
            let (a, b) = ([random(), random()], [random(), random()]);
            let wide = |w: [u64; 2]| (u128::from(w[1]) << 64 | u128::from(w[0])) & mask;
            let (x, y) = (Bits::from_words(width, &a), Bits::from_words(width, &b));
            let check = |got: Bits, expected: u128, what: &str| {
                let words = [expected as u64, (expected >> 64) as u64];
                assert_eq!(got, Bits::from_words(width, &words), "{what} of {x} and {y}");
            };
            let (p, q) = (wide(a), wide(b));
            let signed = |v: u128| ((v << (128 - width)) as i128) >> (128 - width);
            let by = (random() % u64::from(width)) as u32;
            check(x.add(&y), p.wrapping_add(q) & mask, "sum");
            check(x.sub(&y), p.wrapping_sub(q) & mask, "difference");
            check(x.mul(&y), p.wrapping_mul(q) & mask, "product");
            check(x.shl(by), p << by & mask, "shl");
            check(x.lshr(by), p >> by, "lshr");
            check(x.ashr(by), (signed(p) >> by) as u128 & mask, "ashr");
            assert_eq!(x.ult(&y), p < q);
            assert_eq!(x.slt(&y), signed(p) < signed(q));
            assert_eq!(x.concat(&y).slice(width, width), x);
            assert_eq!(x.sext(width + 70).slice(0, width), x);
        }
    }

    #[test]
    fn prints_as_verilog() {
        assert_eq!(Bits::from_i64(70, -2).to_string(), "70'h3ffffffffffffffffe");
        assert_eq!(Bits::from_u64(1, 1).to_string(), "1'h1");
    }
}
