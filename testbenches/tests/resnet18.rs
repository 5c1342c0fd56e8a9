//! ResNet-18 at its full size on the generated hardware of `flat16`: every layer that differs, as the search maps it for the
//! least energy-delay product, loaded from DRAM and stored there. Every element equals the reference, every launch begins,
//! ends and counts as predicted: the figures of docs/mapping.md are the hardware's.

use compiler::{compile, Options};
use cosim::memory::Timing;
use mapper::energy::Objective;
use model::table;
use testbenches::alone::network;
use testbenches::fuzz::{Bench, Case, Configuration};
use testbenches::rtl::{config, Engine};

const LAYERS: &str = include_str!("../../sw/zoo/resnet-18/layers.yaml");

#[test]
fn every_layer_of_resnet_18_runs_as_predicted() {
    let accelerator = config("flat16");
    let engine = Engine::Native.start(&accelerator);
    let pes = accelerator.chunks[0].pes();
    let mut bench = Bench { accelerator, engine, sabotage: None };
    let rows = table::parse("layers.yaml", LAYERS).expect("the committed table is legal");
    let (mut cycles, mut launches, mut known) = (0, 0, Vec::new());
    for row in &rows {
        // What is the same takes the same cycles.
        if let Some((_, again)) = known.iter().find(|(dims, _)| *dims == (row.dims, row.stride)) {
            cycles += again;
            continue;
        }
        let graph = network(row, 18);
        let options = Options { objective: Objective::Edp, ..Options::default() };
        let compiled =
            compile(&bench.accelerator, &graph, &options).unwrap_or_else(|report| panic!("{report}"));
        let mappings = compiled.layers.into_iter().map(|plan| plan.mapping).collect();
        let case = Case {
            configuration: Configuration::Committed("flat16"),
            seed: 18,
            images: 1,
            dump: false,
            timing: Timing::Fixed { latency: 40 },
            drawn: false,
        };
        let ran = bench.run_mapped(&case, &graph, mappings);
        let ran = ran.unwrap_or_else(|failure| panic!("{}: {}", row.name, failure.text));
        let taken = ran.outcome.cycles;
        let percent = 100.0 * graph.layers().map(|(_, layer)| layer.macs()).sum::<u64>() as f64
            / f64::from(pes)
            / taken as f64;
        println!("{}: {taken} cycles, {percent:.1} %, {} launches", row.name, ran.launches);
        known.push(((row.dims, row.stride), taken));
        (cycles, launches) = (cycles + taken, launches + ran.launches);
    }
    println!("{} layers, {} of them run: {cycles} cycles, {launches} launches", rows.len(), known.len());
    assert_eq!((rows.len(), known.len()), (21, 12));
}
