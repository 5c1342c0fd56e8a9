//! Partial sums that go through DRAM: they are brought back when they are there, however little else there is to wait for.

use compiler::{compile, Options};
use mapper::events::predict;
use mapper::mapping::{Hold, Loop};
use mapper::unroll::{Axis, Unroll};
use mapper::work::{Dim, Sizes, Work};
use mapper::Mapping;
use model::{table, LayerId};

const LAYER: &str = "- {name: a, op: conv, n: 1, g: 1, k: 2, c: 32, oy: 2, ox: 8, fy: 1, fx: 1}\n";

/// Both rows of half of the input channels before those of the other; inputs and weights are all there from the begin, so
/// nothing is loaded but sums.
fn mapping(accelerator: &spec::accelerator::Accelerator, work: Work) -> Mapping {
    let (chunk, line_bytes) = (&accelerator.chunks[0], accelerator.buffer.line_bytes);
    let mut unroll = Unroll::new(chunk, line_bytes, &work, Axis::default(), Axis::of(&[(Dim::K, 2)]));
    unroll.beats.results = unroll.sum_lanes(&work, chunk, line_bytes);
    let outer = vec![Loop { dim: Dim::OY, bound: 2 }, Loop { dim: Dim::C, bound: 2 }];
    let hold = |buffer| Hold { level: 0, slots: 1, buffer };
    let tile = Sizes([1, 2, 16, 1, 8, 1, 1]);
    let loops = vec![Loop { dim: Dim::C, bound: 16 }, Loop { dim: Dim::OX, bound: 8 }];
    let a = Hold { level: 1, ..hold(0) };
    Mapping {
        unroll,
        layer: work,
        tile,
        outer,
        loops,
        x: hold(2),
        w: hold(2),
        a,
        rolls: false,
        clears: false,
    }
}

#[test]
fn sums_are_loaded_when_they_have_been_stored() {
    let text = include_str!("../../../hw/configs/tiny.yaml");
    let mut accelerator = spec::config::parse("tiny.yaml", text).expect("committed");
    // The sums of a row fill banks of their own, so that no bank makes anybody wait.
    (accelerator.buffer.banks, accelerator.buffer.bank_bytes) = (128, 16);
    let graph = table::network("t", &table::parse("t.yaml", LAYER).expect("a table")).expect("a layer");
    let mapping = mapping(&accelerator, Work::from(graph.layer(LayerId(0))));
    let options = Options { images: 3, mappings: Some(vec![mapping]), ..Options::default() };
    let program = compile(&accelerator, &graph, &options).unwrap_or_else(|report| panic!("{report}")).program;
    for latency in [1, 40, 400] {
        let run = predict(&accelerator, &program, latency).expect("the program ends");
        // Begin and end of every transfer of sums, in the order of the program.
        let transfers = |what: &str| {
            let spans = || program.source.iter().filter(|span| span.what == what);
            let is_one = |queue: usize, word: usize| {
                spans().any(|span| span.stream == queue && (span.first..=span.last).contains(&word))
            };
            let mine = run.events.iter().filter(|event| is_one(event.queue, event.word));
            mine.map(|event| (event.begin, event.end)).collect::<Vec<_>>()
        };
        let (stored, loaded) = (transfers("store sums"), transfers("load sums"));
        // Two rows of three images; a row's sums come back in the order in which they left.
        assert_eq!((stored.len(), loaded.len()), (6, 6));
        for (stored, loaded) in stored.iter().zip(&loaded) {
            assert!(stored.1 <= loaded.0, "latency {latency}: loaded {loaded:?}, stored {stored:?}");
        }
    }
}
