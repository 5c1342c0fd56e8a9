//! Mappings of the whole space that another tool found (`sw/mapper/tests/zigzag`) and some of our own, on the generated hardware of `flat16`: their loops, order and
//! boundaries as they are, dimensions made smaller until register files and buffer hold them and they run in a moment.
//! Every element equals the reference, every launch begins, ends and counts as predicted.

use cosim::memory::Timing;
use mapper::space::search::{search, Options};
use mapper::space::text::{parse, Named};
use mapper::space::{lower, Architecture, Dim, Factor, Mapping, Operand};
use mapper::{work, Work};
use model::format::Written;
use model::random::with_tensors;
use model::{Graph, LayerId};
use spec::accelerator::{Accelerator, Chunk};
use std::fmt::Write;
use testbenches::fuzz::bench::Kind;
use testbenches::fuzz::{Bench, Case, Configuration, Failure};
use testbenches::rtl::{config, Engine};

const TABLES: [(&str, &str); 3] = [
    ("resnet18", include_str!("../../sw/mapper/tests/zigzag/resnet18.yaml")),
    ("small4", include_str!("../../sw/mapper/tests/zigzag/small4.yaml")),
    ("small4-climbed", include_str!("../../sw/mapper/tests/zigzag/small4-climbed.yaml")),
];

/// More terms than this are made fewer, where there is a loop to shorten.
const TERMS: u64 = 3_000_000;

/// The same with about half the iterations of the longest loop that is `meant`; none where every such loop has two.
fn halved(named: &Named, meant: impl Fn(usize, Dim) -> bool) -> Option<Named> {
    let mapping = &named.mapping;
    let loops = mapping.loops.iter().enumerate().filter(|(index, l)| l.count > 2 && meant(*index, l.dim));
    let (index, Factor { dim, .. }) = loops.max_by_key(|(_, l)| l.count)?;
    let mut smaller = named.clone();
    let of = &mut smaller.mapping;
    of.loops[index].count = of.loops[index].count.div_ceil(2);
    let covered = |mapping: &Mapping| mapping.spatial()[dim.index()] * mapping.temporal()[dim.index()];
    // What is beyond the end of the last iteration stays.
    let spare = covered(mapping) - mapping.layer.size[dim.index()];
    of.layer.size[dim.index()] = covered(of) - spare;
    let (seen, padding) = (seen(&smaller), padding(named));
    smaller.mapping.layer.input = [0, 1].map(|axis| seen[axis] - 2 * padding[axis]);
    Some(smaller)
}

/// One step towards tiles that the register files of `chunk` hold, fewer terms, and parts that the buffer holds; kernels
/// are made smaller where nothing else helps.
fn smaller(named: &Named, lowered: &mapper::Mapping, chunk: &Chunk) -> Option<Named> {
    let of_kernel = |dim: Dim| matches!(dim, Dim::Of(work::Dim::FY | work::Dim::FX));
    let files = [
        (lowered.x_tile(), chunk.input_rf),
        (lowered.w_tile(), chunk.weight_rf),
        (lowered.a_tile(), chunk.psum_rf),
    ];
    let short = files.iter().zip(Operand::ALL).find(|((tile, depth), _)| tile > depth);
    if let Some((_, operand)) = short {
        let tile = named.mapping.hold[operand as usize].rf;
        let meant = |index: usize, dim: Dim| index < tile && operand.moves(dim);
        let outputs = halved(named, |index, dim| meant(index, dim) && !of_kernel(dim));
        return outputs.or_else(|| halved(named, meant));
    }
    let registers = named.mapping.hold.iter().map(|hold| hold.rf).max().unwrap_or(0);
    let outside = halved(named, |index, dim| index >= registers && !of_kernel(dim));
    outside.or_else(|| halved(named, |_, dim| !of_kernel(dim)))
}

/// Rows and columns that the outputs look at, padding included.
fn seen(named: &Named) -> [u32; 2] {
    let layer = &named.mapping.layer;
    let [.., oy, ox, fy, fx] = layer.size;
    [(oy, fy, 0), (ox, fx, 1)].map(|(outputs, taps, axis)| (outputs - 1) * layer.stride[axis] + taps)
}

/// On each side.
fn padding(named: &Named) -> [u32; 2] {
    let needed = seen(named);
    let [.., fy, fx] = named.mapping.layer.size;
    // A stride leaves input over that no window looks at, which some tools do not count.
    [(fy, 0), (fx, 1)].map(|(taps, axis)| {
        let padding = needed[axis].saturating_sub(named.mapping.layer.input[axis]) / 2;
        padding.min((taps - 1) / 2)
    })
}

