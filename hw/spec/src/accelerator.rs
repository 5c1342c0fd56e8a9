//! The accelerator: what `config` makes of a YAML file once every number in it has been checked, and what
//! follows from those numbers. Generator, mapper and compiler all read this value and nothing else.

use crate::isa::table::SUM_BYTES;
use crate::op::Op;

/// A checked accelerator description.
#[derive(Clone, Debug, PartialEq)]
pub struct Accelerator {
    /// Name of the configuration; also the folder of its Verilog.
    pub name: String,
    /// FNV-1a hash of everything the hardware depends on; programs carry it and the hardware checks it.
    pub hash: u64,
    /// The clock that times and powers are reported for.
    pub clock_mhz: f64,
    /// Data bits of the AXI4 master: 64 or 128.
    pub axi_bits: u32,
    /// Read bursts that may be under way at once.
    pub outstanding_reads: u32,
    /// The shared global buffer.
    pub buffer: Buffer,
    /// Levels of every loop nest in hardware.
    pub nest_depth: u32,
    /// Counting tokens between queues.
    pub tokens: u32,
    /// The chunks that exist, in the order of `Op::ALL`.
    pub chunks: Vec<Chunk>,
    /// Unit energies of the cost model.
    pub energy: Energy,
}

/// The banked global buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer {
    /// Number of banks.
    pub banks: u32,
    /// Bytes of a bank; a multiple of two lines.
    pub bank_bytes: u32,
    /// Bytes that a port moves in a cycle: 8, 16 or 32, at any byte address.
    pub line_bytes: u32,
}

impl Buffer {
    /// Bytes in all.
    pub fn bytes(&self) -> u32 {
        self.banks * self.bank_bytes
    }
}

/// One array of PEs with its queues, register files and post-processing.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// What its PEs compute.
    pub op: Op,
    /// PE rows.
    pub rows: u32,
    /// PE columns.
    pub cols: u32,
    /// Bits of a stored weight.
    pub weight_bits: u32,
    /// Entries of a PE's input register file.
    pub input_rf: u32,
    /// Entries of a PE's weight register file.
    pub weight_rf: u32,
    /// Entries of a PE's partial-sum register file.
    pub psum_rf: u32,
    /// Results that are requantised in a cycle; at most a line, at most the longer side of the array.
    pub post_lanes: u32,
    /// Rows of `post_lanes` channels that the parameter memory holds.
    pub post_rows: u32,
}

impl Chunk {
    /// `clp`, `slp` or `alp`.
    pub fn name(&self) -> &'static str {
        self.op.chunk()
    }

    /// Number of PEs.
    pub fn pes(&self) -> u32 {
        self.rows * self.cols
    }

    /// Parts of the columns that are served at once: 2 where their left and their right half take bytes of their own of a line, and give
    /// results of their own to a beat, which has as many lanes.
    pub fn halves(&self) -> u32 {
        if can_halve(self.cols) && self.post_lanes >= 2 * self.rows {
            2
        } else {
            1
        }
    }

    /// Lanes whose sums fit lines of the buffer.
    pub fn sum_lanes(&self, line_bytes: u32) -> u32 {
        self.post_lanes.min(line_bytes / SUM_BYTES)
    }
}

/// Whether so many columns have two halves that can be told apart by the bits of a column's number.
pub fn can_halve(cols: u32) -> bool {
    cols >= 4 && cols.is_power_of_two()
}

/// Results a cycle of an array of this shape, where its description does not say how many.
pub fn usual_post_lanes(rows: u32, cols: u32, line_bytes: u32) -> u32 {
    line_bytes.min(rows.max(cols))
}

/// The most results a cycle of an array of this shape: its halves may give theirs at once.
pub fn most_post_lanes(rows: u32, cols: u32, line_bytes: u32) -> u32 {
    let both = if can_halve(cols) { 2 * rows } else { 0 };
    line_bytes.min(rows.max(cols).max(both))
}

/// Energy of one access or operation, in picojoules.
#[derive(Clone, Debug, PartialEq)]
pub struct Energy {
    /// A term and its accumulation, by op in the order of `Op::ALL`.
    pub op: Vec<f64>,
    /// Per bit moved between DRAM and buffer.
    pub dram_bit: f64,
    /// Per bit read from or written to the global buffer.
    pub buffer_bit: f64,
    /// Per bit on a bus of the NoC.
    pub noc_bit: f64,
    /// Per bit read from or written to a register file.
    pub rf_bit: f64,
}

impl Accelerator {
    /// The chunk that runs layers of `op`, with its index.
    pub fn chunk_of(&self, op: Op) -> Option<(usize, &Chunk)> {
        self.chunks.iter().enumerate().find(|(_, chunk)| chunk.op == op)
    }

    /// Bytes of a beat of the AXI4 master.
    pub fn axi_bytes(&self) -> u32 {
        self.axi_bits / 8
    }

    /// Number of instruction queues.
    pub fn queues(&self) -> usize {
        3 * self.chunks.len()
    }
}
