//! Random networks through compiler and generated hardware, in Verilator: every layer of every image equals the
//! reference executor bit for bit.

use cosim::memory::Timing;
use testbenches::rtl::{agree, config, random_network, verilated};

#[test]
fn random_networks_on_tiny() {
    let accelerator = config("tiny");
    let mut model = verilated(&accelerator);
    let (mut ran, mut refused) = (0, 0);
    let first = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let count = std::env::var("COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or(12);
    for seed in first..first + count {
        let Some(graph) = random_network(&accelerator, seed, 20_000) else { continue };
        let timing = Timing::Fixed { latency: 1 + (seed % 3) as u32 * 20 };
        match agree(&mut model, &accelerator, &graph, seed, 1 + (seed % 3) as u32, timing) {
            Ok((_, outcome)) => {
                println!("seed {seed}: {} cycles, {} events", outcome.cycles, outcome.events.len());
                ran += 1;
            }
            Err(text) if text.starts_with("refused") => refused += 1,
            Err(text) => panic!("seed {seed}: {text}"),
        }
    }
    println!("{ran} ran, {refused} refused");
    assert!(ran > refused);
}
