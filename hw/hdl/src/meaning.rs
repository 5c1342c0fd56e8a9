//! What each operation computes: the one definition behind constant folding and the reference interpreter.

use num::Bits;

use crate::op::{Binary, Op, Reduction};

/// The result, `width` bits wide, of a computed operation on the values of its operands (in the order of
/// [`Op::operands`]). Panics for a leaf other than a constant: those are given from outside.
pub fn meaning(op: &Op, width: u32, operands: &[&Bits]) -> Bits {
    match op {
        Op::Const(value) => value.clone(),
        Op::Not(_) => operands[0].not(),
        Op::Binary(kind, ..) => binary(*kind, operands[0], operands[1]),
        Op::Reduce(kind, _) => reduce(*kind, operands[0]),
        Op::Mux { .. } => operands[if operands[0].bit(0) { 1 } else { 2 }].clone(),
        Op::Select { .. } => {
            let index = small(operands[0]).saturating_add(1);
            operands.get(index).map_or_else(|| Bits::zero(width), |option| (*option).clone())
        }
        Op::Slice { low, .. } => operands[0].slice(*low, width),
        Op::Concat(_) => concat(operands),
        Op::Zext(_) => operands[0].zext(width),
        Op::Sext(_) => operands[0].sext(width),
        leaf => panic!("{leaf:?} is not computed from operands"),
    }
}

fn binary(kind: Binary, a: &Bits, b: &Bits) -> Bits {
    let product = a.width() + b.width();
    let bit = |value: bool| Bits::from_u64(1, u64::from(value));
    match kind {
        Binary::And => a.and(b),
        Binary::Or => a.or(b),
        Binary::Xor => a.xor(b),
        Binary::Add => a.add(b),
        Binary::Sub => a.sub(b),
        Binary::MulUnsigned => a.zext(product).mul(&b.zext(product)),
        Binary::MulSigned => a.sext(product).mul(&b.sext(product)),
        Binary::Eq => bit(a == b),
        Binary::LessUnsigned => bit(a.ult(b)),
        Binary::LessSigned => bit(a.slt(b)),
        Binary::ShiftLeft => a.shl(amount(a, b)),
        Binary::ShiftRight => a.lshr(amount(a, b)),
        Binary::ShiftRightSigned => a.ashr(amount(a, b)),
    }
}

fn reduce(kind: Reduction, a: &Bits) -> Bits {
    let set: u32 = a.words().iter().map(|word| word.count_ones()).sum();
    let result = match kind {
        Reduction::And => set == a.width(),
        Reduction::Or => set > 0,
        Reduction::Xor => set % 2 == 1,
    };
    Bits::from_u64(1, u64::from(result))
}

fn concat(parts: &[&Bits]) -> Bits {
    let (first, rest) = parts.split_first().expect("a concatenation of something");
    rest.iter().fold((*first).clone(), |high, low| high.concat(low))
}

/// A shift amount; from the width of `a` on they are all the same.
fn amount(a: &Bits, by: &Bits) -> u32 {
    small(by).min(a.width() as usize) as u32
}

/// An unsigned value, or a huge number where it has more than 32 bits.
fn small(value: &Bits) -> usize {
    let fits = value.words()[1..].iter().all(|word| *word == 0) && value.to_u64() <= u64::from(u32::MAX);
    if fits {
        value.to_u64() as usize
    } else {
        usize::MAX
    }
}
