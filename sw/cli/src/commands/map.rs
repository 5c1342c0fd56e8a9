//! `nasa map`: how each layer is mapped onto its chunk.

use super::Done;
use crate::console::Console;
use crate::{files, flow, report};
use clap::Args;
use serde_json::json;
use spec::error::Report;
use std::path::PathBuf;

/// Maps every layer of a network onto an accelerator.
#[derive(Args)]
#[command(after_help = "Example: nasa map -c hw/configs/tiny.yaml -n net.yaml -o net.mapping")]
pub struct Map {
    /// Accelerator description.
    #[arg(short, long)]
    config: PathBuf,
    /// Network file.
    #[arg(short, long)]
    network: PathBuf,
    /// Where the mapping goes; stdout where left out.
    #[arg(short, long, value_name = "MAPPING")]
    out: Option<PathBuf>,
}

impl Map {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let accelerator = flow::accelerator(&self.config)?;
        let graph = flow::network(&self.network)?;
        let compiled = console.busy("mapping", || flow::compile(&accelerator, &graph, 1, false))?;
        let lines = compiled.layers.iter().map(|layer| format!("{}: {}\n", layer.name, layer.mapping));
        let text: String = lines.collect();
        match &self.out {
            Some(out) => files::write(out, text.as_bytes())?,
            None => console.show(text),
        }
        let layers: Vec<_> =
            compiled.layers.iter().map(|layer| report::plan_json(&accelerator, layer)).collect();
        let cycles: u64 = compiled.layers.iter().map(|layer| layer.predicted).sum();
        Ok(Done::well(json!({"objective": "latency", "layers": layers, "total": {"cycles": cycles}})))
    }
}
