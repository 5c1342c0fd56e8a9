//! From the bytes of an ONNX file to a graph whose nodes, constants, input and output are known: what can be told
//! without knowing what any op does. Nodes that the output does not depend on are left out.

use super::constant::{file_of, type_name, Beside, Constant};
use super::node::Node;
use super::proto::{AttributeProto, DimensionProto, GraphProto, ModelProto, TensorProto, ValueInfoProto};
use model::draft::{MAX_ELEMENTS, MAX_EXTENT};
use model::Shape;
use prost::Message;
use spec::error::{grouped, Diagnostic, Report};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::RangeInclusive;

/// Versions of ONNX's ops that are known.
pub const OPSETS: RangeInclusive<i64> = 7..=27;

/// The domain of our ops, which ONNX does not have.
const DOMAIN: &str = "nasa";

/// A graph, read.
pub struct OnnxGraph {
    /// The file's name, for messages.
    pub file: String,
    /// Version of ONNX's ops.
    pub opset: i64,
    /// In topological order; those alone that the output depends on, constants aside.
    pub nodes: Vec<Node>,
    /// By the name of their value.
    pub constants: HashMap<String, Constant>,
    /// What the network is fed.
    pub input: Input,
    /// Name of the value that is the result.
    pub output: String,
    /// How often each value is read, by nodes or as the result.
    pub uses: HashMap<String, usize>,
}

/// What a network is fed.
pub struct Input {
    /// Name of the value.
    pub name: String,
    /// Of an image.
    pub shape: Shape,
    /// Whether it has no rows and columns.
    pub is_flat: bool,
    /// How many images a run takes, where the file says it.
    pub batch: Option<usize>,
}

/// The names of the files beside a model that hold tensors of it; none where the model is not readable.
pub fn files_beside(bytes: &[u8]) -> BTreeSet<String> {
    let graph = ModelProto::decode(bytes).ok().and_then(|model| model.graph);
    let names = graph.iter().flat_map(|graph| &graph.initializer).filter_map(file_of);
    names.map(String::from).collect()
}

/// Reads `bytes`, which `file` holds, with the files `beside` it.
///
/// # Errors
/// Everything about the file that is not as an import needs it, ops aside.
pub fn read(file: &str, bytes: &[u8], beside: &Beside) -> Result<OnnxGraph, Report> {
    let error = |message: &str| Diagnostic::new("import", message).in_file(file);
    let length = || format!("the file has {} bytes", grouped(bytes.len()));
    let model = ModelProto::decode(bytes).map_err(|why| {
        let fault = error("not readable as ONNX; truncated, or another kind of file").note(why.to_string());
        Report::from(fault.note(length()).help("export the model again"))
    })?;
    let Some(graph) = model.graph.as_ref().filter(|graph| !graph.node.is_empty()) else {
        let fault = error("there is no graph in this model; truncated, or another kind of file");
        return Err(fault.note(length()).help("export the model again").into());
    };
    let mut reader = Reader { file, beside, report: Report::default() };
    let (nodes, uses) = needed(graph);
    let opset = reader.opset(&model);
    let constants = reader.constants(graph, &nodes);
    let input = reader.input(graph);
    let output = reader.output(graph);
    let nodes = nodes.into_iter().filter(|node| node.op() != "Constant").collect();
    match (opset, input, output) {
        (Some(opset), Some(input), Some(output)) => {
            reader.report.or(OnnxGraph { file: file.into(), opset, nodes, constants, input, output, uses })
        }
        _ => Err(reader.report),
    }
}

