//! A tenth of the campaign of netlists: all engines, some in Verilator, and nothing that netlists may have is rare.
//! That a wrong engine is found is tested where engines can be made wrong, in `hw/sim`.
//!
//! `NETLIST_SEED` gives the campaign another seed.

use testbenches::netlists::Campaign;

#[test]
fn random_netlists_agree_in_all_engines() {
    let seed = std::env::var("NETLIST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let campaign = Campaign::new(2000, seed);
    let summary = campaign.run();
    println!("{}\n\n{}", summary.coverage, summary.line());
    assert!(summary.failures.is_empty(), "NETLIST_SEED={seed}: {} failures", summary.failures.len());
    assert_eq!(summary.passed, 2000, "NETLIST_SEED={seed}");
    assert_eq!(summary.verilated + summary.passed_over, 20, "NETLIST_SEED={seed}");
    assert!(summary.passed_over <= 2, "NETLIST_SEED={seed}: {} passed over", summary.passed_over);
    assert_eq!(summary.coverage.rare(4), Vec::<String>::new(), "NETLIST_SEED={seed}: rare or never seen");
}
