//! Writes a graph back: the YAML text and the safetensors bytes of a network, as
//! [`Written`](crate::format::Written) reads them. Defaults are written out, so a file says all that holds.

use crate::format::FORMAT;
use crate::graph::{Graph, Layer, Parameters};
use safetensors::tensor::{serialize, TensorView};
use safetensors::{Dtype, SafeTensorError};
use std::fmt::Write;

/// The YAML text of `graph`, naming `weights_file` as the file of its tensors.
pub fn yaml(graph: &Graph, weights_file: &str) -> String {
    let mut text =
        format!("format: {FORMAT}\nname: {}\nweights: {}\n", quoted(&graph.name), quoted(weights_file));
    let input = &graph.input;
    let (shape, scale) = (input.shape, input.scale);
    let (mean, std) = (&input.mean, &input.std);
    // Debug prints the shortest text that reads back as the same float.
    push(&mut text, format!("input: {{shape: {shape}, scale: {scale:?}, mean: {mean:?}, std: {std:?}}}"));
    if !graph.classes.is_empty() {
        let classes: Vec<String> = graph.classes.iter().map(|class| quoted(class)).collect();
        push(&mut text, format!("classes: [{}]", classes.join(", ")));
    }
    push(&mut text, "layers:".into());
    for (_, layer) in graph.layers() {
        push_layer(&mut text, graph, layer);
    }
    push(&mut text, format!("output: {}", quoted(&graph.layer(graph.output).name)));
    text
}

/// The safetensors file of `graph`. It cannot fail for a checked graph; the error is the crate's own.
pub fn safetensors(graph: &Graph) -> Result<Vec<u8>, SafeTensorError> {
    let tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> =
        graph.layers().flat_map(|(_, layer)| layer_tensors(layer)).collect();
    let mut views = Vec::with_capacity(tensors.len());
    for (name, dtype, shape, data) in &tensors {
        views.push((name.as_str(), TensorView::new(*dtype, shape.clone(), data)?));
    }
    serialize(views, None)
}

fn push(text: &mut String, line: String) {
    text.push_str(&line);
    text.push('\n');
}

fn push_layer(text: &mut String, graph: &Graph, layer: &Layer) {
    let pad = layer.padding;
    let residual = layer.residual.map(|source| quoted(graph.source_name(source)));
    let lines = [
        ("name", Some(quoted(&layer.name))),
        ("op", Some(layer.op.name().into())),
        ("input", Some(quoted(graph.source_name(layer.input)))),
        ("residual", residual),
        ("out_channels", Some(layer.out_shape.c.to_string())),
        ("kernel", Some(format!("{:?}", layer.kernel))),
        ("stride", Some(format!("{:?}", layer.stride))),
        ("padding", Some(format!("{:?}", [pad.top, pad.left, pad.bottom, pad.right]))),
        ("groups", Some(layer.groups.to_string())),
        ("clamp", Some(format!("[{}, {}]", layer.clamp.0, layer.clamp.1))),
    ];
    let written = lines.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
    for (i, (key, value)) in written.enumerate() {
        push(text, format!("  {} {key}: {value}", if i == 0 { "-" } else { " " }));
    }
}

/// Name, type, shape and bytes of each tensor of `layer`.
fn layer_tensors(layer: &Layer) -> Vec<(String, Dtype, Vec<usize>, Vec<u8>)> {
    let Parameters { weight, bias, multiplier, shift, residual_multiplier, residual_shift } =
        &layer.parameters;
    let words = |values: &[i16]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut tensors = vec![
        ("weight", Dtype::I8, weight.iter().map(|value| *value as u8).collect()),
        ("bias", Dtype::I64, bias.iter().flat_map(|value| value.to_le_bytes()).collect()),
        ("multiplier", Dtype::I16, words(multiplier)),
        ("shift", Dtype::U8, shift.clone()),
    ];
    if layer.residual.is_some() {
        tensors.push(("residual_multiplier", Dtype::I16, words(residual_multiplier)));
        tensors.push(("residual_shift", Dtype::U8, residual_shift.clone()));
    }
    let shape = |tensor: &str| match tensor {
        "weight" => layer.weight_shape().to_vec(),
        _ => vec![layer.out_shape.c],
    };
    let name = |tensor: &str| format!("{}.{tensor}", layer.name);
    tensors.into_iter().map(|(tensor, dtype, data)| (name(tensor), dtype, shape(tensor), data)).collect()
}

/// `text` as a YAML scalar: bare where it is a plain word, else in double quotes.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain);
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if is_word && !reserved.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_string();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out + "\""
}
