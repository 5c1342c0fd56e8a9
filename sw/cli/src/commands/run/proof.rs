//! The proof that a network runs on the generated hardware: generate, compile, verify, confirm.
//!
//! The native simulator checks first, within seconds; then Verilator, an independent judge, confirms it, where it is
//! installed. Where it is not, that is said, and the next run tries again.

use crate::commands::generate::Generate;
use crate::commands::listing::Compile;
use crate::commands::verify::Verify;
use crate::commands::{Done, Engine, Hardware, Memory};
use crate::console::Console;
use crate::flow;
use crate::flow_file::Given;
use crate::steps::Steps;
use crate::waves::Waves;
use cosim::verilator::BuildError;
use serde_json::{json, Value};
use spec::error::{grouped, Report};
use std::path::{Path, PathBuf};

/// How networks are proven.
pub struct Proof<'a> {
    pub console: &'a Console,
    /// Accelerator description.
    pub config: &'a PathBuf,
    /// Images that are taken, from the first on; nothing is all.
    pub count: Option<u32>,
    /// The only engine that checks, where one is asked for.
    pub engine: Option<Engine>,
}

impl Proof<'_> {
    /// Proves a network; results go to `out`.
    ///
    /// # Errors
    /// Bad input.
    pub fn run(&self, given: &Given, out: &Path) -> Result<Done, Report> {
        let Proof { console, config, count, engine } = *self;
        let images = flow::images(&given.images, &flow::network(&given.network)?, count)?.n as u32;
        let weights = flow::weights(&given.network)?;
        let steps = Steps::new(console, out, count)?;
        let generated = steps.step("generate", &[config], || {
            Generate { config: config.clone(), out: out.join("rtl") }.run(console)
        })?;
        let inputs = [config, &given.network, &weights, &given.images];
        let compiled = steps.step("compile", &inputs, || {
            let (config, network) = (config.clone(), given.network.clone());
            Compile { config, network, mapping: None, out: out.join("network.program"), images, dump: false }
                .run(console)
        })?;
        let inputs: Vec<&PathBuf> = inputs.into_iter().chain(&given.labels).collect();
        let (judge, name) = match engine {
            Some(engine) => (engine, format!("verify-{}", engine.name())),
            None => (Engine::Native, "verify".to_string()),
        };
        let verified = steps.step(&name, &inputs, || self.verify(given, judge).run(console))?;
        let is_judged = engine.is_some() || !verified.failures.0.is_empty();
        let confirmed =
            if is_judged { Done::well(Value::Null) } else { self.confirm(given, &steps, &inputs)? };
        let failures = Report(verified.failures.0.into_iter().chain(confirmed.failures.0).collect());
        if failures.0.is_empty() {
            console.say(format!(
                "bit-exact: the generated hardware computes what the reference does ({})",
                out.display()
            ));
        }
        let json = json!({"generate": generated.json, "compile": compiled.json, "verify": verified.json,
            "confirm": confirmed.json});
        Ok(Done::failing(json, failures))
    }

    /// The same check in Verilator, where it is installed; its table would be that of the native simulator.
    fn confirm(&self, given: &Given, steps: &Steps, inputs: &[&PathBuf]) -> Result<Done, Report> {
        let console = self.console;
        if let Err(error @ BuildError::MissingTool { .. }) = cosim::verilator::check_tools() {
            console.say(format!("not confirmed: {}", error.diagnostic().message));
            console.say("run `make setup` and then this again, to have Verilator judge the printed Verilog");
            return Ok(Done::well(json!({"missing": error.diagnostic().message})));
        }
        steps.step("confirm", inputs, || {
            let done = self.verify(given, Engine::Verilator).check(console)?;
            let count = |value: &Value| grouped(value.as_u64().unwrap_or_default());
            let (elements, cycles) = (count(&done.json["elements"]), count(&done.json["cycles"]["measured"]));
            let shown = match done.failures.0.is_empty() {
                true => {
                    format!(
                        "confirmed in Verilator: {elements} elements equal, {cycles} cycles as predicted\n"
                    )
                }
                false => done.shown.clone(),
            };
            console.show(&shown);
            Ok(Done { shown, ..done })
        })
    }

    /// The check that ends the proof.
    fn verify(&self, given: &Given, engine: Engine) -> Verify {
        Verify {
            config: self.config.clone(),
            network: given.network.clone(),
            input: given.images.clone(),
            mapping: None,
            count: self.count,
            labels: given.labels.clone(),
            layers: None,
            output_only: false,
            program: None,
            hardware: Hardware::on(engine),
            memory: Memory::steady(),
            waves: Waves::default(),
        }
    }
}
