//! Every key of an accelerator description: its range, its default and its meaning. The reader, the error
//! messages, [`to_yaml`](super::to_yaml) and `docs/config.md` loop over this table.
//!
//! In a path `<chunk>` stands for the name of any chunk (`clp`, `slp`, `alp`) and `<op>` for any op.

use crate::op::Op;

/// One key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key {
    /// Sections and the key's own name, joined by dots.
    pub path: &'static str,
    /// What may stand there.
    pub range: Range,
    /// What holds where it is left out.
    pub absent: Absent,
    /// What it sets, with the unit.
    pub meaning: &'static str,
}

/// What may stand at a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Further keys.
    Section,
    /// The word that names this format.
    Format,
    /// A name that can be a folder.
    Name,
    /// A whole number within bounds.
    Whole(u32, u32),
    /// One of a few whole numbers.
    OneOf(&'static [u32]),
    /// A number within bounds.
    Real(f64, f64),
    /// A whole number within the bounds of the chunk's op.
    WeightBits,
}

/// What a key that is left out means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Absent {
    /// It must not be left out.
    Required,
    /// This number.
    Is(f64),
    /// The width that the chunk's op has by default.
    WeightBits,
    /// The energy that [`op_energy`] gives.
    OpEnergy,
    /// Settled when all keys are read; the text says how.
    Derived(&'static str),
}

/// The word that opens a description.
pub const FORMAT: &str = "nasa-accelerator/1";

/// Most PE rows and columns of a chunk.
pub const MAX_SIDE: u32 = 64;

/// Most entries of an input or weight register file.
pub const MAX_OPERAND_RF: u32 = 1024;

/// Most entries of a partial-sum register file.
pub const MAX_PSUM_RF: u32 = 256;

const fn key(path: &'static str, range: Range, absent: Absent, meaning: &'static str) -> Key {
    Key { path, range, absent, meaning }
}

use Absent::{Derived, Is, OpEnergy, Required};
use Range::{Format, Name, OneOf, Real, Section, WeightBits, Whole};

/// All keys, in the order in which they are written and documented.
pub const KEYS: &[Key] = &[
    key("format", Format, Required, "version of this file format"),
    key("name", Name, Required, "name of the configuration, and of the folder of its Verilog"),
    key("clock_mhz", Real(1.0, 10_000.0), Is(500.0), "clock that times and powers are reported for, MHz"),
    key("nest_depth", Whole(6, 16), Is(12.0), "levels of every loop nest in hardware"),
    key("tokens", Whole(16, 128), Is(64.0), "counting tokens between queues"),
    key("axi", Section, Derived("all defaults"), "the AXI4 master that reads and writes DRAM"),
    key("axi.data_bits", OneOf(&[64, 128]), Is(64.0), "data bits of a beat"),
    key("axi.outstanding_reads", Whole(1, 16), Is(4.0), "read bursts that may be under way at once"),
    key("buffer", Section, Required, "the global buffer that all chunks share"),
    key("buffer.banks", Whole(4, 64), Required, "banks; at least four for each chunk"),
    key(
        "buffer.bank_kib",
        Whole(1, 1024),
        Derived("either this or bank_bytes"),
        "size of a bank in KiB; all banks together stay below 16 MiB",
    ),
    key(
        "buffer.bank_bytes",
        Whole(16, 1 << 20),
        Derived("either this or bank_kib"),
        "size of a bank in bytes, a multiple of two lines",
    ),
    key(
        "buffer.line_bytes",
        OneOf(&[8, 16, 32]),
        Required,
        "bytes that a port of the buffer moves in a cycle; at least a beat of the AXI4 master",
    ),
    key("chunks", Section, Required, "the chunks that the accelerator has, at least one"),
    key("chunks.<chunk>", Section, Derived("the accelerator has no such chunk"), "one array of PEs"),
    key("chunks.<chunk>.rows", Whole(1, MAX_SIDE), Required, "PE rows"),
    key("chunks.<chunk>.cols", Whole(1, MAX_SIDE), Required, "PE columns"),
    key("chunks.<chunk>.weight_bits", WeightBits, Absent::WeightBits, "bits of a stored weight"),
    key("chunks.<chunk>.input_rf", Whole(1, MAX_OPERAND_RF), Required, "inputs that a PE holds"),
    key("chunks.<chunk>.weight_rf", Whole(1, MAX_OPERAND_RF), Required, "weights that a PE holds"),
    key("chunks.<chunk>.psum_rf", Whole(1, MAX_PSUM_RF), Required, "partial sums that a PE holds"),
    key(
        "chunks.<chunk>.post_lanes",
        Whole(1, 32),
        Derived("`line_bytes` or the longer side of the array, whichever is less"),
        "results requantised in a cycle; the rules below give the most",
    ),
    key(
        "chunks.<chunk>.post_rows",
        Whole(1, 1024),
        Is(64.0),
        "rows of post_lanes channels that the memory of requantise parameters holds",
    ),
    key(
        "energy_pj",
        Section,
        Derived("all defaults"),
        "unit energies of the cost model; no hardware depends on them",
    ),
    key("energy_pj.<op>", Real(0.0, 1e6), OpEnergy, "one term and its accumulation, pJ"),
    key("energy_pj.dram_bit", Real(0.0, 1e6), Is(200.0 / 16.0), "a bit between DRAM and the buffer, pJ"),
    key(
        "energy_pj.buffer_bit",
        Real(0.0, 1e6),
        Is(6.0 / 16.0),
        "a bit read from or written to the buffer, pJ",
    ),
    key("energy_pj.noc_bit", Real(0.0, 1e6), Is(2.0 / 16.0), "a bit on a bus of the NoC, pJ"),
    key(
        "energy_pj.rf_bit",
        Real(0.0, 1e6),
        Is(1.0 / 16.0),
        "a bit read from or written to a register file, pJ",
    ),
];

