//! That quantised training computes what it exports: its evaluation against the reference executor, every
//! element of every layer.

mod common;

use model::LayerId;
use nas::data::{self, batch::Pixels};
use nas::fold::fold;
use nas::network::Network;
use nas::rounded::Rounded;
use nas::run::{evaluate, folder::RunFolder, plan_for, Metrics};
use nas::TrainConfig;
use std::path::Path;

/// Trains for `epochs`, then compares on `count` test images.
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
