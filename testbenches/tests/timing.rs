//! Predicted against measured: begin and end of every launch of a run before a memory of fixed latency, and what
//! every launch makes the hardware's counters gain, which does not depend on the memory.

use compiler::Compiled;
use cosim::executor::Outcome;
use cosim::memory::Timing;
use cosim::verilator::Verilated;
use mapper::events::{predict, Run};
use mapper::Counts;
use spec::accelerator::Accelerator;
use spec::counters::CHUNK_COUNTERS;
use spec::isa::table::{Queue, CFG};
use std::collections::BTreeMap;
use testbenches::rtl::{agree, config, random_network, verilated};

/// A launch: queue, begin, end, word.
type Launch = (usize, i64, i64, usize);

/// In the order of queues and begins, counted from the first launch.
fn sorted(mut launches: Vec<Launch>) -> Vec<Launch> {
    let first = launches.iter().map(|launch| launch.1).min().unwrap_or(0);
    launches.iter_mut().for_each(|launch| (launch.1, launch.2) = (launch.1 - first, launch.2 - first));
    launches.sort();
    launches
}

/// Gains of every launch of every queue, in its order: the queue's word, and what can be predicted.
type Gains = BTreeMap<usize, Vec<(usize, Vec<(&'static str, u64)>)>>;

fn gains<'a>(launches: impl Iterator<Item = (usize, usize, Vec<u64>)> + 'a) -> Gains {
    let mut gains = Gains::new();
    for (queue, word, values) in launches {
        let named = CHUNK_COUNTERS.iter().map(|counter| counter.name).zip(values);
        let named = named.filter(|(name, _)| Counts::predicts(name)).collect();
        gains.entry(queue).or_default().push((word, named));
    }
    gains
}

fn predicted_gains(run: &Run) -> Gains {
    gains(run.events.iter().map(|e| (e.queue, e.word, e.counts.0.to_vec())))
}

fn measured_gains(outcome: &Outcome) -> Gains {
    let wide = |counters: &[u32]| counters.iter().map(|count| u64::from(*count)).collect();
    gains(outcome.events.iter().map(|e| (e.queue, e.word, wide(&e.counters))))
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Runs random networks; `check` is given the seed, the program, the outcome, and a latency. How many ran.
fn runs(
    accelerator: &Accelerator,
    timing: impl Fn(u64) -> Timing,
    mut check: impl FnMut(u64, &Compiled, &Outcome),
) -> usize {
    let mut model: Verilated = verilated(accelerator);
    let (first, mut ran) = (number("SEED", 0), 0);
    for seed in first..first + number("COUNT", 12) {
        let Some(graph) = random_network(accelerator, seed, 20_000) else { continue };
        let images = 1 + (seed % 3) as u32;
        match agree(&mut model, accelerator, &graph, seed, images, timing(seed)) {
            Ok((compiled, outcome)) => check(seed, &compiled, &outcome),
            Err(text) if text.starts_with("refused") => continue,
            Err(text) => panic!("seed {seed}: {text}"),
        }
        ran += 1;
    }
    ran
}

fn latency(seed: u64) -> u32 {
    1 + (seed % 3) as u32 * 20
}

#[test]
fn every_launch_of_random_networks_on_tiny() {
    let accelerator = config("tiny");
    let mut compared = 0;
    let fixed = |seed| Timing::Fixed { latency: latency(seed) };
    let ran = runs(&accelerator, fixed, |seed, compiled, outcome| {
        let run = predict(&accelerator, &compiled.program, latency(seed)).expect("the program ends");
        let measured =
            outcome.events.iter().map(|e| (e.queue, e.begin as i64, e.end as i64, e.word)).collect();
        let predicted = run.events.iter().map(|e| (e.queue, e.begin as i64, e.end as i64, e.word)).collect();
        assert_eq!(sorted(predicted), sorted(measured), "seed {seed}");
        assert_eq!(run.cycles, outcome.cycles, "seed {seed}");
        assert_eq!(predicted_gains(&run), measured_gains(outcome), "seed {seed}");
        let sum = |name| run.events.iter().map(|e| e.counts.get(name)).sum::<u64>();
        assert_eq!(run.fetched + sum("ld_bytes"), outcome.dram_read, "seed {seed}");
        assert_eq!(sum("st_bytes"), outcome.dram_written, "seed {seed}");
        compared += run.events.len();
    });
    println!("{compared} launches of {ran} programs begin, end and count as predicted");
    assert!(compared > 0);
}

#[test]
fn counts_do_not_depend_on_the_memory() {
    let accelerator = config("tiny");
    let random = |seed| Timing::Random { latency: 60, seed };
    let ran = runs(&accelerator, random, |seed, compiled, outcome| {
        let run = predict(&accelerator, &compiled.program, 1).expect("the program ends");
        assert_eq!(predicted_gains(&run), measured_gains(outcome), "seed {seed}");
        // Another program is another prediction: a register of one launch, or a transfer, changed.
        for (queue, register) in
            [(Queue::Execute, "d_channels"), (Queue::Execute, "rows"), (Queue::Load, "bytes")]
        {
            let mut changed = compiled.program.clone();
            let streams = changed.streams.iter_mut().skip(queue as usize).step_by(3);
            let index = queue.registers().iter().position(|r| r.name == register).expect("a register") as u64;
            let sets = |word: &&mut u64| **word >> 58 == u64::from(CFG) && **word >> 50 & 0xff == index;
            let word = streams.flatten().find(sets).expect("the program sets it");
            *word -= 1;
            let changed = predict(&accelerator, &changed, 1).expect("the program ends");
            assert_ne!(predicted_gains(&changed), measured_gains(outcome), "seed {seed}: {register}");
        }
    });
    assert!(ran > 0);
}
