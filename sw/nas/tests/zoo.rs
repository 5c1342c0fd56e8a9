//! The networks that are trained for the project: what they are made of, that their files say what they should and are as
//! good as they claim, and that training computes their integers.

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
use nas::run::{evaluate, plan_for, Metrics};
use nas::TrainConfig;
use spec::op::Op;
use std::path::{Path, PathBuf};

/// The networks: their folders, and what they are called.
const HYBRID: (&str, &str) = ("fashion-hybrid", "fashion-hybrid");
const SEARCHED: (&str, &str) = ("fashion-searched/searched", "fashion-searched");
const BASELINE: (&str, &str) = ("fashion-searched/baseline", "fashion-searched");
const CIFAR: (&str, &str) = ("cifar10-searched", "cifar10-searched");

type Trained = (&'static str, &'static str);

fn file(of: Trained, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../zoo").join(of.0).join(name)
}

fn read(of: Trained, name: &str) -> Vec<u8> {
    let path = file(of, name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn config(of: Trained) -> TrainConfig {
    let text = String::from_utf8(read(of, "train.yaml")).expect("text");
    TrainConfig::parse("train.yaml", &text).expect("a run")
}

fn plan(of: Trained) -> Plan {
    let (config, shape) = (config(of), graph(of).input.shape);
    let split =
        Images { shape: [shape.h, shape.w, shape.c], pixels: vec![0; shape.elements()], labels: vec![9] };
    let classes = config.data.classes.clone();
    plan_for(&config, &Dataset { train: split.clone(), test: split, classes }).expect("a plan")
}

#[test]
fn every_op_has_its_share_of_the_work_and_all_three_forms() {
    let plan = plan(HYBRID);
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
fn graph(of: Trained) -> Graph {
    let name = format!("{}.yaml", of.1);
    let text = String::from_utf8(read(of, &name)).expect("text");
    let written = Written::parse(&name, &text).expect("a network");
    written.with_weights("weights", &read(of, &format!("{}.safetensors", of.1))).expect("weights")
}

#[test]
fn the_files_are_the_plan_trained() {
    for of in [HYBRID, SEARCHED, BASELINE, CIFAR] {
        let (plan, graph) = (plan(of), graph(of));
        assert_eq!(graph.len(), plan.layers.len(), "{}", of.0);
        for ((_, layer), planned) in graph.layers().zip(&plan.layers) {
            assert_eq!((&layer.name, layer.op), (&planned.name, planned.op), "{}", of.0);
            assert_eq!(layer.macs(), planned.window.macs() as u64, "{}: {}", of.0, layer.name);
        }
        let entries =
            std::fs::read_dir(file(of, ".")).expect("a folder").map(|entry| entry.expect("an entry"));
        let size: u64 = entries.map(|entry| entry.metadata().expect("a size").len()).sum();
        assert!(size < 400_000, "{}: {size} bytes", of.0);
    }
}

/// Top-1 of all 10,000 test images by the reference executor, which must be what the files claim.
fn accuracy(of: Trained) -> f64 {
    let config = config(of);
    let test = nas::data::load(&config.data).expect("Fashion-MNIST: run `make setup`").test;
    let pixels = Pixels::new(&config.input);
    let accuracy = evaluate::reference(&graph(of), &pixels, &test).expect("outputs");
    let claimed: serde_json::Value = serde_json::from_slice(&read(of, "provenance.json")).expect("JSON");
    let claimed = &claimed["accuracy"];
    println!("{}: {accuracy} of {} test images are right; provenance: {claimed}", of.0, test.len());
    assert_eq!((test.len(), Some(accuracy)), (10_000, claimed["integer"].as_f64()), "{}", of.0);
    let plain = claimed["without_rounding"].as_f64().expect("a figure");
    assert!(accuracy >= plain - 0.005, "{}: {plain} without rounding", of.0);
    let images = model::npy::read("images.npy", &read(of, "images.npy")).expect("images");
    assert_eq!(images, evaluate::tensor(&pixels, &test, 0..64), "{}", of.0);
    accuracy
}

#[test]
fn the_files_are_as_good_as_they_claim() {
    assert!(accuracy(HYBRID) >= 0.90);
}

#[test]
fn the_searched_hybrid_is_nearly_as_good_as_the_convolutions_of_its_space() {
    let [hybrid, convolutions] = [SEARCHED, BASELINE].map(accuracy);
    assert!(hybrid >= 0.92 && hybrid >= convolutions - 0.005, "{hybrid} and {convolutions}");
    let ops = |of| Op::ALL.iter().filter(|op| plan(of).macs(**op) > 0).collect::<Vec<&Op>>();
    assert_eq!((ops(SEARCHED).len(), ops(BASELINE)), (3, vec![&Op::Conv]));
    // Two searches and two trainings: no more than three hours, none more than 100 minutes.
    let seconds = |of: Trained, name: &str| -> f64 {
        let lines = String::from_utf8(read(of, name)).expect("text");
        let line =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["seconds"].as_f64();
        lines.lines().map(|text| line(text).expect("seconds")).sum()
    };
    let runs =
        [SEARCHED, BASELINE].map(|of| ["search.jsonl", "training.jsonl"].map(|name| seconds(of, name)));
    let runs = runs.as_flattened();
    println!("minutes: {:.0?}", runs.iter().map(|seconds| seconds / 60.0).collect::<Vec<f64>>());
    assert!(runs.iter().sum::<f64>() <= 3.0 * 3600.0 && runs.iter().all(|seconds| *seconds <= 6000.0));
}

/// The last epoch of a search, the costs that it weighed and the target of its space name the network that was trained.
#[test]
fn what_was_trained_is_what_the_search_names() {
    let space = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("spaces").join(name);
        nas::SearchConfig::parse(name, &std::fs::read_to_string(path).expect(name)).expect("a search")
    };
    let fashion = space("fashion.yaml");
    let convolutions = fashion.with_ops(vec!["conv".into()]).expect("a search");
    for (of, space) in [(SEARCHED, fashion), (BASELINE, convolutions), (CIFAR, space("cifar10-small.yaml"))] {
        let lines = String::from_utf8(read(of, "search.jsonl")).expect("text");
        let last = serde_json::from_str(lines.lines().last().expect("an epoch")).expect("metrics");
        let (network, _) = nas::run::search::standing(&space, &file(of, ""), &last).expect("costs");
        let blocks = network.iter().enumerate().map(|(i, candidate)| format!("b{:02} {candidate}", i + 1));
        let names = blocks.collect::<Vec<_>>().join(", ");
        let training = String::from_utf8(read(of, "train.yaml")).expect("text");
        let found = training.lines().next().expect("a line");
        assert!(found.ends_with(&format!(": {names}.")), "{}: {found}, not {names}", of.0);
    }
}

/// CIFAR-10 is no package: what can be held to its files is what lies beside them.
#[test]
fn the_network_of_cifar_is_as_good_as_its_run() {
    let provenance: serde_json::Value =
        serde_json::from_slice(&read(CIFAR, "provenance.json")).expect("JSON");
    let lines = String::from_utf8(read(CIFAR, "training.jsonl")).expect("text");
    let last: Metrics = serde_json::from_str(lines.lines().last().expect("an epoch")).expect("metrics");
    let claimed = &provenance["accuracy"];
    assert_eq!((last.integer_accuracy, last.epoch + 1), (claimed["integer"].as_f64(), lines.lines().count()));
    assert!(last.integer_accuracy > Some(0.8), "{claimed}");
    let images = model::npy::read("images.npy", &read(CIFAR, "images.npy")).expect("images");
    let classes = model::reference::top1(&model::reference::run(&graph(CIFAR), &images).expect("outputs"));
    let labels = String::from_utf8(read(CIFAR, "labels.txt")).expect("text");
    let right = labels.lines().zip(classes).filter(|(label, class)| *label == class.to_string()).count();
    println!("{right} of {} images, {claimed} of all", images.n);
    assert!(right * 10 >= images.n * 7, "{right} of {}", images.n);
}

/// Real images, but weights after a few steps only: the state of the trained network is not kept.
#[test]
fn quantised_training_equals_the_reference_on_real_images() {
    let (plan, config) = (plan(HYBRID), config(HYBRID));
    let images = model::npy::read("images.npy", &read(HYBRID, "images.npy")).expect("images");
    let labels = String::from_utf8(read(HYBRID, "labels.txt")).expect("text");
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
