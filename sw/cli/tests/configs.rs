//! `nasa verify` on the committed accelerators: the trained network where its weights fit, a random one on the
//! accelerator whose widths are odd. Every element equal, every cycle predicted.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The result of `nasa verify` in an engine, which must find nothing wrong.
fn verify(config: &str, network: &Path, images: &Path, engine: &str) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
    command.current_dir(ROOT).env("NASA_CACHE", Path::new(ROOT).join("target/models"));
    command.args([
        "verify",
        "--quiet",
        "--json",
        "-",
        "--count",
        "1",
        "--engine",
        engine,
        "-c",
        &format!("hw/configs/{config}.yaml"),
    ]);
    let output = command.arg("-n").arg(network).arg("-i").arg(images).output().expect("nasa starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{config}: {errors}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("configs");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// The trained network and its images, of which the first is enough.
fn trained() -> (PathBuf, PathBuf) {
    let zoo = Path::new(ROOT).join("sw/zoo/fashion-hybrid");
    (zoo.join("fashion-hybrid.yaml"), zoo.join("images.npy"))
}

/// The first random network with a layer for every chunk of `config`, and an image for it.
fn random(config: &str) -> (PathBuf, PathBuf) {
    let text =
        std::fs::read_to_string(Path::new(ROOT).join(format!("hw/configs/{config}.yaml"))).expect(config);
    let accelerator = spec::config::parse(config, &text).expect("an accelerator");
    let ops: Vec<_> = accelerator.chunks.iter().map(|chunk| (chunk.op, chunk.weight_bits)).collect();
    let knobs = model::random::Knobs { ops: ops.clone(), layers: 7, ..model::random::Knobs::default() };
    let all =
        |graph: &model::Graph| ops.iter().all(|(op, _)| graph.layers().any(|(_, layer)| layer.op == *op));
    let networks = (0..1_000).map(|seed| model::random::network(seed, &knobs));
    let graph = networks.into_iter().find(|graph| graph.len() >= 5 && all(graph)).expect("a network");
    let (network, images) = (folder().join(format!("{config}.yaml")), folder().join(format!("{config}.npy")));
    let tensors = format!("{config}.safetensors");
    std::fs::write(&network, model::save::yaml(&graph, &tensors)).expect("a file");
    std::fs::write(folder().join(tensors), model::save::safetensors(&graph).expect("tensors"))
        .expect("a file");
    std::fs::write(&images, model::npy::write(&model::random::images(1, &graph, 1))).expect("a file");
    (network, images)
}

#[test]
fn every_committed_accelerator_computes_what_the_reference_does() {
    for config in ["tiny", "edge", "large", "odd", "halves"] {
        let is_small = ["odd", "halves"].contains(&config);
        let (network, images) = if is_small { random(config) } else { trained() };
        let found = verify(config, &network, &images, "native");
        let layers = found["layers"].as_array().expect("layers");
        println!(
            "{config}: {} layers, {} elements, cycles {}",
            layers.len(),
            found["elements"],
            found["cycles"]
        );
        assert_eq!(found["mismatches"], 0, "{config}");
        assert!(found["elements"].as_u64() > Some(500), "{config}: {}", found["elements"]);
        for result in layers.iter().chain([&found]) {
            assert_eq!(
                result["cycles"]["predicted"], result["cycles"]["measured"],
                "{config}: {}",
                result["name"]
            );
        }
    }
}

#[test]
fn the_searched_networks_run_as_predicted_in_both_simulators() {
    let all = ["fashion-searched/searched", "fashion-searched/baseline", "cifar10-searched"];
    for name in all {
        let folder = Path::new(ROOT).join("sw/zoo").join(name);
        let file = name.split('/').next().unwrap_or(name);
        let (network, images) = (folder.join(format!("{file}.yaml")), folder.join("images.npy"));
        let [native, verilator] =
            ["native", "verilator"].map(|engine| verify("edge", &network, &images, engine));
        for found in [&native, &verilator] {
            assert_eq!(
                (&found["mismatches"], &found["cycles"]["predicted"]),
                (&0.into(), &found["cycles"]["measured"])
            );
        }
        assert_eq!(native["cycles"], verilator["cycles"], "{name}");
        println!("{name}: {} elements, cycles {}", native["elements"], native["cycles"]);
    }
}
