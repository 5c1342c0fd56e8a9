//! The network that is trained for the project: what it is made of, and that its integers are those of training.

use nas::data::{Dataset, Images};
use nas::fold::fold;
use nas::layer::Phase;
use nas::loss::cross_entropy;
use nas::maps::Maps;
use nas::network::Network;
use nas::optimiser;
use nas::plan::Plan;
use nas::rounded::Rounded;
use nas::run::plan_for;
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
