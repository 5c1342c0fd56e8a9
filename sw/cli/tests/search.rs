//! `nasa costs`, `nasa search`, `nasa train` and `nasa report` one after the other, as a user runs them.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const SIDE: usize = 8;

const SEARCH: &str = "\
name: bars
seed: 1
data: {format: idx, path: .}
input: {scale: 0.03, mean: [0.25], std: [0.3]}
space:
  stem: {channels: 4, stride: 1}
  stages: [{layers: 2, channels: 4, stride: 1}]
  header: 8
  ops: [conv, shift, adder]
  kernels: [3]
  expansions: [1, 2]
  skip: true
curriculum:
  - {name: products, epochs: 1, train: [conv, shift, skip]}
  - {name: search, epochs: 1, train: [conv, shift, adder, skip], alphas: true}
sampling: {paths: 2, temperature: 5, cooling: 0.9}
weights: {batch: 10, rate: 0.05, momentum: 0.9, clip: 5, adder_eta: 0.1}
alphas: {rate: 0.01, betas: [0.5, 0.999], images: 0.5}
cost: {kind: macs, lambda: 1e-6}
retrain: {epochs: 2, quantise_from: 1, batch: 10, rate: 0.05, clip: 5}
";

/// A folder with a search and its images: lying and standing bars.
fn scene(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    for (split, count) in [("train", 80usize), ("t10k", 20)] {
        let lit = |image: usize, y: usize, x: usize| {
            if image.is_multiple_of(2) {
                y == image % SIDE
            } else {
                x == image % SIDE
            }
        };
        let pixels = (0..count * SIDE * SIDE).map(|i| {
            let (image, y, x) = (i / (SIDE * SIDE), i / SIDE % SIDE, i % SIDE);
            if lit(image, y, x) {
                200
            } else {
                20
            }
        });
        let labels = (0..count).map(|image| (image % 2) as u8);
        let header = |dims: &[usize]| -> Vec<u8> {
            let sizes = dims.iter().flat_map(|dim| (*dim as u32).to_be_bytes());
            [0, 0, 8, dims.len() as u8].into_iter().chain(sizes).collect()
        };
        let images: Vec<u8> = header(&[count, SIDE, SIDE]).into_iter().chain(pixels).collect();
        let labels: Vec<u8> = header(&[count]).into_iter().chain(labels).collect();
        fs::write(folder.join(format!("{split}-images-idx3-ubyte")), images).expect("written");
        fs::write(folder.join(format!("{split}-labels-idx1-ubyte")), labels).expect("written");
    }
    fs::write(folder.join("search.yaml"), SEARCH).expect("written");
    folder
}

