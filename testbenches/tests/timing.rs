//! Predicted against measured: begin and end of every launch of a run before a memory of fixed latency.

use cosim::memory::Timing;
use mapper::events::predict;
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

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn every_launch_of_random_networks_on_tiny() {
    let accelerator = config("tiny");
    let mut model = verilated(&accelerator);
    let first = number("SEED", 0);
    let mut compared = 0;
    for seed in first..first + number("COUNT", 12) {
        let Some(graph) = random_network(&accelerator, seed, 20_000) else { continue };
        let (latency, images) = (1 + (seed % 3) as u32 * 20, 1 + (seed % 3) as u32);
        let ran = agree(&mut model, &accelerator, &graph, seed, images, Timing::Fixed { latency });
        let (compiled, outcome) = match ran {
            Ok(ran) => ran,
            Err(text) if text.starts_with("refused") => continue,
            Err(text) => panic!("seed {seed}: {text}"),
        };
        let run = predict(&accelerator, &compiled.program, latency).expect("the program ends");
        let measured =
            outcome.events.iter().map(|e| (e.queue, e.begin as i64, e.end as i64, e.word)).collect();
        let predicted = run.events.iter().map(|e| (e.queue, e.begin as i64, e.end as i64, e.word)).collect();
        assert_eq!(sorted(predicted), sorted(measured), "seed {seed}");
        assert_eq!(run.cycles, outcome.cycles, "seed {seed}");
        compared += run.events.len();
    }
    println!("{compared} launches begin and end as predicted");
    assert!(compared > 0);
}
