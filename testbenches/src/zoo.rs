//! The trained networks of `sw/zoo`, with the images that lie beside them.

use model::format::Written;
use model::{npy, Graph, Tensor};
use std::path::Path;

/// The network `name` and its test images.
pub fn network(name: &str) -> (Graph, Tensor) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sw/zoo").join(name);
    let read = |file: &str| {
        let path = folder.join(file);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let file = format!("{name}.yaml");
    let text = String::from_utf8(read(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let written = Written::parse(&file, &text).unwrap_or_else(|report| panic!("{report}"));
    let tensors = read(written.weights_file());
    let graph = written.with_weights("weights", &tensors).unwrap_or_else(|report| panic!("{report}"));
    let images = npy::read("images.npy", &read("images.npy")).unwrap_or_else(|report| panic!("{report}"));
    (graph, images)
}