/// Runs `nasa` in `folder`, which must succeed; its result as JSON, and what it said.
fn nasa(folder: &Path, arguments: &str) -> (Value, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
    command.args(arguments.split(' ')).args(["--json", "-"]).current_dir(folder);
    let output = command.output().expect("nasa starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "nasa {arguments}\n{said}");
    (serde_json::from_slice(&output.stdout).expect("JSON"), said)
}

#[test]
fn a_network_is_searched_trained_and_shown() {
    let folder = scene("search");
    let (found, said) = nasa(&folder, "search search.yaml -o found");
    assert_eq!((&found["epochs"], &found["space"]), (&2.into(), &49.0.into()));
    assert_eq!(found["network"].as_array().map(Vec::len), Some(2));
    assert!(
        said.contains("epoch 1 (products): loss ") && said.contains("found/train.yaml: one of "),
        "{said}"
    );
    let (again, _) = nasa(&folder, "search search.yaml -o found --resume --quiet");
    assert_eq!(again["network"], found["network"]);
    let (baseline, _) = nasa(&folder, "search search.yaml -o baseline --ops conv --quiet");
    assert_eq!(baseline["space"], 9.0);
    let (trained, _) = nasa(&folder, "train found/train.yaml -o trained --quiet");
    assert_eq!(trained["epochs"], 2);
    for (run, pictures) in [("found", &["curves.svg", "choice.svg"][..]), ("trained", &["curves.svg"])] {
        let (report, _) = nasa(&folder, &format!("report {run} -o report-{run}"));
        assert_eq!(report["epochs"], 2);
        let read =
            |name: &str| fs::read_to_string(folder.join(format!("report-{run}")).join(name)).expect(name);
        let table = read("report.md");
        assert_eq!(
            table
                .lines()
                .filter(|line| line.starts_with("| ") && line.contains("| 2 |") || line.starts_with("| 2 "))
                .count(),
            1,
            "{table}"
        );
        for picture in pictures {
            assert!(table.contains(picture), "{table}");
            let svg = read(picture);
            assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{svg}");
        }
    }
    let report = fs::read_to_string(folder.join("report-found/report.md")).expect("a report");
    let network: Vec<&str> =
        found["network"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert!(report.contains(&format!("{}, at a cost of ", network.join(", "))), "{report}");
    let choice = fs::read_to_string(folder.join("report-found/choice.svg")).expect("a picture");
    for name in ["adder_k3_e2", "skip", "b02"] {
        assert!(choice.contains(name), "{choice}");
    }
}

/// The costs of candidates as the hardware has them: a search reads the table, and what is not timed as predicted
/// makes none.
#[test]
fn costs_are_measured_on_the_hardware() {
    let folder = scene("costs");
    let edge = concat!(env!("CARGO_MANIFEST_DIR"), "/../../hw/configs/edge.yaml");
    let (measured, said) = nasa(&folder, &format!("costs search.yaml -c {edge} -o costs.csv"));
    // Both places have candidates of the same shapes.
    assert_eq!((&measured["candidates"], &measured["blocks"]), (&14.into(), &6.into()), "{said}");
    // Between layers as small as these the array waits for what they are described by, which the mapper does not count.
    let of_mapper = |key: &str| measured["mapper"][key].as_f64().expect("a number");
    assert!(of_mapper("least") > 0.7 && of_mapper("greatest") < 1.0, "{measured}");
    assert_eq!(of_mapper("same_order"), 1.0, "{measured}");
    let table = fs::read_to_string(folder.join("costs.csv")).expect("a table");
    assert!(
        table.starts_with("# The candidates of search.yaml on accelerator `edge`")
            && table.lines().count() == 16
            && table.contains("\nb02,skip,0\n"),
        "{table}"
    );
    let reads_it = SEARCH.replace("{kind: macs,", "{kind: table, file: costs.csv,");
    fs::write(folder.join("by-table.yaml"), reads_it).expect("written");
    nasa(&folder, "search by-table.yaml -o found --quiet");
    let kept = fs::read_to_string(folder.join("found/costs.csv")).expect("kept costs");
    assert_eq!(table.lines().skip(1).collect::<Vec<_>>(), kept.lines().collect::<Vec<_>>());

    let mut late = Command::new(env!("CARGO_BIN_EXE_nasa"));
    let late = late.args(["costs", "search.yaml", "-c", edge, "-o", "late.csv", "--delay-beat", "100"]);
    let output = late.current_dir(&folder).output().expect("nasa starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("is not timed as predicted") && said.contains("of block b01 conv_k3_e1"), "{said}");
    assert!(!folder.join("late.csv").exists());
}

/// A search in two variants, over two seeds.
const ABLATION: &str = "\
format: nasa-ablation/1
search: search.yaml
out: ablated
seeds: [1, 5]
set: {data.images: 40}
variants:
  - {name: whole}
  - {name: conv-only, set: {space.ops: [conv], curriculum.1.epochs: 2}}
";

#[test]
fn variants_of_a_search_are_compared() {
    let folder = scene("ablation");
    fs::write(folder.join("ablation.yaml"), ABLATION).expect("written");
    let (found, _) = nasa(&folder, "ablate ablation.yaml --quiet");
    let runs = found["runs"].as_array().expect("runs");
    let of = |key: &str| runs.iter().map(|run| run[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("variant"), ["whole", "conv-only", "whole", "conv-only"]);
    assert_eq!(of("seed"), [1, 1, 5, 5]);
    let epochs = |run: &str| {
        let metrics = fs::read_to_string(folder.join("ablated").join(run).join("search/metrics.jsonl"));
        metrics.expect("metrics").lines().count()
    };
    assert_eq!((epochs("whole-5"), epochs("conv-only-5")), (2, 3));
    for run in runs.iter().filter(|run| run["variant"] == "conv-only") {
        let network = run["network"].as_array().expect("a network");
        assert!(network.iter().all(|name| name.as_str().is_some_and(|name| !name.starts_with("adder"))));
    }
    let report = fs::read_to_string(folder.join("ablated/report.md")).expect("a report");
    let accuracies: Vec<f64> = runs
        .iter()
        .filter(|run| run["variant"] == "whole")
        .map(|run| 100.0 * run["float_accuracy"].as_f64().expect("a number"))
        .collect();
    let mean = format!("{:.2}", accuracies.iter().sum::<f64>() / 2.0);
    let row = report.lines().find(|line| line.starts_with("| whole |")).expect("a row");
    assert!(row.contains(&mean), "{mean}: {row}");
    assert!(report.contains("Seeds 1, 5: the mean, and the least to the greatest."), "{report}");
    // Everything is there: nothing is learnt again.
    let (again, said) = nasa(&folder, "ablate ablation.yaml");
    assert_eq!(again, found);
    assert!(!said.contains("epoch 1"), "{said}");
}

/// A flow from the space to the hardware, on `edge`.
const FLOW: &str = "\
format: nasa-flow/1
config: edge.yaml
search: search.yaml
baseline: [conv]
count: 4
out: run
";

#[test]
fn a_flow_searches_trains_and_proves_and_goes_on_where_it_was() {
    let folder = scene("flow-searched");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::copy(root.join("hw/configs/edge.yaml"), folder.join("edge.yaml")).expect("copied");
    fs::write(folder.join("flow.yaml"), FLOW).expect("written");
    let (found, said) = nasa(&folder, "run flow.yaml --engine native");
    for name in ["searched", "baseline"] {
        let network = &found["networks"][name];
        assert_eq!((&network["search"]["epochs"], &network["train"]["epochs"]), (&2.into(), &2.into()));
        let verify = &network["proof"]["verify"];
        assert_eq!((&verify["mismatches"], &verify["images"]), (&0.into(), &4.into()), "{name}");
        assert_eq!(verify["cycles"]["predicted"], verify["cycles"]["measured"], "{name}");
    }
    let chunks = |name: &str| -> Vec<Value> {
        let layers = found["networks"][name]["proof"]["verify"]["layers"].as_array().cloned();
        layers.into_iter().flatten().map(|layer| layer["chunk"].clone()).collect()
    };
    assert!(chunks("baseline").iter().all(|chunk| chunk == "clp"), "{:?}", chunks("baseline"));
    assert!(said.contains("searched: run/searched") && said.contains("baseline: run/baseline"), "{said}");
    let report = fs::read_to_string(folder.join("run/report.md")).expect("a report");
    let rows: Vec<&str> = report.lines().filter(|line| line.starts_with("| ")).collect();
    assert!(
        rows.len() == 3 && rows[1].starts_with("| searched |") && rows[2].starts_with("| baseline |"),
        "{report}"
    );
    let mut table = report.lines().filter(|line| line.starts_with('|'));
    let columns = |line: &str| line.matches('|').count();
    assert!(table.all(|line| columns(line) == columns(rows[0])), "{report}");

    // Steps are remembered, runs are complete: nothing is trained again.
    fs::remove_dir_all(folder.join("run/searched/network")).expect("removed");
    let (again, said) = nasa(&folder, "run flow.yaml --engine native");
    assert_eq!(again["networks"]["searched"]["quantize"], found["networks"]["searched"]["quantize"]);
    assert!(!said.contains("epoch ") && said.contains("compare: done before"), "{said}");
    assert_eq!(fs::read_to_string(folder.join("run/report.md")).expect("a report"), report);

    // One that is killed on its way, again and again, ends with the same bits.
    let weights = "searched/network/bars.safetensors";
    let whole = fs::read(folder.join("run").join(weights)).expect("weights");
    fs::write(folder.join("killed.yaml"), FLOW.replace("out: run", "out: killed")).expect("written");
    for mark in ["search/metrics.jsonl", "train/metrics.jsonl", "train/checkpoint.safetensors"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
        command.args(["run", "killed.yaml", "--engine", "native", "--quiet"]).current_dir(&folder);
        let mut child = command.spawn().expect("nasa starts");
        while !folder.join("killed/searched").join(mark).exists()
            && child.try_wait().expect("a child").is_none()
        {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let _ = child.kill(); // It may have ended just now.
        child.wait().expect("a child");
    }
    nasa(&folder, "run killed.yaml --engine native --quiet");
    assert_eq!(fs::read(folder.join("killed").join(weights)).expect("weights"), whole);
}

/// A cut of `flows/fashion-small.yaml`, on real images: all of its stages, few epochs of few images.
#[test]
fn the_small_flow_goes_from_real_images_to_the_hardware() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("flow-fashion");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let mut space = fs::read_to_string(root.join("sw/nas/spaces/fashion.yaml")).expect("the space");
    for (whole, cut) in [
        (
            "path: /usr/share/datasets/fashion-mnist",
            "path: /usr/share/datasets/fashion-mnist\n  images: 2000",
        ),
        ("kernels: [3, 5]", "kernels: [3]"),
        ("epochs: 4, ", "epochs: 1, "),
        ("epochs: 12, ", "epochs: 1, "),
        ("epochs: 36, quantise_from: 30", "epochs: 3, quantise_from: 2"),
        ("hw/configs/edge.yaml", "edge.yaml"),
    ] {
        assert!(space.contains(whole), "{whole}");
        space = space.replace(whole, cut);
    }
    fs::write(folder.join("search.yaml"), space).expect("written");
    fs::copy(root.join("hw/configs/edge.yaml"), folder.join("edge.yaml")).expect("copied");
    fs::write(folder.join("flow.yaml"), FLOW).expect("written");
    let (found, _) = nasa(&folder, "run flow.yaml --engine native");
    for name in ["searched", "baseline"] {
        let network = &found["networks"][name];
        let accuracy = |key: &str| network["quantize"][key].as_f64().expect("an accuracy");
        let all = ["float_accuracy", "rounded_accuracy", "integer_accuracy"].map(accuracy);
        println!("{name}: {all:.4?} of 10,000 images");
        assert!(all[2] > 0.5 && (all[1] - all[2]).abs() < 0.005, "{name}: {all:?}");
        let verify = &network["proof"]["verify"];
        assert_eq!((&verify["mismatches"], &verify["images"]), (&0.into(), &4.into()), "{name}");
        assert_eq!(verify["cycles"]["predicted"], verify["cycles"]["measured"], "{name}");
    }
}

/// Every flow that comes with the project, and what docs show of it.
#[test]
fn flows_of_the_project_are_whole() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let flow = fs::read_to_string(root.join("flows/fashion-small.yaml")).expect("a flow");
    let docs = fs::read_to_string(root.join("docs/nas.md")).expect("docs");
    let code = |line: &&str| !line.starts_with('#');
    for line in flow.lines().filter(code) {
        let shown = docs.lines().any(|shown| shown.split('#').next().map(str::trim_end) == Some(line));
        assert!(shown, "docs/nas.md does not show `{line}` of flows/fashion-small.yaml");
    }
    for line in flow.lines().filter(|line| line.contains("../") && !line.starts_with("out:")) {
        let path = line.split_once(": ").map_or("", |(_, path)| path);
        assert!(root.join("flows").join(path).exists(), "{line}");
    }
}

#[test]
fn a_flow_with_another_space_is_refused_and_loses_nothing() {
    let folder = scene("flow-other");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::copy(root.join("hw/configs/edge.yaml"), folder.join("edge.yaml")).expect("copied");
    fs::write(folder.join("flow.yaml"), FLOW.replace("baseline: [conv]\n", "")).expect("written");
    nasa(&folder, "run flow.yaml --engine native --quiet");
    let before = fs::read(folder.join("run/searched/search/checkpoint.safetensors")).expect("a checkpoint");
    fs::write(folder.join("search.yaml"), SEARCH.replace("seed: 1", "seed: 2")).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
    let output = command.args(["run", "flow.yaml"]).current_dir(&folder).output().expect("nasa starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("holds a run of another configuration"), "{said}");
    let after = fs::read(folder.join("run/searched/search/checkpoint.safetensors")).expect("a checkpoint");
    assert_eq!(before, after);
}

#[test]
fn what_is_no_run_has_no_report() {
    let folder = scene("no-run");
    let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
    let output = command.args(["report", "."]).current_dir(&folder).output().expect("nasa starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("the run has finished no epoch yet"), "{said}");
}
