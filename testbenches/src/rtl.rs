//! Programs on the generated hardware, compared with the reference executor: what the RTL tests share.

use compiler::{compile, Compiled, Options};
use cosim::compare::{compare, Comparison, Mismatch};
use cosim::executor::{self, Outcome};
use cosim::memory::Timing;
use cosim::verilator::Verilated;
use model::random::{images, network, Knobs};
use model::reference::run_all;
use model::{Graph, Tensor};
use spec::accelerator::Accelerator;
use std::path::{Path, PathBuf};

/// The folder of built models, shared by all tests.
pub fn cache() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/models")
}

/// The committed configuration `name`.
pub fn config(name: &str) -> Accelerator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hw/configs").join(format!("{name}.yaml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    spec::config::parse(&path.display().to_string(), &text).unwrap_or_else(|report| panic!("{report}"))
}

/// The accelerator in Verilator, ready to run programs.
pub fn verilated(accelerator: &Accelerator) -> Verilated {
    let top = accel::generate(accelerator).unwrap_or_else(|errors| panic!("{errors}"));
    Verilated::build(&top, &cache()).unwrap_or_else(|error| panic!("{error}"))
}

/// A random network that `accelerator` has chunks for.
pub fn random_network(accelerator: &Accelerator, seed: u64, macs: u64) -> Option<Graph> {
    let ops = accelerator.chunks.iter().map(|chunk| (chunk.op, chunk.weight_bits)).collect();
    let graph = network(seed, &Knobs { ops, macs, ..Knobs::default() });
    let runs = |op| accelerator.chunk_of(op).is_some();
    let all = graph.layers().all(|(_, layer)| runs(layer.op));
    all.then_some(graph)
}

/// Compiles, runs and compares every layer of every image; the first difference as an error.
///
/// # Errors
/// A sentence that says what went wrong.
pub fn agree(
    engine: &mut dyn sim::Simulator,
    accelerator: &Accelerator,
    graph: &Graph,
    seed: u64,
    count: u32,
    timing: Timing,
) -> Result<(Compiled, Outcome), String> {
    let options = Options { images: count, dump: true, mappings: None };
    let compiled = compile(accelerator, graph, &options).map_err(|report| format!("refused: {report}"))?;
    let input = images(seed, graph, count as usize);
    let options = executor::Options { timing, watchdog: 20_000, ..executor::Options::default() };
    let outcome = executor::run(engine, accelerator, &compiled.program, &input, &options)
        .map_err(|report| format!("{report}\n{}", listing(&compiled)))?;
    let reference = run_all(graph, &input).map_err(|report| report.to_string())?;
    for (name, tensor) in &outcome.outputs {
        let layer = graph.find(name).ok_or(format!("`{name}` is no layer"))?;
        difference(tensor, &reference[layer.0]).map_or(Ok(()), |text| Err(format!("`{name}` {text}")))?;
    }
    Ok((compiled, outcome))
}

/// Where two tensors differ first, and how often.
pub fn difference(ours: &Tensor, reference: &Tensor) -> Option<String> {
    let Comparison { elements, mismatches, first } = compare(reference, ours);
    let Mismatch { index, expected, found } = first?;
    Some(format!("differs first at {index:?}: expected {expected}, RTL gave {found} ({mismatches} of {elements} differ)"))
}

/// The program as text, where the environment asks for it.
fn listing(compiled: &Compiled) -> String {
    match std::env::var_os("LISTING") {
        Some(_) => spec::program::text::print(&compiled.program, &["chunk0", "chunk1", "chunk2"]),
        None => "set LISTING=1 to see the program".to_string(),
    }
}
