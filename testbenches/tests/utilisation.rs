//! How busy the generated arrays of 16 x 16 PEs are with layers whose inputs and results lie in the buffer: measured on
//! the hardware, from the begin of the first `EXEC` to the end of the last, by every op. Bits, cycles and counts equal
//! the prediction on the way.

use cosim::memory::Timing;
use mapper::Work;
use model::format::Written;
use model::random::with_tensors;
use model::{Graph, LayerId};
use spec::op::Op;
use testbenches::fuzz::{Bench, Case, Configuration};
use testbenches::rtl::{config, Engine};

/// A layer with as many output as input channels, on square maps.
struct Row {
    name: &'static str,
    channels: u32,
    groups: u32,
    map: u32,
    kernel: u32,
    /// In percent, on `large` and on `wide`, whose lines are 16 and 32 bytes.
    least: [f64; 2],
}

const LAYERS: &[Row] = &[
    Row {
        name: "depthwise 3x3 192@14x14",
        channels: 192,
        groups: 192,
        map: 14,
        kernel: 3,
        least: [45.0, 80.0],
    },
    Row { name: "3x3 64->64@28x28", channels: 64, groups: 1, map: 28, kernel: 3, least: [90.0, 90.0] },
    Row {
        name: "pointwise 128->128@28x28",
        channels: 128,
        groups: 1,
        map: 28,
        kernel: 1,
        least: [90.0, 90.0],
    },
];

/// A network of the layer alone.
fn network(op: Op, row: &Row) -> Graph {
    let Row { channels, groups, map, kernel, .. } = row;
    let padding = kernel / 2;
    let text = format!(
        "format: nasa-network/1\nname: alone\nweights: alone.safetensors\n\
         input: {{shape: [{channels}, {map}, {map}], scale: 0.05}}\nlayers:\n  \
         - {{name: layer, op: {}, input: input, out_channels: {channels}, kernel: [{kernel}, {kernel}], \
         padding: [{padding}, {padding}], groups: {groups}}}\n",
        op.name()
    );
    let graph = Written::parse("alone.yaml", &text).and_then(|written| with_tensors(written, 5));
    graph.unwrap_or_else(|report| panic!("{text}\n{report}"))
}

/// Utilisation in percent of one layer on `bench`.
fn measured(bench: &mut Bench, name: &'static str, graph: &Graph) -> f64 {
    let case = Case {
        configuration: Configuration::Committed(name),
        seed: 5,
        images: 1,
        dump: false,
        timing: Timing::Fixed { latency: 30 },
        drawn: false,
    };
    let ran = bench.run(&case, graph).unwrap_or_else(|failure| panic!("{}", failure.text));
    let layer = graph.layer(LayerId(0));
    let chunk =
        bench.accelerator.chunks.iter().position(|chunk| chunk.op == layer.op).expect("it has all three");
    let queue = 3 * chunk + 1;
    let execs = || ran.outcome.events.iter().filter(|event| event.queue == queue);
    let (begin, end) = (execs().map(|event| event.begin).min(), execs().map(|event| event.end).max());
    let cycles = end.zip(begin).map_or(u64::MAX, |(end, begin)| end - begin);
    let pes = bench.accelerator.chunks[chunk].pes();
    100.0 * Work::from(layer).macs() as f64 / f64::from(pes) / cycles as f64
}

#[test]
fn arrays_are_busy_with_layers_in_the_buffer() {
    for (side, configuration) in ["large", "wide"].into_iter().enumerate() {
        let accelerator = config(configuration);
        let engine = Engine::Native.start(&accelerator);
        let mut bench = Bench { accelerator, engine, sabotage: None };
        for row in LAYERS {
            let name = row.name;
            for op in Op::ALL.iter().copied() {
                let percent = measured(&mut bench, configuration, &network(op, row));
                println!("{configuration}: {} {name}: {percent:.1} %", op.name());
                assert!(percent >= row.least[side], "{configuration}: {} {name}: {percent:.1} %", op.name());
            }
        }
    }
}
