//! Predicted against measured: begin and end of every launch of a run before a memory of fixed latency.

use cosim::memory::Timing;
use mapper::events::predict;
use testbenches::rtl::{agree, config, random_network, verilated};

#[test]
fn every_launch_of_random_networks_on_tiny() {
    let accelerator = config("tiny");
    let mut model = verilated(&accelerator);
    let first = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let count = std::env::var("COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or(12);
    let mut report = Vec::new();
    for seed in first..first + count {
        let Some(graph) = random_network(&accelerator, seed, 20_000) else { continue };
        let latency = 1 + (seed % 3) as u32 * 20;
        let timing = Timing::Fixed { latency };
        let Ok((compiled, outcome)) =
            agree(&mut model, &accelerator, &graph, seed, 1 + (seed % 3) as u32, timing)
        else {
            continue;
        };
        let run = predict(&accelerator, &compiled.program, latency).expect("the program ends");
        let key = |event: &(usize, u64, u64, usize)| (event.0, event.1);
        let mut measured: Vec<_> = outcome.events.iter().map(|e| (e.queue, e.begin, e.end, e.word)).collect();
        let mut predicted: Vec<_> = run.events.iter().map(|e| (e.queue, e.begin, e.end, e.word)).collect();
        measured.sort_by_key(key);
        predicted.sort_by_key(key);
        let start = measured.iter().map(|e| e.1).min().unwrap_or(0) as i64
            - predicted.iter().map(|e| e.1).min().unwrap_or(0) as i64;
        let mut wrong = measured.iter().zip(&predicted).filter(|(m, p)| {
            m.3 != p.3 || m.1 as i64 != p.1 as i64 + start || m.2 as i64 != p.2 as i64 + start
        });
        let count = wrong.clone().count();
        let line = format!(
            "seed {seed}: {count} of {} launches differ (start {start}); cycles {} predicted {}",
            measured.len(),
            outcome.cycles,
            run.cycles
        );
        println!("{line}");
        let by_time = |pair: &(&(usize, u64, u64, usize), &(usize, u64, u64, usize))| pair.0 .1;
        if let Some((m, p)) = wrong.clone().min_by_key(by_time) {
            println!(
                "  first: measured {m:?} predicted {:?} durations {} {}",
                (p.0, p.1 as i64 + start, p.2 as i64 + start, p.3),
                m.2 - m.1,
                p.2 - p.1
            );
        }
        if let Some((m, p)) = wrong.find(|(m, p)| m.3 == p.3 && m.2 - m.1 != p.2 - p.1 && m.0 % 3 == 1) {
            println!("  first duration of an exec: {m:?} {} predicted {}", m.2 - m.1, p.2 - p.1);
        }
        report.push(count);
    }
    assert!(!report.is_empty());
    assert!(report.iter().all(|count| *count == 0), "{report:?}");
}
