//! Where the cycles of a run go: an array computes or it waits, and what it waits for is somebody's work.

use compiler::{compile, Options};
use mapper::events::{predict, Waits};
use model::table;
use spec::accelerator::Accelerator;

/// Three layers on two chunks, cut into parts by a small buffer.
const TABLE: &str = "\
- {name: a, op: conv, n: 1, g: 1, k: 24, c: 8, oy: 12, ox: 12, fy: 3, fx: 3, py: 1, px: 1}
- {name: b, op: shift, n: 1, g: 1, k: 16, c: 24, oy: 12, ox: 12, fy: 1, fx: 1}
- {name: c, op: conv, n: 1, g: 1, k: 8, c: 16, oy: 12, ox: 12, fy: 1, fx: 1}
";

fn tiny() -> Accelerator {
    spec::config::parse("tiny.yaml", include_str!("../../../hw/configs/tiny.yaml")).expect("committed")
}

/// What each chunk waits for in a run of so many images before a memory of this latency.
fn waits(images: u32, latency: u32) -> Vec<Waits> {
    let accelerator = tiny();
    let rows = table::parse("t.yaml", TABLE).expect("a table");
    let graph = table::network("t", &rows).expect("layers that follow one another");
    let options = Options { images, ..Options::default() };
    let compiled = compile(&accelerator, &graph, &options).unwrap_or_else(|report| panic!("{report}"));
    let run = predict(&accelerator, &compiled.program, latency).expect("the program ends");
    let of = |chunk: usize| {
        let execs = || run.events.iter().filter(|event| event.queue == 3 * chunk + 1);
        let waits = execs().fold(Waits::default(), |sum, event| sum.and(&event.waits));
        let computes: u64 = execs().map(|event| event.end - event.begin).sum();
        let end = execs().map(|event| event.end).max().unwrap_or(0);
        assert_eq!(waits.total() + computes, end, "chunk {chunk} computes or waits until its last EXEC ends");
        let inside: u64 = execs().map(|event| event.times.cycles).sum();
        assert_eq!(inside, computes);
        waits
    };
    (0..accelerator.chunks.len()).map(of).collect()
}

#[test]
fn every_cycle_is_computed_or_waited_and_the_cause_is_named() {
    let [clp, slp] = waits(1, 20)[..2] else { panic!("two chunks work") };
    // The first image is loaded, then both chunks wait for each other in turn.
    assert!(clp.loads > 0 && clp.chunks > 0 && slp.chunks > clp.loads, "{clp:?} {slp:?}");
    assert!(clp.words > 0 && slp.words > 0, "instructions come from DRAM too: {clp:?} {slp:?}");
    assert_eq!(waits(1, 20)[2], Waits::default(), "the alp has nothing to do");
}

#[test]
fn a_slower_memory_is_waited_for() {
    let [fast, slow] = [20, 400].map(|latency| waits(4, latency)[0]);
    // Instructions come through the same memory, a burst at a time, and so are what a slow one holds up most.
    assert!(slow.words > 2 * fast.words && slow.total() > 2 * fast.total(), "{fast:?} {slow:?}");
    // With more images under way there is other work while another chunk is busy.
    let mean = |images: u32| waits(images, 20)[0].chunks as f64 / f64::from(images);
    assert!(mean(6) < mean(1), "{} against {}", mean(6), mean(1));
}
