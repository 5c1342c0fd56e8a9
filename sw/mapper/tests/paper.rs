//! The paper's simulator gives these energies and latencies, to every printed digit.

mod golden;

use golden::{best, GOLDEN};
use mapper::nasa::energy::milliseconds;
use mapper::nasa::DATAFLOWS;

/// Whether `value` rounds to what is printed.
fn prints(value: f64, printed: &str) -> bool {
    let (mantissa, exponent) = printed.split_once('e').unwrap_or((printed, "0"));
    let decimals = mantissa.split('.').nth(1).map_or(0, str::len) as i32;
    let unit = 10f64.powi(exponent.parse::<i32>().expect("an exponent") - decimals);
    let expected: f64 = printed.parse().expect("a number");
    (value - expected).abs() <= 0.500001 * unit
}

#[test]
fn golden_energies_and_latencies() {
    let mut wrong = Vec::new();
    for (layer, dims, stride, expected) in GOLDEN {
        for (dataflow, (millijoules, ms)) in DATAFLOWS.iter().zip(expected) {
            let best = best(dataflow, dims, stride);
            let found = (best.picojoules / 1e9, milliseconds(best.cycles));
            if !prints(found.0, millijoules) || !prints(found.1, ms) {
                wrong.push(format!("{layer}, {}: {found:?}, not {millijoules}, {ms}", dataflow.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
