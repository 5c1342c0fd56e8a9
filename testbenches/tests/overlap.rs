//! Images in flight: the three chunks work on different layers of different images at once, and how much that
//! gains, by the hardware's own counters.

use compiler::{compile, Options};
use cosim::executor::{self, Outcome};
use cosim::memory::Timing;
use mapper::events::{predict, LATENCY};
use model::reference::run;
use model::{Graph, Tensor};
use sim::Simulator;
use spec::accelerator::Accelerator;
use spec::counters::index_of;
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
        let (resource, needed) = busiest(&together, &accelerator);
        println!(
            "latency {latency}: {resource} is busy in {needed} cycles, {:.3}x",
            together.cycles as f64 / needed as f64
        );
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

/// What is busy in the most cycles, by the hardware's own counters: a chunk, or a port of DRAM.
fn busiest(outcome: &Outcome, accelerator: &Accelerator) -> (String, u64) {
    let beats = |bytes: u64| bytes.div_ceil(accelerator.axi_bytes().into());
    let chunks = accelerator.chunks.iter().zip(&outcome.counters);
    let busy = chunks.map(|(chunk, counters)| (chunk.name().to_string(), counters[index_of("busy")].into()));
    let ports = [("DRAM's reads", outcome.dram_read), ("DRAM's writes", outcome.dram_written)];
    let ports = ports.map(|(name, bytes)| (name.to_string(), beats(bytes)));
    busy.chain(ports).max_by_key(|(_, cycles)| *cycles).expect("there are two ports")
}

/// The pipeline fills and empties once; between that the busiest chunk is kept busy, and so the whole run of all images of the zoo
/// takes little longer than that chunk computes.
#[test]
fn the_busiest_chunk_decides_how_long_a_run_takes() {
    let accelerator = config("edge");
    let (graph, images) = zoo::network("fashion-hybrid");
    let run = deployed(Engine::Native.start(&accelerator).as_mut(), &accelerator, &graph, &images, LATENCY);
    let (resource, needed) = busiest(&run, &accelerator);
    let ratio = run.cycles as f64 / needed as f64;
    println!(
        "{} images: {} cycles, {resource} is busy in {needed} of them ({ratio:.3}x)",
        images.n, run.cycles
    );
    assert!(ratio <= 1.15, "{ratio:.3} times the cycles in which {resource} is busy");
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
