//! An accelerator as the YAML that describes it: what fuzzers write down, and what a generated file's header
//! can be rebuilt from.

use super::keys::FORMAT;
use crate::accelerator::Accelerator;
use crate::op::Op;
use std::fmt::Write;

/// The description of `accelerator`, with nothing left to defaults. Reading it gives the same value again.
pub fn to_yaml(accelerator: &Accelerator) -> String {
    let Accelerator {
        name,
        clock_mhz,
        axi_bits,
        outstanding_reads,
        buffer,
        nest_depth,
        tokens,
        chunks,
        energy,
        ..
    } = accelerator;
    let mut text = format!(
        "format: {FORMAT}\nname: {name}\nclock_mhz: {clock_mhz}\nnest_depth: {nest_depth}\ntokens: {tokens}\n\
         axi: {{data_bits: {axi_bits}, outstanding_reads: {outstanding_reads}}}\n\
         buffer: {{banks: {}, bank_bytes: {}, line_bytes: {}}}\nchunks:\n",
        buffer.banks, buffer.bank_bytes, buffer.line_bytes
    );
    for chunk in chunks {
        let line = format!(
            "  {}: {{rows: {}, cols: {}, weight_bits: {}, input_rf: {}, weight_rf: {}, psum_rf: {}, post_lanes: {}, post_rows: {}}}\n",
            chunk.name(), chunk.rows, chunk.cols, chunk.weight_bits, chunk.input_rf, chunk.weight_rf,
            chunk.psum_rf, chunk.post_lanes, chunk.post_rows
        );
        text.push_str(&line);
    }
    text.push_str("energy_pj:\n");
    let ops = Op::ALL.iter().zip(&energy.op).map(|(op, energy)| (op.name(), *energy));
    let bits = [
        ("dram_bit", energy.dram_bit),
        ("buffer_bit", energy.buffer_bit),
        ("noc_bit", energy.noc_bit),
        ("rf_bit", energy.rf_bit),
    ];
    for (name, energy) in ops.chain(bits) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name}: {energy}");
    }
    text
}
