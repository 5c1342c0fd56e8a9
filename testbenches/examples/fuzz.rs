//! `make fuzz`: the full campaign, on the native simulator and then, with the same networks, in Verilator. Its arguments
//! are the number of networks and the seed; it exits with 1 where a network fails, where a kind of layer was never
//! seen, or where too few networks ran.

use std::process::ExitCode;
use std::time::Instant;
use testbenches::fuzz::Campaign;
use testbenches::rtl::Engine;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let (Ok(networks), Ok(seed), None) =
        (numbers.next().unwrap_or(Ok(320)), numbers.next().unwrap_or(Ok(1)), numbers.next())
    else {
        eprintln!("usage: fuzz [NETWORKS [SEED]]");
        return ExitCode::from(2);
    };
    println!("at least {networks} networks from seed {seed}");
    let mut is_well = true;
    let seconds = Engine::ALL.map(|engine| {
        println!("{engine:?}:");
        let began = Instant::now();
        is_well &= run(&Campaign { engine, ..Campaign::full(networks as usize, seed) }, networks as usize);
        began.elapsed().as_secs_f64()
    });
    let [native, verilator] = seconds;
    println!(
        "native {native:.0} s, Verilator {verilator:.0} s, models that were not yet built included: {:.3} of it",
        native / verilator
    );
    ExitCode::from(u8::from(!is_well))
}

/// Whether all is as it should be.
fn run(campaign: &Campaign, networks: usize) -> bool {
    let summary = campaign.run();
    print!("{summary}");
    let missing = summary.coverage.missing();
    missing.iter().for_each(|what| println!("never seen: {what}"));
    let few = summary.passed < networks;
    if few {
        println!("only {} of {networks} networks ran", summary.passed);
    }
    summary.failures.is_empty() && missing.is_empty() && !few
}
