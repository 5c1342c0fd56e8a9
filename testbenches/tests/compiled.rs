//! Random networks on random accelerators: what the emulator makes of the compiled program equals the reference
//! executor, layer by layer and bit by bit, in the mappings that the search finds and with a random one among them.

use compiler::{compile, Compiled, Options};
use mapper::energy::Objective;
use model::random::{images, network, Knobs};
use model::reference::run_all;
use model::Graph;
use spec::accelerator::Accelerator;
use spec::random::{accelerator, Rng};
use testbenches::emulator::Emulator;
use testbenches::fuzz::draw;

/// A case that failed says so with its seed; what cannot be compiled says why. Whether a random mapping was legal.
fn run_case(accelerator: &Accelerator, seed: u64, count: u32, dump: bool) -> Result<bool, String> {
    let ops = accelerator.chunks.iter().map(|chunk| (chunk.op, chunk.weight_bits)).collect();
    let graph = network(seed, &Knobs { ops, macs: 60_000, ..Knobs::default() });
    let known: Vec<_> = accelerator.chunks.iter().map(|chunk| chunk.op).collect();
    if graph.layers().any(|(_, layer)| !known.contains(&layer.op)) {
        return Err("pool without clp".to_string());
    }
    let options = Options { images: count, dump, ..Options::default() };
    let compiled = compile(accelerator, &graph, &options).map_err(|report| report.to_string())?;
    // What the search finds keeps the promise that given mappings are held to: it compiles to the same words, whatever else
    // would have been looked for.
    let mut mappings: Vec<_> = compiled.layers.iter().map(|layer| layer.mapping.clone()).collect();
    let given = Options { mappings: Some(mappings.clone()), objective: Objective::Energy, ..options.clone() };
    let again = compile(accelerator, &graph, &given);
    assert_eq!(again.map(|again| again.program), Ok(compiled.program.clone()), "seed {seed}");
    emulate(accelerator, &graph, &compiled, seed, count);
    // One layer in another mapping, between neighbours that may leave it their results in the buffer.
    let mut rng = Rng::new(!seed);
    let drawn = rng.size(0, mappings.len() as u32 - 1) as usize;
    let chunk = &accelerator.chunks[compiled.layers[drawn].chunk];
    mappings[drawn] = draw::mapping(&mut rng, accelerator, chunk, &mappings[drawn].layer);
    let given = Options { mappings: Some(mappings), ..options };
    let compiled = compile(accelerator, &graph, &given);
    compiled.iter().for_each(|compiled| emulate(accelerator, &graph, compiled, seed, count));
    Ok(compiled.is_ok())
}

/// Every output of the emulator is the reference's.
fn emulate(accelerator: &Accelerator, graph: &Graph, compiled: &Compiled, seed: u64, count: u32) {
    let input = images(seed, graph, count as usize);
    let reference = run_all(graph, &input).expect("the input fits");
    for order in 0..2 {
        let mut emulator = Emulator::new(accelerator, &compiled.program, &input.data, 1000 * seed + order);
        let ran = emulator.run();
        ran.unwrap_or_else(|error| {
            panic!("seed {seed} order {order}: {error}\n{}\n{accelerator:?}", describe(compiled, graph))
        });
        for place in &compiled.program.outputs {
            let layer = graph.find(&place.name).expect("an output is a layer's");
            let ours = emulator.output(place, count);
            let wrong = ours.iter().zip(&reference[layer.0].data).position(|(a, b)| a != b);
            if let Some(flat) = wrong {
                let at = reference[layer.0].index_of(flat);
                panic!(
                    "seed {seed} order {order}: `{}` differs at {at:?}\n{}\n{accelerator:?}",
                    place.name,
                    describe(compiled, graph)
                );
            }
        }
    }
}

fn describe(compiled: &compiler::Compiled, graph: &model::Graph) -> String {
    let one = |(plan, (_, layer)): (&compiler::LayerPlan, (_, &model::Layer))| {
        let model::Layer { in_shape, out_shape, kernel, stride, padding, groups, .. } = layer;
        format!(
            "{} {in_shape} -> {out_shape} k{kernel:?} s{stride:?} g{groups} {padding:?} resident {} stored {} parts {}\n  {}\n",
            plan.name, plan.input_resident, plan.stored, plan.parts, plan.mapping
        )
    };
    compiled.layers.iter().zip(graph.layers()).map(one).collect()
}

fn run_many(seeds: std::ops::Range<u64>, side: u32, dump: bool) {
    let (mut ran, mut mapped, mut refused) = (0, 0, Vec::new());
    // COUNT=1000 runs so many seeds more in every test.
    let more = std::env::var("COUNT").ok().and_then(|count| count.parse::<u64>().ok()).unwrap_or(0);
    for seed in seeds.clone().chain(seeds.end * 1000..seeds.end * 1000 + more) {
        let mut rng = Rng::new(seed);
        let accelerator = accelerator(&mut rng, side);
        match run_case(&accelerator, seed, rng.size(1, 4), dump) {
            Ok(is_legal) => (ran, mapped) = (ran + 1, mapped + usize::from(is_legal)),
            Err(error) => refused.push(format!("seed {seed}: {error}")),
        }
    }
    println!("{ran} ran, {} refused, {mapped} with a random mapping", refused.len());
    assert!(4 * mapped > ran, "only {mapped} of {ran} random mappings were legal");
    refused.iter().for_each(|error| println!("{error}"));
    let drawn = ran + refused.len();
    assert!(10 * ran >= 9 * drawn, "only {ran} of {drawn} networks ran");
}

#[test]
fn random_networks_with_every_output_stored() {
    run_many(0..60, 9, true);
}

#[test]
fn random_networks_that_keep_activations_in_the_buffer() {
    run_many(100..160, 9, false);
}

#[test]
fn arrays_with_more_rows_than_a_line_has_bytes() {
    run_many(200..220, 40, true);
}
