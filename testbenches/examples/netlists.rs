//! A part of `make fuzz`: random netlists in all engines, some of them in Verilator. Its arguments are the number of
//! netlists, the first seed, and how many of them go to Verilator; it exits with 1 where one fails or something was
//! never seen. After an interruption, go on with the seed that the last line names.

use std::process::ExitCode;
use testbenches::netlists::Campaign;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let (Ok(netlists), Ok(seed)) = (numbers.next().unwrap_or(Ok(20_000)), numbers.next().unwrap_or(Ok(1)))
    else {
        return usage();
    };
    let mut campaign = Campaign::new(netlists, seed);
    match (numbers.next(), numbers.next()) {
        (None, None) => {}
        (Some(Ok(verilated)), None) => campaign.verilated = verilated,
        _ => return usage(),
    }
    println!("{netlists} netlists from seed {seed}, {} of them in Verilator", campaign.verilated);
    let summary = campaign.run();
    println!("\n{}\n\n{}", summary.coverage, summary.line());
    let missing = summary.coverage.rare(1);
    missing.iter().for_each(|what| println!("never seen: {what}"));
    ExitCode::from(u8::from(!summary.failures.is_empty() || !missing.is_empty()))
}

fn usage() -> ExitCode {
    eprintln!("usage: netlists [NETLISTS [SEED [VERILATED]]]");
    ExitCode::from(2)
}
