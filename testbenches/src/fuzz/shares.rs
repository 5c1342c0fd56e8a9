//! What drawn mappings are like: how many of those that ran are of each kind, and which operand stayed in the
//! register files of which chunk, read off what they exchange. A campaign must reach the least share of every kind, so
//! that it does not agree because it only ever draws what is easy.

use mapper::class::Class;
use mapper::counts::class;
use mapper::nests::MOST_TAPS;
use mapper::parts::{visits, Visit};
use mapper::space::Operand;
use mapper::unroll::Axis;
use mapper::{Dim, Mapping};
use spec::accelerator::Chunk;
use spec::op::Op;
use std::fmt;

/// A name, the least share in percent, and the mappings that it is for.
type Kind = (&'static str, u64, fn(&Mapping) -> bool);

const KINDS: &[Kind] = &[
    ("uneven: operands held at different loops", 30, |m| m.x.level != m.w.level || m.w.level != m.a.level),
    ("a product of dimensions on an axis", 20, |m| axes(m).iter().any(|axis| axis.0.len() > 1)),
    ("ragged: no multiple of what lies on the array", 50, |m| {
        Dim::ALL.iter().any(|dim| !m.layer.size[*dim].is_multiple_of(m.unroll.size(*dim)))
    }),
    ("a dimension on both axes", 2, |m| {
        Dim::ALL.iter().any(|dim| axes(m).iter().all(|axis| axis.size(*dim) > 1))
    }),
    ("reductions along the columns", 20, |m| m.unroll.cols.0.iter().any(|f| f.dim.is_reduction())),
    ("reductions outside other dimensions on the rows", 5, |m| {
        let reductions = m.unroll.rows.0.iter().filter(|f| f.dim.is_reduction()).count();
        m.unroll.summed_rows().digits < reductions
    }),
    ("inputs that slide along the columns", 3, Mapping::slides),
    ("several tiles of partial sums", 30, |m| m.a.level < m.loops.len()),
    ("several parts", 50, |m| m.tile != m.layer.size),
    ("kernels that are cut unevenly", 8, |m| m.is_ragged(Dim::FY) || m.is_ragged(Dim::FX)),
    ("more taps than can be followed", 1, |m| m.layer.size[Dim::FX] > MOST_TAPS),
    ("partial sums that leave before they are finished", 30, Mapping::spills),
    ("rows of inputs that stay for the next window", 3, |m| m.rolls),
    ("columns of padding that are cleared", 3, |m| m.clears),
    ("blocks of neighbouring output columns", 1, |m| m.unroll.block > 1),
    ("halves of the columns served at once", 1, |m| m.unroll.halves() > 1),
    ("within an EXEC", 20, |m| m.loops.iter().skip(m.a.level).any(|l| l.dim.is_reduction())),
    ("from EXEC to EXEC", 10, |m| m.outer.iter().any(|l| l.dim.is_reduction())),
    ("through DRAM", 2, |m| visits(m).iter().any(Visit::writes)),
];

fn axes(mapping: &Mapping) -> [&Axis; 2] {
    [&mapping.unroll.rows, &mapping.unroll.cols]
}

/// What may stay.
const CLASSES: [Class; 4] = [
    Class::Stationary(Operand::Weight),
    Class::Stationary(Operand::Sum),
    Class::Stationary(Operand::Input),
    Class::Row,
];

/// The counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    mappings: u64,
    kinds: [u64; KINDS.len()],
    /// By op and class.
    classes: [[u64; CLASSES.len()]; Op::ALL.len()],
    /// By dimension, along rows and along columns.
    along: [[u64; 2]; Dim::ALL.len()],
}

impl Shares {
    /// Counts a mapping that ran.
    pub fn count(&mut self, chunk: &Chunk, mapping: &Mapping) {
        self.mappings += 1;
        let kinds = KINDS.iter().zip(&mut self.kinds);
        kinds.for_each(|((_, _, holds), count)| *count += u64::from(holds(mapping)));
        let found = class(chunk, mapping);
        let index = CLASSES.iter().position(|class| *class == found);
        self.classes[chunk.op as usize][index.expect("every class has a column")] += 1;
        for (along, axis) in axes(mapping).iter().enumerate() {
            let lies = Dim::ALL.into_iter().filter(|dim| axis.size(*dim) > 1);
            lies.for_each(|dim| self.along[dim as usize][along] += 1);
        }
    }

    /// Adds what another worker has seen.
    pub fn add(&mut self, other: &Shares) {
        self.mappings += other.mappings;
        let (classes, along) = (self.classes.iter_mut().flatten(), self.along.iter_mut().flatten());
        let mine = self.kinds.iter_mut().chain(classes).chain(along);
        let (classes, along) = (other.classes.iter().flatten(), other.along.iter().flatten());
        let theirs = other.kinds.iter().chain(classes).chain(along);
        mine.zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// Mappings that were counted.
    pub fn mappings(&self) -> u64 {
        self.mappings
    }

    /// The kinds whose share is too small, and what never lay on the array or never stayed.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for ((name, least, _), count) in KINDS.iter().zip(&self.kinds) {
            if 100 * count < least * self.mappings {
                missing.push(format!("{name}: {count} of {}, at least {least} %", self.mappings));
            }
        }
        for (op, counts) in Op::ALL.iter().zip(&self.classes) {
            let never = CLASSES.iter().zip(counts).filter(|(_, count)| **count == 0);
            missing.extend(never.map(|(class, _)| format!("{class} of {}", op.name())));
        }
        for (dim, counts) in Dim::ALL.iter().zip(&self.along) {
            let never = ["rows", "columns"].into_iter().zip(counts).filter(|(_, count)| **count == 0);
            missing.extend(never.map(|(axis, _)| format!("{} along {axis}", dim.name())));
        }
        missing
    }
}

impl fmt::Display for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} mappings", self.mappings)?;
        for ((name, least, _), count) in KINDS.iter().zip(&self.kinds) {
            let share = 100 * count / self.mappings.max(1);
            write!(f, "\n{name:<50}{count:>7}{share:>4} % (at least {least} %)")?;
        }
        write!(f, "\n{:<8}", "stays")?;
        CLASSES.iter().try_for_each(|class| write!(f, "{:>7}", class.to_string()))?;
        for (op, counts) in Op::ALL.iter().zip(&self.classes) {
            write!(f, "\n{:<8}", op.name())?;
            counts.iter().try_for_each(|count| write!(f, "{count:>7}"))?;
        }
        write!(f, "\n{:<8}", "along")?;
        Dim::ALL.iter().try_for_each(|dim| write!(f, "{:>7}", dim.name()))?;
        for (axis, name) in ["rows", "columns"].iter().enumerate() {
            write!(f, "\n{name:<8}")?;
            self.along.iter().try_for_each(|counts| write!(f, "{:>7}", counts[axis]))?;
        }
        Ok(())
    }
}
