//! What tests on the generated hardware share: committed configurations, the two simulators that run them, networks for
//! them.

use cosim::verilator::Verilated;
use model::random::{network, Knobs};
use model::Graph;
use sim::{Native, Simulator};
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

/// What runs the hardware. Whatever holds for one must hold for the other, bit for bit and cycle for cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Our own simulator, on the description.
    Native,
    /// The independent judge, on the printed Verilog.
    Verilator,
}

impl Engine {
    /// Both, the faster first.
    pub const ALL: [Engine; 2] = [Engine::Native, Engine::Verilator];

    /// The accelerator, ready to run programs.
    pub fn start(self, accelerator: &Accelerator) -> Box<dyn Simulator> {
        match self {
            Engine::Native => Box::new(native(accelerator)),
            Engine::Verilator => Box::new(verilated(accelerator)),
        }
    }
}

/// The accelerator in the native simulator, ready to run programs.
pub fn native(accelerator: &Accelerator) -> Native {
    Native::new(&accel::generate(accelerator).unwrap_or_else(|errors| panic!("{errors}")))
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
