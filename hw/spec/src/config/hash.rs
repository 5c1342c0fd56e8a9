//! The configuration hash: a program carries it, and the hardware refuses a program with another one.
//!
//! It covers what the hardware depends on: the numbers of the description, and the instruction tables, so that
//! a program of an older instruction set is refused too. Name, clock and energies do not matter to it.

use crate::accelerator::Accelerator;
use crate::isa::table::{NestKind, Queue, INSTRUCTIONS};

/// FNV-1a, 64 bits.
#[derive(Clone, Copy, Debug)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Takes in some bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Takes in a number, as its eight bytes, lowest first.
    pub fn number(&mut self, number: impl Into<u64>) {
        self.bytes(&number.into().to_le_bytes());
    }

    /// The hash of all that was taken in.
    pub fn value(self) -> u64 {
        self.0
    }
}

/// The hash of an accelerator; its `hash` field is not looked at.
pub fn of(accelerator: &Accelerator) -> u64 {
    let mut fnv = Fnv::default();
    instructions(&mut fnv);
    let Accelerator { axi_bits, outstanding_reads, buffer, nest_depth, tokens, chunks, .. } = accelerator;
    for number in [axi_bits, outstanding_reads, nest_depth, tokens] {
        fnv.number(*number);
    }
    for number in [buffer.banks, buffer.bank_bytes, buffer.line_bytes] {
        fnv.number(number);
    }
    for chunk in chunks {
        fnv.bytes(chunk.name().as_bytes());
        let sizes =
            [chunk.rows, chunk.cols, chunk.weight_bits, chunk.input_rf, chunk.weight_rf, chunk.psum_rf];
        for number in sizes.into_iter().chain([chunk.post_lanes, chunk.post_rows]) {
            fnv.number(number);
        }
    }
    fnv.value()
}

/// Takes in what a word means: opcodes, fields, registers, accumulators.
fn instructions(fnv: &mut Fnv) {
    for row in INSTRUCTIONS {
        fnv.bytes(row.name.as_bytes());
        fnv.number(row.opcode);
        for field in row.fields {
            fnv.bytes(field.name.as_bytes());
            fnv.number(field.low);
            fnv.number(field.width);
        }
    }
    for register in Queue::ALL.iter().flat_map(|queue| queue.registers()) {
        fnv.bytes(register.name.as_bytes());
        fnv.number(register.width);
    }
    for (name, width) in NestKind::ALL.iter().flat_map(|nest| nest.accumulators()) {
        fnv.bytes(name.as_bytes());
        fnv.number(*width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_agrees_with_its_published_vectors() {
        let hash = |text: &str| {
            let mut fnv = Fnv::default();
            fnv.bytes(text.as_bytes());
            fnv.value()
        };
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }
}
