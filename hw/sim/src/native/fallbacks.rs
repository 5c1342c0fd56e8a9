//! On machines that lack something, what stands in for it agrees with the interpreter: random netlists, with parts of
//! this machine taken away.

use std::sync::Arc;

use hdl::random::hierarchy;
use hdl::Module;

use super::cpu::Cpu;
use super::fuzz::{compare, CYCLES, MOST, SIZE};
use super::Native;
use crate::lockstep::{report, Stimulus};

/// Random netlists on a machine agree; whether they ran as machine code.
fn agree(cpu: Cpu) -> bool {
    let compare =
        |module: &Arc<Module>, inputs: &Stimulus| compare(module, &mut [Native::with(module, cpu)], inputs);
    for seed in 1..=30 {
        let module = hierarchy(seed, SIZE);
        let inputs = Stimulus::random(&module, seed, CYCLES);
        assert!(
            compare(&module, &inputs).is_none(),
            "{cpu:?}: {}",
            report(&module, seed, CYCLES, MOST, compare)
        );
    }
    Native::with(&hierarchy(1, SIZE), cpu).is_compiled()
}

#[test]
fn without_avx2_lanes_run_in_the_loops_of_any_machine() {
    let cpu = Cpu { has_avx2: false, ..Cpu::host() };
    assert_eq!(agree(cpu), Cpu::host().has_code);
    assert!(!agree(Cpu { has_avx2: false, ..Cpu::without_code() }));
}

#[test]
fn without_extensions_there_is_machine_code_that_needs_none() {
    assert_eq!(agree(Cpu { has_extensions: false, ..Cpu::host() }), Cpu::host().has_code);
}

#[test]
fn without_shuffles_there_is_no_machine_code() {
    assert!(!agree(Cpu { has_shuffles: false, ..Cpu::host() }));
}

#[test]
fn without_machine_code_the_plan_is_interpreted() {
    assert!(!agree(Cpu::without_code()));
}
