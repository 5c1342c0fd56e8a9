//! `make fuzz`: random mappings of random layers, on the native simulator and a tenth of them in Verilator. Its arguments
//! are the number of mappings and the seed; it exits with 1 where one fails, where too few ran, or where a kind of mapping
//! is too rare among them.

use std::process::ExitCode;
use testbenches::fuzz::Campaign;
use testbenches::rtl::Engine;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let (Ok(mappings), Ok(seed), None) =
        (numbers.next().unwrap_or(Ok(2_000)), numbers.next().unwrap_or(Ok(1)), numbers.next())
    else {
        eprintln!("usage: mappings [MAPPINGS [SEED]]");
        return ExitCode::from(2);
    };
    println!("at least {mappings} mappings from seed {seed}");
    let native = run(Engine::Native, mappings, seed, true);
    let verilator = run(Engine::Verilator, mappings.div_ceil(10), seed, false);
    ExitCode::from(u8::from(!(native && verilator)))
}

/// Whether all is as it should be; with `judged`, enough of every kind of mapping included.
fn run(engine: Engine, mappings: usize, seed: usize, judged: bool) -> bool {
    let full = Campaign::full(mappings, seed as u64);
    let each = full.networks;
    let summary = Campaign { engine, ..full.mapped(each) }.run();
    println!("{engine:?}:\n{summary}");
    let missing = if judged { summary.shares.missing() } else { vec![] };
    missing.iter().for_each(|what| println!("too rare: {what}"));
    if summary.passed < mappings {
        println!("only {} of {mappings} mappings ran", summary.passed);
    }
    summary.failures.is_empty() && missing.is_empty() && summary.passed >= mappings
}
