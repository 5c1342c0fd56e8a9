//! What a netlist is put through: the interpreter, which is the definition, against machine code, against the same
//! plan interpreted, and against Verilator.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;
use std::sync::Arc;

use cosim::verilator::Verilated;
use hdl::random::{hierarchy, side_by_side, Random};
use hdl::Module;
use sim::lockstep::{difference, report, Stimulus};
use sim::{Interpreter, Native};

use super::Summary;
use crate::fuzz::bench::said;

/// The size of a netlist and the cycles that it runs for: many small ones, and some that are large or run for long.
fn extent(seed: u64) -> (usize, usize) {
    let random = &mut Random::new(!seed);
    let size = [8, 12, 20, 30, 40, 60][random.below(6)];
    let cycles = [10, 15, 20, 30, 40, 150][random.below(6)];
    (size, cycles)
}

/// The netlist of a seed.
pub(super) fn netlist(seed: u64) -> Arc<Module> {
    hierarchy(seed, extent(seed).0)
}

/// Values of a module and of all instances below it.
pub(super) fn values(module: &Module) -> usize {
    let below = module.instances().iter().map(|instance| values(&instance.module));
    module.nodes().len() + below.sum::<usize>()
}

/// The netlist of a seed in all engines of `sim`.
pub(super) fn native(seed: u64, summary: &mut Summary) {
    let (module, cycles) = (netlist(seed), extent(seed).1);
    let inputs = Stimulus::random(&module, seed, cycles);
    match native_difference(&module, &inputs) {
        None => {
            summary.passed += 1;
            summary.cycles += cycles as u64;
            summary.coverage.count(&module, &inputs);
        }
        Some(_) => summary.failures.push(report(&module, seed, cycles, 3000, native_difference)),
    }
}

/// What is wrong with any of the engines of `sim`.
fn native_difference(module: &Arc<Module>, inputs: &Stimulus) -> Option<String> {
    let compared = catch_unwind(AssertUnwindSafe(|| {
        let (mut code, mut portable) = (Native::new(module), Native::portable(module));
        let name = if code.is_compiled() { "machine code" } else { "no machine code" };
        let found = difference(&mut Interpreter::new(module), &mut [&mut code, &mut portable], inputs)?;
        Some(format!("{found} ({})", [name, "lane interpreter"][found.simulator]))
    }));
    compared.unwrap_or_else(|panic| Some(said(&*panic)))
}

/// Cycles in Verilator.
const CYCLES: usize = 100;

/// The netlists of some seeds in Verilator, built together. Where that fails each half is tried by itself, so that
/// one netlist is to blame in the end.
pub(super) fn verilator(seeds: &[u64], cache: &Path, summary: &mut Summary) {
    let modules: Vec<Arc<Module>> = seeds.iter().map(|seed| netlist(*seed)).collect();
    let top = match &modules[..] {
        [one] => Arc::clone(one),
        all => side_by_side("netlists", all),
    };
    let inputs = Stimulus::random(&top, seeds[0], CYCLES);
    let count = seeds.len() as u64;
    match verilator_difference(&top, &inputs, cache) {
        Judged::Agrees => {
            summary.verilated += count;
            summary.cycles += CYCLES as u64 * count;
        }
        _ if count > 1 => {
            let (first, second) = seeds.split_at(seeds.len() / 2);
            verilator(first, cache, summary);
            verilator(second, cache, summary);
        }
        Judged::BreaksDown => {
            println!("seed {}: passed over, an internal error of Verilator", seeds[0]);
            summary.passed_over += 1;
        }
        Judged::Differs(_) => {
            let compare =
                |module: &Arc<Module>, inputs: &Stimulus| match verilator_difference(module, inputs, cache) {
                    Judged::Differs(wrong) => Some(wrong),
                    _ => None,
                };
            summary.failures.push(report(&top, seeds[0], CYCLES, 100, compare));
        }
    }
}

/// What came of a netlist in Verilator.
enum Judged {
    Agrees,
    /// Verilator 5.006 stops with an internal error (`V3Gate.cpp:970`) where constants from outside reach both the
    /// address and the data of a memory's only write, in about one of a hundred random hierarchies. That is for its
    /// authors to mend.
    BreaksDown,
    Differs(String),
}

fn verilator_difference(module: &Arc<Module>, inputs: &Stimulus, cache: &Path) -> Judged {
    let mut verilated = match Verilated::build(module, cache) {
        Ok(verilated) => verilated,
        Err(error) => {
            let said = error.to_string();
            let is_known = said.contains("Internal Error") && said.contains("V3Gate.cpp");
            return if is_known { Judged::BreaksDown } else { Judged::Differs(said) };
        }
    };
    match difference(&mut Interpreter::new(module), &mut [&mut verilated], inputs) {
        None => Judged::Agrees,
        Some(found) => Judged::Differs(format!("{found} (Verilator)")),
    }
}
