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

/// Picojoules by level.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Levels {
    /// Terms: their op.
    pub op: f64,
    /// Register files.
    pub rf: f64,
    /// Buses between buffer and array.
    pub noc: f64,
    /// The buffer.
    pub buffer: f64,
    /// DRAM.
    pub dram: f64,
}

impl Levels {
    /// All levels together.
    pub fn total(&self) -> f64 {
        self.op + self.rf + self.noc + self.buffer + self.dram
    }

    /// A sum of `factors` times levels.
    pub fn sum(parts: &[(f64, Levels)]) -> Levels {
        let of =
            |level: fn(&Levels) -> f64| parts.iter().map(|(factor, levels)| factor * level(levels)).sum();
        Levels {
            op: of(|l| l.op),
            rf: of(|l| l.rf),
            noc: of(|l| l.noc),
            buffer: of(|l| l.buffer),
            dram: of(|l| l.dram),
        }
    }
}

/// Picojoules of what `chunk` was counted to do.
pub fn picojoules(accelerator: &Accelerator, chunk: &Chunk, counts: &Counts) -> f64 {
    levels(accelerator, chunk, counts).total()
}

/// Picojoules of what `chunk` was counted to do, level by level.
///
/// Terms cost their op, their operands and their partial sum, read and written. What is loaded or stored costs DRAM
/// and buffer; what the chunk reads and writes costs buffer and NoC (parameters included). Other accesses of register
/// files are counted as a byte each.
pub fn levels(accelerator: &Accelerator, chunk: &Chunk, counts: &Counts) -> Levels {
    let unit = &accelerator.energy;
    let get = |name: &str| counts.get(name) as f64;
    let dram = 8.0 * (get("ld_bytes") + get("st_bytes"));
    let moved = 8.0 * (get("x_bytes") + get("w_bytes") + get("r_bytes") + get("y_bytes"));
    let of_terms = ACTIVATION + f64::from(chunk.weight_bits) + f64::from(2 * ACC_BITS);
    let rf = get("terms") * of_terms + (get("rf") - 4.0 * get("terms")) * ACTIVATION;
    Levels {
        op: get("terms") * unit.op[chunk.op as usize],
        rf: rf * unit.rf_bit,
        noc: moved * unit.noc_bit,
        buffer: (dram + moved) * unit.buffer_bit,
        dram: dram * unit.dram_bit,
    }
}

/// Picojoules of so many bytes that are loaded or stored.
pub fn of_bytes(accelerator: &Accelerator, bytes: u64) -> f64 {
    let unit = &accelerator.energy;
    8.0 * bytes as f64 * (unit.dram_bit + unit.buffer_bit)
}

/// Picojoules of a full `EXEC` of `mapping`: what it loads and stores is not known here, and the same for every
/// mapping of one part.
pub fn of_exec(accelerator: &Accelerator, chunk: &Chunk, mapping: &Mapping) -> f64 {
    let engine = nests::engine(mapping);
    let counts = Counts::of_exec(chunk, &engine.nests, &engine.registers);
    picojoules(accelerator, chunk, &counts)
}
