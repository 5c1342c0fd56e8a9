//! The figures of docs/comparison.md are predictions of networks that are known by their layers alone. Here a part of the
//! hybrid one, in which all three chunks take part, runs on the hardware of its machine, in every dataflow that the comparison
//! has: cycles of every launch, and all counters, are what was predicted.

use compiler::{compile, Options};
use cosim::executor;
use cosim::memory::Timing;
use mapper::energy::Objective;
use mapper::events::predict;
use mapper::grids::resized;
use mapper::stationary::Stationary;
use model::table::{self, Row};
use model::{Graph, Tensor};
use spec::accelerator::Accelerator;
use spec::config;
use testbenches::fuzz::prediction::{same_counts, same_cycles};
use testbenches::rtl;

const LATENCY: u32 = 20;

/// The machine that the search finds for the hybrid network.
fn machine() -> Accelerator {
    let text = include_str!("../../sw/zoo/nasa-sample/machine.yaml");
    let machine = config::parse("machine.yaml", text).expect("committed");
    let arrays = [(8, 8), (11, 7), (8, 5)];
    let sized = machine.chunks.iter().zip(arrays);
    let chunks =
        sized.map(|(chunk, (rows, cols))| resized(chunk, machine.buffer.line_bytes, rows, cols)).collect();
    config::parse("machine.yaml", &config::to_yaml(&Accelerator { chunks, ..machine })).expect("legal arrays")
}

/// Blocks 12 to 14: adders, shifts, convolutions.
fn blocks() -> Graph {
    let text = include_str!("../../sw/zoo/nasa-sample/layers.yaml");
    let mut rows: Vec<Row> = table::parse("layers.yaml", text).expect("committed")[33..42].to_vec();
    rows.iter_mut().for_each(|row| row.residual = row.residual.take().filter(|name| name != "b11.pw2"));
    table::network("blocks", &rows).expect("they follow one another")
}

#[test]
fn the_hardware_takes_what_is_compared() {
    let (accelerator, graph) = (machine(), blocks());
    let mut hardware = rtl::native(&accelerator);
    let images = 2;
    let zeros = Tensor::zeros(images, graph.input.shape);
    for fixed in [None].into_iter().chain(Stationary::ALL.map(Some)) {
        let options =
            Options { images: images as u32, objective: Objective::Edp, fixed, ..Options::default() };
        let compiled = compile(&accelerator, &graph, &options).unwrap_or_else(|report| panic!("{report}"));
        let run = predict(&accelerator, &compiled.program, LATENCY).expect("the program ends");
        let options = executor::Options { timing: Timing::Fixed { latency: LATENCY }, ..Default::default() };
        let outcome = executor::run(&mut hardware, &accelerator, &compiled.program, &zeros, &options);
        let outcome = outcome.unwrap_or_else(|report| panic!("{report}"));
        let launches = same_cycles(&run, &outcome).unwrap_or_else(|failure| panic!("{fixed:?}: {failure:?}"));
        same_counts(&run, &outcome).unwrap_or_else(|failure| panic!("{fixed:?}: {failure:?}"));
        let busy = (0..3).filter(|chunk| run.events.iter().any(|event| event.queue == 3 * chunk + 1)).count();
        assert!(busy == 3 && launches > 40, "{launches} launches on {busy} chunks");
    }
}
