//! The fuzz campaign: random networks on random accelerators, RTL against reference, bit for bit and cycle by cycle.
//!
//! Or, in place of networks, a layer or a few in random mappings ([`draw`]), of which [`shares`] says what they were like.
//!
//! A [`Campaign`] is a list of configurations and how many networks each of them must run. Configurations are
//! built and run by as many workers as there are, so that one is compiled while another runs. Seeds say
//! everything: equal campaigns draw equal cases. What the compiler refuses is counted with its reason, what fails
//! is made small and written down by [`repro`], and [`coverage`] says what was seen.

pub mod bench;
pub mod case;
pub mod coverage;
pub mod draw;
pub mod prediction;
pub mod repro;
pub mod shares;
mod summary;

pub use bench::{Bench, Failure, Kind, Ran, Sabotage};
pub use case::{Case, Configuration};
pub use summary::Summary;

use crate::rtl::Engine;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// What is to be run.
pub struct Campaign {
    /// Each is built once.
    pub configurations: Vec<Configuration>,
    /// Networks that each configuration must run; refused ones do not count.
    pub networks: usize,
    /// Every other seed follows from it.
    pub seed: u64,
    /// Configurations that are worked on at once.
    pub workers: usize,
    /// What runs the hardware.
    pub engine: Engine,
    /// Where failures are written, a folder each.
    pub folder: PathBuf,
    /// A mistake to plant in every program: a negative control.
    pub sabotage: Option<Sabotage>,
    /// Whether each network is a layer or a few in random mappings.
    pub drawn: bool,
}

/// Failures of one configuration after which it is left: the rest would be more of the same.
const MOST_FAILURES: usize = 3;

/// Networks drawn for each one that must run, at most: some configurations refuse most of them.
const DRAWS: usize = 6;

/// The same of mappings, of which most are illegal.
const MAPPING_DRAWS: usize = 60;

impl Campaign {
    /// At least `networks` over four committed and 12 random configurations.
    pub fn full(networks: usize, seed: u64) -> Campaign {
        let committed = ["tiny", "odd", "halves", "clp-only"].map(Configuration::Committed);
        let sides = [3, 4, 5, 6, 8];
        let random =
            (0..12).map(|i| Configuration::Random { seed: seed * 1000 + i, side: sides[i as usize % 5] });
        let configurations: Vec<_> = committed.into_iter().chain(random).collect();
        let each = networks.div_ceil(configurations.len());
        Campaign { networks: each, ..Campaign::of(configurations, seed) }
    }

    /// A tenth of it, on configurations that are quickly built.
    pub fn tenth(seed: u64) -> Campaign {
        let committed = ["tiny", "odd", "halves"].map(Configuration::Committed);
        let random = (0..3).map(|i| Configuration::Random { seed: seed * 1000 + i, side: 3 });
        Campaign { networks: 6, ..Campaign::of(committed.into_iter().chain(random).collect(), seed) }
    }

    /// One network on each of `configurations`.
    pub fn of(configurations: Vec<Configuration>, seed: u64) -> Campaign {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../runs/fuzz");
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        let engine = Engine::Native;
        Campaign { configurations, networks: 1, seed, workers, engine, folder, sabotage: None, drawn: false }
    }

    /// Layers in random mappings in place of networks, `networks` of them on each configuration.
    pub fn mapped(self, networks: usize) -> Campaign {
        Campaign { networks, drawn: true, ..self }
    }

    /// Runs all of it, and prints a line for each configuration as it ends.
    pub fn run(&self) -> Summary {
        let waiting = Mutex::new(self.configurations.iter().enumerate());
        let total = Mutex::new(Summary::default());
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || {
            while let Some((index, configuration)) = next() {
                let summary = self.run_configuration(index as u64, configuration);
                println!("{configuration}: {}", summary.line());
                total.lock().unwrap_or_else(PoisonError::into_inner).add(summary);
            }
        };
        std::thread::scope(|scope| (0..self.workers.max(1)).for_each(|_| drop(scope.spawn(work))));
        total.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_configuration(&self, index: u64, configuration: &Configuration) -> Summary {
        let mut summary = Summary { configurations: 1, ..Summary::default() };
        summary.random_configurations = usize::from(matches!(configuration, Configuration::Random { .. }));
        let mut bench = match self.bench(configuration) {
            Ok(bench) => bench,
            Err(why) => {
                summary.failures.push(format!("{configuration} cannot be built: {why}"));
                return summary;
            }
        };
        let (draws, apart) = if self.drawn { (MAPPING_DRAWS, 1_000_000) } else { (DRAWS, 1000) };
        let first = (self.seed * 1000 + index) * apart;
        for seed in (first..).take(self.networks * draws) {
            if summary.passed == self.networks || summary.failures.len() == MOST_FAILURES {
                break;
            }
            let draw = if self.drawn { Case::draw_mapped } else { Case::draw };
            let case = draw(configuration, seed);
            let graph = case.graph(&bench.accelerator);
            match bench.run(&case, &graph) {
                Ok(ran) => summary.passed(&case, &graph, &bench.accelerator, &ran),
                Err(Failure { kind: Kind::Refused, text }) => summary.refused(&case, text),
                Err(failure) => {
                    let found = repro::shrink(&mut bench, &case, &graph, failure);
                    summary.failures.push(found.save(&self.folder, &bench.accelerator));
                }
            }
        }
        summary
    }

    /// The accelerator, ready to run; what went wrong as text, a panic of the generator included.
    fn bench(&self, configuration: &Configuration) -> Result<Bench, String> {
        let accelerator = configuration.accelerator();
        let start = || self.engine.start(&accelerator);
        let engine = catch_unwind(AssertUnwindSafe(start)).map_err(|panic| bench::said(&*panic))?;
        Ok(Bench { accelerator, engine, sabotage: self.sabotage })
    }
}
