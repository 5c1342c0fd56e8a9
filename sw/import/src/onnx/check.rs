//! All ops of a graph that no layer computes, with the nodes that use them and what could be done about each.

use super::lower::ops;
use super::node::Node;
use super::read::OnnxGraph;
use spec::error::{nearest, Diagnostic, Report};
use std::collections::BTreeMap;

/// What can be done about an op that we do not have.
#[derive(Clone, Copy)]
enum Way {
    /// Layers that we have could take its place, the network then being another one, or written in another way.
    Lowered(&'static str),
    /// None of our layers comes near it.
    Replaced(&'static str),
}
use Way::{Lowered, Replaced};

/// Ops that models of images often have, and what to do about them.
const WAYS: &[(&str, Way)] = &[
    ("MaxPool", Replaced("train with a stride of 2, or with average pooling, in its place")),
    ("GlobalMaxPool", Replaced("train with global average pooling in its place")),
    ("Concat", Lowered("a convolution of each part, and the sum of them, compute what one of their concatenation does")),
    ("Split", Lowered("a convolution whose weights are 0 for the other channels reads a part of them")),
    ("Slice", Lowered("a convolution whose weights are 0 for the other channels reads a part of them")),
    ("Softmax", Lowered("cut it off: the largest output stays the largest")),
    ("LogSoftmax", Lowered("cut it off: the largest output stays the largest")),
    ("ArgMax", Lowered("cut it off: `nasa` reports the largest output as the class")),
    ("Mul", Lowered("multiplication by a constant can be folded: run onnxsim on the model, or scale the weights before it")),
    ("Div", Lowered("division by a constant can be folded: scale the weights before or after it, or use --mean and --std")),
    ("Sub", Lowered("subtraction of a constant is an Add; of an image's mean: use --mean and --std")),
    ("Sum", Lowered("write it as Add, two values each")),
    ("InstanceNormalization", Replaced("train with batch norm in its place")),
    ("LayerNormalization", Replaced("train with batch norm in its place")),
    ("GroupNormalization", Replaced("train with batch norm in its place")),
    ("LeakyRelu", Replaced("train with ReLU in its place")),
    ("PRelu", Replaced("train with ReLU in its place")),
    ("Elu", Replaced("train with ReLU in its place")),
    ("Selu", Replaced("train with ReLU in its place")),
    ("Gelu", Replaced("train with ReLU in its place")),
    ("Erf", Replaced("train with ReLU in place of GELU")),
    ("Softplus", Replaced("train with ReLU in its place")),
    ("Sigmoid", Replaced("at the end cut it off, its order is that of its input; elsewhere train with ReLU in its place")),
    ("Tanh", Replaced("train with ReLU6 in its place")),
    ("HardSigmoid", Replaced("train with ReLU6 in its place")),
    ("HardSwish", Replaced("train with ReLU6 in its place")),
    ("ConvTranspose", Replaced("train without upsampling")),
    ("Resize", Replaced("train without it, or resize images before they are fed")),
    ("Upsample", Replaced("train without it, or resize images before they are fed")),
    ("Transpose", Lowered("export with channels first, so that nothing is transposed")),
    ("Shape", Lowered("shapes that are computed can be folded: export with a fixed batch, or run onnxsim on the model")),
    ("Gather", Lowered("shapes that are computed can be folded: export with a fixed batch, or run onnxsim on the model")),
    ("Unsqueeze", Lowered("shapes that are computed can be folded: export with a fixed batch, or run onnxsim on the model")),
    ("ConstantOfShape", Lowered("shapes that are computed can be folded: export with a fixed batch, or run onnxsim on the model")),
    ("Cast", Lowered("conversions of constants can be folded: run onnxsim on the model")),
    ("QLinearConv", Lowered("quantize again with quant_format=QuantFormat.QDQ")),
    ("QLinearMatMul", Lowered("quantize again with quant_format=QuantFormat.QDQ")),
    ("ConvInteger", Lowered("quantize again with quantize_static and quant_format=QuantFormat.QDQ")),
    ("MatMulInteger", Lowered("quantize again with quantize_static and quant_format=QuantFormat.QDQ")),
    ("DynamicQuantizeLinear", Lowered("quantize again with quantize_static, which fixes the scales")),
    ("LSTM", Replaced("recurrent networks are none of ours")),
    ("GRU", Replaced("recurrent networks are none of ours")),
];

/// Whether every op of `graph` is one that we have.
///
/// # Errors
/// All that are not, each with its nodes.
pub fn check(graph: &OnnxGraph) -> Result<(), Report> {
    let mut unknown: BTreeMap<String, Vec<&Node>> = BTreeMap::new();
    for node in &graph.nodes {
        if !ops().any(|op| op == node.op()) {
            unknown.entry(node.op()).or_default().push(node);
        }
    }
    let fault = |(op, nodes): (&String, &Vec<&Node>)| {
        let names: Vec<String> = nodes.iter().map(|node| format!("`{}`", node.name)).collect();
        let (message, help) = match WAYS.iter().find(|(name, _)| name == op) {
            Some((_, Lowered(how))) => {
                (format!("{op} is not imported, but could be lowered"), how.to_string())
            }
            Some((_, Replaced(how))) => (format!("{op} is none of our layers"), how.to_string()),
            None => (format!("{op} is none of our layers"), known(op)),
        };
        let s = if names.len() == 1 { "" } else { "s" };
        let fault = Diagnostic::new("import", message).in_file(&graph.file);
        fault.note(format!("node{s} {}", names.join(", "))).help(help)
    };
    Report(unknown.iter().map(fault).collect()).or(())
}

fn known(op: &str) -> String {
    match nearest(op, ops()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("ops that are imported: {}", ops().collect::<Vec<_>>().join(", ")),
    }
}
