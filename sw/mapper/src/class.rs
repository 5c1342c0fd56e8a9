//! Which operand a mapping keeps: read off its accesses, not off a name that somebody gave it. An operand stays as
//! long as terms are computed for every word that its register files exchange with the buffer.

use crate::space::Operand;
use std::fmt;

/// What stays in the register files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// One operand, at least twice as long as either of the others.
    Stationary(Operand),
    /// Two or all of them about as long, as where each PE keeps rows of kernel, input and sums.
    Row,
}

impl Class {
    /// The class of a mapping whose PEs compute `macs` terms and whose register files exchange so many words of each
    /// operand, in the order of [`Operand::ALL`], with the buffer.
    pub fn of(macs: f64, exchanged: [f64; 3]) -> Class {
        let mut stays = Operand::ALL.map(|operand| (macs / exchanged[operand as usize].max(1.0), operand));
        stays.sort_by(|a, b| b.0.total_cmp(&a.0));
        if stays[0].0 >= 2.0 * stays[1].0 {
            Class::Stationary(stays[0].1)
        } else {
            Class::Row
        }
    }
}

/// `IS`, `WS`, `OS` or `RS`.
impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Class::Stationary(Operand::Input) => "IS",
            Class::Stationary(Operand::Weight) => "WS",
            Class::Stationary(Operand::Sum) => "OS",
            Class::Row => "RS",
        })
    }
}
