//! Names of layers: those of their weights, as PyTorch has them (`layer1.0.conv1`), else of their nodes, without what
//! does not fit a file's name.

use super::super::node::Node;
use std::collections::HashSet;

/// The names that are taken.
#[derive(Default)]
pub struct Names {
    taken: HashSet<String>,
}

/// What exporters and quantisers append to the name of a weight.
const SUFFIXES: &[&str] = &[
    "_DequantizeLinear_Output",
    "_DequantizeLinear",
    "_dequantized",
    "_QuantizeLinear_Output",
    "_quantized",
];

impl Names {
    /// A name for the layer that `node` becomes, whose weights are called `weights`.
    pub fn layer(&mut self, node: &Node, weights: Option<&str>) -> String {
        let of_weights = weights.and_then(|name| {
            let plain = SUFFIXES.iter().fold(name, |name, suffix| name.strip_suffix(suffix).unwrap_or(name));
            plain
                .strip_suffix(".weight")
                .or_else(|| plain.strip_suffix(".adder"))
                .filter(|name| !name.is_empty())
        });
        let op = format!("/{}", node.proto.op_type);
        let of_node = node.name.strip_suffix(&op).filter(|name| !name.is_empty()).unwrap_or(&node.name);
        let name = fit(of_weights.unwrap_or(of_node));
        let mut candidates = std::iter::once(name.clone()).chain((2..).map(|i| format!("{name}_{i}")));
        let free = candidates.find(|name| name != "input" && !self.taken.contains(name)).unwrap_or(name);
        self.taken.insert(free.clone());
        free
    }
}

/// `name` as files may be called.
fn fit(name: &str) -> String {
    let inner = name.trim_matches(|c| c == '/' || c == '.');
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = inner.replace(['/', ':'], ".").chars().map(plain).take(100).collect();
    if name.is_empty() {
        "layer".into()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::proto::NodeProto;
    use super::*;

    #[test]
    fn names_are_those_of_the_weights_and_unique() {
        let mut names = Names::default();
        let mut name = |node: &str, weights| {
            let proto = NodeProto { name: node.into(), op_type: "Conv".into(), ..NodeProto::default() };
            names.layer(&Node::new(3, proto), weights)
        };
        assert_eq!(name("/layer1/conv/Conv", Some("layer1.0.conv1.weight")), "layer1.0.conv1");
        assert_eq!(
            name("/layer1/conv/Conv", Some("layer1.0.conv1.weight_DequantizeLinear_Output")),
            "layer1.0.conv1_2"
        );
        assert_eq!(name("/layer1/conv/Conv", Some("onnx::Conv_12")), "layer1.conv");
        assert_eq!(name("Conv_0", None), "Conv_0");
        assert_eq!(name("input", None), "input_2");
        assert_eq!(name("/../a b", None), "a_b");
    }
}
