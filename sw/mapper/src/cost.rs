//! The closed form that the search ranks mappings by: every operand's beats and the compute steps overlap as far
//! as there are slots for a next tile; what has a single slot waits in turn. Fills and the last drain are added.
//! [`crate::exec`] is the same story tile by tile, with latencies.

use crate::mapping::{Hold, Mapping};

/// Predicted effort of one full `EXEC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    /// Cycles.
    pub cycles: u64,
    /// Beats of all operands together; of two equally fast mappings the one with fewer costs less energy.
    pub beats: u64,
}

/// The closed form.
pub fn closed_form(mapping: &Mapping) -> Cost {
    let steps = mapping.steps();
    let tiles = |hold: Hold| steps / mapping.steps_below(hold.level);
    let flows =
        [(mapping.x_beats(), mapping.x), (mapping.w_beats(), mapping.w), (mapping.d_beats(), mapping.a)];
    let beats = flows.map(|(beats, hold)| beats * tiles(hold));
    let alone = |(i, (_, hold)): (usize, &(u64, Hold))| if hold.slots == 1 { beats[i] } else { 0 };
    let fills: Vec<u64> = flows.iter().enumerate().map(alone).collect();
    let chain = steps + fills[0].max(fills[1]) + fills[2];
    let busiest = beats.iter().copied().fold(chain, u64::max);
    let ends = flows[0].0.max(flows[1].0) + flows[2].0;
    Cost { cycles: busiest + ends, beats: beats.iter().sum() }
}
