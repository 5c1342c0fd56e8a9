//! `nasa run`: the whole flow of a YAML file, step by step. A step whose products are there and whose inputs have
//! not changed is not done again (see `steps`), so an interrupted run goes on where it stopped.

use super::generate::Generate;
use super::listing::Compile;
use super::verify::Verify;
use super::{Done, Hardware, Memory};
use crate::console::Console;
use crate::flow;
use crate::flow_file::FlowFile;
use crate::steps::Steps;
use clap::Args;
use serde_json::json;
use spec::error::Report;
use std::path::PathBuf;

/// Runs a whole flow: generate, compile, verify; goes on where it stopped.
#[derive(Args)]
#[command(after_help = "Example: nasa run testbenches/demo.yaml\n\n\
    A flow is a YAML file with `format: nasa-flow/1` and the paths `config`, `network`, `images` and `out`, relative to it;\n\
    `count` takes the first images only, and `labels`, a text file with a class a line, adds the top-1.")]
pub struct Run {
    /// The flow.
    flow: PathBuf,
}

impl Run {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let flow = FlowFile::read(&self.flow)?;
        let images = flow::images(&flow.images, &flow::network(&flow.network)?, flow.count)?.n as u32;
        let weights = flow::weights(&flow.network)?;
        let steps = Steps::new(console, &flow.out, flow.count)?;
        let generated = steps.step("generate", &[&flow.config], || {
            Generate { config: flow.config.clone(), out: flow.out.join("rtl") }.run(console)
        })?;
        let inputs = [&flow.config, &flow.network, &weights, &flow.images];
        let compiled = steps.step("compile", &inputs, || {
            let (config, network) = (flow.config.clone(), flow.network.clone());
            Compile {
                config,
                network,
                mapping: None,
                out: flow.out.join("network.program"),
                images,
                dump: false,
            }
            .run(console)
        })?;
        let inputs: Vec<&PathBuf> = inputs.into_iter().chain(&flow.labels).collect();
        let verified = steps.step("verify", &inputs, || verify(&flow).run(console))?;
        let json = json!({"generate": generated.json, "compile": compiled.json, "verify": verified.json});
        if verified.failures.0.is_empty() {
            console.say(format!(
                "bit-exact: the generated hardware computes what the reference does ({})",
                flow.out.display()
            ));
        }
        Ok(Done::failing(json, verified.failures))
    }
}

/// The check that ends the flow.
fn verify(flow: &FlowFile) -> Verify {
    Verify {
        config: flow.config.clone(),
        network: flow.network.clone(),
        input: flow.images.clone(),
        mapping: None,
        count: flow.count,
        labels: flow.labels.clone(),
        layers: None,
        output_only: false,
        program: None,
        hardware: Hardware::generated(),
        memory: Memory::steady(),
    }
}
