//! Every rule about the structure of a network. A fault hides what follows from it: a layer whose shape is not
//! known raises no fault in those that read it.

use super::cycles::cycles;
use super::{Doubts, Draft, Fault, MAX_ELEMENTS, MAX_EXTENT};
use crate::graph::{Layer, LayerId, Padding, Shape, Source};
use spec::error::{grouped, nearest};
use std::collections::HashMap;

/// Walks the layers in order and collects what is wrong with them.
pub(super) struct Checker<'a> {
    draft: &'a Draft,
    doubts: &'a Doubts,
    /// First layer of each name.
    names: HashMap<&'a str, usize>,
    /// Which layers are part of, or reach, themselves.
    cycles: Vec<Option<String>>,
    /// Output shapes of the layers so far; `None` where a fault hides it.
    shapes: Vec<Option<Shape>>,
    faults: Vec<Fault>,
}

impl<'a> Checker<'a> {
    /// The layers with their shapes, or all faults.
    pub(super) fn check(draft: &'a Draft, doubts: &'a Doubts) -> Result<Vec<Layer>, Vec<Fault>> {
        let mut checker = Checker::new(draft, doubts);
        checker.check_network();
        let layers: Vec<Option<Layer>> = (0..draft.layers.len()).map(|i| checker.layer(i)).collect();
        match layers.into_iter().collect() {
            Some(layers) if checker.faults.is_empty() => Ok(layers),
            _ => Err(checker.faults),
        }
    }

