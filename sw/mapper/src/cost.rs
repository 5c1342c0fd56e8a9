//! The closed form that the search ranks mappings by: every operand's beats and the compute steps overlap as far
//! as there are slots for a next tile; what has a single slot waits in turn. Fills and the last drain are added.
//! [`crate::exec`] is the same story tile by tile, with latencies.

use crate::mapping::{Hold, Mapping};
use spec::timing;

/// Predicted effort of one full `EXEC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    /// Cycles.
    pub cycles: u64,
    /// Beats of all operands together; of two equally fast mappings the one with fewer costs less energy.
    pub beats: u64,
}

/// The closed form; `nest_depth` is the accelerator's.
pub fn closed_form(mapping: &Mapping, nest_depth: u32) -> Cost {
    let steps = mapping.steps();
    let tiles = |hold: Hold| steps / mapping.steps_below(hold.level);
    let [x, w, a] = [mapping.x_beats(), mapping.w_beats(), mapping.d_beats()];
    let beats = [x * mapping.x_tiles(), w * tiles(mapping.w), a * tiles(mapping.a)];
    let alone = |hold: Hold, beats: u64| if hold.slots == 1 { beats } else { 0 };
    let fills = [alone(mapping.x, beats[0]), alone(mapping.w, beats[1]), alone(mapping.a, beats[2])];
    // Tiles that roll leave one a cycle where their window jumps.
    let jumps = if mapping.rolls { steps / mapping.steps_below(mapping.x.level + 1) - 1 } else { 0 };
    let leaving = jumps * u64::from(mapping.x_more());
    let chain = steps + leaving + fills[0].max(fills[1]) + fills[2];
    let busiest = beats.iter().copied().fold(chain, u64::max);
    let cleared = timing::input_start(nest_depth, mapping.x_clear()) - timing::nest_start(nest_depth);
    let ends = (x + u64::from(cleared)).max(w) + a;
    Cost { cycles: busiest + ends, beats: beats.iter().sum() }
}
