//! `nasa run`: the whole flow of a YAML file, step by step. A step whose products are there and whose inputs have
//! not changed is not done again (see `steps`), so an interrupted run goes on where it stopped.
//!
//! The native simulator checks first, within seconds; then Verilator, an independent judge, confirms it, where it is
//! installed. Where it is not, that is said, and the next run tries again.

use super::generate::Generate;
use super::listing::Compile;
use super::verify::Verify;
use super::{Done, Engine, Hardware, Memory};
use crate::console::Console;
use crate::flow;
use crate::flow_file::FlowFile;
use crate::steps::Steps;
use crate::waves::Waves;
use clap::Args;
use cosim::verilator::BuildError;
use serde_json::{json, Value};
use spec::error::{grouped, Report};
use std::path::PathBuf;

/// Runs a whole flow: generate, compile, verify, confirm in Verilator; goes on where it stopped.
#[derive(Args)]
#[command(after_help = "Example: nasa run testbenches/demo.yaml\n\n\
    A flow is a YAML file with `format: nasa-flow/1` and the paths `config`, `network`, `images` and `out`, relative to it;\n\
    `count` takes the first images only, and `labels`, a text file with a class a line, adds the top-1.")]
pub struct Run {
    /// The flow.
    flow: PathBuf,
    /// Only this engine checks, in place of the native one and then Verilator.
    #[arg(long, value_enum)]
    engine: Option<Engine>,
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
        let (engine, name) = match self.engine {
            Some(engine) => (engine, format!("verify-{}", engine.name())),
            None => (Engine::Native, "verify".to_string()),
        };
        let verified = steps.step(&name, &inputs, || verify(&flow, engine).run(console))?;
        let is_judged = self.engine.is_some() || !verified.failures.0.is_empty();
        let confirmed =
            if is_judged { Done::well(Value::Null) } else { confirm(console, &flow, &steps, &inputs)? };
        let failures = Report(verified.failures.0.into_iter().chain(confirmed.failures.0).collect());
        if failures.0.is_empty() {
            console.say(format!(
                "bit-exact: the generated hardware computes what the reference does ({})",
                flow.out.display()
            ));
        }
        let json = json!({"generate": generated.json, "compile": compiled.json, "verify": verified.json,
            "confirm": confirmed.json});
        Ok(Done::failing(json, failures))
    }
}

/// The same check in Verilator, where it is installed; its table would be that of the native simulator.
fn confirm(console: &Console, flow: &FlowFile, steps: &Steps, inputs: &[&PathBuf]) -> Result<Done, Report> {
    if let Err(error @ BuildError::MissingTool { .. }) = cosim::verilator::check_tools() {
        console.say(format!("not confirmed: {}", error.diagnostic().message));
        console.say("run `make setup` and then this again, to have Verilator judge the printed Verilog");
        return Ok(Done::well(json!({"missing": error.diagnostic().message})));
    }
    steps.step("confirm", inputs, || {
        let done = verify(flow, Engine::Verilator).check(console)?;
        let count = |value: &Value| grouped(value.as_u64().unwrap_or_default());
        let (elements, cycles) = (count(&done.json["elements"]), count(&done.json["cycles"]["measured"]));
        let shown = match done.failures.0.is_empty() {
            true => {
                format!("confirmed in Verilator: {elements} elements equal, {cycles} cycles as predicted\n")
            }
            false => done.shown.clone(),
        };
        console.show(&shown);
        Ok(Done { shown, ..done })
    })
}

/// The check that ends the flow.
fn verify(flow: &FlowFile, engine: Engine) -> Verify {
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
        hardware: Hardware::on(engine),
        memory: Memory::steady(),
        waves: Waves::default(),
    }
}