/// The nodes that the output depends on, and how often each value is read, by them or as the result.
fn needed(graph: &GraphProto) -> (Vec<Node>, HashMap<String, usize>) {
    let mut uses: HashMap<String, usize> = HashMap::new();
    for output in &graph.output {
        *uses.entry(output.name.clone()).or_default() += 1;
    }
    let mut nodes = Vec::new();
    for (i, proto) in graph.node.iter().enumerate().rev() {
        if proto.output.iter().any(|name| uses.contains_key(name)) {
            for name in proto.input.iter().filter(|name| !name.is_empty()) {
                *uses.entry(name.clone()).or_default() += 1;
            }
            nodes.push(Node::new(i, proto.clone()));
        }
    }
    nodes.reverse();
    (nodes, uses)
}

struct Reader<'a> {
    file: &'a str,
    beside: &'a Beside,
    report: Report,
}

impl Reader<'_> {
    fn fault(&mut self, message: String, note: String, help: impl Into<String>) {
        let fault = Diagnostic::new("import", message).in_file(self.file).note(note);
        self.report.push(fault.help(help));
    }

    /// The version of ONNX's ops; that of ours must be the one that there is.
    fn opset(&mut self, model: &ModelProto) -> Option<i64> {
        if let Some(ours) = model.opset_import.iter().find(|set| set.domain == DOMAIN && set.version != 1) {
            let message = format!("opset {} of the domain `{DOMAIN}` is not supported", ours.version);
            self.fault(
                message,
                "there is version 1".into(),
                format!("import helper.make_opsetid(\"{DOMAIN}\", 1)"),
            );
        }
        let version = model
            .opset_import
            .iter()
            .find(|set| matches!(set.domain.as_str(), "" | "ai.onnx"))
            .map(|set| set.version);
        let (first, last) = (OPSETS.start(), OPSETS.end());
        match version {
            Some(version) if OPSETS.contains(&version) => return Some(version),
            Some(version) => self.fault(
                format!("opset {version} is not supported"),
                format!("opsets {first} to {last} are"),
                "export with opset_version=17, or onnx.version_converter.convert_version(model, 17)",
            ),
            None => self.fault(
                "the model does not say which opset it uses; truncated, or another kind of file".into(),
                format!("needs one of {first} to {last}"),
                "export the model again",
            ),
        }
        None
    }

    /// The constants that `nodes` read.
    fn constants(&mut self, graph: &GraphProto, nodes: &[Node]) -> HashMap<String, Constant> {
        let read: HashSet<&str> =
            nodes.iter().flat_map(|node| &node.proto.input).map(String::as_str).collect();
        let of_graph = graph.initializer.iter().map(|tensor| (tensor.name.clone(), tensor.clone()));
        let constants = nodes.iter().filter(|node| node.op() == "Constant");
        let of_nodes = constants.filter_map(|node| Some((node.output().to_string(), written(node)?)));
        let mut found = HashMap::new();
        for (name, tensor) in of_graph.filter(|(name, _)| read.contains(name.as_str())).chain(of_nodes) {
            match Constant::new(&tensor, self.beside) {
                Ok(constant) => {
                    found.insert(name, constant);
                }
                Err((what, help)) => self.fault(format!("constant `{name}` cannot be read"), what, help),
            }
        }
        found
    }

    /// The one value that the network is fed.
    fn input(&mut self, graph: &GraphProto) -> Option<Input> {
        let is_constant =
            |value: &ValueInfoProto| graph.initializer.iter().any(|tensor| tensor.name == value.name);
        let inputs: Vec<&ValueInfoProto> = graph.input.iter().filter(|value| !is_constant(value)).collect();
        let [input] = inputs[..] else {
            let names: Vec<&str> = inputs.iter().map(|value| value.name.as_str()).collect();
            let message = format!("the model has {} inputs, a network has one", inputs.len());
            self.fault(message, format!("inputs: {}", names.join(", ")), ONE_PATH);
            return None;
        };
        let tensor = input.r#type.as_ref().and_then(|found| found.tensor_type.as_ref());
        let name = &input.name;
        let element = tensor.map_or(0, |tensor| tensor.elem_type);
        if !matches!(element, 1 | 3) {
            let note = format!("its elements are {}", type_name(element));
            self.fault(
                format!("input `{name}` is neither float32 nor int8"),
                note,
                "convert the model to float32",
            );
            return None;
        }
        let dims = tensor.and_then(|tensor| tensor.shape.as_ref()).map_or(&[][..], |shape| &shape.dim);
        self.shape(name, dims)
    }

    /// The input called `name`, of `dims`: images, channels, rows and columns, or images and numbers.
    fn shape(&mut self, name: &str, dims: &[DimensionProto]) -> Option<Input> {
        let known = |dim: &DimensionProto| {
            dim.dim_value.and_then(|size| usize::try_from(size).ok()).filter(|n| *n > 0)
        };
        let word = |dim: &DimensionProto| match (dim.dim_value, &dim.dim_param) {
            (Some(size), _) => size.to_string(),
            (None, Some(word)) if !word.is_empty() => word.clone(),
            _ => "?".into(),
        };
        let written = format!("its shape is [{}]", dims.iter().map(word).collect::<Vec<_>>().join(", "));
        if !matches!(dims.len(), 2 | 4) {
            let message = format!("input `{name}` is no batch of images");
            self.fault(
                message,
                written,
                "give it the shape [N, C, H, W], or [N, C] for numbers without rows",
            );
            return None;
        }
        let sizes: Option<Vec<usize>> = dims[1..].iter().map(known).collect();
        let Some(sizes) = sizes else {
            let message = format!("input `{name}` has dynamic dimensions besides its number of images");
            let fixed = if dims.len() == 4 { "1,C,H,W" } else { "1,C" };
            let help = format!(
                "export with fixed sizes, or: python -m onnxruntime.tools.make_dynamic_shape_fixed \
                 --input_name {name} --input_shape {fixed} MODEL FIXED"
            );
            self.fault(message, written, help);
            return None;
        };
        let of = |i: usize| sizes.get(i).copied().unwrap_or(1);
        let shape = Shape::new(of(0), of(1), of(2));
        if sizes.iter().any(|size| *size > MAX_EXTENT) || shape.elements() > MAX_ELEMENTS {
            self.fault(format!("input `{name}` is too large"), written, "feed smaller images");
            return None;
        }
        Some(Input { name: name.into(), shape, is_flat: dims.len() == 2, batch: known(&dims[0]) })
    }

    /// The one value that is the result.
    fn output(&mut self, graph: &GraphProto) -> Option<String> {
        if let [output] = &graph.output[..] {
            return Some(output.name.clone());
        }
        let names: Vec<&str> = graph.output.iter().map(|value| value.name.as_str()).collect();
        let message = format!("the model has {} outputs, a network has one", names.len());
        self.fault(message, format!("outputs: {}", names.join(", ")), ONE_PATH);
        None
    }
}

const ONE_PATH: &str = "cut one path out: onnx.utils.extract_model(MODEL, PART, [input], [output])";

/// The constant that a `Constant` node writes out.
fn written(node: &Node) -> Option<TensorProto> {
    let numbers = |dims: &[i64], data: &[i64]| TensorProto {
        dims: dims.to_vec(),
        data_type: 7,
        int64_data: data.to_vec(),
        ..TensorProto::default()
    };
    let reals = |dims: &[i64], data: &[f32]| TensorProto {
        dims: dims.to_vec(),
        data_type: 1,
        float_data: data.to_vec(),
        ..TensorProto::default()
    };
    let attribute: &AttributeProto = node.proto.attribute.first()?;
    match attribute.name.as_str() {
        "value" => attribute.t.clone(),
        "value_int" => Some(numbers(&[], &[attribute.i])),
        "value_ints" => Some(numbers(&[attribute.ints.len() as i64], &attribute.ints)),
        "value_float" => Some(reals(&[], &[attribute.f])),
        "value_floats" => Some(reals(&[attribute.floats.len() as i64], &attribute.floats)),
        _ => None,
    }
}
