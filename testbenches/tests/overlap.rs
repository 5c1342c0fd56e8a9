//! Images in flight: the three chunks work on different layers of different images at once, and how much that
//! gains, by the hardware's own counters.

use compiler::{compile, Options};
use cosim::executor::{self, Outcome};
use cosim::memory::Timing;
use mapper::events::predict;
use model::reference::run;
use model::{Graph, Tensor};
use sim::Simulator;
use spec::accelerator::Accelerator;
use spec::isa::table::Queue;
use testbenches::fuzz::bench::difference;
use testbenches::rtl::{config, Engine};
use testbenches::zoo;

const IMAGES: usize = 16;

/// Runs `images` as deployed, compares the network's output, and cycles with the prediction.
fn deployed(
    simulator: &mut dyn Simulator,
    accelerator: &Accelerator,
    graph: &Graph,
    images: &Tensor,
    latency: u32,
) -> Outcome {
    let options = Options { images: images.n as u32, dump: false, ..Options::default() };
    let compiled = compile(accelerator, graph, &options).unwrap_or_else(|report| panic!("{report}"));
    let options = executor::Options { timing: Timing::Fixed { latency }, ..executor::Options::default() };
    let outcome = executor::run(simulator, accelerator, &compiled.program, images, &options)
        .unwrap_or_else(|report| panic!("{report}"));
    let expected = run(graph, images).unwrap_or_else(|report| panic!("{report}"));
    let [(name, found)] = outcome.outputs.as_slice() else { panic!("one output") };
    assert_eq!(difference(found, &expected), None, "`{name}` before a memory of {latency} cycles");
    let predicted = predict(accelerator, &compiled.program, latency).expect("the program ends").cycles;
    assert_eq!(predicted, outcome.cycles, "cycles before a memory of {latency} cycles");
    outcome
}

#[test]
fn sixteen_images_on_edge_share_its_chunks() {
    let accelerator = config("edge");
    let (graph, images) = zoo::network("fashion-hybrid");
    let images = images.first(IMAGES);
    let [mut native, mut verilated] = Engine::ALL.map(|engine| engine.start(&accelerator));
    for latency in [1, 40, 200] {
        let [alone, together] = [&images.first(1), &images].map(|images| {
            let ours = deployed(native.as_mut(), &accelerator, &graph, images, latency);
            let judged = deployed(verilated.as_mut(), &accelerator, &graph, images, latency);
            assert_eq!(ours, judged, "all that the two simulators see");
            judged
        });
        let share = together.cycles as f64 / (IMAGES as u64 * alone.cycles) as f64;
        let overlap = together.overlap as f64 / together.cycles as f64;
        println!(
            "latency {latency}: {} cycles together, {} alone ({share:.2}x); two chunks or more compute in {:.0} % of \
             all cycles",
            together.cycles,
            alone.cycles,
            100.0 * overlap,
        );
        assert_eq!(together.overlap, overlapped(&together), "the counter is what the trace shows");
        assert!(share <= 0.6, "{share} of the cycles of one image after the other");
        assert!(overlap >= 0.5, "two chunks compute in {overlap} of the cycles only");
    }
}

/// Cycles in which two chunks or more compute, from the begin and end of every `EXEC` on the trace port: a
/// chunk is busy from the cycle after its launch.
fn overlapped(outcome: &Outcome) -> u64 {
    let executes = outcome.events.iter().filter(|event| Queue::ALL[event.queue % 3] == Queue::Execute);
    let mut edges: Vec<(u64, i64)> =
        executes.flat_map(|event| [(event.begin + 1, 1), (event.end, -1)]).collect();
    edges.sort_unstable();
    let (mut at, mut busy, mut cycles) = (0, 0, 0);
    for (cycle, change) in edges {
        if busy >= 2 {
            cycles += cycle - at;
        }
        (at, busy) = (cycle, busy + change);
    }
    cycles
}
