//! What the values of a description mean together: the rules that no single key can state, and the checked
//! [`Accelerator`] when all of them hold.

use super::hash;
use super::keys::op_energy;
use super::written::{Section, Written};
use crate::accelerator::{most_post_lanes, usual_post_lanes, Accelerator, Buffer, Chunk, Energy};
use crate::error::grouped;
use crate::isa::table::BUFFER_BITS;
use crate::op::Op;

/// Banks that a chunk needs at least: inputs, weights, residuals with parameters, and results never share one.
pub const BANKS_PER_CHUNK: u32 = 4;

/// The accelerator; `None` where something is wrong, which the report of `written` then says.
pub(super) fn accelerator(written: &mut Written<'_>) -> Option<Accelerator> {
    let axi = Section::named("axi");
    let present: Vec<Op> = present(written);
    let buffer = buffer(written, present.len() as u32);
    let line_bytes = written.whole(&Section::named("buffer"), "line_bytes");
    let chunks: Vec<Option<Chunk>> = present.iter().map(|op| chunk(written, *op, line_bytes)).collect();
    let mut accelerator = Accelerator {
        name: written.text(&Section::ROOT, "name")?,
        hash: 0,
        clock_mhz: written.number(&Section::ROOT, "clock_mhz")?,
        axi_bits: written.whole(&axi, "data_bits")?,
        outstanding_reads: written.whole(&axi, "outstanding_reads")?,
        buffer: buffer?,
        nest_depth: written.whole(&Section::ROOT, "nest_depth")?,
        tokens: written.whole(&Section::ROOT, "tokens")?,
        chunks: chunks.into_iter().collect::<Option<Vec<Chunk>>>()?,
        energy: energy(written)?,
    };
    accelerator.hash = hash::of(&accelerator);
    Some(accelerator)
}

/// The ops whose chunks are described; at least one must be.
fn present(written: &mut Written<'_>) -> Vec<Op> {
    let chunks = Section::named("chunks");
    let present: Vec<Op> = Op::ALL.iter().copied().filter(|op| written.has(&chunks, op.chunk())).collect();
    if present.is_empty() && written.has_section(&Section::ROOT, "chunks") {
        let names: Vec<&str> = Op::ALL.iter().map(|op| op.chunk()).collect();
        let help = format!("describe at least one of {}", names.join(", "));
        written.conflict(&Section::ROOT, "chunks", "the accelerator has no chunk", "nothing computes", help);
    }
    present
}

fn buffer(written: &mut Written<'_>, chunks: u32) -> Option<Buffer> {
    let section = Section::named("buffer");
    let banks = written.whole(&section, "banks");
    let line_bytes = written.whole(&section, "line_bytes");
    let bank_bytes = bank_bytes(written, line_bytes);
    if let Some(banks) = banks.filter(|banks| *banks < BANKS_PER_CHUNK * chunks) {
        let needed = BANKS_PER_CHUNK * chunks;
        let note =
            format!("{banks} banks; inputs, weights, residuals and results of {chunks} chunks need {needed}");
        written.conflict(&section, "banks", "too few banks", note, format!("set banks: {needed}"));
    }
    if let (Some(banks), Some(bank_bytes)) = (banks, bank_bytes) {
        let total = u64::from(banks) * u64::from(bank_bytes);
        if total >= 1 << BUFFER_BITS {
            let note =
                format!("{} bytes in all; addresses end below {}", grouped(total), grouped(1 << BUFFER_BITS));
            let fitting = ((1 << BUFFER_BITS) - 1) / u64::from(bank_bytes);
            let help = format!("set banks: {fitting}, or choose smaller banks");
            written.conflict(&section, "banks", "the global buffer is too large", note, help);
        }
    }
    if let (Some(line), Some(bits)) = (line_bytes, written.whole(&Section::named("axi"), "data_bits")) {
        if 8 * line < bits {
            let note = format!("{line} bytes; a beat of the AXI4 master has {}", bits / 8);
            let help = format!("set line_bytes: {}, or axi.data_bits: {}", bits / 8, 8 * line);
            written.conflict(&section, "line_bytes", "a line is smaller than a beat", note, help);
        }
    }
    Some(Buffer { banks: banks?, bank_bytes: bank_bytes?, line_bytes: line_bytes? })
}

