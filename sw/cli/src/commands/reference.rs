//! `nasa reference`: what a network computes, without any hardware.

use super::Done;
use crate::console::Console;
use crate::{files, flow};
use clap::Args;
use model::{npy, reference};
use serde_json::json;
use spec::error::Report;
use std::path::PathBuf;

/// Runs a network with the reference executor.
#[derive(Args)]
#[command(after_help = "Example: nasa reference -n net.yaml -i images.npy -o out.npy --dump layers/")]
pub struct Reference {
    /// Network file.
    #[arg(short, long)]
    network: PathBuf,
    /// Images: .npy, int8, [N, C, H, W].
    #[arg(short, long, value_name = "X.npy")]
    input: PathBuf,
    /// Where the output goes.
    #[arg(short, long, value_name = "Y.npy")]
    out: PathBuf,
    /// Writes every layer's output as DIR/LAYER.npy.
    #[arg(long, value_name = "DIR")]
    dump: Option<PathBuf>,
}

impl Reference {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let graph = flow::network(&self.network)?;
        let images = flow::images(&self.input, &graph, None)?;
        let outputs = console.busy("running the reference", || reference::run_all(&graph, &images))?;
        let output = &outputs[graph.output.0];
        files::write(&self.out, &npy::write(output))?;
        if let Some(folder) = &self.dump {
            for (id, layer) in graph.layers() {
                files::write(&folder.join(format!("{}.npy", layer.name)), &npy::write(&outputs[id.0]))?;
            }
        }
        let classes = reference::top1(output);
        console.say(format!("{}: {} images of {}", self.out.display(), output.n, output.shape));
        Ok(Done::well(
            json!({"network": graph.name, "images": output.n, "macs": graph.macs(), "classes": classes}),
        ))
    }
}
