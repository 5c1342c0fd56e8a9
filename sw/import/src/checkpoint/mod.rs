//! Checkpoints of PyTorch: a YAML file that describes the layers, and a safetensors file with the tensors of a
//! `state_dict` under their own names. For networks with shift and adder layers, which ONNX has no ops for.
//!
//! Shapes are those of the tensors: the file says only what a `state_dict` does not.

mod tensors;

use crate::float::{FloatInput, FloatLayer, FloatNet, Weights, UNCLIPPED};
use model::draft::MAX_EXTENT;
use model::graph::Padding;
use model::yaml::{Fields, Reader};
use model::Shape;
use spec::error::{nearest, Report};
use spec::op::Op;
use spec::yaml::Node;
use tensors::{Missing, Tensors, Trained};

/// What the key `format` must say.
pub const FORMAT: &str = "nasa-checkpoint/1";

const STAGE: &str = "import";
/// Keys of the file.
pub const KEYS: &[&str] = &["format", "tensors", "input", "classes", "layers", "output"];
/// Keys of its `input`.
pub const INPUT_KEYS: &[&str] = &["shape"];
/// Keys of a layer.
pub const LAYER_KEYS: &[&str] = &[
    "name",
    "op",
    "input",
    "residual",
    "kernel",
    "stride",
    "padding",
    "groups",
    "tensors",
    "norm",
    "epsilon",
    "activation",
    "threshold",
];
/// What `op` may say.
const OPS: &[(&str, Kind)] = &[
    ("conv", Kind::Trained(Op::Conv)),
    ("shift", Kind::Trained(Op::Shift)),
    ("adder", Kind::Trained(Op::Adder)),
    ("average", Kind::Average),
];
/// What `activation` may say, and what it clips to.
const ACTIVATIONS: &[(&str, (f32, f32))] =
    &[("none", UNCLIPPED), ("relu", (0.0, f32::INFINITY)), ("relu6", (0.0, 6.0))];

/// What a layer computes.
#[derive(Clone, Copy)]
enum Kind {
    /// An op with weights.
    Trained(Op),
    /// The mean of every window.
    Average,
}

/// The name of the safetensors file, relative to `file`, which holds `text`.
///
/// # Errors
/// A text that is no description of a checkpoint.
pub fn tensors_file(file: &str, text: &str) -> Result<String, Report> {
    let mut reader = Reader::new(STAGE, file, text);
    let name = reader.parse().and_then(|root| {
        let fields = reader.fields(&root, "the checkpoint", KEYS)?;
        check_format(&mut reader, &fields);
        text_of(&mut reader, &fields, "tensors")
    });
    match name {
        Some(name) => reader.report.or(name),
        None => Err(reader.report),
    }
}

/// The network that `text`, which `file` holds, describes, with the tensors of `bytes`, which `tensors_file` holds.
///
/// # Errors
/// Everything about description and tensors that is wrong.
pub fn network(file: &str, text: &str, tensors_file: &str, bytes: &[u8]) -> Result<FloatNet, Report> {
    let tensors = Tensors::parse(tensors_file, bytes)?;
    let mut reader = Reader::new(STAGE, file, text);
    let net = reader.parse().and_then(|root| described(&mut reader, file, &root, &tensors));
    match net {
        Some(net) => reader.report.or(net),
        None => Err(reader.report),
    }
}

fn check_format(reader: &mut Reader<'_>, fields: &Fields<'_>) {
    if text_of(reader, fields, "format").is_some_and(|format| format != FORMAT) {
        reader.fault(fields.place_of("format"), "unknown format", "");
        reader.help(format!("write format: {FORMAT}"));
    }
}

