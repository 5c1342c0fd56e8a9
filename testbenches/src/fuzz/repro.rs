//! A failure made small and written down: network, images and accelerator as files, and the one command that shows it
//! again. The case as it was found lies beside it, in `found/`.

use super::bench::{Bench, Failure};
use super::case::Case;
use cosim::memory::Timing;
use model::{npy, save, Graph};
use spec::accelerator::Accelerator;
use spec::config;
use std::io::Error;
use std::path::Path;

/// The file of a case's mappings.
const MAPPING: &str = "mapping.yaml";

/// Runs that making a failure smaller may take.
const RUNS: usize = 400;

/// A failure, as it was found and as small as it became.
pub struct Found {
    /// As it was drawn.
    pub drawn: (Case, Graph),
    /// The smallest that still fails in the same way.
    pub small: (Case, Graph),
    /// How the small one fails.
    pub failure: Failure,
    /// Runs that it took.
    pub runs: usize,
}

/// Makes a failure small: fewer images, then a smaller network. Where mappings are drawn, each network has another one.
pub fn shrink(bench: &mut Bench, case: &Case, graph: &Graph, failure: Failure) -> Found {
    let drawn = (case.clone(), graph.clone());
    let (kind, mut last, mut runs) = (failure.kind, failure, 0);
    let mut fails = |case: &Case, graph: &Graph| {
        runs += 1;
        let failed = (runs <= RUNS).then(|| bench.run(case, graph).err()).flatten();
        let failed = failed.filter(|failure| failure.kind == kind);
        failed.map(|failure| last = failure).is_some()
    };
    let mut case = case.clone();
    for images in 1..case.images {
        let fewer = Case { images, ..case.clone() };
        if fails(&fewer, graph) {
            case = fewer;
            break;
        }
    }
    let small = model::shrink::shrink(graph, |graph| fails(&case, graph));
    Found { drawn, small: (case, small), failure: last, runs: runs.min(RUNS) }
}

impl Found {
    /// Writes it to a folder of its own in `folder`; what there is to say about it.
    pub fn save(&self, folder: &Path, accelerator: &Accelerator) -> String {
        let (case, graph) = &self.drawn;
        let folder = folder.join(case.seed.to_string());
        let (small, network) = &self.small;
        let written = write(&folder.join("found"), accelerator, case, graph)
            .and_then(|_| write(&folder, accelerator, small, network));
        let again =
            written.unwrap_or_else(|error| format!("{} cannot be written: {error}", folder.display()));
        format!(
            "{case}: {:?}\n  {} layers shrank to {} in {} runs: {}\n  {again}",
            self.failure.kind,
            graph.len(),
            network.len(),
            self.runs,
            self.failure.text
        )
    }
}

/// Writes a case to `folder`; the command that repeats it.
fn write(folder: &Path, accelerator: &Accelerator, case: &Case, graph: &Graph) -> Result<String, Error> {
    std::fs::create_dir_all(folder)?;
    let folder = folder.canonicalize()?;
    let weights = save::safetensors(graph).map_err(Error::other)?;
    let mut files: Vec<(&str, Vec<u8>)> = vec![
        ("accelerator.yaml", config::to_yaml(accelerator).into_bytes()),
        ("network.yaml", save::yaml(graph, "network.safetensors").into_bytes()),
        ("network.safetensors", weights),
        ("images.npy", npy::write(&case.input(graph))),
    ];
    let mappings = case.mappings(accelerator, graph);
    files.extend(mappings.map(|mappings| (MAPPING, mapper::text::print(&mappings).into_bytes())));
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes)?;
    }
    Ok(command(&folder, case))
}

/// The command line that runs the case of `folder`.
fn command(folder: &Path, case: &Case) -> String {
    let file = |name: &str| folder.join(name).display().to_string();
    let memory = match case.timing {
        Timing::Fixed { latency } => format!("--latency {latency}"),
        Timing::Late { latency, beat } => format!("--latency {latency} --delay-beat {beat}"),
        Timing::Random { latency, seed } => format!("--latency {latency} --random-memory {seed}"),
    };
    format!(
        "nasa verify -c {} -n {} -i {} {memory}{}{}",
        file("accelerator.yaml"),
        file("network.yaml"),
        file("images.npy"),
        if case.drawn { format!(" -m {}", file(MAPPING)) } else { String::new() },
        if case.dump { "" } else { " --output-only" }
    )
}
