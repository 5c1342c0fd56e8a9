//! `nasa map --cost-model nasa`: layers and arrays as the paper's simulator takes them from what the user gives, and what it
//! says of them. The model itself is `mapper::nasa`.

mod outcome;
mod unfit;

use crate::{files, flow};
use mapper::nasa::allocate::{self, AREA, RATIO};
use mapper::nasa::energy::{widths, Unit};
use mapper::nasa::layer::{terms, Layer};
use mapper::nasa::search::Array;
use spec::accelerator::Accelerator;
use spec::error::{Diagnostic, Report};
use spec::op::Op;
use std::path::Path;

pub use outcome::Outcome;

/// The layers of a network or of a table, and its name.
pub fn layers(network: Option<&Path>, table: Option<&Path>) -> Result<(String, Vec<Layer>), Report> {
    if let Some(path) = network {
        let graph = flow::network(path)?;
        let layers = graph.layers().map(|(_, layer)| Layer::of(layer)).collect();
        return Ok((graph.name, layers));
    }
    let path = table.expect("the command line demands a network or a table");
    let name = files::name(path);
    let rows = model::table::parse(&name, &files::read_text(path)?)?;
    let layers: Result<Vec<Layer>, Report> = rows.iter().map(Layer::of_row).collect();
    let layers = layers?;
    if layers.is_empty() {
        let error = Diagnostic::new("layers", "there is no layer in this table").in_file(&name);
        return Err(error.help("write at least one").into());
    }
    Ok((name, layers))
}

/// The arrays of an accelerator; without one, those of the paper's area, divided among the chunks by its equation.
///
/// # Errors
/// Widths of words that the table of energies does not have.
pub fn arrays(
    accelerator: Option<&Accelerator>,
    layers: &[Layer],
    bits: &[u32],
) -> Result<Vec<Array>, Report> {
    let pes: Vec<(Op, u32)> = match accelerator {
        Some(accelerator) => accelerator.chunks.iter().map(|chunk| (chunk.op, chunk.pes())).collect(),
        None => {
            let terms = terms(layers);
            let pes = allocate::pes(&terms, AREA, RATIO);
            terms.iter().map(|(op, _)| *op).zip(pes).collect()
        }
    };
    let units = units(bits)?;
    Ok(pes.into_iter().map(|(op, pes)| Array { op, pes, unit: units[op as usize] }).collect())
}

/// Layers whose op no chunk of the accelerator computes.
pub fn check_ops(accelerator: &Accelerator, layers: &[Layer]) -> Result<(), Report> {
    let mut report = Report::default();
    for op in Op::ALL.iter().filter(|op| accelerator.chunk_of(**op).is_none()) {
        let (name, chunk) = (op.name(), op.chunk());
        if let Some(layer) = layers.iter().find(|layer| layer.op == *op) {
            let message = format!("layer `{}` is of op `{name}`", layer.name);
            let missing = format!("accelerator `{}` has no {chunk}", accelerator.name);
            let error = Diagnostic::new("mapping", message).note(missing);
            report.push(error.help(format!("add chunks.{chunk} to the accelerator")));
        }
    }
    report.or(())
}

/// Energies by op, for one width or for a width of each op.
fn units(bits: &[u32]) -> Result<Vec<Unit>, Report> {
    let wrong = |message: String| Diagnostic::new("mapping", message);
    if bits.len() != 1 && bits.len() != Op::ALL.len() {
        let error = wrong(format!("{} widths of words in --bits", bits.len()));
        let chunks: Vec<&str> = Op::ALL.iter().map(|op| op.chunk()).collect();
        return Err(error.help(format!("give one for all chunks, or one each: {}", chunks.join(","))).into());
    }
    let unknown: Vec<&u32> = bits.iter().filter(|bits| !widths().any(|width| width == **bits)).collect();
    let known: Vec<String> = widths().map(|bits| bits.to_string()).collect();
    let error = |bits: &u32| {
        let error = wrong(format!("the paper gives no energies for words of {bits} bits"));
        error.help(format!("choose among {}", known.join(", ")))
    };
    let report = Report(unknown.into_iter().map(error).collect());
    report.or(Op::ALL.iter().zip(bits.iter().cycle()).filter_map(|(op, bits)| Unit::of(*op, *bits)).collect())
}
