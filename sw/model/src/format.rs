//! Network files: YAML as written, then a draft, then, with the tensors, a checked graph.
//!
//! Reading takes two steps because a file names another: [`Written::parse`] tells which safetensors file is
//! needed, the caller opens it, and [`Written::with_weights`] makes the graph. Each step reports all that is
//! wrong. Keys and defaults are those of the network format; the rules behind them are in
//! [`draft`](crate::draft) and [`parameters`].

use crate::draft::{Doubts, Draft, Fault, LayerDraft, MAX_EXTENT};
use crate::graph::{Graph, Input, Layer, Padding, Parameters, Shape};
use crate::parameters;
use crate::weights::Weights;
use crate::yaml::{Fields, Reader};
use spec::error::{nearest, Report};
use spec::op::Op;
use spec::yaml::{Node, Place};
use std::collections::HashMap;

/// What the key `format` must say.
pub const FORMAT: &str = "nasa-network/1";

const STAGE: &str = "network";
/// Keys of a network file.
pub const NETWORK_KEYS: &[&str] = &["format", "name", "weights", "input", "classes", "layers", "output"];
/// Keys of its `input`.
pub const INPUT_KEYS: &[&str] = &["shape", "scale", "mean", "std"];
/// Keys of a layer.
pub const LAYER_KEYS: &[&str] =
    &["name", "op", "input", "residual", "out_channels", "kernel", "stride", "padding", "groups", "clamp"];

/// A network file whose structure is sound; its tensors are still to come.
pub struct Written {
    file: String,
    text: String,
    weights: String,
    draft: Draft,
    layers: Vec<Layer>,
    places: Places,
}

/// Where the keys of the network (first) and of each layer stand.
#[derive(Default)]
struct Places {
    network: HashMap<&'static str, Place>,
    layers: Vec<HashMap<&'static str, Place>>,
}

impl Places {
    fn of(&self, fault: &Fault) -> Place {
        let keys = fault.layer.map_or(Some(&self.network), |i| self.layers.get(i));
        let place = |key: &str| keys.and_then(|keys| keys.get(key)).copied();
        place(fault.key).or_else(|| place("name")).unwrap_or(Place { line: 1, column: 1 })
    }
}

impl Written {
    /// Reads `text`, which `file` holds. The file's name is only for messages.
    pub fn parse(file: &str, text: &str) -> Result<Written, Report> {
        let mut reader = Reader::new(STAGE, file, text);
        let (mut places, mut doubts) = (Places::default(), Doubts::default());
        let read = reader.parse().and_then(|node| network(&mut reader, &node, &mut places, &mut doubts));
        let Some((draft, weights)) = read else {
            return Err(reader.report);
        };
        match draft.check() {
            Ok(layers) if reader.report.0.is_empty() => {
                Ok(Written { file: file.into(), text: text.into(), weights, draft, layers, places })
            }
            _ => {
                report(&mut reader, &draft.check_despite(&doubts), &places);
                Err(reader.report)
            }
        }
    }

    /// Name of the safetensors file, relative to the network file.
    pub fn weights_file(&self) -> &str {
        &self.weights
    }

    /// The layers with their shapes; their parameters are empty.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// What was read, for makers of tensors.
    pub(crate) fn into_draft(self) -> Draft {
        self.draft
    }

    /// The graph with the tensors of `bytes`, which the safetensors file `weights_file` holds.
    pub fn with_weights(mut self, weights_file: &str, bytes: &[u8]) -> Result<Graph, Report> {
        let weights = Weights::parse(weights_file, bytes)?;
        let mut reader = Reader::new(STAGE, &self.file, &self.text);
        for (i, layer) in self.layers.iter_mut().enumerate() {
            let missing = weights.fill(i, layer);
            let faults = if missing.is_empty() { parameters::check(i, layer) } else { missing };
            report(&mut reader, &faults, &self.places);
        }
        reader.report.or(())?;
        Ok(Graph::assemble(self.draft, self.layers))
    }
}