/// The size of a bank, from whichever of the two keys gives it.
fn bank_bytes(written: &mut Written<'_>, line_bytes: Option<u32>) -> Option<u32> {
    let section = Section::named("buffer");
    let key = match ["bank_kib", "bank_bytes"].map(|name| written.has(&section, name)) {
        [true, false] => "bank_kib",
        [false, true] => "bank_bytes",
        [true, true] => {
            let note = "bank_kib is given too";
            written.conflict(
                &section,
                "bank_bytes",
                "the size of a bank is given twice",
                note,
                "remove one of the two",
            );
            return None;
        }
        [false, false] => {
            if written.has_section(&Section::ROOT, "buffer") {
                let help = "add `bank_kib:` or `bank_bytes:`";
                written.conflict(
                    &Section::ROOT,
                    "buffer",
                    "the size of a bank is missing",
                    "a bank has to have one",
                    help,
                );
            }
            return None;
        }
    };
    let bytes = written.whole(&section, key)? * if key == "bank_kib" { 1024 } else { 1 };
    if let Some(pair) = line_bytes.map(|line| 2 * line).filter(|pair| bytes % pair != 0) {
        let note = format!("{bytes} bytes; lines lie in pairs of {pair} bytes");
        let help = format!("set bank_bytes: {}", bytes.next_multiple_of(pair));
        written.conflict(&section, key, "a bank is no whole number of line pairs", note, help);
    }
    Some(bytes)
}

fn chunk(written: &mut Written<'_>, op: Op, line_bytes: Option<u32>) -> Option<Chunk> {
    let section = Section::chunk(op);
    let (rows, cols) = (written.whole(&section, "rows"), written.whole(&section, "cols"));
    let shape = rows.zip(cols).zip(line_bytes);
    let of = |lanes: fn(u32, u32, u32) -> u32| shape.map(|((rows, cols), line)| lanes(rows, cols, line));
    let (usual, most) = (of(usual_post_lanes), of(most_post_lanes));
    let post_lanes =
        if written.has(&section, "post_lanes") { written.whole(&section, "post_lanes") } else { usual };
    if let (Some(lanes), Some(most)) = (post_lanes, most) {
        if lanes > most {
            let (rows, cols) = (rows.unwrap_or(0), cols.unwrap_or(0));
            let note =
                format!("{lanes} results a cycle; a line and an array of {rows} x {cols} allow {most}");
            written.conflict(
                &section,
                "post_lanes",
                "too many post lanes",
                note,
                format!("set post_lanes: {most}"),
            );
        }
    }
    Some(Chunk {
        op,
        rows: rows?,
        cols: cols?,
        weight_bits: written.whole(&section, "weight_bits")?,
        input_rf: written.whole(&section, "input_rf")?,
        weight_rf: written.whole(&section, "weight_rf")?,
        psum_rf: written.whole(&section, "psum_rf")?,
        post_lanes: post_lanes?,
        post_rows: written.whole(&section, "post_rows")?,
    })
}

fn energy(written: &Written<'_>) -> Option<Energy> {
    let section = Section::named("energy_pj");
    let of = |name| written.number(&section, name);
    Some(Energy {
        op: Op::ALL.iter().map(|op| of(op.name())).collect::<Option<_>>()?,
        dram_bit: of("dram_bit")?,
        buffer_bit: of("buffer_bit")?,
        noc_bit: of("noc_bit")?,
        rf_bit: of("rf_bit")?,
    })
}

impl Default for Energy {
    /// The paper's 45 nm table.
    fn default() -> Energy {
        let bit = |name| match super::keys::find("energy_pj", name).map(|key| key.absent) {
            Some(super::keys::Absent::Is(value)) => value,
            _ => unreachable!("the table of keys gives the energy `{name}` a default"),
        };
        Energy {
            op: Op::ALL.iter().map(|op| op_energy(*op)).collect(),
            dram_bit: bit("dram_bit"),
            buffer_bit: bit("buffer_bit"),
            noc_bit: bit("noc_bit"),
            rf_bit: bit("rf_bit"),
        }
    }
}
