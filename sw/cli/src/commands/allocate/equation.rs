//! The area by the paper's equation: PEs in proportion to the terms that each chunk computes.

use super::{Allocate, Done};
use crate::console::Console;
use crate::{files, paper};
use mapper::grids::resized;
use mapper::nasa::allocate::{area, array, pes};
use mapper::nasa::layer::terms;
use serde_json::{json, Value};
use spec::accelerator::{Accelerator, Chunk};
use spec::config;
use spec::config::keys::{self, MAX_SIDE};
use spec::error::{grouped, Diagnostic, Report};
use spec::op::Op;

/// What a chunk gets.
struct Share {
    op: Op,
    terms: u64,
    pes: u32,
    rows: u32,
    cols: u32,
}

impl Allocate {
    pub(super) fn by_equation(
        &self,
        console: &Console,
        accelerator: Accelerator,
        ratio: f64,
    ) -> Result<Done, Report> {
        let (network, layers) = paper::layers(self.network.as_deref(), self.layers.as_deref())?;
        paper::check_ops(&accelerator, &layers)?;
        let had = accelerator.chunks.iter().map(|chunk| area(chunk.op, chunk.pes().into(), ratio)).sum();
        let budget = self.area.unwrap_or(had);
        let terms = terms(&layers);
        let shares = terms.iter().zip(pes(&terms, budget, ratio)).filter(|(_, pes)| *pes > 0);
        let shares: Vec<Share> = shares
            .map(|((op, terms), pes)| {
                let [rows, cols] = array(pes);
                Share { op: *op, terms: *terms, pes, rows, cols }
            })
            .collect();
        check_sides(&shares)?;
        let chunks = shares.iter().filter_map(|share| share.chunk(&accelerator)).collect();
        let written = self.write(Accelerator { chunks, ..accelerator })?;
        console.show(table(&shares, budget));
        console.say(format!("{}: accelerator `{}`", files::name(&self.out), written.name));
        let chunks: Vec<Value> = shares.iter().map(Share::json).collect();
        let json = json!({
            "network": network, "config": written.name, "area": budget, "ratio": ratio, "chunks": chunks,
        });
        Ok(Done::well(json).with_products(vec![self.out.clone()]))
    }

    /// Writes a description, which has the name of its file; the accelerator that it describes.
    pub(super) fn write(&self, accelerator: Accelerator) -> Result<Accelerator, Report> {
        let file = files::name(&self.out);
        let yaml = config::to_yaml(&Accelerator { name: self.name(), ..accelerator });
        let written = config::parse(&file, &yaml).map_err(|report| illegal(&file, &report))?;
        files::write(&self.out, yaml.as_bytes())?;
        Ok(written)
    }
}

impl Share {
    /// The chunk of before with the new array.
    fn chunk(&self, accelerator: &Accelerator) -> Option<Chunk> {
        let (_, before) = accelerator.chunk_of(self.op)?;
        Some(resized(before, accelerator.buffer.line_bytes, self.rows, self.cols))
    }

    fn json(&self) -> Value {
        let Share { op, terms, pes, rows, cols } = self;
        json!({"name": op.chunk(), "macs": terms, "pes": pes, "rows": rows, "cols": cols})
    }
}

fn table(shares: &[Share], budget: f64) -> String {
    let row = |cells: [&str; 4]| format!("{:<5} {:>14} {:>6}  {}\n", cells[0], cells[1], cells[2], cells[3]);
    let mut text = row(["chunk", "macs", "PEs", "array"]);
    for Share { op, terms, pes, rows, cols } in shares {
        let array = format!("{rows} x {cols} = {}", rows * cols);
        text += &row([op.chunk(), &grouped(terms), &pes.to_string(), &array]);
    }
    text + &format!("area: {budget:.1} PEs with multipliers\n")
}

/// Arrays that would be larger than a description can say.
fn check_sides(shares: &[Share]) -> Result<(), Report> {
    let mut report = Report::default();
    for share in shares.iter().filter(|share| share.rows.max(share.cols) > MAX_SIDE) {
        let message = format!("the {} would get {} PEs", share.op.chunk(), grouped(share.pes));
        let array = format!("{} x {}; an array has at most {MAX_SIDE} x {MAX_SIDE}", share.rows, share.cols);
        report.push(Diagnostic::new("allocate", message).note(array).help("give a smaller --area"));
    }
    report.or(())
}

/// The error of a description that is not legal: of a legal one only the name can have become so.
fn illegal(file: &str, report: &Report) -> Report {
    let range = keys::find("", "name").map(|key| key.range_text(None)).unwrap_or_default();
    let message = "the accelerator has the name of its file, which is not legal";
    let error = Diagnostic::new("allocate", message).in_file(file);
    let error = report.0.iter().fold(error, |error, fault| error.note(&fault.message));
    error.help(format!("give --out a name of {range}")).into()
}
