//! Energy, and what a mapping is chosen by. Energy is counts times the unit energies of the accelerator's description
//! (`energy_pj`, whose defaults are the 45 nm figures of docs/config.md), accesses counted in bits; nothing is said of
//! leakage and clocks.

use crate::counts::Counts;
use crate::mapping::Mapping;
use crate::nests;
use spec::accelerator::{Accelerator, Chunk};
use spec::op::ACC_BITS;

/// Bits of an input or a result.
const ACTIVATION: f64 = 8.0;

/// What the best mapping has least of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Objective {
    /// Predicted cycles.
    #[default]
    Latency,
    /// Predicted picojoules.
    Energy,
    /// The product of the two.
    Edp,
}

impl Objective {
    /// As options and results name it.
    pub fn name(self) -> &'static str {
        match self {
            Objective::Latency => "latency",
            Objective::Energy => "energy",
            Objective::Edp => "edp",
        }
    }

    /// What is to be small.
    pub fn score(self, cycles: u64, picojoules: f64) -> f64 {
        match self {
            Objective::Latency => cycles as f64,
            Objective::Energy => picojoules,
            Objective::Edp => cycles as f64 * picojoules,
        }
    }
}

/// Picojoules of what `chunk` was counted to do.
///
/// Terms cost their op, their operands and their partial sum, read and written. What is loaded or stored costs DRAM
/// and buffer; what the chunk reads and writes costs buffer and NoC (parameters included). Other accesses of register
/// files are counted as a byte each.
pub fn picojoules(accelerator: &Accelerator, chunk: &Chunk, counts: &Counts) -> f64 {
    let unit = &accelerator.energy;
    let get = |name: &str| counts.get(name) as f64;
    let op = unit.op[chunk.op as usize];
    let dram = 8.0 * (get("ld_bytes") + get("st_bytes"));
    let buffer = 8.0 * (get("x_bytes") + get("w_bytes") + get("r_bytes") + get("y_bytes"));
    let of_terms = ACTIVATION + f64::from(chunk.weight_bits) + f64::from(2 * ACC_BITS);
    let rf = get("terms") * of_terms + (get("rf") - 4.0 * get("terms")) * ACTIVATION;
    get("terms") * op
        + dram * (unit.dram_bit + unit.buffer_bit)
        + buffer * (unit.buffer_bit + unit.noc_bit)
        + rf * unit.rf_bit
}

/// Picojoules of a full `EXEC` of `mapping`: what it loads and stores is not known here, and the same for every
/// mapping of one part.
pub fn of_exec(accelerator: &Accelerator, chunk: &Chunk, mapping: &Mapping) -> f64 {
    let engine = nests::engine(mapping);
    let counts = Counts::of_exec(chunk, &engine.nests, &engine.registers);
    picojoules(accelerator, chunk, &counts)
}