/// The text of a key that must be written.
fn text_of(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Option<String> {
    reader.required(fields, key).and_then(|node| reader.text(node, key))
}

fn described(reader: &mut Reader<'_>, file: &str, root: &Node, tensors: &Tensors<'_>) -> Option<FloatNet> {
    let fields = reader.fields(root, "the checkpoint", KEYS)?;
    check_format(reader, &fields);
    let shape = reader.required(&fields, "input").and_then(|node| {
        let input = reader.fields(node, "input", INPUT_KEYS)?;
        let node = reader.required(&input, "shape")?;
        let sizes = reader.ints(node, "shape", 1..=MAX_EXTENT as i64, &[3])?;
        Some(Shape::new(sizes[0] as usize, sizes[1] as usize, sizes[2] as usize))
    });
    let classes = fields.get("classes").and_then(|node| {
        let items = reader.list(node, "classes")?;
        items.iter().map(|item| reader.text(item, "classes")).collect()
    });
    let items = reader.required(&fields, "layers").and_then(|node| reader.list(node, "layers"))?;
    let mut described = Described { reader, tensors, input: shape?, layers: Vec::new() };
    for item in items {
        // What reads a layer that is wrong would only say so again.
        let layer = described.layer(item)?;
        described.layers.push(layer);
    }
    let Described { layers, .. } = described;
    let output = match fields.get("output") {
        None => layers.len(),
        Some(node) => {
            let name = reader.text(node, "output")?;
            let found = layers.iter().position(|layer| layer.name == name);
            if found.is_none() {
                reader.fault(
                    node.place,
                    format!("the output `{name}` is no layer"),
                    "no layer has this name",
                );
                reader.help("name a layer, or leave the key out for the last one");
            }
            found? + 1
        }
    };
    if layers.is_empty() {
        reader.fault(fields.place_of("layers"), "the checkpoint has no layers", "needs at least one");
    }
    let input = FloatInput { shape: shape?, step: None };
    Some(FloatNet { file: file.into(), input, classes: classes.unwrap_or_default(), layers, output })
}

/// A description on its way to layers.
struct Described<'r, 'a, 't> {
    reader: &'r mut Reader<'a>,
    tensors: &'t Tensors<'t>,
    input: Shape,
    layers: Vec<FloatLayer>,
}

