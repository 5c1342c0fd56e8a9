//! `nasa run`: the whole flow of a YAML file, step by step. A step whose products are there and whose inputs have
//! not changed is not done again (see `steps`), so an interrupted run goes on where it stopped.

mod proof;
#[cfg(feature = "train")]
mod searched;
#[cfg(feature = "train")]
mod table;

#[cfg(feature = "train")]
use super::device::Device;
use super::{Done, Engine};
use crate::console::Console;
use crate::files;
use crate::flow_file::{FlowFile, Subject};
use clap::Args;
use proof::Proof;
use spec::error::{Diagnostic, Report};
use std::path::PathBuf;

/// Runs a whole flow: search and train, generate, compile, verify, confirm in Verilator; goes on where it stopped.
#[derive(Args)]
#[command(after_help = "Example: nasa run testbenches/demo.yaml\n\n\
    A flow is a YAML file with `format: nasa-flow/1` and the paths `config`, `network`, `images` and `out`, relative to it;\n\
    `count` takes the first images only, and `labels`, a text file with a class a line, adds the top-1.\n\n\
    With `search`, a space of networks, in place of network, images and labels, a network is searched, trained and rounded\n\
    first; `baseline: [conv]` does the same with these ops alone, and the table at the end compares the two.\n\
    docs/nas.md has an example.")]
pub struct Run {
    /// The flow.
    flow: PathBuf,
    /// Only this engine checks, in place of the native one and then Verilator.
    #[arg(long, value_enum)]
    engine: Option<Engine>,
    #[cfg(feature = "train")]
    #[command(flatten)]
    device: Device,
}

impl Run {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let flow = FlowFile::read(&self.flow)?;
        let proof = Proof { console, config: &flow.config, count: flow.count, engine: self.engine };
        match &flow.subject {
            #[cfg(feature = "train")]
            Subject::Given(_) if self.device.gpu => {
                let error = Diagnostic::new("run", "this flow learns nothing that a GPU could compute");
                let error = error.in_file(&files::name(&self.flow));
                Err(error.help("leave --gpu out, or give `search` in place of `network`").into())
            }
            Subject::Given(given) => proof.run(given, &flow.out),
            #[cfg(feature = "train")]
            Subject::Searched(searched) => {
                self.device.learn(console, || searched::run(&proof, &self.flow, searched, &flow.out))
            }
            #[cfg(not(feature = "train"))]
            Subject::Searched(searched) => {
                let message = format!(
                    "this nasa was built without training, and cannot search in {}",
                    searched.space.display()
                );
                let error = Diagnostic::new("run", message).in_file(&files::name(&self.flow));
                Err(error.help("build it with its default features, or give `network` and `images`").into())
            }
        }
    }
}