/// A network of the layer alone.
fn network(named: &Named, seed: u64) -> Graph {
    let layer = &named.mapping.layer;
    let [_, g, k, c, .., fy, fx] = layer.size;
    let ([rows, columns], [sy, sx], [py, px]) = (seen(named), layer.stride, padding(named));
    let mut text = String::from("format: nasa-network/1\nname: alone\nweights: alone.safetensors\n");
    let shape = format!("[{}, {}, {}]", g * c, rows - 2 * py, columns - 2 * px);
    writeln!(text, "input: {{shape: {shape}, scale: 0.05}}\nlayers:").expect("a string");
    let kernel = format!("kernel: [{fy}, {fx}], stride: [{sy}, {sx}], padding: [{py}, {px}], groups: {g}");
    writeln!(text, "  - {{name: layer, op: conv, input: input, out_channels: {}, {kernel}}}", g * k)
        .expect("a string");
    let graph = Written::parse("alone.yaml", &text).and_then(|written| with_tensors(written, seed));
    graph.unwrap_or_else(|report| panic!("{}\n{text}\n{report}", named.name))
}

/// All loops of a mapping of the hardware, innermost first.
fn nest(lowered: &mapper::Mapping) -> Vec<Factor> {
    let loops = lowered.loops.iter().chain(&lowered.outer);
    loops.map(|l| Factor { dim: Dim::Of(l.dim), count: l.bound }).collect()
}

/// Whether a mapping is refused as register files or buffer do not hold it, and for nothing else.
fn lacks_room(failure: &Failure) -> bool {
    let about = |line: &str| {
        line.starts_with("error[mapping]: the mapping of layer")
            || line.starts_with("  = help: ")
            || line.is_empty()
    };
    let of_room = |line: &str| line.contains(" do not fit ") || line.ends_with(" short)");
    failure.kind == Kind::Refused && failure.text.lines().all(|line| about(line) || of_room(line))
}

/// Runs `found`, made smaller until it can; what became of it, and launches whose cycles were compared.
fn run(bench: &mut Bench, name: &str, found: &Named, seed: u64) -> (Named, u64) {
    let accelerator = bench.accelerator.clone();
    let chunk = &accelerator.chunks[0];
    let case = Case {
        configuration: Configuration::Committed("flat16"),
        seed,
        images: 1,
        dump: false,
        timing: Timing::Fixed { latency: 30 },
        drawn: false,
    };
    let mut named = found.clone();
    loop {
        let graph = network(&named, seed);
        let work = Work::from(graph.layer(LayerId(0)));
        let lowered = lower(&named.mapping, &work, &accelerator, chunk);
        let lowered = lowered.unwrap_or_else(|misfits| panic!("{name}: {misfits:?}"));
        assert_eq!(nest(&lowered), named.mapping.loops, "{name}");
        let next = smaller(&named, &lowered, chunk);
        if let (true, Some(next)) = (named.mapping.layer.macs() > TERMS, &next) {
            named = next.clone();
            continue;
        }
        match (bench.run_mapped(&case, &graph, vec![lowered]), next) {
            (Ok(ran), _) => return (named, ran.launches),
            (Err(failure), Some(next)) if lacks_room(&failure) => named = next,
            (Err(failure), _) => panic!("{name}: {}\n{}", failure.text, named.mapping),
        }
    }
}

/// The best mappings that our own search finds for the layers of `theirs`.
fn searched(accelerator: &Accelerator, theirs: &[Named]) -> Vec<Named> {
    let architecture = Architecture::of(accelerator, 0);
    let found = |named: &Named| {
        let outcome = search(&architecture, &named.mapping.layer, &Options::default());
        let best = outcome.expect("it fits").found.swap_remove(0);
        Named { name: named.name.clone(), mapping: best.mapping }
    };
    theirs.iter().map(found).collect()
}

#[test]
fn mappings_of_the_whole_space_run_at_reduced_size() {
    let accelerator = config("flat16");
    let read = |(table, text)| (table, parse(table, text).expect("correct mappings"));
    let mut tables: Vec<(&str, Vec<Named>)> = TABLES.map(read).into();
    tables.push(("searched", searched(&accelerator, &tables[1].1)));
    let engine = Engine::Native.start(&accelerator);
    let mut bench = Bench { accelerator, engine, sabotage: None };
    let (mut runs, mut launches) = (0, 0);
    for (table, mappings) in &tables {
        for (seed, found) in (100..).zip(mappings) {
            let name = format!("{table} {}", found.name);
            let (ran, compared) = run(&mut bench, &name, found, seed);
            let dims = |named: &Named| named.mapping.loops.iter().map(|l| l.dim).collect::<Vec<_>>();
            assert_eq!((dims(&ran), ran.mapping.hold), (dims(found), found.mapping.hold), "{name}");
            assert!(compared > 0, "{name}: no launch was compared");
            println!("{name}: {}", ran.mapping.layer);
            (runs, launches) = (runs + 1, launches + compared);
        }
    }
    println!("{runs} mappings, {launches} launches");
    assert_eq!(runs, 33);
}
