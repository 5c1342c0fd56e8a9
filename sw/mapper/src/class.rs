//! Which operand a mapping keeps: read off its accesses, not off a name that somebody gave it. An operand stays as
//! long as terms are computed for every word that its register files exchange with the buffer.

use super::cost::Cost;
use super::layer::Operand;
use std::fmt;

/// What stays in the register files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// One operand, at least twice as long as either of the others.
    Stationary(Operand),
    /// Two or all of them about as long, as where each PE keeps rows of kernel, input and sums.
    Row,
}

/// The class of a mapping that costs `cost` on PEs that compute `macs` terms.
pub fn class(cost: &Cost, macs: f64) -> Class {
    let mut stays = Operand::ALL.map(|operand| {
        let i = operand as usize;
        let exchanged = match operand {
            // Words that are taken up and put down for every term are the PE's own business.
            Operand::Sum => cost.rf[i].writes - macs + (cost.rf[i].reads - macs).max(0.0),
            _ => cost.rf[i].writes,
        };
        (macs / exchanged.max(1.0), operand)
    });
    stays.sort_by(|a, b| b.0.total_cmp(&a.0));
    if stays[0].0 >= 2.0 * stays[1].0 {
        Class::Stationary(stays[0].1)
    } else {
        Class::Row
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
