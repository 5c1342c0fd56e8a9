//! That quantised training computes what it exports: its evaluation against the reference executor, every
//! element of every layer.

mod common;

use model::LayerId;
use nas::data::{self, batch::Pixels};
use nas::fold::fold;
use nas::layer::Phase;
use nas::maps::Maps;
use nas::network::Network;
use nas::rounded::Rounded;
use nas::run::{evaluate, folder::RunFolder, plan_for, Metrics};
use nas::TrainConfig;
use std::path::Path;

/// The pass that learns, which rounds in floats, against the integers, layer by layer from the same inputs. Integers have factors of
/// their own, close to the floats': where a sum lies between two steps, they may take the other one.
fn check_learning(network: &Network, integers: &[Vec<i32>], images: &[i8]) {
    let images: Vec<i32> = images.iter().map(|x| i32::from(*x)).collect();
    for (layer, integers_of) in network.layers.iter().zip(integers) {
        let value = |i: usize| {
            let numbers = if i == 0 { &images } else { &integers[i - 1] };
            let shape =
                if i == 0 { layer.plan.window.input } else { network.layers[i - 1].plan.window.output };
            Maps { shape, data: numbers.iter().map(|x| *x as f32 * network.step(i)).collect() }
        };
        let residual = layer.plan.residual.map(value);
        let step = network.step(layer.plan.input);
        let floats = layer.evaluate(&value(layer.plan.input), residual.as_ref(), step, Phase::Rounded);
        let name = &layer.plan.name;
        let mut off = 0;
        for (float, integer) in floats.data.iter().zip(integers_of) {
            let steps = float / layer.scale();
            assert!((steps - steps.round()).abs() < 1e-3, "{name}: {steps} is no whole number of steps");
            let apart = (steps.round() as i32 - integer).abs();
            assert!(apart <= 1, "{name}: the pass that learns has {steps}, the integers {integer}");
            off += usize::from(apart > 0);
        }
        println!("{name}: {off} of {} outputs differ by a step", integers_of.len());
        assert!(100 * off <= integers_of.len(), "{name}: {off} of {} outputs differ", integers_of.len());
    }
}

/// Trains, then compares on `count` test images: the integers with the reference, every element of every layer.
fn check(config: &TrainConfig, run: &Path, count: usize) {
    nas::train(config, run, false).expect("a run");
    let dataset = data::load(&config.data).expect("images");
    let plan = plan_for(config, &dataset).expect("a plan");
    let mut network = Network::new(&plan, config);
    let folder = RunFolder::existing::<TrainConfig>(run);
    folder.restore::<Metrics>(&mut network).expect("a checkpoint");
    let graph = fold(&plan, &network).expect("integers");
    let pixels = Pixels::new(&config.input);
    let trained = Rounded::new(&network, &graph).outputs(&pixels.integers(&dataset.test, 0..count));
    check_learning(&network, &trained, &pixels.integers(&dataset.test, 0..count));
    let images = evaluate::tensor(&pixels, &dataset.test, 0..count);
    let reference = model::reference::run_all(&graph, &images).expect("outputs");
    assert_eq!(trained.len(), reference.len());
    for (i, (trained, reference)) in trained.iter().zip(&reference).enumerate() {
        let (layer, shape) = (graph.layer(LayerId(i)), reference.shape);
        assert_eq!(trained.len(), reference.data.len(), "{}", layer.name);
        assert!(reference.data.iter().any(|y| *y != reference.data[0]), "{} is constant", layer.name);
        for (flat, expected) in reference.data.iter().enumerate() {
            let [n, c, y, x] = reference.index_of(flat);
            let found = trained[((n * shape.h + y) * shape.w + x) * shape.c + c];
            assert_eq!(found, i32::from(*expected), "layer `{}` at {:?}", layer.name, [n, c, y, x]);
        }
    }
}

#[test]
fn quantised_training_computes_what_it_exports() {
    let folder = common::folder("export");
    common::write_idx(&folder, 300, 40);
    check(&common::config(&folder, 3, 1), &folder.join("rounded"), 40);
}

#[test]
fn so_does_a_network_that_never_trained_with_rounding() {
    let folder = common::folder("export-float");
    common::write_idx(&folder, 300, 40);
    let mut config = common::config(&folder, 3, 3);
    check(&config, &folder.join("float"), 40);
    config.bits = nas::config::Bits { conv: 4, shift: 3, adder: 6 };
    check(&config, &folder.join("narrow"), 40);
}

#[test]
fn quantize_writes_a_network_that_reads_back() {
    let folder = common::folder("quantize");
    common::write_idx(&folder, 300, 40);
    let (run, out) = (folder.join("run"), folder.join("out"));
    let summary = nas::train(&common::config(&folder, 3, 1), &run, false).expect("a run");
    let found = nas::quantize(&run, &out).expect("a network");
    assert_eq!(Some(found.integer_accuracy), summary.last.integer_accuracy);
    assert_eq!((found.float_accuracy, found.images), (summary.last.float_accuracy, 40));
    let read = |name: &str| std::fs::read(out.join(name)).expect(name);
    let text = String::from_utf8(read("tiny.yaml")).expect("text");
    let written = model::format::Written::parse("tiny.yaml", &text).expect("a network");
    let graph = written.with_weights("tiny.safetensors", &read("tiny.safetensors")).expect("weights");
    let images = model::npy::read("images.npy", &read("images.npy")).expect("images");
    let classes = model::reference::top1(&model::reference::run(&graph, &images).expect("outputs"));
    let labels = String::from_utf8(read("labels.txt")).expect("text");
    let right = labels.lines().zip(classes).filter(|(label, class)| *label == class.to_string()).count();
    assert_eq!(right as f64 / 40.0, found.integer_accuracy);
    assert!(out.join("train.yaml").exists());
    let provenance: serde_json::Value = serde_json::from_slice(&read("provenance.json")).expect("JSON");
    assert_eq!(provenance["accuracy"]["integer"], found.integer_accuracy);
    assert_eq!(
        (&provenance["epochs"], &provenance["run"]["version"]),
        (&3.into(), &env!("CARGO_PKG_VERSION").into())
    );
}
