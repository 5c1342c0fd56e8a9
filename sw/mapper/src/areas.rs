//! Areas of PEs, as a table has them that was measured on generated Verilog (`hw/areas.yaml`): what a division of an area
//! among chunks is made of. A PE is known by its op, the bits of its weights and the depths of its register files.

use model::yaml::Reader;
use spec::accelerator::{Accelerator, Chunk};
use spec::error::Report;
use spec::op::Op;
use spec::yaml::Node;

/// The word that opens the file.
pub const FORMAT: &str = "nasa-areas/1";

const KEYS: &[&str] = &["format", "tool", "cells", "fpga", "pes"];
const PE_KEYS: &[&str] = &[
    "op",
    "weight_bits",
    "input_rf",
    "weight_rf",
    "psum_rf",
    "um2",
    "um2_logic",
    "lut",
    "lut_logic",
    "dsp_lut",
    "dsps",
];

/// What an area is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Square micrometres of standard cells, register files included.
    Um2,
    /// The same without register files.
    Um2Logic,
    /// LUTs of an FPGA without DSPs, register files included.
    Lut,
    /// The same without register files.
    LutLogic,
}

impl Unit {
    /// All, in the order of the table's columns.
    pub const ALL: [Unit; 4] = [Unit::Um2, Unit::Um2Logic, Unit::Lut, Unit::LutLogic];

    /// The column.
    pub fn name(self) -> &'static str {
        ["um2", "um2_logic", "lut", "lut_logic"][self as usize]
    }
}

/// A PE of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pe {
    op: Op,
    /// Bits of a weight; entries of the register files of inputs, weights and partial sums.
    shape: [u32; 4],
    /// In the order of [`Unit::ALL`].
    areas: [u32; 4],
}

/// A table of areas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Areas(Vec<Pe>);

impl Areas {
    /// Reads `text`, which `file` holds.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(file: &str, text: &str) -> Result<Areas, Report> {
        let mut reader = Reader::new("areas", file, text);
        match table(&mut reader) {
            Some(pes) => reader.report.or(Areas(pes)),
            None => Err(reader.report),
        }
    }

    /// The area of one PE of `chunk`, where the table has it.
    pub fn of_pe(&self, chunk: &Chunk, unit: Unit) -> Option<f64> {
        let shape = [chunk.weight_bits, chunk.input_rf, chunk.weight_rf, chunk.psum_rf];
        let pe = self.0.iter().find(|pe| pe.op == chunk.op && pe.shape == shape)?;
        Some(f64::from(pe.areas[unit as usize]))
    }
}

/// The PE that the areas of `accelerator` are counted in: that of its multipliers, or one like its other PEs.
pub fn multiplier(accelerator: &Accelerator) -> Chunk {
    match accelerator.chunk_of(Op::Conv) {
        Some((_, chunk)) => chunk.clone(),
        None => Chunk { op: Op::Conv, weight_bits: 8, ..accelerator.chunks[0].clone() },
    }
}

fn table(reader: &mut Reader<'_>) -> Option<Vec<Pe>> {
    let node = reader.parse()?;
    let fields = reader.fields(&node, "the table", KEYS)?;
    let format = reader.required(&fields, "format")?;
    let version = reader.text(format, "format")?;
    if version != FORMAT {
        reader.fault(format.place, "this is no table of areas that we read", format!("we read {FORMAT}"));
        reader.help("let `cargo run --profile test -p nasa-testbenches --example pe_areas` write it");
        return None;
    }
    let pes = reader.required(&fields, "pes")?;
    let rows: Vec<Option<Pe>> = reader.list(pes, "pes")?.iter().map(|node| pe(reader, node)).collect();
    rows.into_iter().collect()
}

fn pe(reader: &mut Reader<'_>, node: &Node) -> Option<Pe> {
    let fields = reader.fields(node, "a PE", PE_KEYS)?;
    let op = reader.required(&fields, "op").and_then(|node| model::format::op(reader, node));
    let mut number = |key: &str| {
        let found = reader.required(&fields, key).and_then(|node| reader.int(node, key, 1..=1_000_000_000));
        found.map(|number| number as u32)
    };
    let shape = ["weight_bits", "input_rf", "weight_rf", "psum_rf"].map(&mut number);
    let areas = Unit::ALL.map(|unit| number(unit.name()));
    let all = |numbers: [Option<u32>; 4]| {
        let [a, b, c, d] = numbers;
        Some([a?, b?, c?, d?])
    };
    Some(Pe { op: op?, shape: all(shape)?, areas: all(areas)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_table_has_the_pes_of_every_committed_configuration() {
        let areas = Areas::parse("areas.yaml", include_str!("../../../hw/areas.yaml"));
        let areas = areas.unwrap_or_else(|report| panic!("{report}"));
        for text in [
            include_str!("../../../hw/configs/clp-only.yaml"),
            include_str!("../../../hw/configs/edge.yaml"),
            include_str!("../../../hw/configs/flat16.yaml"),
            include_str!("../../../hw/configs/large.yaml"),
            include_str!("../../../hw/configs/odd.yaml"),
            include_str!("../../../hw/configs/tiny.yaml"),
        ] {
            let accelerator = spec::config::parse("c.yaml", text).expect("a committed configuration");
            for chunk in &accelerator.chunks {
                let of = |unit| areas.of_pe(chunk, unit).expect("the table has this PE");
                assert!(of(Unit::Um2Logic) < of(Unit::Um2) && of(Unit::LutLogic) < of(Unit::Lut));
            }
            let mut other = accelerator.chunks[0].clone();
            other.psum_rf += 1;
            assert_eq!(areas.of_pe(&other, Unit::Lut), None);
        }
    }

    #[test]
    fn the_logic_of_a_pe_is_the_same_whatever_its_register_files() {
        let areas = Areas::parse("areas.yaml", include_str!("../../../hw/areas.yaml")).expect("committed");
        let mut compared = 0;
        for (i, pe) in areas.0.iter().enumerate() {
            for other in
                areas.0[..i].iter().filter(|other| (other.op, other.shape[0]) == (pe.op, pe.shape[0]))
            {
                let logic = Unit::Um2Logic as usize;
                assert_eq!(pe.areas[logic], other.areas[logic], "{pe:?} {other:?}");
                compared += 1;
            }
        }
        assert!(compared > 4, "{compared}");
    }

    #[test]
    fn a_multiplier_is_the_largest_op() {
        let areas = Areas::parse("areas.yaml", include_str!("../../../hw/areas.yaml")).expect("committed");
        let text = include_str!("../../../hw/configs/edge.yaml");
        let edge = spec::config::parse("edge.yaml", text).expect("committed");
        for unit in Unit::ALL {
            let of = |op| areas.of_pe(edge.chunk_of(op).expect("a chunk").1, unit).expect("a PE");
            assert!(of(Op::Shift) < of(Op::Conv) && of(Op::Adder) < of(Op::Conv), "{unit:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_table_is_said() {
        let errors = |text: &str| {
            Areas::parse("a.yaml", text).err().map(|report| report.to_string()).unwrap_or_default()
        };
        assert!(errors("format: nasa-areas/2\npes: []\n").contains("we read nasa-areas/1"));
        let text = "format: nasa-areas/1\npes:\n- {op: conv, weight_bits: 0, um3: 4}\n";
        for message in ["unknown key `um3`", "`weight_bits` must be between 1 and", "has no `lut`"] {
            assert!(errors(text).contains(message), "{}", errors(text));
        }
    }
}