fn report(reader: &mut Reader<'_>, faults: &[Fault], places: &Places) {
    for fault in faults {
        reader.fault(places.of(fault), &fault.message, &fault.note);
        if let Some(help) = &fault.help {
            reader.help(help);
        }
    }
}

/// The draft and the name of its safetensors file; what could not be read holds a place and is doubted.
fn network(
    reader: &mut Reader<'_>,
    node: &Node,
    places: &mut Places,
    doubts: &mut Doubts,
) -> Option<(Draft, String)> {
    let fields = reader.fields(node, "the network", NETWORK_KEYS)?;
    places.network = NETWORK_KEYS.iter().map(|key| (*key, fields.place_of(key))).collect();
    check_format(reader, &fields);
    let name = required_text(reader, &fields, "name").unwrap_or_default();
    let weights = required_text(reader, &fields, "weights").unwrap_or_default();
    let input = reader.required(&fields, "input").and_then(|node| input(reader, node));
    doubts.input = input.is_none();
    let nothing = Input { shape: Shape::default(), scale: 1.0, mean: Vec::new(), std: Vec::new() };
    let classes = fields.get("classes").and_then(|node| {
        let items = reader.list(node, "classes")?;
        items.iter().map(|item| reader.text(item, "classes")).collect()
    });
    let items = reader.required(&fields, "layers").and_then(|node| reader.list(node, "layers"))?;
    let layers = items.iter().enumerate().map(|(i, item)| layer(reader, i, item, places, doubts)).collect();
    let output = fields.get("output").and_then(|node| reader.text(node, "output"));
    let input = input.unwrap_or(nothing);
    Some((Draft { name, input, classes: classes.unwrap_or_default(), layers, output }, weights))
}

fn check_format(reader: &mut Reader<'_>, fields: &Fields<'_>) {
    if let Some(format) = required_text(reader, fields, "format").filter(|format| format != FORMAT) {
        let message = format!("unknown format `{format}`");
        reader.fault(fields.place_of("format"), message, format!("this program reads `{FORMAT}`"));
        reader.help(format!("write format: {FORMAT}"));
    }
}

fn input(reader: &mut Reader<'_>, node: &Node) -> Option<Input> {
    let fields = reader.fields(node, "`input`", INPUT_KEYS)?;
    let shape = reader.required(&fields, "shape");
    let shape = shape.and_then(|node| reader.ints(node, "shape", extents(), &[3]));
    let scale = reader.required(&fields, "scale").and_then(|node| positive(reader, node, "scale"));
    let channels = shape.as_ref().map(|shape| shape[0] as usize);
    let mean = per_channel(reader, &fields, "mean", channels, 0.0, Reader::number);
    let std = per_channel(reader, &fields, "std", channels, 1.0, positive);
    let shape = shape?;
    let shape = Shape::new(shape[0] as usize, shape[1] as usize, shape[2] as usize);
    Some(Input { shape, scale: scale?, mean: mean?, std: std? })
}

/// One number a channel; `default` where `key` is not written.
fn per_channel<'a>(
    reader: &mut Reader<'a>,
    fields: &Fields<'_>,
    key: &str,
    channels: Option<usize>,
    default: f64,
    number: fn(&mut Reader<'a>, &Node, &str) -> Option<f64>,
) -> Option<Vec<f64>> {
    let Some(node) = fields.get(key) else {
        return Some(vec![default; channels?]);
    };
    let items = reader.list(node, key)?;
    if channels.is_some_and(|channels| channels != items.len()) {
        let note = format!("this has {}, the input has {} channels", items.len(), channels.unwrap_or(0));
        reader.fault(node.place, format!("`{key}` must have one number a channel"), note);
        reader.help(format!("write {} numbers, or leave `{key}` out", channels.unwrap_or(0)));
        return None;
    }
    items.iter().map(|item| number(reader, item, key)).collect()
}