impl Described<'_, '_, '_> {
    fn layer(&mut self, node: &Node) -> Option<FloatLayer> {
        let fields = self.reader.fields(node, "a layer", LAYER_KEYS)?;
        let name = text_of(self.reader, &fields, "name")?;
        let kind = self.word(&fields, "op", OPS, None);
        let clip = self.word(&fields, "activation", ACTIVATIONS, Some(UNCLIPPED));
        let input = self.reader.required(&fields, "input").and_then(|node| self.value(node, "input"));
        let residual = fields.get("residual").map(|node| self.value(node, "residual"));
        let stride = self.pair(&fields, "stride", 1, &[2]).map(|stride| stride.unwrap_or(vec![1, 1]));
        let padding = self.pair(&fields, "padding", 0, &[2, 4]).map(|padding| padding.unwrap_or(vec![0, 0]));
        let groups = match fields.get("groups") {
            Some(node) => self.reader.int(node, "groups", 1..=MAX_EXTENT as i64),
            None => Some(1),
        };
        let (clip, input) = (clip?, input?);
        let in_shape = self.shape(input);
        let (op, trained, groups) = match kind? {
            Kind::Average => (Op::Conv, self.average(&fields, in_shape)?, in_shape.c),
            Kind::Trained(op) => (op, self.trained(&fields, op, &name, in_shape)?, groups? as usize),
        };
        let padding = padding?;
        let side = |i: usize| padding[i % padding.len()];
        let layer = FloatLayer {
            name,
            op,
            input,
            residual: match residual {
                Some(residual) => Some(residual?),
                None => None,
            },
            in_shape,
            out_shape: Shape::new(trained.slope.len(), 1, 1),
            kernel: trained.kernel,
            stride: stride.map(|stride| [stride[0], stride[1]])?,
            padding: Padding { top: side(0), left: side(1), bottom: side(2), right: side(3) },
            groups,
            weights: trained.weights,
            slope: trained.slope,
            offset: trained.offset,
            clip,
            step: None,
        };
        self.fitted(&fields, layer, trained.inputs)
    }

    /// The layer with its shape, where its window, groups and residual fit.
    fn fitted(&mut self, fields: &Fields<'_>, layer: FloatLayer, inputs: usize) -> Option<FloatLayer> {
        let (name, shape) = (&layer.name, layer.in_shape);
        let channels = layer.out_shape.c;
        if inputs * layer.groups != shape.c || !channels.is_multiple_of(layer.groups) {
            let note = format!(
                "{inputs} inputs a group, {} groups, {channels} outputs; the input is {shape}",
                layer.groups
            );
            let message = format!("the tensors of layer `{name}` do not fit its input");
            self.reader.fault(fields.place_of("groups"), message, note);
            self.reader.help("give `groups` as the model has them, and the right `input`");
            return None;
        }
        let extent = layer.extent();
        let Ok([h, w]) = extent else {
            let message = format!("layer `{name}` has no output");
            self.reader.fault(fields.place_of("padding"), message, extent.err().unwrap_or_default());
            self.reader.help("padding must be less than the kernel, and the kernel fit the padded map");
            return None;
        };
        let out_shape = Shape::new(channels, h, w);
        if let Some(found) = layer.residual.map(|value| self.shape(value)).filter(|found| *found != out_shape)
        {
            let message = format!("the residual of layer `{name}` does not have its shape");
            self.reader.fault(
                fields.place_of("residual"),
                message,
                format!("it is {found}, not {out_shape}"),
            );
            self.reader.help(format!("name a layer whose output is {out_shape}"));
            return None;
        }
        Some(FloatLayer { out_shape, ..layer })
    }

    /// A mean over windows.
    fn average(&mut self, fields: &Fields<'_>, shape: Shape) -> Option<Trained> {
        let kernel = self.pair(fields, "kernel", 1, &[2])?.unwrap_or(vec![shape.h, shape.w]);
        let kernel = [kernel[0], kernel[1]];
        let slope = vec![1.0 / (kernel[0] * kernel[1]) as f64; shape.c];
        Some(Trained { weights: Weights::Ones, kernel, inputs: 1, offset: vec![0.0; shape.c], slope })
    }

    /// What the tensors say.
    fn trained(&mut self, fields: &Fields<'_>, op: Op, name: &str, shape: Shape) -> Option<Trained> {
        let prefix = match fields.get("tensors") {
            Some(node) => self.reader.text(node, "tensors")?,
            None => name.to_string(),
        };
        let norm = match fields.get("norm") {
            Some(node) => Some(self.reader.text(node, "norm")?),
            None => None,
        };
        let number = |reader: &mut Reader<'_>, key: &str, default: f64| match fields.get(key) {
            Some(node) => reader.number(node, key),
            None => Some(default),
        };
        let epsilon = number(self.reader, "epsilon", 1e-5)?;
        let threshold = number(self.reader, "threshold", 0.5)?;
        if let Some(node) = fields.get("kernel") {
            self.reader.fault(node.place, format!("layer `{name}` has its kernel from its tensors"), "");
            self.reader.help("leave the key out, or write op: average");
        }
        let key = if fields.get("tensors").is_some() { "tensors" } else { "name" };
        let trained = self.found(fields, key, self.tensors.trained(op, &prefix, shape, threshold))?;
        match norm {
            Some(norm) => self.found(fields, "norm", self.tensors.normed(trained, &norm, epsilon)),
            None => Some(trained),
        }
    }

    /// What tensors say; where they are wrong, that is said at `key`, which names them.
    fn found(&mut self, fields: &Fields<'_>, key: &str, found: Result<Trained, Missing>) -> Option<Trained> {
        let note = |Missing { message, note, help }| {
            self.reader.fault(fields.place_of(key), message, note);
            self.reader.help(help);
        };
        found.map_err(note).ok()
    }

    /// The value that a layer reads.
    fn value(&mut self, node: &Node, key: &str) -> Option<usize> {
        let name = self.reader.text(node, key)?;
        let found = match name.as_str() {
            "input" => Some(0),
            name => self.layers.iter().position(|layer| layer.name == name).map(|i| i + 1),
        };
        if found.is_none() {
            let known = self.layers.iter().map(|layer| layer.name.as_str()).chain(["input"]);
            let near = nearest(&name, known).map(|near| format!("did you mean `{near}`?"));
            self.reader.fault(node.place, format!("`{name}` is no layer before this one"), "");
            self.reader.help(near.unwrap_or("name `input` or a layer before this one".into()));
        }
        found
    }

    fn shape(&self, value: usize) -> Shape {
        value.checked_sub(1).map_or(self.input, |i| self.layers[i].out_shape)
    }

    /// One of the words of a table; `default` where the key may be left out.
    fn word<T: Copy>(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        table: &[(&str, T)],
        default: Option<T>,
    ) -> Option<T> {
        let node = match (fields.get(key), default) {
            (None, Some(default)) => return Some(default),
            _ => self.reader.required(fields, key)?,
        };
        let word = self.reader.text(node, key)?;
        let found = table.iter().find(|(name, _)| *name == word);
        if found.is_none() {
            let known: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
            self.reader.fault(node.place, format!("`{word}` is no {key}"), "");
            self.reader.help(format!("write one of {}", known.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    /// Whole numbers of at least `least`, where they are written; `None` where they are wrong.
    fn pair(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        least: i64,
        lengths: &[usize],
    ) -> Option<Option<Vec<usize>>> {
        let Some(node) = fields.get(key) else {
            return Some(None);
        };
        let numbers = self.reader.ints(node, key, least..=MAX_EXTENT as i64, lengths)?;
        Some(Some(numbers.into_iter().map(|number| number as usize).collect()))
    }
}
