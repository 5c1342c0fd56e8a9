//! The searches that are shipped: that they are what they say, in every form, and that one of them learns on real
//! images.

mod common;

use nas::config::RunConfig;
use nas::run::search::Found;
use nas::search::ablation::Ablation;
use nas::supernet::Supernet;
use nas::{SearchConfig, Show};
use std::path::Path;

fn shipped(name: &str) -> SearchConfig {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("spaces").join(name);
    let text = std::fs::read_to_string(path).expect("a search");
    SearchConfig::parse(name, &text).unwrap_or_else(|report| panic!("{report}"))
}

fn among(config: &SearchConfig, ops: &[&str]) -> SearchConfig {
    let ops = ops.iter().map(|op| op.to_string()).collect();
    config.with_ops(ops).unwrap_or_else(|report| panic!("{report}"))
}

#[test]
fn the_papers_space_has_its_four_forms() {
    let paper = shipped("cifar10.yaml");
    assert_eq!((format!("{:.1e}", paper.space.size()), paper.epochs()), ("1.4e27".into(), 210));
    for (ops, size, epochs) in [
        (&["conv"][..], 7f64.powi(22), 170),
        (&["conv", "shift"], 13f64.powi(22), 170),
        (&["conv", "adder"], 13f64.powi(16) * 7f64.powi(6), 210),
    ] {
        let form = among(&paper, ops);
        assert!((form.space.size() / size - 1.0).abs() < 1e-9, "{ops:?}");
        assert_eq!(form.epochs(), epochs, "{ops:?}");
    }
    let places = paper.space.places([32, 32, 3]);
    assert_eq!(places.last().map(|place| place.output()), Some([4, 4, 352]));
}

#[test]
fn the_small_spaces_are_of_every_op_and_fit_their_images() {
    for (name, image, size, output) in [
        ("fashion.yaml", [28, 28, 1], 13f64.powi(6), [7, 7, 48]),
        ("cifar10-small.yaml", [32, 32, 3], 13f64.powi(8), [4, 4, 96]),
    ] {
        let small = shipped(name);
        assert!((small.space.size() / size - 1.0).abs() < 1e-9, "{name}");
        assert_eq!(small.space.places(image).last().map(|place| place.output()), Some(output), "{name}");
    }
}

#[test]
fn the_supernet_of_the_paper_shares_weights_among_expansions() {
    let paper = among(&shipped("cifar10.yaml"), &["conv"]);
    let supernet = Supernet::new(&paper, [32, 32, 3], 10).expect("a supernet");
    let shared: Vec<usize> = supernet.blocks.iter().map(|block| block.shared.len()).collect();
    // Two kernels; where the shape changes, a convolution in place of nothing.
    assert_eq!(shared[..7], [2, 3, 2, 2, 2, 3, 2]);
    let [pw1, dw, pw2] = &supernet.blocks[5].shared[1].network.layers[..] else { panic!("three layers") };
    assert_eq!([pw1, dw, pw2].map(|layer| layer.weight.value.len()), [24 * 144, 25 * 144, 144 * 32]);
}

/// A cut of the small search: fewer images, candidates and epochs, all of its stages.
#[test]
fn the_small_search_learns_on_real_images() {
    let folder = common::folder("search-fashion");
    let mut config = shipped("fashion.yaml");
    let data = nas::data::load(&config.data).expect("Fashion-MNIST: run `make setup`");
    common::write_part(&folder, &data.train, &data.test, 6000, 500);
    config.data.path = folder.clone();
    config.cost.accelerator = Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hw/configs/edge.yaml"));
    (config.space.kernels, config.space.expansions) = (vec![3], vec![1]);
    config.weights.batch = 32;
    for stage in &mut config.curriculum {
        (stage.epochs, stage.widest) = (1, 0);
    }
    let found = nas::search(&config, &folder.join("run"), false, Show::Nothing);
    let Found { last, seconds, .. } = found.unwrap_or_else(|report| panic!("{report}"));
    println!(
        "{:.4} of the weights' images, {:?} of the choice's are right after {seconds:.1} s",
        last.accuracy, last.choice_accuracy
    );
    assert!(last.accuracy > 0.5 && last.choice_accuracy > Some(0.5), "{last:?}");
    assert!(last.entropy < 4f64.ln() - 1e-6, "nothing was chosen: {last:?}");
}

#[test]
fn the_ablations_of_the_project_are_legal() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("flows/ablations.yaml")).expect("the ablations");
    let ablation = Ablation::parse("ablations.yaml", &text).unwrap_or_else(|report| panic!("{report}"));
    let space = std::fs::read_to_string(root.join("flows").join(&ablation.search)).expect("the search");
    let base = SearchConfig::parse("fashion.yaml", &space).unwrap_or_else(|report| panic!("{report}"));
    let mut epochs = Vec::new();
    for variant in &ablation.variants {
        let config = ablation.search(&base, variant, 7).unwrap_or_else(|report| panic!("{report}"));
        // What a run's folder keeps is read again as the same search.
        let again = SearchConfig::parse("search.yaml", &config.text().expect("text")).expect("a search");
        assert_eq!(again.values().expect("text"), config.values().expect("text"), "{}", variant.name);
        assert_eq!((config.seed, config.data.images, config.retrain.epochs), (7, Some(12_000), 12));
        epochs.push((variant.name.as_str(), config.epochs()));
    }
    // A space without adders has no stage of theirs; everything else learns as long.
    let shorter = ["hybrid-shift", "conv-only"];
    let expected = |name: &str| if shorter.contains(&name) { 20 } else { 24 };
    assert!(epochs.iter().all(|(name, epochs)| *epochs == expected(name)), "{epochs:?}");
}
