//! The neutral architecture that mappings of the whole space are scored on: an array of PEs with three register
//! files each, one buffer with a read and a write port, and DRAM behind one port. Memories answer at once; their
//! ports are what takes time. All of it comes from an accelerator's description, so that a study and the hardware
//! share their figures.

use super::layer::Operand;
use spec::accelerator::Accelerator;
use spec::op::ACC_BITS;

/// What evaluation needs to know of an accelerator and one of its chunks.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    /// As the description calls it.
    pub name: String,
    /// PE rows.
    pub rows: u32,
    /// PE columns.
    pub cols: u32,
    /// Bits of an input, a weight, a partial sum.
    pub bits: [u32; 3],
    /// Bits of a finished output.
    pub output_bits: u32,
    /// Bits that a PE's register file of each operand holds.
    pub rf_bits: [u32; 3],
    /// Bits that a register file reads or writes at once.
    pub rf_word: [u32; 3],
    /// Bits that the buffer holds.
    pub buffer_bits: u64,
    /// Bits that a port of the buffer moves in a cycle.
    pub buffer_word: u32,
    /// Bits that DRAM moves in a cycle, in either direction.
    pub dram_word: u32,
    /// Picojoules of a multiply-accumulate.
    pub mac: f64,
    /// Picojoules of an access of each operand's register file.
    pub rf_access: [f64; 3],
    /// Picojoules of an access of the buffer.
    pub buffer_access: f64,
    /// Picojoules of what crosses the NoC with an access of the buffer that register files take part in.
    pub noc_access: f64,
    /// Picojoules of an access of DRAM.
    pub dram_access: f64,
}

/// Bits of an input or a result.
const ACTIVATION: u32 = 8;

impl Architecture {
    /// Chunk number `chunk` of `accelerator`.
    ///
    /// # Panics
    /// Where there is no such chunk.
    pub fn of(accelerator: &Accelerator, chunk: usize) -> Architecture {
        let chunk = &accelerator.chunks[chunk];
        let (buffer, unit) = (&accelerator.buffer, &accelerator.energy);
        let rf_word = [ACTIVATION, chunk.weight_bits, ACC_BITS];
        let (buffer_word, dram_word) = (8 * buffer.line_bytes, accelerator.axi_bits);
        Architecture {
            name: accelerator.name.clone(),
            rows: chunk.rows,
            cols: chunk.cols,
            bits: rf_word,
            output_bits: ACTIVATION,
            rf_bits: [chunk.input_rf * rf_word[0], chunk.weight_rf * rf_word[1], chunk.psum_rf * rf_word[2]],
            rf_word,
            buffer_bits: 8 * u64::from(buffer.bytes()),
            buffer_word,
            dram_word,
            mac: unit.op[chunk.op as usize],
            rf_access: rf_word.map(|bits| f64::from(bits) * unit.rf_bit),
            buffer_access: f64::from(buffer_word) * unit.buffer_bit,
            noc_access: f64::from(buffer_word) * unit.noc_bit,
            dram_access: f64::from(dram_word) * unit.dram_bit,
        }
    }

    /// The same with partial sums of `bits` bits: more of them fit a register file, and they are cheaper to spill.
    pub fn with_sums(mut self, bits: u32) -> Architecture {
        self.bits[Operand::Sum as usize] = bits;
        self
    }

    /// Number of PEs.
    pub fn pes(&self) -> u32 {
        self.rows * self.cols
    }
}
