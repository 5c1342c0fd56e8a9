//! Random networks through compiler and generated hardware, in Verilator: every layer of every image equals the
//! reference executor bit for bit, whatever the memory's timing.
//!
//! `FUZZ_NETWORKS` (networks a configuration), `FUZZ_CONFIGS` (random configurations) and `FUZZ_SEED` widen the
//! run; `make fuzz` sets them.

use cosim::memory::Timing;
use spec::accelerator::Accelerator;
use testbenches::rtl::{agree, config, random_network, verilated};

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Latencies 1, 40 and 200, and random ones, in turn.
fn timing(seed: u64) -> Timing {
    match seed % 4 {
        0 => Timing::Fixed { latency: 1 },
        1 => Timing::Fixed { latency: 40 },
        2 => Timing::Fixed { latency: 200 },
        _ => Timing::Random { latency: 60, seed },
    }
}

fn fuzz(accelerator: &Accelerator, networks: u64) {
    let mut model = verilated(accelerator);
    let first = setting("FUZZ_SEED", 0);
    let (mut ran, mut refused, mut cycles) = (0, 0, 0);
    for seed in first..first + networks {
        let Some(graph) = random_network(accelerator, seed, 30_000) else { continue };
        match agree(&mut model, accelerator, &graph, seed, 1 + (seed % 3) as u32, timing(seed)) {
            Ok((_, outcome)) => {
                ran += 1;
                cycles += outcome.cycles;
            }
            Err(text) if text.starts_with("refused") => {
                refused += 1;
                println!("{}: seed {seed}: {text}", accelerator.name);
            }
            Err(text) => panic!("{}: FUZZ_SEED={seed} FUZZ_NETWORKS=1: {text}", accelerator.name),
        }
    }
    println!(
        "{}: {ran} networks from seed {first}, {cycles} cycles, 0 mismatches, {refused} refused",
        accelerator.name
    );
    assert!(ran > refused, "{}: too few networks could be compiled", accelerator.name);
}

#[test]
fn random_networks_on_tiny() {
    fuzz(&config("tiny"), setting("FUZZ_NETWORKS", 24));
}

#[test]
fn random_networks_on_odd_shapes() {
    fuzz(&config("odd"), setting("FUZZ_NETWORKS", 24));
}

#[test]
fn random_networks_on_random_configurations() {
    let first = setting("FUZZ_SEED", 0);
    for seed in first..first + setting("FUZZ_CONFIGS", 1) {
        let mut rng = spec::random::Rng::new(seed);
        fuzz(&spec::random::accelerator(&mut rng, 6), setting("FUZZ_NETWORKS", 12));
    }
}
