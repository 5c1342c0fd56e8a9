//! `docs/network.md` says everything that a network file may hold, and its example is a network.

use model::format::{Written, INPUT_KEYS, LAYER_KEYS, NETWORK_KEYS};
use spec::op::Op;

const PAGE: &str = include_str!("../../../docs/network.md");

#[test]
fn every_key_and_op_is_described() {
    let ops: Vec<&str> = Op::ALL.iter().map(|op| op.name()).collect();
    for word in NETWORK_KEYS.iter().chain(INPUT_KEYS).chain(LAYER_KEYS).chain(&ops) {
        assert!(PAGE.contains(&format!("`{word}`")), "docs/network.md does not mention `{word}`");
    }
}

#[test]
fn the_example_is_a_network() {
    let (_, example) = PAGE.split_once("```yaml\n").expect("the page has an example");
    let (example, _) = example.split_once("```").expect("the example ends");
    let written = Written::parse("example.yaml", example).unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(written.layers().len(), 4);
    for key in NETWORK_KEYS.iter().chain(INPUT_KEYS).chain(LAYER_KEYS) {
        assert!(example.contains(&format!("{key}:")), "the example lacks `{key}`");
    }
}
