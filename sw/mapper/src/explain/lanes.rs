//! Which PEs had no work, and why: an array is as wide as it is, and a layer's dimensions seldom fill it exactly.

use super::{Part, Ran};
use crate::mapping::Mapping;
use crate::unroll::Axis;
use crate::work::Dim;

/// What became of the cycles of all PEs of the chunk, in the `cycles` of a layer.
pub fn pes(ran: &Ran<'_>, cycles: u64) -> Vec<Part> {
    let [steps, terms] = ["steps", "terms"].map(|name| ran.counts.get(name));
    let (all, macs) = (u64::from(ran.chunk.pes()), ran.mapping.layer.macs());
    let parts = [
        ("work", macs),
        ("ragged", terms - macs),
        ("idle lanes", steps * all - terms),
        ("waiting", (cycles - steps) * all),
    ];
    parts.into_iter().map(|(name, value)| Part { name, value }).collect()
}

/// How much of a dimension all steps of all parts compute, at least the layer's: their product is the terms.
pub fn covered(mapping: &Mapping, dim: Dim) -> u64 {
    let parts = u64::from(mapping.layer.size[dim].div_ceil(mapping.tile[dim]));
    parts * u64::from(mapping.unroll.size(dim)) * u64::from(mapping.temporal(dim))
}

/// Dimensions of which more is computed than there is, in a sentence each.
pub fn ragged(mapping: &Mapping) -> Vec<String> {
    let one = |dim: &Dim| {
        let (there, covered) = (u64::from(mapping.layer.size[*dim]), covered(mapping, *dim));
        let rounds = covered / u64::from(mapping.unroll.size(*dim));
        let percent = 100.0 * (covered - there) as f64 / covered as f64;
        let (name, at_once) = (dim.name(), mapping.unroll.size(*dim));
        let text =
            format!("{name} is {there}, {rounds} rounds of {at_once} compute {covered}: {percent:.1} % of them for nothing");
        (covered > there).then_some(text)
    };
    Dim::ALL.iter().filter_map(one).collect()
}

/// Why rows, or columns, are left idle; nothing where none is.
pub fn idle(mapping: &Mapping, side: &str, axis: &Axis, there: u32) -> Option<String> {
    let used = axis.pes();
    if used == there {
        return None;
    }
    let partial =
        axis.0.iter().rev().find(|factor| mapping.unroll.size(factor.dim) < mapping.tile[factor.dim]);
    let why = match partial {
        _ if axis.0.is_empty() => "nothing of this layer lies along them".to_string(),
        None => format!("{axis} is all there is"),
        Some(factor) => {
            let (dim, at_once) = (factor.dim, mapping.unroll.size(factor.dim));
            let rounds = mapping.tile[dim].div_ceil(at_once);
            let most = at_once / factor.size * (there / (used / factor.size));
            let name = dim.name();
            match mapping.tile[dim].div_ceil(most) == rounds {
                true => format!(
                    "{name}{} takes {rounds} rounds of {at_once}, with {most} no fewer",
                    mapping.tile[dim]
                ),
                false => format!("more of {name} would not leave in whole beats, or not fit the buffer"),
            }
        }
    };
    Some(format!("{} of {there} {side} idle: {why}", there - used))
}
