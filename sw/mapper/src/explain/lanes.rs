//! Which PEs had no work, and why: an array is as wide as it is, and a layer's dimensions seldom fill it exactly.

use super::{Part, Ran};
use crate::mapping::Mapping;
use crate::unroll::{Axis, Factor};
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

/// Rows, or columns, that are left idle, and why, as far as the mapping shows it; nothing where none is.
pub fn idle(mapping: &Mapping, side: &str, axis: &Axis, there: u32) -> Option<String> {
    let left = there - axis.pes();
    let why = match axis.0.is_empty() {
        true => "nothing of this layer lies along them".to_string(),
        false => axis
            .0
            .iter()
            .rev()
            .find_map(|factor| no_more(mapping, axis, factor, there))
            .unwrap_or_else(|| format!("{axis} is all there is")),
    };
    (left > 0).then(|| format!("{left} of {there} {side} idle: {why}"))
}

/// Why no more of a factor's dimension lies along a side of `there` PEs; nothing where the layer has no more of it.
fn no_more(mapping: &Mapping, axis: &Axis, factor: &Factor, there: u32) -> Option<String> {
    let (dim, at_once) = (factor.dim, mapping.unroll.size(factor.dim));
    let [layer, part] = [mapping.layer.size[dim], mapping.tile[dim]];
    let others = axis.pes() / factor.size;
    let most = at_once / factor.size * (there / others);
    let rounds = |at_once: u32| part.div_ceil(at_once);
    let (name, taken, fewest) = (dim.name(), rounds(at_once), rounds(most));
    let why = match (at_once >= part, most == at_once) {
        _ if at_once >= layer => return None,
        (true, _) => format!("a part has only {name}{part} of {layer}"),
        (false, true) => format!("one more of {name} would take {}", others * (factor.size + 1)),
        _ if fewest == taken => {
            format!("{name}{part} takes {taken} rounds of {at_once}, with {most} no fewer")
        }
        _ => format!("{name}{part} takes {taken} rounds of {at_once}; with {most} it would be {fewest}"),
    };
    Some(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::Hold;
    use crate::unroll::Unroll;
    use crate::work::{Sizes, Work};

    /// The reason for idle rows of 16, with these factors along them.
    fn said(rows: &[(Dim, u32)], layer: [u32; 7], part: [u32; 7]) -> Option<String> {
        let text = include_str!("../../../../hw/configs/large.yaml");
        let large = spec::config::parse("large.yaml", text).expect("committed");
        let layer = Work {
            size: Sizes(layer),
            stride: [1; 2],
            padding: [0; 2],
            input: [layer[3] + layer[5] - 1, layer[4] + layer[6] - 1],
            residual: false,
        };
        let axis = Axis::of(rows);
        let line = large.buffer.line_bytes;
        let unroll = Unroll::new(&large.chunks[0], line, &layer, axis.clone(), Axis::default());
        let hold = Hold { level: 0, slots: 1, buffer: 0 };
        let (outer, loops) = (Vec::new(), Vec::new());
        let mapping = Mapping {
            unroll,
            layer,
            tile: Sizes(part),
            outer,
            loops,
            x: hold,
            w: hold,
            a: hold,
            rolls: false,
            clears: false,
        };
        idle(&mapping, "rows", &axis, 16)
    }

    #[test]
    fn idle_rows_have_the_reason_that_the_mapping_shows() {
        let layer = [1, 184, 24, 8, 8, 3, 3];
        let whole = |rows: &[(Dim, u32)]| said(rows, layer, layer);
        assert_eq!(whole(&[(Dim::K, 16)]), None);
        for (found, reason) in [
            (whole(&[]), "15 of 16 rows idle: nothing of this layer lies along them"),
            (whole(&[(Dim::OX, 8)]), "8 of 16 rows idle: [OX8] is all there is"),
            (
                said(&[(Dim::K, 8)], layer, [1, 8, 24, 8, 8, 3, 3]),
                "8 of 16 rows idle: a part has only K8 of 184",
            ),
            (whole(&[(Dim::C, 5), (Dim::FX, 3)]), "1 of 16 rows idle: one more of C would take 18"),
            (whole(&[(Dim::C, 12)]), "4 of 16 rows idle: C24 takes 2 rounds of 12, with 16 no fewer"),
            (whole(&[(Dim::C, 8)]), "8 of 16 rows idle: C24 takes 3 rounds of 8; with 16 it would be 2"),
        ] {
            assert_eq!(found.as_deref(), Some(reason));
        }
    }
}
