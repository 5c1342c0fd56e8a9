//! `nasa verify`: the hardware against the reference, bit for bit, and against what the mapper predicted.

use super::{Done, Hardware, Memory};
use crate::console::Console;
use crate::flow;
use crate::labels::Labels;
use crate::verification::{Evidence, Verification};
use crate::waves::{first_mismatch, Job, Waves};
use clap::Args;
use model::Graph;
use spec::error::{nearest, Diagnostic, Report};
use std::path::PathBuf;

/// Runs a network on the hardware and compares every layer with the reference.
#[derive(Args)]
#[command(after_help = "Example: nasa verify -c hw/configs/tiny.yaml -n net.yaml -i images.npy --json -")]
pub struct Verify {
    /// Accelerator description.
    #[arg(short, long)]
    pub config: PathBuf,
    /// Network file.
    #[arg(short, long)]
    pub network: PathBuf,
    /// Images: .npy, int8, [N, C, H, W].
    #[arg(short, long, value_name = "X.npy")]
    pub input: PathBuf,
    /// Mappings to use in place of a search, as `nasa map` writes them.
    #[arg(short, long, value_name = "MAPPING")]
    pub mapping: Option<PathBuf>,
    /// Takes only the first N images.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub count: Option<u32>,
    /// The images' classes, one a line: adds how many the hardware gets right.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Compares only these layers.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub layers: Option<Vec<String>>,
    /// Runs the program as it is deployed: only the network's output is stored, and compared.
    #[arg(long, conflicts_with = "layers")]
    pub output_only: bool,
    /// Runs this program, as `nasa compile --dump` wrote it and somebody changed it since.
    #[arg(long, value_name = "PROGRAM", conflicts_with_all = ["mapping", "output_only"])]
    pub program: Option<PathBuf>,
    #[command(flatten)]
    pub hardware: Hardware,
    #[command(flatten)]
    pub memory: Memory,
    #[command(flatten)]
    pub waves: Waves,
}

impl Verify {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let done = self.check(console)?;
        console.show(&done.shown);
        Ok(done)
    }

    /// The comparison, whose table is not shown yet.
    ///
    /// # Errors
    /// Bad input.
    pub fn check(&self, console: &Console) -> Result<Done, Report> {
        let accelerator = flow::accelerator(&self.config)?;
        let graph = flow::network(&self.network)?;
        self.check_layers(&graph)?;
        let images = flow::images(&self.input, &graph, self.count)?;
        let labels = self.labels.as_deref().map(|path| Labels::read(path, images.n)).transpose()?;
        let mappings = self.mapping.as_deref().map(|path| flow::mappings(path, &accelerator, &graph));
        let options = compiler::Options {
            images: images.n as u32,
            dump: !self.output_only,
            mappings: mappings.transpose()?,
            ..Default::default()
        };
        let mut compiled = flow::compile(&accelerator, &graph, &options)?;
        if let Some(program) = &self.program {
            compiled.program = flow::program(program, &accelerator)?;
        }
        let expected = model::reference::run_all(&graph, &images)?;
        let job = Job {
            console,
            hardware: &self.hardware,
            accelerator: &accelerator,
            program: &compiled.program,
            images: &images,
            options: self.memory.options(),
        };
        let ran = self.waves.run(&job, |outcome| Ok(first_mismatch(&compiled, &expected, outcome)));
        let (outcome, recording) = match ran? {
            Ok(ran) => ran,
            // The hardware stopped: the input was good, the check failed.
            Err(failures) => {
                return Ok(Done::failing(serde_json::json!({"stopped": failures.to_string()}), failures))
            }
        };
        let run = flow::predict(&accelerator, &compiled.program, self.memory.latency)?;
        let verification = Verification::new(&Evidence {
            accelerator: &accelerator,
            graph: &graph,
            compiled: &compiled,
            expected: &expected,
            outcome: &outcome,
            run: &run,
            timed: self.memory.random_memory.is_none(),
            engine: self.hardware.engine().name(),
            only: self.layers.as_deref(),
            labels: labels.as_ref(),
        });
        let shown = verification.table();
        let (mut json, mut failures) = (verification.json(), verification.failures());
        recording.add_to(&mut json, &mut failures);
        Ok(Done { shown, ..Done::failing(json, failures) })
    }

    /// Whether the network has the layers of `--layers`.
    fn check_layers(&self, graph: &Graph) -> Result<(), Report> {
        let known: Vec<&str> = graph.layers().map(|(_, layer)| layer.name.as_str()).collect();
        let unknown = self.layers.iter().flatten().filter(|name| !known.contains(&name.as_str()));
        let error = |name: &String| {
            let error = Diagnostic::new("verify", format!("the network has no layer `{name}`"));
            let near = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            error.help(near.unwrap_or_else(|| format!("its layers are {}", known.join(", "))))
        };
        Report(unknown.map(error).collect()).or(())
    }
}
