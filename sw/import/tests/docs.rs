//! `docs/import.md` has every op and every key.

use import::checkpoint::{network, FORMAT, INPUT_KEYS, KEYS, LAYER_KEYS};
use import::onnx::lower::ops;
use import::onnx::read::OPSETS;
use safetensors::tensor::{serialize, TensorView};
use safetensors::Dtype;
use std::path::Path;

const DOCS: &str = "../../docs/import.md";

#[test]
fn the_page_is_whole() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCS)).expect("the page");
    let missing: Vec<&str> = ops().filter(|op| !text.contains(&format!("`{op}`"))).collect();
    assert_eq!(missing, Vec::<&str>::new(), "ops");
    assert!(text.contains(&format!("opset {} to {}", OPSETS.start(), OPSETS.end())) && text.contains(FORMAT));
    let example = text.split("```yaml").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let of_file = KEYS.iter().chain(INPUT_KEYS);
    let missing: Vec<&&str> = of_file.filter(|key| !example.contains(&format!("{key}:"))).collect();
    assert_eq!(missing, Vec::<&&str>::new(), "keys of the file");
    let missing: Vec<&&str> = LAYER_KEYS.iter().filter(|key| !text.contains(&format!("`{key}`"))).collect();
    assert_eq!(missing, Vec::<&&str>::new(), "keys of a layer");
}

/// The value of a key in a layer's line.
fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let rest = &line[line.find(&format!("{key}: "))? + key.len() + 2..];
    rest.split([',', '}']).next()
}

/// Names and shapes of the tensors that a layer's line asks for: all layers have 16 channels, kernels of 3x3 where there is padding.
fn tensors_of(line: &str) -> Vec<(String, Vec<usize>)> {
    let name = value(line, "name").expect("a name");
    let inputs = match (value(line, "input"), value(line, "groups")) {
        (_, Some(_)) => 1,
        (Some("input"), None) => 3,
        _ => 16,
    };
    let kernel = if line.contains("padding") { 3 } else { 1 };
    let parts: &[&str] = match value(line, "op").expect("an op") {
        "average" => return Vec::new(),
        "adder" => &["adder"],
        "shift" => &["shift", "sign"],
        _ => &["weight"],
    };
    let mut all: Vec<(String, Vec<usize>)> =
        parts.iter().map(|part| (format!("{name}.{part}"), vec![16, inputs, kernel, kernel])).collect();
    if let Some(norm) = value(line, "norm") {
        let parts = ["weight", "bias", "running_mean", "running_var"];
        all.extend(parts.map(|part| (format!("{norm}.{part}"), vec![16])));
    }
    all
}

#[test]
fn checkpoints_are_described_as_the_page_shows() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCS)).expect("the page");
    let examples: Vec<&str> =
        text.split("```yaml").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let all: Vec<(String, Vec<usize>)> =
            example.lines().filter(|line| line.contains("- {name: ")).flat_map(tensors_of).collect();
        let bytes: Vec<Vec<u8>> =
            all.iter().map(|(_, shape)| 0.5f32.to_le_bytes().repeat(shape.iter().product())).collect();
        let views = all.iter().zip(&bytes).map(|((name, shape), bytes)| {
            (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).expect("fits"))
        });
        let tensors = serialize(views, None).expect("tensors");
        let net = network("x.yaml", example, "x.safetensors", &tensors);
        net.unwrap_or_else(|report| panic!("{example}\n{report}"));
    }
}
