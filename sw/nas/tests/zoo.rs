//! The network that is trained for the project: what it is made of, that its files say what they should and are as
//! good as they claim, and that training computes its integers.

use model::format::Written;
use model::Graph;
use nas::data::batch::Pixels;
use nas::data::{Dataset, Images};
use nas::fold::fold;
use nas::layer::Phase;
use nas::loss::cross_entropy;
use nas::maps::Maps;
use nas::network::Network;
use nas::optimiser;
use nas::plan::Plan;
use nas::rounded::Rounded;
use nas::run::{evaluate, plan_for};
use nas::TrainConfig;
use spec::op::Op;
use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../zoo/fashion-hybrid").join(name)
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(file(name)).expect(name)
}

fn config() -> TrainConfig {
    let text = String::from_utf8(read("train.yaml")).expect("text");
    TrainConfig::parse("train.yaml", &text).expect("a run")
}

fn plan() -> Plan {
    let config = config();
    let split = Images { shape: [28, 28, 1], pixels: vec![0; 28 * 28], labels: vec![9] };
    let classes = config.data.classes.clone();
    plan_for(&config, &Dataset { train: split.clone(), test: split, classes }).expect("a plan")
}

#[test]
fn every_op_has_its_share_of_the_work_and_all_three_forms() {
    let plan = plan();
    let total: usize = Op::ALL.iter().map(|op| plan.macs(*op)).sum();
    assert!((1_500_000..4_000_000).contains(&total), "{total}");
    for op in Op::ALL {
        let share = plan.macs(*op) as f64 / total as f64;
        assert!((0.25..0.40).contains(&share), "{} has {share} of {total}", op.name());
        let windows = || plan.layers.iter().filter(|layer| layer.op == *op).map(|layer| layer.window);
        assert!(
            windows().any(|w| w.kernel == [3, 3] && !w.depthwise && w.input[2] > 1),
            "{} full",
            op.name()
        );
        assert!(windows().any(|w| w.kernel == [3, 3] && w.depthwise), "{} depthwise", op.name());
        assert!(windows().any(|w| w.is_pointwise()), "{} pointwise", op.name());
        let with_residual = |layer: &&nas::plan::Planned| layer.op == *op && layer.residual.is_some();
        assert!(plan.layers.iter().any(|layer| with_residual(&layer)), "{} residual", op.name());
    }
    let ends = [plan.layers.first(), plan.layers.last()].map(|layer| layer.expect("a layer").op);
    assert_eq!(ends, [Op::Conv, Op::Conv]);
}

/// The network that the files hold.
fn graph() -> Graph {
    let text = String::from_utf8(read("fashion-hybrid.yaml")).expect("text");
    let written = Written::parse("fashion-hybrid.yaml", &text).expect("a network");
    written.with_weights("weights", &read("fashion-hybrid.safetensors")).expect("weights")
}

#[test]
fn the_files_are_the_plan_trained() {
    let (plan, graph) = (plan(), graph());
    assert_eq!(graph.len(), plan.layers.len());
    for ((_, layer), planned) in graph.layers().zip(&plan.layers) {
        assert_eq!((&layer.name, layer.op), (&planned.name, planned.op));
        assert_eq!(layer.macs(), planned.window.macs() as u64, "{}", layer.name);
    }
    let names = std::fs::read_dir(file(".")).expect("a folder").map(|entry| entry.expect("an entry"));
    let size: u64 = names.map(|entry| entry.metadata().expect("a size").len()).sum();
    assert!(size < 400_000, "{size} bytes");
}

/// All 10,000 test images, by the reference executor.
#[test]
fn the_files_are_as_good_as_they_claim() {
    let config = config();
    let test = nas::data::load(&config.data).expect("Fashion-MNIST: run `make setup`").test;
    let pixels = Pixels::new(&config.input);
    let accuracy = evaluate::reference(&graph(), &pixels, &test).expect("outputs");
    let claimed: serde_json::Value = serde_json::from_slice(&read("provenance.json")).expect("JSON");
    let claimed = &claimed["accuracy"];
    println!("{accuracy} of {} test images are right; provenance: {claimed}", test.len());
    assert_eq!((test.len(), Some(accuracy)), (10_000, claimed["integer"].as_f64()));
    assert!(accuracy >= 0.90, "{accuracy}");
    let plain = claimed["without_rounding"].as_f64().expect("a figure");
    assert!(accuracy >= plain - 0.005, "{plain} without rounding");
    let images = model::npy::read("images.npy", &read("images.npy")).expect("images");
    assert_eq!(images, evaluate::tensor(&pixels, &test, 0..64));
}

/// Real images, but weights after a few steps only: the state of the trained network is not kept.
#[test]
fn quantised_training_equals_the_reference_on_real_images() {
    let (plan, config) = (plan(), config());
    let images = model::npy::read("images.npy", &read("images.npy")).expect("images");
    let labels = String::from_utf8(read("labels.txt")).expect("text");
    let labels: Vec<u8> = labels.lines().map(|line| line.parse().expect("a class")).collect();
    let mut network = Network::new(&plan, &config);
    let data = images.data.iter().map(|x| f32::from(*x) * network.input_step).collect();
    let input = Maps { shape: [28, 28, 1], data };
    for _ in 0..25 {
        let pass = network.forward(input.clone(), Phase::Rounded).expect("finite");
        let gradient = cross_entropy(pass.output(), &labels).gradient;
        network.backward(&pass, gradient).expect("finite");
        optimiser::step(&mut network, &config.schedule, 0.02);
    }
    let graph = fold(&plan, &network).expect("integers");
    // One channel: [N, 1, H, W] and [N, H, W, 1] are the same.
    let trained = Rounded::new(&network, &graph).outputs(&images.data);
    let reference = model::reference::run_all(&graph, &images).expect("outputs");
    for ((_, layer), (trained, reference)) in graph.layers().zip(trained.iter().zip(&reference)) {
        let shape = reference.shape;
        assert!(reference.data.iter().any(|y| *y != reference.data[0]), "{} is constant", layer.name);
        for (flat, expected) in reference.data.iter().enumerate() {
            let [n, c, y, x] = reference.index_of(flat);
            let found = trained[((n * shape.h + y) * shape.w + x) * shape.c + c];
            assert_eq!(found, i32::from(*expected), "layer `{}` at {:?}", layer.name, [n, c, y, x]);
        }
    }
}
