//! `nasa allocate`: an accelerator whose chunks take equally long for a network, on the area that another one has.

use super::Done;
use crate::console::Console;
use crate::{files, flow, paper};
use clap::Args;
use mapper::nasa::allocate::{area, array, pes, RATIO};
use mapper::nasa::layer::terms;
use serde_json::{json, Value};
use spec::accelerator::{Accelerator, Chunk};
use spec::config;
use spec::config::keys::{self, MAX_SIDE};
use spec::error::{grouped, Diagnostic, Report};
use spec::op::Op;
use std::path::PathBuf;

/// Divides the area of an accelerator among its chunks as a network needs them.
#[derive(Args)]
#[command(
    after_help = "Example: nasa allocate --layers sw/zoo/nasa-sample/layers.yaml -c hw/configs/edge.yaml -o nasa.yaml --area 168\n\n\
    Each chunk gets PEs in proportion to the terms of an image that it computes, so that all take equally long: the paper's\n\
    equation (docs/paper-model.md). An array has as many rows as the square that fits its PEs, and as many columns as then\n\
    fit. A chunk without layers is left out. Everything else is taken from CONFIG."
)]
pub struct Allocate {
    /// Network file.
    #[arg(short, long, required_unless_present = "layers")]
    network: Option<PathBuf>,
    /// Table of layers, in place of a network.
    #[arg(long, value_name = "TABLE", conflicts_with = "network")]
    layers: Option<PathBuf>,
    /// Accelerator description to begin with.
    #[arg(short, long)]
    config: PathBuf,
    /// Where the new description goes; its name becomes the accelerator's.
    #[arg(short, long, value_name = "CONFIG")]
    out: PathBuf,
    /// Area of all PEs, in PEs with multipliers; what CONFIG has where left out.
    #[arg(long, value_name = "PES", value_parser = positive)]
    area: Option<f64>,
    /// Area of a PE with a multiplier, in shift or adder PEs.
    #[arg(long, default_value_t = RATIO, value_parser = positive)]
    ratio: f64,
}

/// What a chunk gets.
struct Share {
    op: Op,
    terms: u64,
    pes: u32,
    rows: u32,
    cols: u32,
}

impl Allocate {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let accelerator = flow::accelerator(&self.config)?;
        let (network, layers) = paper::layers(self.network.as_deref(), self.layers.as_deref())?;
        paper::check_ops(&accelerator, &layers)?;
        let had = accelerator.chunks.iter().map(|chunk| area(chunk.op, chunk.pes().into(), self.ratio)).sum();
        let budget = self.area.unwrap_or(had);
        let terms = terms(&layers);
        let shares = terms.iter().zip(pes(&terms, budget, self.ratio)).filter(|(_, pes)| *pes > 0);
        let shares: Vec<Share> = shares
            .map(|((op, terms), pes)| {
                let [rows, cols] = array(pes);
                Share { op: *op, terms: *terms, pes, rows, cols }
            })
            .collect();
        check_sides(&shares)?;
        let file = files::name(&self.out);
        let name = self.out.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let chunks = shares.iter().filter_map(|share| share.chunk(&accelerator)).collect();
        let yaml = config::to_yaml(&Accelerator { name, chunks, ..accelerator });
        let allocated = config::parse(&file, &yaml).map_err(|report| illegal(&file, &report))?;
        files::write(&self.out, yaml.as_bytes())?;
        console.show(table(&shares, budget));
        console.say(format!("{file}: accelerator `{}`", allocated.name));
        let chunks: Vec<Value> = shares.iter().map(Share::json).collect();
        let json = json!({
            "network": network, "config": allocated.name, "area": budget, "ratio": self.ratio, "chunks": chunks,
        });
        Ok(Done::well(json).with_products(vec![self.out.clone()]))
    }
}

impl Share {
    /// The chunk of before with the new array, and as many post lanes: all that the array allows where it had all.
    fn chunk(&self, accelerator: &Accelerator) -> Option<Chunk> {
        let (_, before) = accelerator.chunk_of(self.op)?;
        let most = |rows: u32, cols: u32| accelerator.buffer.line_bytes.min(rows.max(cols));
        let now = most(self.rows, self.cols);
        let had_all = before.post_lanes == most(before.rows, before.cols);
        let post_lanes = if had_all { now } else { before.post_lanes.min(now) };
        Some(Chunk { rows: self.rows, cols: self.cols, post_lanes, ..before.clone() })
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

/// A number above 0, and so far from what numbers can hold that no product of them is infinite.
fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (1e-6..=1e6).contains(&number) => Ok(number),
        _ => Err("this must be a number between 0.000001 and 1000000".to_string()),
    }
}
