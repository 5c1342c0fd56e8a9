//! Random netlists in all engines: every output equals the reference interpreter's in every cycle. The campaign of many
//! is elsewhere; these are enough to see while one works here that something is wrong.
//!
//! `NETLIST_SEED` and `NETLISTS` (how many) choose others and more; a failure is made small and printed.

use std::collections::BTreeMap;
use std::sync::Arc;

use hdl::random::hierarchy;
use hdl::Module;

use super::cpu::Cpu;
use super::pipeline::lower;
use super::words::Op;
use super::Native;
use crate::lockstep::{difference, report, Stimulus};
use crate::watch::Probes;
use crate::{Interpreter, Simulator};

pub(super) const CYCLES: usize = 30;

/// Comparisons that may be made to make a netlist small.
pub(super) const MOST: usize = 3000;

/// Operations of a netlist, about.
pub(super) const SIZE: usize = 30;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Simulators of a module: machine code and what stands in for it, with registers written in place where they can be and
/// with all of them moved at the edge.
pub(super) fn engines(module: &Arc<Module>) -> [Native; 4] {
    let cpus = [Cpu::host(), Cpu::without_code()];
    let [code, portable] = cpus.map(|cpu| Native::with(module, cpu));
    let [code_with_edges, portable_with_edges] =
        cpus.map(|cpu| Native::start(module, lower(module, Some(&Probes::new()), |_, _| {}), cpu));
    [code, portable, code_with_edges, portable_with_edges]
}

/// Where other engines first differ from the reference.
pub(super) fn compare(module: &Arc<Module>, engines: &mut [Native], inputs: &Stimulus) -> Option<String> {
    let compiled: Vec<bool> = engines.iter().map(Native::is_compiled).collect();
    let mut engines: Vec<&mut dyn Simulator> =
        engines.iter_mut().map(|engine| engine as &mut dyn Simulator).collect();
    let found = difference(&mut Interpreter::new(module), &mut engines, inputs)?;
    Some(format!("{found}; machine code: {}", compiled[found.simulator]))
}

/// Likewise, on the random inputs of a seed.
pub(super) fn differs(module: &Arc<Module>, engines: &mut [Native], seed: u64) -> Option<String> {
    compare(module, engines, &Stimulus::random(module, seed, CYCLES))
}

#[test]
fn random_netlists_agree_with_the_interpreter() {
    let first = setting("NETLIST_SEED", 1);
    let count = setting("NETLISTS", 60);
    println!("NETLIST_SEED={first} NETLISTS={count}");
    for seed in first..first + count {
        let module = hierarchy(seed, SIZE);
        let compare = |module: &Arc<Module>, inputs: &Stimulus| compare(module, &mut engines(module), inputs);
        if compare(&module, &Stimulus::random(&module, seed, CYCLES)).is_some() {
            panic!("NETLIST_SEED={seed} NETLISTS=1: {}", report(&module, seed, CYCLES, MOST, compare));
        }
    }
}

/// The name of an operation.
fn name(op: Op) -> String {
    format!("{op:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// What vectors and loops over lanes work on: without it they would agree with the interpreter for want of work.
#[test]
fn random_netlists_have_every_operation_with_lanes_and_without() {
    let mut single: BTreeMap<String, usize> = BTreeMap::new();
    let mut lanes: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 1..=100 {
        let native = Native::portable(&hierarchy(seed, SIZE));
        for node in &native.lowered.plan.netlist.nodes {
            let counts = if node.lanes > 1 { &mut lanes } else { &mut single };
            *counts.entry(name(node.op)).or_default() += 1;
        }
    }
    println!("without lanes {single:?}\nwith lanes {lanes:?}");
    let operations = [
        "Load",
        "Not",
        "And",
        "Or",
        "Xor",
        "Add",
        "Sub",
        "Mul",
        "MulHigh",
        "Eq",
        "Less",
        "LessSigned",
        "Shl",
        "Shr",
        "Sar",
        "Mux",
        "Slice",
        "Concat",
        "Zext",
        "Sext",
        "Parity",
        "Choose",
    ];
    for operation in operations {
        assert!(single.contains_key(operation) && lanes.contains_key(operation), "{operation}");
    }
    assert!(["State", "Splat", "Gather", "View"].iter().all(|moved| lanes.contains_key(*moved)));
    assert!(single.contains_key("Pick"));
}
