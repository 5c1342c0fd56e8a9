//! `nasa simulate`: a network on the generated hardware.

use super::Done;
use crate::console::Console;
use crate::waves::{first_mismatch, Job, Waves};
use crate::{files, flow, timeline};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use cosim::executor::Options;
use cosim::memory::Timing;
use mapper::events::LATENCY;
use model::npy;
use serde_json::json;
use sim::Pass;
use spec::error::Report;
use std::path::PathBuf;

/// What runs the hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The description itself, as machine code: starts within a second, and needs no other tool.
    Native,
    /// The printed Verilog, in Verilator: the independent judge, which takes a minute to build.
    Verilator,
    /// The description itself, in our own interpreter: slow, and the definition of the language.
    Interpreter,
}

impl Engine {
    /// As reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Verilator => "verilator",
            Engine::Native => "native",
            Engine::Interpreter => "interpreter",
        }
    }
}

/// What stands for the accelerator.
#[derive(Args, Clone, Debug)]
pub struct Hardware {
    /// What runs the hardware [default: native, or verilator with --rtl].
    #[arg(long, value_enum)]
    engine: Option<Engine>,
    /// Runs the Verilog in this folder, as `nasa generate` wrote it and somebody changed it since.
    #[arg(long, value_name = "DIR")]
    pub rtl: Option<PathBuf>,
}

impl Hardware {
    /// Hardware as it is generated, on an engine of choice.
    pub fn on(engine: Engine) -> Hardware {
        Hardware { engine: Some(engine), rtl: None }
    }

    /// What runs it: the fastest that can.
    pub fn engine(&self) -> Engine {
        self.engine.unwrap_or(if self.rtl.is_some() { Engine::Verilator } else { Engine::Native })
    }
}

/// How DRAM behaves.
#[derive(Args, Clone, Debug)]
pub struct Memory {
    /// Cycles from an address to its first beat.
    #[arg(long, default_value_t = LATENCY, value_parser = clap::value_parser!(u32).range(1..10_000))]
    pub latency: u32,
    /// Random latencies and back-pressure from this seed, in place of the fixed latency.
    #[arg(long, value_name = "SEED")]
    pub random_memory: Option<u64>,
    /// Injects a fault: beat N of the run, counted from 0, comes a cycle late. `nasa verify` must notice where that
    /// delays anything.
    #[arg(long, value_name = "N", conflicts_with = "random_memory")]
    pub delay_beat: Option<u64>,
    /// Gives a run up after this many cycles.
    #[arg(long, default_value_t = MAX_CYCLES)]
    pub max_cycles: u64,
}

/// The most cycles of a run where nothing else is said.
const MAX_CYCLES: u64 = 2_000_000_000;

impl Memory {
    /// A memory of the usual latency.
    pub fn steady() -> Memory {
        Memory { latency: LATENCY, random_memory: None, delay_beat: None, max_cycles: MAX_CYCLES }
    }

    /// As the executor takes them.
    pub fn options(&self) -> Options {
        let latency = self.latency;
        let timing = match (self.random_memory, self.delay_beat) {
            (Some(seed), _) => Timing::Random { latency, seed },
            (None, Some(beat)) => Timing::Late { latency, beat },
            (None, None) => Timing::Fixed { latency },
        };
        Options { timing, max_cycles: self.max_cycles, ..Options::default() }
    }
}

/// What `--help` ends with.
const EXAMPLES: &str = "\
Example: nasa simulate -c hw/configs/tiny.yaml -n net.yaml -i images.npy -o out.npy

Further, with
  --timeline run.json                                  when every queue ran what
  --trace run.fst --window 48100:48300                 all signals, in 200 cycles
  --trace run.fst --trigger ex:conv1 --around 20       while the first EXEC of conv1 runs
  --trace run.fst --trigger nasa_top.m_axi_wvalid=1    around the first beat that is written to DRAM
  --trace run.fst --scope nasa_top.core.clp            one chunk, in the whole run";

/// Runs a network on the generated hardware, in a simulator.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Simulate {
    /// Accelerator description.
    #[arg(short, long)]
    config: PathBuf,
    /// Network file.
    #[arg(short, long)]
    network: PathBuf,
    /// Images: .npy, int8, [N, C, H, W].
    #[arg(short, long, value_name = "X.npy")]
    input: PathBuf,
    /// Where the output goes.
    #[arg(short, long, value_name = "Y.npy")]
    out: PathBuf,
    /// Mappings to use in place of a search, as `nasa map` writes them.
    #[arg(short, long, value_name = "MAPPING")]
    mapping: Option<PathBuf>,
    /// Stores every layer's output and writes it as DIR/LAYER.npy.
    #[arg(long, value_name = "DIR")]
    dump: Option<PathBuf>,
    /// Writes when every queue ran what, for ui.perfetto.dev or chrome://tracing; a microsecond there is a cycle.
    #[arg(long, value_name = "FILE.json")]
    timeline: Option<PathBuf>,
    /// Shows what a pass of the native simulator made of the hardware, before the run.
    #[arg(long, value_name = "PASS", value_parser = pass())]
    dump_after: Option<Pass>,
    #[command(flatten)]
    hardware: Hardware,
    #[command(flatten)]
    memory: Memory,
    #[command(flatten)]
    waves: Waves,
}

/// Passes by their names.
fn pass() -> impl TypedValueParser<Value = Pass> {
    let named = |name: String| Pass::ALL.into_iter().find(|pass| pass.name() == name).ok_or("unknown");
    PossibleValuesParser::new(Pass::ALL.map(Pass::name)).try_map(named)
}

impl Simulate {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let accelerator = flow::accelerator(&self.config)?;
        let graph = flow::network(&self.network)?;
        let images = flow::images(&self.input, &graph, None)?;
        let mappings = self.mapping.as_deref().map(|path| flow::mappings(path, &accelerator, &graph));
        let options = compiler::Options {
            images: images.n as u32,
            dump: self.dump.is_some(),
            mappings: mappings.transpose()?,
            ..Default::default()
        };
        let compiled = flow::compile(&accelerator, &graph, &options)?;
        if let Some(pass) = self.dump_after {
            console.show(sim::dump_after(&flow::hardware(&accelerator)?, pass));
        }
        let job = Job {
            console,
            hardware: &self.hardware,
            accelerator: &accelerator,
            program: &compiled.program,
            images: &images,
            options: self.memory.options(),
        };
        let (outcome, recording) = self.waves.run(&job, |outcome| {
            let expected = model::reference::run_all(&graph, &images)?;
            Ok(first_mismatch(&compiled, &expected, outcome))
        })??;
        for (i, (name, tensor)) in outcome.outputs.iter().enumerate() {
            if i == 0 {
                files::write(&self.out, &npy::write(tensor))?;
            }
            if let Some(folder) = &self.dump {
                files::write(&folder.join(format!("{name}.npy")), &npy::write(tensor))?;
            }
        }
        if let Some(file) = &self.timeline {
            files::write_json(file, &timeline::of(&accelerator, &compiled.program, &outcome))?;
        }
        console.say(format!("{}: {} images in {} cycles", self.out.display(), images.n, outcome.cycles));
        let (read, written) = (outcome.dram_read, outcome.dram_written);
        let mut json = json!({
            "network": graph.name, "config": accelerator.name, "engine": self.hardware.engine().name(), "images": images.n,
            "cycles": outcome.cycles, "dram_read": read, "dram_written": written,
        });
        let mut failures = Report::default();
        recording.add_to(&mut json, &mut failures);
        Ok(Done::failing(json, failures))
    }
}
