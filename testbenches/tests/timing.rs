//! Negative controls of the comparison with the prediction, which every run of the fuzz campaign passes: a memory that
//! is one cycle slower, and a program with one other operand, are noticed.

use cosim::memory::Timing;
use mapper::events::{predict, Run};
use spec::isa::table::{Queue, CFG};
use spec::program::Program;
use testbenches::fuzz::prediction::{same_counts, same_cycles, same_reads};
use testbenches::fuzz::{Bench, Case, Configuration, Failure, Kind, Ran};
use testbenches::rtl::{config, Engine};

/// The first cases of `tiny` that compile, before this memory; they pass.
fn runs(bench: &mut Bench, timing: Timing) -> Vec<Ran> {
    let drawn = (0..).map(|seed| Case { timing, ..Case::draw(&Configuration::Committed("tiny"), seed) });
    let mut run = |case: Case| {
        let graph = case.graph(&bench.accelerator);
        match bench.run(&case, &graph) {
            Ok(ran) => Some(ran),
            Err(Failure { kind: Kind::Refused, .. }) => None,
            Err(failure) => panic!("{case}: {failure:?}"),
        }
    };
    drawn.filter_map(&mut run).take(6).collect()
}

/// The accelerator `tiny` on both simulators.
fn tiny() -> [Bench; 2] {
    Engine::ALL.map(|engine| {
        let accelerator = config("tiny");
        Bench { engine: engine.start(&accelerator), accelerator, sabotage: None }
    })
}

#[test]
fn a_memory_one_cycle_slower_than_predicted_is_noticed() {
    tiny().iter_mut().for_each(notices_a_slow_memory);
}

fn notices_a_slow_memory(bench: &mut Bench) {
    for ran in runs(bench, Timing::Fixed { latency: 7 }) {
        let predicted =
            |latency| predict(&bench.accelerator, &ran.compiled.program, latency).expect("the program ends");
        assert_eq!(same_cycles(&predicted(7), &ran.outcome).ok(), Some(ran.launches));
        assert!(same_reads(&predicted(7), &ran.outcome).is_ok() && ran.launches > 0);
        let kind = same_cycles(&predicted(8), &ran.outcome).map_err(|failure| failure.kind);
        assert_eq!(kind, Err(Kind::Cycles));
    }
}

#[test]
fn a_program_with_another_operand_counts_otherwise() {
    tiny().iter_mut().for_each(notices_another_operand);
}

fn notices_another_operand(bench: &mut Bench) {
    for ran in runs(bench, Timing::Random { latency: 60, seed: 1 }) {
        let prediction =
            |program: &Program| -> Run { predict(&bench.accelerator, program, 1).expect("the program ends") };
        assert!(same_counts(&prediction(&ran.compiled.program), &ran.outcome).is_ok());
        for (queue, register) in
            [(Queue::Execute, "d_channels"), (Queue::Execute, "rows"), (Queue::Load, "bytes")]
        {
            let mut changed = ran.compiled.program.clone();
            let streams = changed.streams.iter_mut().skip(queue as usize).step_by(3);
            let index = queue.registers().iter().position(|r| r.name == register).expect("a register") as u64;
            let sets = |word: &&mut u64| **word >> 58 == u64::from(CFG) && **word >> 50 & 0xff == index;
            *streams.flatten().find(sets).expect("the program sets it") -= 1;
            let kind = same_counts(&prediction(&changed), &ran.outcome).map_err(|failure| failure.kind);
            assert_eq!(kind, Err(Kind::Counts), "{register}");
        }
    }
}

#[test]
fn one_late_beat_fails_a_case() {
    tiny().iter_mut().for_each(notices_a_late_beat);
}

fn notices_a_late_beat(bench: &mut Bench) {
    let case = Case::draw(&Configuration::Committed("tiny"), 0);
    let graph = case.graph(&bench.accelerator);
    let mut kind = |timing| {
        let case = Case { timing, ..case.clone() };
        bench.run(&case, &graph).map(|ran| ran.launches > 0).map_err(|failure| failure.kind)
    };
    assert_eq!(kind(Timing::Fixed { latency: 7 }), Ok(true));
    // The first beats of all are the header's and the first fetches': everything waits for them.
    let late = (0..40).map(|beat| kind(Timing::Late { latency: 7, beat }));
    assert!(late.into_iter().any(|result| result == Err(Kind::Cycles)));
}
