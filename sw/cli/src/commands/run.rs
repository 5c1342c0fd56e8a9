//! `nasa run`: the whole flow of a YAML file, step by step. A step whose product is there and whose inputs have
//! not changed is not done again, so an interrupted run goes on where it stopped.

use super::generate::Generate;
use super::listing::Compile;
use super::verify::Verify;
use super::{Done, Hardware, Memory};
use crate::console::Console;
use crate::flow_file::FlowFile;
use crate::{files, flow};
use clap::Args;
use serde_json::{json, Value};
use spec::config::hash::Fnv;
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
        let generated = step(console, &flow, "generate", &[&flow.config], || {
            Generate { config: flow.config.clone(), out: flow.out.join("rtl") }.run(console)
        })?;
        let inputs = [&flow.config, &flow.network, &flow.images];
        let compiled = step(console, &flow, "compile", &inputs, || {
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
        let verified = step(console, &flow, "verify", &inputs, || verify(&flow).run(console))?;
        let json = json!({"generate": generated.json, "compile": compiled.json, "verify": verified.json});
        if verified.failures.0.is_empty() {
            console.say(format!(
                "bit-exact: the generated hardware computes what the reference does ({})",
                flow.out.display()
            ));
        }
        Ok(Done { json, failures: verified.failures })
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

/// Does a step, unless it was done with the same inputs before. A step that fails leaves nothing behind.
fn step(
    console: &Console,
    flow: &FlowFile,
    name: &str,
    inputs: &[&PathBuf],
    work: impl FnOnce() -> Result<Done, Report>,
) -> Result<Done, Report> {
    let stamp = stamp(inputs, flow.count)?;
    let file = flow.out.join(format!("{name}.json"));
    let before = files::read_text(&file).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    if let Some(before) = before.filter(|before| before["inputs"] == stamp) {
        console.say(format!("{name}: done before, see {}", file.display()));
        return Ok(Done::well(before["result"].clone()));
    }
    let done = work()?;
    if done.failures.0.is_empty() {
        files::write_json(&file, &json!({"inputs": stamp, "result": done.json}))?;
    }
    Ok(done)
}

/// A hash of the inputs of a step, the tensors of a network included, of how many images it takes, and of this
/// program's version.
fn stamp(inputs: &[&PathBuf], count: Option<u32>) -> Result<String, Report> {
    let mut fnv = Fnv::default();
    fnv.bytes(&count.unwrap_or(0).to_le_bytes());
    fnv.bytes(env!("CARGO_PKG_VERSION").as_bytes());
    for input in inputs {
        fnv.bytes(&files::read(input)?);
        let weights = input.with_extension("safetensors");
        if weights.exists() {
            fnv.bytes(&files::read(&weights)?);
        }
    }
    Ok(format!("{:016x}", fnv.value()))
}
