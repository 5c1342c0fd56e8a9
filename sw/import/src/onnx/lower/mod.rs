//! Nodes become layers, or parts of layers: a batch norm, a bias, a sum with another map or a clip goes into the
//! layer before it where nobody else reads what is between; where somebody does, it becomes a layer of its own, a
//! convolution of one weight 1 a channel.
//!
//! An op is a row of [`OPS`] and a function in one of the files here.

mod elements;
mod linear;
mod names;
mod quantised;
mod shapes;
mod windows;

use super::constant::Constant;
use super::node::{Node, Unfit};
use super::read::OnnxGraph;
use crate::float::{FloatInput, FloatLayer, FloatNet, Weights};
use model::graph::Padding;
use model::Shape;
use names::Names;
use spec::error::{Diagnostic, Report};
use std::collections::HashMap;

type Rule = fn(&mut Lowering<'_>, &Node) -> Result<Value, Unfit>;

/// Every op that is imported, with how.
const OPS: &[(&str, Rule)] = &[
    ("Conv", windows::conv),
    ("nasa::Shift", windows::shift),
    ("nasa::Adder", windows::adder),
    ("GlobalAveragePool", windows::global_average),
    ("AveragePool", windows::average),
    ("ReduceMean", windows::mean),
    ("Gemm", linear::gemm),
    ("MatMul", linear::matmul),
    ("BatchNormalization", elements::norm),
    ("Add", elements::add),
    ("Relu", elements::relu),
    ("Clip", elements::clip),
    ("Flatten", shapes::flatten),
    ("Reshape", shapes::reshape),
    ("Squeeze", shapes::squeeze),
    ("Pad", shapes::pad),
    ("Identity", shapes::identity),
    ("Dropout", shapes::identity),
    ("QuantizeLinear", quantised::quantise),
    ("DequantizeLinear", quantised::dequantise),
];

/// The ops that are imported.
pub fn ops() -> impl Iterator<Item = &'static str> {
    OPS.iter().map(|(op, _)| *op)
}

/// What is known of a value of the graph.
#[derive(Clone, Debug)]
enum Value {
    /// All of it.
    Constant(Constant),
    /// Who makes it.
    Map(Map),
    /// Nothing: the fault that hides it has been reported.
    Unknown,
}

/// A value that differs from image to image.
#[derive(Clone, Copy, Debug)]
struct Map {
    /// Of the network of real numbers: 0 is its input, `i + 1` the output of layer `i`.
    value: usize,
    /// Of an image.
    shape: Shape,
    /// Whether the graph has it as `[N, C * H * W]`.
    is_flat: bool,
    /// Zeros around it that the next window reads.
    pads: Padding,
    /// Whether the node that reads it now is the only one to see what its layer makes.
    is_exclusive: bool,
}

/// A graph on its way to layers.
struct Lowering<'g> {
    graph: &'g OnnxGraph,
    values: HashMap<String, Value>,
    input: FloatInput,
    layers: Vec<FloatLayer>,
    names: Names,
    /// Quantised values whose zero point our numbers cannot have, with what they are.
    asymmetric: Vec<String>,
}

/// Lowers a graph whose ops are all known.
///
/// # Errors
/// All nodes that no layer can compute.
pub fn lower(graph: &OnnxGraph) -> Result<FloatNet, Report> {
    let mut lowering = Lowering::new(graph);
    let mut report = Report::default();
    for node in &graph.nodes {
        let value = lowering.node(node).unwrap_or_else(|unfit| {
            report.push(fault(graph, node, unfit));
            Value::Unknown
        });
        lowering.values.insert(node.output().to_string(), value);
    }
    report.0.extend(lowering.zero_points());
    let output = lowering.output();
    let Lowering { input, layers, .. } = lowering;
    report.or(())?;
    let (file, classes) = (graph.file.clone(), Vec::new());
    output
        .map(|output| FloatNet { file, input, classes, layers, output })
        .map_err(|(message, help)| Diagnostic::new("import", message).in_file(&graph.file).help(help).into())
}

fn fault(graph: &OnnxGraph, node: &Node, unfit: Unfit) -> Diagnostic {
    let message = format!("{} `{}`: {}", node.op(), node.name, unfit.message);
    let fault = Diagnostic::new("import", message).in_file(&graph.file).help(unfit.help);
    match unfit.note {
        Some(note) => fault.note(note),
        None => fault,
    }
}