/// Picojoules of a term and its accumulation: the paper's 45 nm table at 8 bits, where a multiplication takes
/// 0.2, an addition 0.03 and a shift 0.024. An adder PE adds twice, once for the difference.
pub fn op_energy(op: Op) -> f64 {
    const ADD: f64 = 0.03;
    match op {
        Op::Conv => 0.2 + ADD,
        Op::Shift => 0.024 + ADD,
        Op::Adder => 2.0 * ADD,
    }
}

impl Key {
    /// The key's own name: the last part of its path.
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// The section that it stands in; empty for the file itself.
    pub fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// The names that may stand for it in a file.
    pub fn spellings(&self) -> Vec<&'static str> {
        match self.name() {
            "<chunk>" => Op::ALL.iter().map(|op| op.chunk()).collect(),
            "<op>" => Op::ALL.iter().map(|op| op.name()).collect(),
            name => vec![name],
        }
    }

    /// The range in words; `op` where the section says which chunk it is.
    pub fn range_text(&self, op: Option<Op>) -> String {
        let bits = |op: &Op| format!("{}..={}", op.weight_bits().0, op.weight_bits().1);
        match (self.range, op) {
            (Section, _) => "a section".into(),
            (Format, _) => format!("`{FORMAT}`"),
            (Name, _) => "letters, digits, `-`, `_`; at most 64".into(),
            (Whole(lo, hi), _) => format!("{lo}..={hi}"),
            (OneOf(choices), _) => {
                let words: Vec<String> = choices.iter().map(u32::to_string).collect();
                let (last, others) = words.split_last().map_or(("", &[][..]), |(last, rest)| (last, rest));
                format!("{} or {last}", others.join(", "))
            }
            (Real(lo, hi), _) => format!("{lo}..={hi}"),
            (WeightBits, Some(op)) => bits(&op),
            (WeightBits, None) => {
                let each = Op::ALL.iter().map(|op| format!("{} {}", op.chunk(), bits(op)));
                each.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// The key at a path of names, with `<chunk>` and `<op>` in it resolved.
pub fn find(section: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.section() == section && key.spellings().contains(&name))
}

/// The keys of a section, in their order.
pub fn of_section(section: &str) -> impl Iterator<Item = &'static Key> + '_ {
    KEYS.iter().filter(move |key| key.section() == section)
}
