//! `nasa run`: the whole flow of a YAML file, step by step. A step whose product is there and whose inputs have
//! not changed is not done again, so an interrupted run goes on where it stopped.

use super::generate::Generate;
use super::listing::Compile;
use super::verify::Verify;
use super::{Done, Engine, Memory};
use crate::console::Console;
use crate::{files, flow};
use clap::Args;
use serde_json::{json, Value};
use spec::config::hash::Fnv;
use spec::error::{nearest, Report};
use spec::yaml::{self, Source};
use std::path::{Path, PathBuf};

/// The word that opens a flow.
const FORMAT: &str = "nasa-flow/1";

/// What stands in a flow; paths are relative to its file.
const KEYS: &[(&str, &str)] = &[
    ("format", "the word nasa-flow/1"),
    ("config", "the accelerator description"),
    ("network", "the network file"),
    ("images", "an .npy file of int8 images"),
    ("out", "the folder that everything is written to"),
];

/// Runs a whole flow: generate, compile, verify; goes on where it stopped.
#[derive(Args)]
#[command(after_help = "Example: nasa run testbenches/demo.yaml\n\n\
    A flow is a YAML file with `format: nasa-flow/1` and the paths `config`, `network`, `images` and `out`, relative to it.")]
pub struct Run {
    /// The flow.
    flow: PathBuf,
}

/// A flow whose paths are known.
struct Flow {
    config: PathBuf,
    network: PathBuf,
    images: PathBuf,
    out: PathBuf,
}

impl Run {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let flow = Flow::read(&self.flow)?;
        let images = flow::images(&flow.images, &flow::network(&flow.network)?)?.n as u32;
        let generated = step(console, &flow, "generate", &[&flow.config], || {
            Generate { config: flow.config.clone(), out: flow.out.join("rtl") }.run(console)
        })?;
        let compiled = step(console, &flow, "compile", &[&flow.config, &flow.network, &flow.images], || {
            let (config, network) = (flow.config.clone(), flow.network.clone());
            Compile { config, network, out: flow.out.join("network.program"), images, dump: false }
                .run(console)
        })?;
        let verify = Verify {
            config: flow.config.clone(),
            network: flow.network.clone(),
            input: flow.images.clone(),
            layers: None,
            output_only: false,
            engine: Engine::Verilator,
            memory: Memory::steady(),
        };
        let verified = step(console, &flow, "verify", &[&flow.config, &flow.network, &flow.images], || {
            verify.run(console)
        })?;
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

/// Does a step, unless it was done with the same inputs before. A step that fails leaves nothing behind.
fn step(
    console: &Console,
    flow: &Flow,
    name: &str,
    inputs: &[&PathBuf],
    work: impl FnOnce() -> Result<Done, Report>,
) -> Result<Done, Report> {
    let stamp = stamp(inputs)?;
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

/// A hash of the inputs of a step, the tensors of a network included, and of this program's version.
fn stamp(inputs: &[&PathBuf]) -> Result<String, Report> {
    let mut fnv = Fnv::default();
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

impl Flow {
    fn read(path: &Path) -> Result<Flow, Report> {
        let (file, text) = (files::name(path), files::read_text(path)?);
        let source = Source { stage: "flow", file: &file, text: &text };
        let root = source.parse()?;
        let entries = match &root.value {
            yaml::Value::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        let mut report = Report::default();
        for (key, _) in entries.iter().filter(|(key, _)| KEYS.iter().all(|(name, _)| *name != key.name)) {
            let error = source.error(key.place, format!("unknown key `{}`", key.name), "no such key here");
            let names = KEYS.iter().map(|(name, _)| *name);
            let near = nearest(&key.name, names.clone());
            let all = names.collect::<Vec<_>>().join(", ");
            report.push(
                error.help(
                    near.map_or(format!("the keys are {all}"), |near| format!("did you mean `{near}`?")),
                ),
            );
        }
        let mut value = |name: &str| {
            let found = entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node);
            let meaning = KEYS.iter().find(|(key, _)| *key == name).map_or("", |(_, meaning)| meaning);
            match found.map(|node| (&node.value, node.place)) {
                Some((yaml::Value::Text(text), place)) if name == "format" && text != FORMAT => {
                    report.push(
                        source
                            .error(place, "unknown format", meaning)
                            .help(format!("write format: {FORMAT}")),
                    );
                }
                Some((yaml::Value::Text(text), _)) => return path.with_file_name(text),
                Some((_, place)) => {
                    report.push(
                        source
                            .error(place, format!("`{name}` is no path"), "")
                            .help(format!("it is {meaning}")),
                    );
                }
                None => {
                    let error = source.error(root.place, format!("`{name}` is missing"), "");
                    report.push(error.help(format!("add {name}: {meaning}")));
                }
            }
            PathBuf::new()
        };
        value("format");
        let [config, network, images, out] = ["config", "network", "images", "out"].map(&mut value);
        report.or(Flow { config, network, images, out })
    }
}