    fn new(draft: &'a Draft, doubts: &'a Doubts) -> Checker<'a> {
        let mut names = HashMap::new();
        for (i, layer) in draft.layers.iter().enumerate() {
            names.entry(layer.name.as_str()).or_insert(i);
        }
        let cycles = cycles(draft, &names);
        Checker { draft, doubts, names, cycles, shapes: Vec::new(), faults: Vec::new() }
    }

    fn check_network(&mut self) {
        if self.draft.layers.is_empty() {
            let message = "the network has no layers".into();
            self.network_fault("layers", message, "needs at least one", "add a layer");
        }
        let output = self.draft.output.as_ref().filter(|_| !self.has_nameless());
        if let (Some(output), None) = (output, self.draft.output_index()) {
            let names = self.draft.layers.iter().map(|layer| layer.name.as_str());
            let near = nearest(output, names).map(|name| format!("did you mean `{name}`?"));
            let help = near.unwrap_or("name a layer, or leave the key out for the last one".into());
            let message = format!("the output `{output}` is no layer");
            self.network_fault("output", message, "no layer has this name", help);
        }
        let shape = self.draft.input.shape;
        if !is_sane(shape) && !self.doubts.input {
            let message = format!("an input of shape {shape} is out of bounds");
            self.network_fault("input", message, limits(), "give shape: [channels, height, width]");
        }
    }

    /// Layer `i` with its shapes; `None` where a fault, here or before, hides one.
    fn layer(&mut self, i: usize) -> Option<Layer> {
        let draft = &self.draft.layers[i];
        let doubtful = self.doubts.layers.contains(&i);
        if !doubtful || !draft.name.is_empty() {
            self.check_name(i);
        }
        let input = self.source(i, "input", &draft.input);
        let residual = draft.residual.as_ref().map(|name| self.source(i, "residual", name));
        let in_shape = input.and_then(|source| self.shape(source));
        let window = !doubtful && self.check_window(i);
        let out_shape = in_shape.filter(|_| window).and_then(|shape| self.out_shape(i, shape));
        self.shapes.push(out_shape);
        if let (Some(shape), Some(Some(source))) = (out_shape, residual) {
            self.check_residual(i, shape, source);
        }
        Some(Layer {
            name: draft.name.clone(),
            op: draft.op,
            input: input?,
            residual: match residual {
                Some(source) => Some(source?),
                None => None,
            },
            in_shape: in_shape?,
            out_shape: out_shape?,
            kernel: draft.kernel,
            stride: draft.stride,
            padding: draft.padding,
            groups: draft.groups,
            clamp: draft.clamp,
            parameters: draft.parameters.clone(),
        })
    }

    fn check_name(&mut self, i: usize) {
        let name = &self.draft.layers[i].name;
        let unfit = |c: char| c == '/' || c == '\\' || c.is_control();
        if name.is_empty() || name.len() > 200 || name.starts_with('.') || name.contains(unfit) {
            let note = "layers give their names to files: no slash, no leading dot, 1 to 200 bytes";
            let message = format!("layer name {name:?} does not fit a file's name");
            self.fault(i, "name", message, note, "write letters, digits, dots and underscores");
        } else if name == "input" {
            let message = "a layer is called `input`".into();
            self.fault(i, "name", message, "that is the network's own input", "give it another name");
        } else if self.names.get(name.as_str()) != Some(&i) {
            let first = self.names.get(name.as_str()).map_or(0, |first| first + 1);
            let note = format!("layer {first} has this name already");
            self.fault(i, "name", format!("two layers are called `{name}`"), note, "rename one of them");
        }
    }

    /// What `name` means for layer `i`, which may only read what comes before it.
    fn source(&mut self, i: usize, key: &'static str, name: &str) -> Option<Source> {
        if name == "input" {
            return Some(Source::Input);
        }
        let layer = &self.draft.layers[i].name;
        match self.names.get(name) {
            Some(earlier) if *earlier < i => return Some(Source::Layer(LayerId(*earlier))),
            Some(_) => match &self.cycles[i] {
                Some(cycle) => {
                    let (message, note) = (format!("layer `{layer}` is part of a cycle"), cycle.clone());
                    self.fault(i, key, message, note, "let it read `input`, or a layer before it");
                }
                None => {
                    let message = format!("layer `{layer}` reads `{name}`, which comes later");
                    let help = format!("move `{name}` before `{layer}`");
                    self.fault(i, key, message, "layers stand in topological order", help);
                }
            },
            None if self.has_nameless() => {} // It may be the one that was meant.
            None => {
                let earlier = self.draft.layers[..i].iter().map(|layer| layer.name.as_str());
                let near =
                    nearest(name, earlier.chain(["input"])).map(|best| format!("did you mean `{best}`?"));
                let help = near.unwrap_or("name `input` or a layer before this one".into());
                let message = format!("layer `{layer}` reads `{name}`, which does not exist");
                self.fault(i, key, message, "neither `input` nor the name of a layer", help);
            }
        }
        None
    }

    fn has_nameless(&self) -> bool {
        self.doubts.layers.iter().any(|i| self.draft.layers[*i].name.is_empty())
    }

    fn shape(&self, source: Source) -> Option<Shape> {
        match source {
            Source::Input => {
                Some(self.draft.input.shape).filter(|shape| is_sane(*shape) && !self.doubts.input)
            }
            Source::Layer(id) => self.shapes[id.0],
        }
    }

    /// Everything about kernel, stride, padding and clamp that needs no shape.
    fn check_window(&mut self, i: usize) -> bool {
        let layer = &self.draft.layers[i];
        let before = self.faults.len();
        let positive = [
            ("kernel", layer.kernel.to_vec()),
            ("stride", layer.stride.to_vec()),
            ("out_channels", vec![layer.out_channels]),
            ("groups", vec![layer.groups]),
        ];
        for (key, values) in positive {
            if values.iter().any(|value| !(1..=MAX_EXTENT).contains(value)) {
                let note = format!("must be between 1 and {}", grouped(MAX_EXTENT));
                let message = format!("`{key}` of layer `{}` is out of bounds", layer.name);
                self.fault(i, key, message, note, "write a number within the bounds");
            }
        }
        let Padding { top, left, bottom, right } = layer.padding;
        for (sides, kernel, what) in
            [([top, bottom], layer.kernel[0], "rows"), ([left, right], layer.kernel[1], "columns")]
        {
            if let Some(side) = sides.iter().find(|side| **side >= kernel) {
                let note = format!("{side} {what} of padding; the kernel has {kernel}");
                let message = format!("layer `{}` has a window of nothing but padding", layer.name);
                let most = kernel.saturating_sub(1);
                let help = format!("padding must be less than the kernel: at most {most}");
                self.fault(i, "padding", message, note, help);
            }
        }
        if layer.clamp.0 > layer.clamp.1 {
            let note = format!("{} is above {}", layer.clamp.0, layer.clamp.1);
            let message = format!("layer `{}` has an empty clamp", layer.name);
            let help = format!("write the lower bound first: [{}, {}]", layer.clamp.1, layer.clamp.0);
            self.fault(i, "clamp", message, note, help);
        }
        self.faults.len() == before
    }

    fn out_shape(&mut self, i: usize, input: Shape) -> Option<Shape> {
        let layer = &self.draft.layers[i];
        let (name, groups) = (&layer.name, layer.groups);
        if !input.c.is_multiple_of(groups) || !layer.out_channels.is_multiple_of(groups) {
            let note = format!("{} input and {} output channels", input.c, layer.out_channels);
            let message = format!("{groups} groups do not divide the channels of layer `{name}`");
            let both = divisors(input.c, layer.out_channels);
            self.fault(i, "groups", message, note, format!("groups may be {}", both.join(", ")));
            return None;
        }
        let Padding { top, left, bottom, right } = layer.padding;
        let (h, w) = (input.h + top + bottom, input.w + left + right);
        let [kh, kw] = layer.kernel;
        if kh > h || kw > w {
            let note = format!("the padded input of {h} x {w} is smaller than the kernel of {kh} x {kw}");
            let help = format!("a kernel of at most {h} x {w}, or more padding");
            self.fault(i, "kernel", format!("layer `{name}` has no output"), note, help);
            return None;
        }
        let [sy, sx] = layer.stride;
        let shape = Shape::new(layer.out_channels, (h - kh) / sy + 1, (w - kw) / sx + 1);
        if !is_sane(shape) {
            let message = format!("layer `{name}` has an output of {shape}");
            self.fault(i, "out_channels", message, limits(), "fewer channels, or a larger stride");
            return None;
        }
        Some(shape)
    }

    fn check_residual(&mut self, i: usize, out_shape: Shape, residual: Source) {
        let Some(shape) = self.shape(residual).filter(|shape| *shape != out_shape) else {
            return;
        };
        let layer = &self.draft.layers[i].name;
        let note = format!("it is {shape}, the output is {out_shape}");
        let message = format!("the residual of layer `{layer}` does not have its shape");
        self.fault(i, "residual", message, note, format!("name a layer whose output is {out_shape}"));
    }

    fn fault(
        &mut self,
        layer: usize,
        key: &'static str,
        message: String,
        note: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.faults.push(Fault::new(layer, key, message, note).help(help));
    }

    fn network_fault(
        &mut self,
        key: &'static str,
        message: String,
        note: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.faults.push(Fault { layer: None, key, message, note: note.into(), help: Some(help.into()) });
    }
}

/// The first few numbers of groups that divide both.
fn divisors(inputs: usize, outputs: usize) -> Vec<String> {
    let both = (1..=inputs.min(outputs)).filter(|n| inputs.is_multiple_of(*n) && outputs.is_multiple_of(*n));
    both.take(8).map(|n| n.to_string()).collect()
}

fn is_sane(shape: Shape) -> bool {
    let extents = [shape.c, shape.h, shape.w].iter().all(|extent| (1..=MAX_EXTENT).contains(extent));
    extents && shape.elements() <= MAX_ELEMENTS
}

fn limits() -> String {
    format!("each extent is 1 to {}, all together at most {}", grouped(MAX_EXTENT), grouped(MAX_ELEMENTS))
}
