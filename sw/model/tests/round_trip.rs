//! What is saved is read back the same, and nothing that is damaged brings the reader down.

// A test may panic anywhere.
#![allow(clippy::unwrap_used)]

use model::format::Written;
use model::graph::{Graph, Layer};
use model::random::{network, Knobs};
use model::save;
use spec::error::Report;
use spec::random::Rng;

fn read(yaml: &str, bytes: &[u8]) -> Result<Graph, Report> {
    Written::parse("n.yaml", yaml)?.with_weights("n.safetensors", bytes)
}

fn layers(graph: &Graph) -> Vec<&Layer> {
    graph.layers().map(|(_, layer)| layer).collect()
}

#[test]
fn saved_networks_are_read_back() {
    for seed in 0..100 {
        let mut draft = network(seed, &Knobs::default()).draft();
        draft.classes = vec!["t-shirt".into(), "yes".into(), "12".into(), "a \"b\" \\ \u{e9}\t: #".into()];
        draft.input.scale = 0.1 + seed as f64 / 3.0;
        let graph = Graph::new(draft).unwrap();
        let yaml = save::yaml(&graph, "n.safetensors");
        let again =
            read(&yaml, &save::safetensors(&graph).unwrap()).unwrap_or_else(|e| panic!("{e}\n{yaml}"));
        assert_eq!(layers(&again), layers(&graph), "seed {seed}");
        assert_eq!((&again.name, &again.input), (&graph.name, &graph.input), "seed {seed}");
        assert_eq!((&again.classes, again.output), (&graph.classes, graph.output), "seed {seed}");
    }
}

/// Every prefix, and many texts with one character changed: an error or a network, never a panic.
#[test]
fn damaged_texts_are_answered() {
    let graph = network(5, &Knobs::default());
    let (yaml, bytes) = (save::yaml(&graph, "n.safetensors"), save::safetensors(&graph).unwrap());
    let mut rng = Rng::new(1);
    for end in 0..yaml.len() {
        let _ = read(&yaml[..end], &bytes);
    }
    for _ in 0..3000 {
        let mut text: Vec<char> = yaml.chars().collect();
        let at = rng.bits() as usize % text.len();
        text[at] =
            *rng.choose(&['0', '9', '-', ':', '[', ']', '{', '"', ' ', '\n', '\t', 'x', '&', '*', '!']);
        let _ = read(&text.into_iter().collect::<String>(), &bytes);
    }
}

#[test]
fn damaged_tensors_are_answered() {
    let graph = network(5, &Knobs::default());
    let (yaml, bytes) = (save::yaml(&graph, "n.safetensors"), save::safetensors(&graph).unwrap());
    for end in 0..bytes.len() {
        assert!(read(&yaml, &bytes[..end]).is_err(), "{end} bytes");
    }
    let mut rng = Rng::new(2);
    for _ in 0..3000 {
        let mut bytes = bytes.clone();
        let at = rng.bits() as usize % bytes.len().min(900);
        bytes[at] = rng.bits() as u8;
        let _ = read(&yaml, &bytes);
    }
}

/// Deep nesting and aliases that multiply are refused, not followed.
#[test]
fn hostile_yaml_is_refused() {
    let mut bomb = String::from("a: &a0 [x, x]\n");
    for i in 1..40 {
        bomb += &format!("b{i}: &a{i} [*a{}, *a{}]\n", i - 1, i - 1);
    }
    for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(50_000), bomb] {
        assert!(Written::parse("n.yaml", &text).is_err());
    }
}