fn positive(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<f64> {
    let number = reader.number(node, key)?;
    if number > 0.0 {
        return Some(number);
    }
    reader.fault(node.place, format!("`{key}` must be more than 0"), format!("this is {number}"));
    reader.help("write a positive number; 1 changes nothing");
    None
}

/// Layer `i`; doubted where anything about it was wrong.
fn layer(
    reader: &mut Reader<'_>,
    i: usize,
    node: &Node,
    places: &mut Places,
    doubts: &mut Doubts,
) -> LayerDraft {
    let before = reader.report.0.len();
    let fields = reader.fields(node, &format!("layer {}", i + 1), LAYER_KEYS);
    let place = |key: &&'static str| Some((*key, fields.as_ref()?.place_of(key)));
    places.layers.push(LAYER_KEYS.iter().filter_map(place).collect());
    let layer = fields.map(|fields| layer_of(reader, &fields));
    if reader.report.0.len() > before {
        doubts.layers.push(i);
    }
    layer.unwrap_or_else(|| LayerDraft {
        name: String::new(),
        op: Op::ALL[0],
        input: "input".into(),
        residual: None,
        out_channels: 1,
        kernel: [1, 1],
        stride: [1, 1],
        padding: Padding::default(),
        groups: 1,
        clamp: (-128, 127),
        parameters: Parameters::default(),
    })
}

/// The layer of `fields`, with the format's defaults; also where a value that must be written is wrong.
fn layer_of(reader: &mut Reader<'_>, fields: &Fields<'_>) -> LayerDraft {
    let name = required_text(reader, fields, "name");
    let op = reader.required(fields, "op").and_then(|node| op(reader, node));
    let input = required_text(reader, fields, "input");
    let residual = fields.get("residual").and_then(|node| reader.text(node, "residual"));
    let out_channels = reader.required(fields, "out_channels");
    let out_channels = out_channels.and_then(|node| reader.int(node, "out_channels", extents()));
    let kernel = reader.required(fields, "kernel");
    let kernel = kernel.and_then(|node| reader.ints(node, "kernel", extents(), &[2]));
    let stride = fields.get("stride").and_then(|node| reader.ints(node, "stride", extents(), &[2]));
    let padding = fields.get("padding");
    let padding = padding.and_then(|node| reader.ints(node, "padding", 0..=MAX_EXTENT as i64, &[2, 4]));
    let groups = fields.get("groups").and_then(|node| reader.int(node, "groups", extents()));
    let clamp = fields.get("clamp").and_then(|node| reader.ints(node, "clamp", -128..=127, &[2]));
    let clamp = clamp.unwrap_or(vec![-128, 127]);
    LayerDraft {
        name: name.unwrap_or_default(),
        op: op.unwrap_or(Op::ALL[0]),
        input: input.unwrap_or("input".into()),
        residual,
        out_channels: out_channels.unwrap_or(1) as usize,
        kernel: pair(kernel),
        stride: pair(stride),
        padding: sides(padding.unwrap_or(vec![0, 0])).into(),
        groups: groups.unwrap_or(1) as usize,
        clamp: (clamp[0] as i8, clamp[1] as i8),
        parameters: Parameters::default(),
    }
}

/// The op that `node` names.
pub fn op(reader: &mut Reader<'_>, node: &Node) -> Option<Op> {
    let name = reader.text(node, "op")?;
    let op = Op::from_name(&name);
    if op.is_none() {
        let names: Vec<&str> = Op::ALL.iter().map(|op| op.name()).collect();
        reader.fault(node.place, format!("unknown op `{name}`"), format!("known ops: {}", names.join(", ")));
        let near = nearest(&name, names).map(|best| format!("did you mean `{best}`?"));
        reader.help(near.unwrap_or("write one of them".into()));
    }
    op
}

fn extents() -> std::ops::RangeInclusive<i64> {
    1..=MAX_EXTENT as i64
}

/// Rows and columns; 1 and 1 where they are not said.
fn pair(numbers: Option<Vec<i64>>) -> [usize; 2] {
    numbers.map_or([1, 1], |numbers| [numbers[0] as usize, numbers[1] as usize])
}

/// Top, left, bottom, right from either spelling.
fn sides(numbers: Vec<i64>) -> [usize; 4] {
    std::array::from_fn(|side| numbers[side % numbers.len()] as usize)
}

fn required_text(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Option<String> {
    reader.required(fields, key).and_then(|node| reader.text(node, key))
}
