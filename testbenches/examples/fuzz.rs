//! `make fuzz`: the full campaign. Its arguments are the number of networks and the seed; it exits with 1 where a
//! network fails, where a kind of layer was never seen, or where too few networks ran.

use std::process::ExitCode;
use testbenches::fuzz::Campaign;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let (Ok(networks), Ok(seed), None) =
        (numbers.next().unwrap_or(Ok(320)), numbers.next().unwrap_or(Ok(1)), numbers.next())
    else {
        eprintln!("usage: fuzz [NETWORKS [SEED]]");
        return ExitCode::from(2);
    };
    println!("at least {networks} networks from seed {seed}");
    let summary = Campaign::full(networks as usize, seed).run();
    print!("{summary}");
    let missing = summary.coverage.missing();
    let few = summary.passed < networks as usize;
    missing.iter().for_each(|what| println!("never seen: {what}"));
    if few {
        println!("only {} of {networks} networks ran", summary.passed);
    }
    ExitCode::from(u8::from(!summary.failures.is_empty() || !missing.is_empty() || few))
}
