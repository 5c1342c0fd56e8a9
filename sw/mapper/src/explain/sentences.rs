//! What the numbers say, in words: what binds the layer, and which PEs idle.

use super::lanes::{idle, ragged};
use super::{total, Part, Ran, CYCLES};
use crate::mapping::Hold;
use spec::error::grouped;

/// Everything that there is to say, the most important first.
pub fn all(ran: &Ran<'_>, cycles: &[Part], resources: &[Part], transfers: &[Part]) -> Vec<String> {
    let mapping = ran.mapping;
    let mut said = vec![bound(ran, cycles)];
    said.extend(longest(total(cycles), resources, ran.span, transfers));
    said.extend(idle(mapping, "rows", &mapping.unroll.rows, ran.chunk.rows));
    said.extend(idle(mapping, "columns", &mapping.unroll.cols, ran.chunk.cols));
    said.extend(ragged(mapping));
    said
}

/// The cause with the most cycles, and the reason behind it.
fn bound(ran: &Ran<'_>, cycles: &[Part]) -> String {
    let (index, most) = cycles.iter().enumerate().rev().max_by_key(|(_, part)| part.value).expect("causes");
    let percent = 100.0 * most.value as f64 / total(cycles).max(1) as f64;
    let (_, what) = CYCLES[index];
    format!("{percent:.1} % of the time {what}{}", reason(ran, most.name))
}

/// Why the array waits, as far as the mapping shows it.
fn reason(ran: &Ran<'_>, cause: &str) -> String {
    let mapping = ran.mapping;
    let per_tile = |beats: u64, hold: Hold, what: &str, file: &str| {
        let steps = mapping.steps_below(hold.level);
        let [beats_said, steps_said] = [beats, steps].map(grouped);
        match (hold.slots, beats > steps) {
            (1, _) => format!(
                ": {file} holds one tile, so its {beats_said} {what} and {steps_said} steps take turns"
            ),
            (_, true) => format!(": a tile takes {beats_said} {what} and serves {steps_said} steps"),
            (_, false) => format!(": the first tile takes {beats_said} {what}"),
        }
    };
    match cause {
        "inputs" => per_tile(mapping.x_beats(), mapping.x, "beats", "input_rf"),
        "weights" => per_tile(mapping.w_beats(), mapping.w, "beats", "weight_rf"),
        "results" => per_tile(mapping.d_beats(), mapping.a, "drain steps", "psum_rf"),
        "parameters" => format!(": {} rows of 12 reads", grouped(mapping.p_rows())),
        "loads" | "stores" => format!(": the layer is cut into {} parts", ran.execs.len()),
        _ => String::new(),
    }
}

/// What is needed longest, where that is not the array itself; DRAM where it is needed for longer than the layer computes.
fn longest(cycles: u64, resources: &[Part], span: u64, transfers: &[Part]) -> Option<String> {
    let of_array = resources.iter().map(|part| (part, cycles, ""));
    let beyond = transfers.iter().filter(|part| part.value > cycles);
    let of_dram = beyond.map(|part| (part, span, " from its first load to its last store"));
    let (most, whole, which) = of_array.chain(of_dram).rev().max_by_key(|(part, ..)| part.value)?;
    let percent = 100.0 * most.value as f64 / whole.max(1) as f64;
    let (needed, computes) = (grouped(most.value), most.name == "compute steps");
    let text = format!("{}: needed for {needed} cycles, {percent:.1} % of the time{which}", most.name);
    (!computes).then_some(text)
}
