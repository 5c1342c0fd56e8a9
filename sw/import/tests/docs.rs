//! `docs/import.md` has every op and every key.

use import::checkpoint::{FORMAT, INPUT_KEYS, KEYS, LAYER_KEYS};
use import::onnx::lower::ops;
use import::onnx::read::OPSETS;
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
