//! How often what was fetched is used, level by level: bytes of DRAM by the buffer's reads, bytes of the buffer by the PEs
//! that share them, words of register files by terms.

use super::Ran;
use crate::counts::exchanged;
use crate::layout::elements;

/// What layers move.
pub const OPERANDS: [&str; 4] = ["inputs", "weights", "parameters", "results"];

/// What one operand of a layer moves for an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// Of [`OPERANDS`], residuals with the parameters and stored sums with the results; or entries of padding, where they are
    /// cleared.
    pub name: &'static str,
    /// Bytes between DRAM and buffer.
    pub dram: u64,
    /// Bytes between buffer and array.
    pub buffer: u64,
    /// Words that PEs take, or give; parameters never reach a PE.
    pub registers: Option<u64>,
    /// Terms that use them; those of padding are not told apart.
    pub terms: Option<u64>,
}

impl Operand {
    /// How often a byte from DRAM is read from the buffer, or how many writes of the buffer leave as one; none where
    /// nothing comes from there.
    pub fn of_dram(&self) -> Option<f64> {
        quotient(self.buffer, self.dram)
    }

    /// How many PEs take a byte of the buffer, or add up to one.
    pub fn of_buffer(&self) -> Option<f64> {
        quotient(self.registers?, self.buffer)
    }

    /// How many terms a word of a register file serves.
    pub fn of_registers(&self) -> Option<f64> {
        quotient(self.terms?, self.registers?)
    }
}

fn quotient(uses: u64, fetched: u64) -> Option<f64> {
    (fetched > 0).then(|| uses as f64 / fetched as f64)
}

/// The operands of a layer. Nests, and so what inputs and weights PEs take, are the same for all of its parts; the rest of
/// what its register files did is the sums'.
pub fn operands(ran: &Ran<'_>) -> Vec<Operand> {
    let get = |name: &str| ran.counts.get(name);
    let parts = ran.execs.len() as u64;
    let [x, w, _] = exchanged(ran.chunk, ran.mapping).map(|words| words * parts);
    let cleared = parts * u64::from(ran.mapping.x_clear()) * u64::from(ran.chunk.pes());
    let sums = get("rf") - 4 * get("terms") - x - w - cleared;
    // What is written beside a byte for every output is stored sums, and all of those are read again.
    let stored = get("y_bytes") - elements(&ran.mapping.layer.outputs());
    let buffer = [get("x_bytes"), get("w_bytes"), get("r_bytes") - stored, get("y_bytes") + stored];
    let registers = [Some(x), Some(w), None, Some(sums)];
    let padding = Operand { name: "padding", dram: 0, buffer: 0, registers: Some(cleared), terms: None };
    let one = |i: usize| Operand {
        name: OPERANDS[i],
        dram: ran.dram[i],
        buffer: buffer[i],
        registers: registers[i],
        terms: Some(get("terms")),
    };
    (0..OPERANDS.len()).map(one).chain((cleared > 0).then_some(padding)).collect()
}
