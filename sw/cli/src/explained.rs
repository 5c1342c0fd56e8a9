//! Why a layer costs what it costs, as text with bars and as JSON: shares of its cycles and of its PEs' cycles, how long
//! each resource is needed, and how often what is fetched is used.

use crate::measure::{self, Launch, Times};
use compiler::{Compiled, LayerPlan};
use mapper::events::Waits;
use mapper::explain::reuse::{Operand, OPERANDS};
use mapper::explain::{explain, total, Explanation, Part, Ran};
use serde_json::{json, Map as Object, Value};
use spec::accelerator::Accelerator;
use spec::error::grouped;

/// Characters of a bar that is the whole.
const BAR: f64 = 40.0;

/// What the operands' transfers are called in a program's source, in the order of [`OPERANDS`].
const TRANSFERS: [&[&str]; OPERANDS.len()] = [
    &["load input"],
    &["load weights"],
    &["load parameters", "load residual"],
    &["store output", "store sums", "load sums"],
];

/// Explains a layer of a program that runs one image.
pub fn of(
    accelerator: &Accelerator,
    compiled: &Compiled,
    launches: &[Launch],
    plan: &LayerPlan,
    times: &Times,
) -> Explanation {
    let bytes = |transfers: &[&str]| {
        let spans =
            launches.iter().filter_map(|launch| Some((launch, measure::span_of(&compiled.program, launch)?)));
        let mine =
            spans.filter(|(_, span)| span.layer == plan.name && transfers.contains(&span.what.as_str()));
        mine.map(|(launch, _)| launch.counts.get("ld_bytes") + launch.counts.get("st_bytes")).sum()
    };
    explain(&Ran {
        accelerator,
        chunk: &accelerator.chunks[plan.chunk],
        mapping: &plan.mapping,
        execs: times.execs.iter().map(|launch| launch.exec).collect(),
        waits: times.execs.iter().skip(1).fold(Waits::default(), |sum, launch| sum.and(&launch.waits)),
        counts: times.counts,
        dram: TRANSFERS.map(bytes),
        span: times.cycles(),
    })
}

/// For people. `title` names the layer, `mapping` says how it is computed.
pub fn text(title: &str, mapping: &str, explanation: &Explanation) -> String {
    let Explanation { cycles, pes, resources, transfers, span, operands, sentences } = explanation;
    let mut text = format!("{title}: {} cycles\n  {mapping}\n", grouped(total(cycles)));
    sentences.iter().for_each(|sentence| text += &format!("  - {sentence}\n"));
    text += &chart("cycles", cycles, total(cycles));
    text += &chart("cycles of PEs", pes, total(pes));
    text += &chart("needed for", resources, total(cycles));
    text += &chart("load to store", transfers, *span);
    text + &table(operands)
}

/// A line a part that is not 0, its bar a share of the whole.
fn chart(title: &str, parts: &[Part], whole: u64) -> String {
    let mut text = format!("  {title:<16} {:>14}\n", grouped(whole));
    for Part { name, value } in parts.iter().filter(|part| part.value > 0) {
        let share = *value as f64 / whole.max(1) as f64;
        let bar = "#".repeat((BAR * share).round() as usize);
        let line = format!("    {name:<14} {:>14} {:>5.1}% {bar}", grouped(value), 100.0 * share);
        text += line.trim_end();
        text += "\n";
    }
    text
}

/// How often what is fetched is used.
fn table(operands: &[Operand]) -> String {
    let line = |cells: [&str; 7]| {
        let [name, dram, of_dram, buffer, of_buffer, registers, of_registers] = cells;
        let line = format!(
            "  {name:<12} {dram:>12} {of_dram:>8} {buffer:>14} {of_buffer:>8} {registers:>16} {of_registers:>8}"
        );
        format!("{}\n", line.trim_end())
    };
    let times = |factor: Option<f64>| factor.map_or("-".to_string(), |factor| format!("x{factor:.1}"));
    let mut text = line(["bytes of", "DRAM", "used", "buffer", "used", "words of RFs", "used"]);
    for operand in operands {
        text += &line([
            operand.name,
            &grouped(operand.dram),
            &times(operand.of_dram()),
            &grouped(operand.buffer),
            &times(operand.of_buffer()),
            &operand.registers.map_or("-".to_string(), grouped),
            &times(operand.of_registers()),
        ]);
    }
    text
}

/// For programs.
pub fn json(explanation: &Explanation) -> Value {
    let object = |parts: &[Part]| -> Object<String, Value> {
        parts.iter().map(|part| (part.name.to_string(), part.value.into())).collect()
    };
    let operand = |operand: &Operand| {
        let Operand { dram, buffer, registers, terms, .. } = operand;
        (operand.name.to_string(), json!({"dram": dram, "buffer": buffer, "rf": registers, "terms": terms}))
    };
    json!({
        "cycles": object(&explanation.cycles),
        "pe_cycles": object(&explanation.pes),
        "resources": object(&[&explanation.resources[..], &explanation.transfers].concat()),
        "load_to_store": explanation.span,
        "operands": explanation.operands.iter().map(operand).collect::<Object<String, Value>>(),
        "sentences": explanation.sentences,
    })
}
