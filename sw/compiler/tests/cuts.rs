//! Layers are cut by an estimate of what their parts move and take: it is held to the programs that are made of the cuts, for
//! layers of ResNet-18 that do not fit their buffer.

use compiler::{banks, compile, stages, Compiled, Options};
use mapper::cut::{Dram, Transfers, Ways};
use mapper::events::{predict, Run};
use mapper::tiling::Footprint;
use model::table::{self, Row};
use model::Graph;
use spec::accelerator::Accelerator;
use spec::isa::table::PARAMETER_BYTES;

/// A small buffer with an array that keeps it busy, and the smallest one.
const CONFIGS: [(&str, &str); 2] = [
    ("flat16", include_str!("../../../hw/configs/flat16.yaml")),
    ("tiny", include_str!("../../../hw/configs/tiny.yaml")),
];

/// Layers that differ, of at most so many terms: the event model follows every cycle.
fn layers(most: usize) -> Vec<(Row, Graph)> {
    let text = include_str!("../../zoo/resnet-18/layers.yaml");
    let mut rows = table::parse("layers.yaml", text).expect("the committed table is legal");
    rows.dedup_by_key(|row| row.dims);
    let network = |row: &Row| row.network().expect("a network of one layer");
    let layers = rows.into_iter().map(|row| (network(&row), row)).map(|(graph, row)| (row, graph));
    layers.filter(|(_, graph)| graph.layers().all(|(_, layer)| layer.macs() <= most as u64)).collect()
}

fn program(accelerator: &Accelerator, graph: &Graph, options: &Options) -> (Compiled, Run) {
    let compiled = compile(accelerator, graph, options).unwrap_or_else(|report| panic!("{report}"));
    let run = predict(accelerator, &compiled.program, 40).expect("the program ends");
    (compiled, run)
}

/// What the only layer of `compiled` moves and takes, by the estimate and with the banks that suit it best.
fn estimate(accelerator: &Accelerator, graph: &Graph, compiled: &Compiled) -> (u64, u64) {
    let [plan] = &compiled.layers[..] else { panic!("one layer") };
    let (chunk, mapping) = (&accelerator.chunks[plan.chunk], &plan.mapping);
    let stages = stages::assign(accelerator, graph, 1).expect("one layer");
    let regions = banks::split(accelerator, graph, &stages, Some(std::slice::from_ref(mapping)), Ways::All);
    let line_bytes = accelerator.buffer.line_bytes;
    let capacity = regions.expect("banks")[plan.chunk].capacity(chunk, mapping.slack(line_bytes));
    let (work, unroll, post_lanes) = (&mapping.layer, &mapping.unroll, chunk.post_lanes);
    let print = Footprint { work, unroll, line_bytes, post_lanes };
    let transfers = Transfers::of(&print, mapping, &capacity, Dram::of(accelerator));
    (transfers.bytes, transfers.cycles(plan.predicted))
}

#[test]
fn estimates_are_near_the_programs() {
    for ((name, text), most) in CONFIGS.into_iter().zip([120_000_000, 8_000_000]) {
        let accelerator = spec::config::parse(name, text).expect("committed");
        for (row, graph) in layers(most) {
            let (compiled, run) = program(&accelerator, &graph, &Options::default());
            let plan = &compiled.layers[0];
            if plan.parts == 1 {
                continue;
            }
            let (bytes, cycles) = estimate(&accelerator, &graph, &compiled);
            let of_event = |name: &str| run.events.iter().map(|event| event.counts.get(name)).sum::<u64>();
            let moved = of_event("ld_bytes") + of_event("st_bytes");
            let [of_bytes, of_cycles] =
                [(bytes, moved), (cycles, run.cycles)].map(|(about, found)| about as f64 / found as f64);
            println!(
                "{name}: {}, {} parts: {bytes} bytes of {moved} ({of_bytes:.3}), {cycles} cycles of {} ({of_cycles:.3})",
                row.name, plan.parts, run.cycles
            );
            // Where windows do not overlap nothing but parameters is missing, which come again with their channels.
            if row.dims.fy == 1 {
                let lanes = accelerator.chunks[plan.chunk].post_lanes as usize;
                let once = (row.dims.k.next_multiple_of(lanes) * PARAMETER_BYTES) as u64;
                let missing = moved.checked_sub(bytes).filter(|missing| missing.is_multiple_of(once));
                assert!(missing.is_some_and(|missing| missing > 0), "{name}: {}", row.name);
            }
            assert!((0.85..1.1).contains(&of_bytes), "{name}: {}", row.name);
            assert!((0.7..1.1).contains(&of_cycles), "{name}: {}", row.name);
        }
    }
}

/// Strips and halves alone left it idle for more than half of its time.
#[test]
fn boxes_keep_the_array_busy_with_many_channels() {
    let (name, text) = CONFIGS[0];
    let accelerator = spec::config::parse(name, text).expect("committed");
    let (_, graph) =
        layers(usize::MAX).into_iter().find(|(row, _)| row.name == "layer4.0.conv2").expect("it is there");
    let (compiled, run) = program(&accelerator, &graph, &Options::default());
    let plan = &compiled.layers[0];
    let percent = 100 * plan.macs / u64::from(accelerator.chunks[plan.chunk].pes()) / run.cycles;
    assert!(percent >= 70, "{percent} % of {} cycles\n{}", run.cycles, plan.mapping);
}
