//! A mapping of the whole space as a plain value: what lies along the rows and columns of the array, one order of
//! temporal loops, and for each operand how many of the innermost loops its tiles in the register files and in the
//! buffer span. The boundaries of the operands are independent of each other (an uneven mapping).

use super::layer::{Dim, Layer, Operand, Sizes, DIMS};
use std::fmt;

/// A dimension and how much of it: PEs along an axis, or iterations of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Factor {
    /// Which.
    pub dim: Dim,
    /// How much, more than 1.
    pub count: u32,
}

/// How far an operand's tiles reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hold {
    /// Innermost loops that a tile of the register files serves.
    pub rf: usize,
    /// Innermost loops that a tile of the buffer serves; at least `rf`. The rest is DRAM's.
    pub buffer: usize,
}

/// How a layer is computed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mapping {
    /// The layer.
    pub layer: Layer,
    /// What lies along the rows, all of it at once.
    pub rows: Vec<Factor>,
    /// What lies along the columns.
    pub cols: Vec<Factor>,
    /// The temporal loops, innermost first.
    pub loops: Vec<Factor>,
    /// Inputs, weights, sums.
    pub hold: [Hold; 3],
}

impl Mapping {
    /// PEs along each dimension.
    pub fn spatial(&self) -> Sizes {
        product(self.rows.iter().chain(&self.cols))
    }

    /// Iterations of all loops over each dimension.
    pub fn temporal(&self) -> Sizes {
        product(&self.loops)
    }

    /// Compute steps.
    pub fn steps(&self) -> u64 {
        self.loops.iter().map(|l| u64::from(l.count)).product()
    }

    /// The boundary at or above `from` of a tile of `operand`: loops that leave the tile as it is are the tile's, for
    /// an access to unchanged data is none.
    pub fn reach(&self, operand: Operand, from: usize) -> usize {
        let same = |l: &&Factor| !operand.moves(l.dim);
        from + self.loops.iter().skip(from).take_while(same).count()
    }
}

/// The product of what each dimension has among `factors`.
pub fn product<'a>(factors: impl IntoIterator<Item = &'a Factor>) -> Sizes {
    let mut sizes = [1u32; DIMS];
    for factor in factors {
        let size = &mut sizes[factor.dim.index()];
        *size = size.saturating_mul(factor.count);
    }
    sizes
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dim.name(), self.count)
    }
}

/// As a loop nest, the outermost loop first, with the tiles where they are fetched.
impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut indent = 0;
        let mut line = |f: &mut fmt::Formatter<'_>, text: String, deeper: usize| {
            let blanks = indent;
            indent += deeper;
            writeln!(f, "{:blanks$}{text}", "")
        };
        let buffer: fn(&Hold) -> usize = |hold| hold.buffer;
        let memories = [("buffer", buffer), ("registers", |hold| hold.rf)];
        for level in (0..=self.loops.len()).rev() {
            for (memory, reach) in memories {
                let here = |operand: &&Operand| reach(&self.hold[**operand as usize]) == level;
                let names: Vec<&str> =
                    Operand::ALL.iter().filter(here).map(|operand| operand.name()).collect();
                if !names.is_empty() {
                    line(f, format!("{memory}: {}", names.join(", ")), 0)?;
                }
            }
            if let Some(l) = level.checked_sub(1).map(|index| self.loops[index]) {
                line(f, format!("for {} in 0..{}", l.dim.name(), l.count), 2)?;
            }
        }
        for (axis, factors) in [("rows", &self.rows), ("columns", &self.cols)] {
            let factors: Vec<String> = factors.iter().map(Factor::to_string).collect();
            line(f, format!("along {axis}: {}", factors.join(" ")), 0)?;
        }
        Ok(())
    }
}
