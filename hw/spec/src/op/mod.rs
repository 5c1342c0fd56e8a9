//! The ops: what one PE of each kind of chunk computes.
//!
//! An op is a term of an input and a weight, and how terms accumulate; both are written once over
//! [`num::Num`]. On machine integers they are the reference executor, on hardware signals they are the PE.
//! A new op is one file here and one line in the table below.

mod adder;
mod conv;
mod shift;

pub use num::requant::ACC_BITS;
use num::Num;

/// One hand-worked row of an op: input, stored weight, the term they give.
pub type Vector = (i64, i64, i64);

/// What a file of this folder says about its op.
trait Definition {
    /// As written in network files.
    const NAME: &'static str;
    /// Name of the chunk whose PEs compute it.
    const CHUNK: &'static str;
    /// Legal widths of a stored weight, smallest and largest.
    const WEIGHT_BITS: (u32, u32);
    /// Where the accelerator description leaves the width out.
    const DEFAULT_WEIGHT_BITS: u32;
    /// Hand-worked rows for 8-bit inputs, which sharing the formula cannot make wrong together.
    const VECTORS: &'static [Vector];
    /// Whether a zero input makes a zero term for every weight.
    const ZERO_IS_NEUTRAL: bool;

    /// The term of one tap; `w` is the weight as stored.
    fn term<N: Num>(x: &N, w: &N) -> N;

    /// The largest magnitude that one tap with stored weight `w` can add, over all inputs.
    fn worst_case(w: i64) -> i64;

    /// Whether `w` is a legal stored weight of `bits` bits.
    fn is_legal(w: i64, bits: u32) -> bool {
        num::bits_for_signed(w) <= bits
    }
}

/// Declares [`Op`] from the list of its definitions, in the order of the chunks.
macro_rules! ops {
    ($($variant:ident = $definition:ty),* $(,)?) => {
        /// The kind of a layer, and of the PEs that run it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Op {
            $(#[doc = concat!("See `", stringify!($definition), "`.")] $variant,)*
        }

        impl Op {
            /// Every op, in the order of the chunks.
            pub const ALL: &'static [Op] = &[$(Op::$variant),*];

            /// As written in network files.
            pub fn name(self) -> &'static str {
                match self { $(Op::$variant => <$definition>::NAME),* }
            }

            /// Name of the chunk whose PEs compute it.
            pub fn chunk(self) -> &'static str {
                match self { $(Op::$variant => <$definition>::CHUNK),* }
            }

            /// Legal widths of a stored weight: smallest, largest.
            pub fn weight_bits(self) -> (u32, u32) {
                match self { $(Op::$variant => <$definition>::WEIGHT_BITS),* }
            }

            /// The width of a stored weight where nothing else is said.
            pub fn default_weight_bits(self) -> u32 {
                match self { $(Op::$variant => <$definition>::DEFAULT_WEIGHT_BITS),* }
            }

            /// Hand-worked rows of input, stored weight and term.
            pub fn vectors(self) -> &'static [Vector] {
                match self { $(Op::$variant => <$definition>::VECTORS),* }
            }

            /// Whether a zero input makes a zero term for every weight. Where it does not, an idle lane needs a zero
            /// weight as well, and a padding tap keeps its own.
            pub fn zero_is_neutral(self) -> bool {
                match self { $(Op::$variant => <$definition>::ZERO_IS_NEUTRAL),* }
            }

            /// The term of input `x` (8 bits) and stored weight `w`.
            #[inline(always)]
            pub fn term<N: Num>(self, x: &N, w: &N) -> N {
                match self { $(Op::$variant => <$definition>::term(x, w)),* }
            }

            /// The largest magnitude that one tap with stored weight `w` can add, over all inputs.
            pub fn worst_case(self, w: i64) -> i64 {
                match self { $(Op::$variant => <$definition>::worst_case(w)),* }
            }

            /// Whether `w` is a legal stored weight of `bits` bits.
            pub fn is_legal_weight(self, w: i64, bits: u32) -> bool {
                match self { $(Op::$variant => <$definition>::is_legal(w, bits)),* }
            }
        }
    };
}

ops! {
    Conv = conv::Conv,
    Shift = shift::Shift,
    Adder = adder::Adder,
}

impl Op {
    /// The op that network files call `name`.
    pub fn from_name(name: &str) -> Option<Op> {
        Op::ALL.iter().copied().find(|op| op.name() == name)
    }

    /// `acc + term` in the accumulator's 32 bits, which the loader of networks has shown to suffice.
    #[inline(always)]
    pub fn accumulate<N: Num>(self, acc: &N, term: &N) -> N {
        acc.add(term).fit(ACC_BITS)
    }
}

#[cfg(test)]
mod tests {
    use super::Op;
    use num::Int;

    #[test]
    fn hand_worked_vectors_hold_on_plain_and_checked_integers() {
        for op in Op::ALL {
            for &(x, w, expected) in op.vectors() {
                assert_eq!(op.term(&x, &w), expected, "{}({x}, {w})", op.name());
                assert_eq!(op.term(&(x as i32), &(w as i32)), expected as i32);
                let (_, bits) = op.weight_bits();
                assert!(op.is_legal_weight(w, bits));
                let checked = op.term(&Int::new(x, 8), &Int::new(w, bits));
                assert_eq!(checked.value(), expected, "{}({x}, {w}) with widths", op.name());
            }
        }
    }

    #[test]
    fn worst_cases_bound_every_term_tightly() {
        for op in Op::ALL {
            let (_, bits) = op.weight_bits();
            for w in -(1 << (bits - 1))..1 << (bits - 1) {
                if op.is_legal_weight(w, bits) {
                    let slack = (-128..128).map(|x: i64| op.worst_case(w) - op.term(&x, &w).abs()).min();
                    assert!(matches!(slack, Some(0 | 1)), "{} with weight {w}: {slack:?}", op.name());
                }
            }
        }
    }
}