impl<'g> Lowering<'g> {
    fn new(graph: &'g OnnxGraph) -> Lowering<'g> {
        let constants = graph.constants.iter();
        let mut values: HashMap<String, Value> =
            constants.map(|(name, constant)| (name.clone(), Value::Constant(constant.clone()))).collect();
        let input = &graph.input;
        let map = Map {
            value: 0,
            shape: input.shape,
            is_flat: input.is_flat,
            pads: Padding::default(),
            is_exclusive: false,
        };
        values.insert(input.name.clone(), Value::Map(map));
        let input = FloatInput { shape: input.shape, step: None };
        Lowering { graph, values, input, layers: Vec::new(), names: Names::default(), asymmetric: Vec::new() }
    }

    fn node(&mut self, node: &Node) -> Result<Value, Unfit> {
        for name in node.proto.input.iter().filter(|name| !name.is_empty()) {
            match self.values.get(name) {
                Some(Value::Unknown) => return Ok(Value::Unknown),
                Some(_) => {}
                None => {
                    let what = format!("it reads `{name}`, which nothing before it makes");
                    return Err(Unfit::new(what, "sort the nodes, or export the model again"));
                }
            }
        }
        let rule = OPS.iter().find(|(op, _)| *op == node.op());
        rule.map_or(Ok(Value::Unknown), |(_, rule)| rule(self, node))
    }

    /// The value that is the network's result.
    fn output(&self) -> Result<usize, (&'static str, &'static str)> {
        match self.values.get(&self.graph.output) {
            Some(Value::Map(map)) if map.value > 0 && map.pads == Padding::default() => Ok(map.value),
            Some(Value::Map(map)) if map.value > 0 => {
                Err(("the output is padded", "pad before a convolution only"))
            }
            Some(Value::Map(_)) => {
                Err(("no layer stands between input and output", "export a model with layers"))
            }
            _ => Err(("the output is the result of no layer", "export the model again")),
        }
    }

    /// The `i`-th input of `node`, which must be a map, as nodes that pad nothing read it.
    fn map(&self, node: &Node, i: usize) -> Result<Map, Unfit> {
        let map = self.padded_map(node, i)?;
        match map.pads == Padding::default() {
            true => Ok(map),
            false => Err(Unfit::new(
                "it reads a padded map",
                "pad before a convolution or an average only, or let the convolution pad",
            )),
        }
    }

    /// The `i`-th input of `node`, which must be a map.
    fn padded_map(&self, node: &Node, i: usize) -> Result<Map, Unfit> {
        match node.input(i).and_then(|name| self.values.get(name)) {
            Some(Value::Map(map)) => Ok(*map),
            _ => Err(Unfit::new(
                format!("its input {i} is a constant"),
                "run onnxsim on the model, which folds constants",
            )),
        }
    }

    /// The `i`-th input of `node`, which must be a constant.
    fn constant(&self, node: &Node, i: usize, what: &str) -> Result<&Constant, Unfit> {
        match node.input(i).and_then(|name| self.values.get(name)) {
            Some(Value::Constant(constant)) => Ok(constant),
            Some(_) => Err(Unfit::new(
                format!("its {what} is computed"),
                "run onnxsim on the model, which folds what does not depend on the image",
            )),
            None => Err(Unfit::new(format!("it has no {what}"), "export the model again")),
        }
    }

    /// The constant that the `i`-th input is, where it is written.
    fn optional(&self, node: &Node, i: usize, what: &str) -> Result<Option<&Constant>, Unfit> {
        node.input(i).map(|_| self.constant(node, i, what)).transpose()
    }

    /// Whole numbers: the constant that the `i`-th input is, or the attribute of that name.
    fn list(&self, node: &Node, i: usize, name: &str) -> Result<Vec<i64>, Unfit> {
        Ok(match self.optional(node, i, &format!("list of {name}"))? {
            Some(constant) => constant.as_whole().unwrap_or_default().to_vec(),
            None => node.ints(name).unwrap_or_default().to_vec(),
        })
    }

    /// [`Lowering::list`] of axes of a map, of which some may be counted from the last one back.
    fn axes(&self, node: &Node, i: usize) -> Result<Vec<i64>, Unfit> {
        let axes = self.list(node, i, "axes")?;
        Ok(axes.into_iter().map(|axis| if axis < 0 { axis.saturating_add(4) } else { axis }).collect())
    }

    /// Whether `node` alone reads what it gives.
    fn is_read_once(&self, node: &Node) -> bool {
        self.graph.uses.get(node.output()) == Some(&1)
    }

    /// `map` under the name of the output of `node`.
    fn passed(&self, node: &Node, map: Map) -> Value {
        Value::Map(Map { is_exclusive: map.is_exclusive && self.is_read_once(node), ..map })
    }

    /// The layer that makes `map`, where it may still change.
    fn open(&mut self, map: &Map) -> Option<&mut FloatLayer> {
        let is_open = map.is_exclusive && map.pads == Padding::default();
        map.value.checked_sub(1).filter(|_| is_open).map(|i| &mut self.layers[i])
    }

    /// A new layer for `node`, and its output. The layer's name is made here.
    fn push(&mut self, node: &Node, layer: FloatLayer, is_flat: bool) -> Map {
        let shape = layer.out_shape;
        let weights = node.input(1).filter(|_| layer.weights != Weights::Ones);
        self.layers.push(FloatLayer { name: self.names.layer(node, weights), ..layer });
        let is_exclusive = self.is_read_once(node);
        Map { value: self.layers.len(), shape, is_flat, pads: Padding::default(), is_exclusive }
    }

    /// A layer that hands `map` on as it is, to be changed by `node`.
    fn identity(&mut self, node: &Node, map: &Map) -> Map {
        let channels = map.shape.c;
        let layer = FloatLayer { groups: channels, out_shape: map.shape, ..windows::blank(map, channels) };
        self.push(node, layer, map.is_flat)
    }
}
