//! `Graph`: a network that has been checked. Whoever holds one may rely on every rule of the numerics: shapes
//! fit, names are unique, weights are legal codes, and no accumulator can leave 32 bits.
//!
//! Layers stand in topological order and a [`LayerId`] is the position in that order. A graph is made from a
//! [`Draft`], by whoever has one: the reader of network files, training, an importer, or
//! the random generator. How a layer is mapped or compiled is not known here.

use crate::draft::{Draft, Fault, LayerDraft};
pub use crate::layer::{Dims, Layer, LayerId, Padding, Parameters, Shape, Source};

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use petgraph::Direction::Outgoing;
use spec::error::Report;

/// How pixels become the network's input.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Channels, rows, columns.
    pub shape: Shape,
    /// The real value of one step of the int8 input.
    pub scale: f64,
    /// Subtracted from pixel / 255; one a channel.
    pub mean: Vec<f64>,
    /// Divides what is left; one a channel.
    pub std: Vec<f64>,
}

/// How a layer uses what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// As the map that it convolves.
    Input,
    /// As the addend of its requantise step.
    Residual,
}

/// A checked network.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Its name.
    pub name: String,
    /// What it is fed.
    pub input: Input,
    /// Names of the classes, or empty.
    pub classes: Vec<String>,
    /// The layer whose output is the network's.
    pub output: LayerId,
    /// Node `i` is layer `i` of the topological order; edges run from producer to consumer.
    nodes: DiGraph<Layer, Use>,
}

impl Graph {
    /// Checks a draft that does not come from a file; all its faults at once.
    pub fn new(draft: Draft) -> Result<Graph, Report> {
        let layers = draft.check().map_err(Fault::report)?;
        let faults: Vec<Fault> =
            layers.iter().enumerate().flat_map(|(i, layer)| crate::parameters::check(i, layer)).collect();
        if faults.is_empty() {
            Ok(Graph::assemble(draft, layers))
        } else {
            Err(Fault::report(faults))
        }
    }

    /// From layers that have been checked, in topological order.
    pub(crate) fn assemble(draft: Draft, layers: Vec<Layer>) -> Graph {
        let output = draft.output_index().unwrap_or(layers.len().saturating_sub(1));
        let mut nodes = DiGraph::with_capacity(layers.len(), layers.len() * 2);
        for layer in layers {
            let reads = [(Some(layer.input), Use::Input), (layer.residual, Use::Residual)];
            let to = nodes.add_node(layer);
            for (source, role) in reads {
                if let Some(Source::Layer(from)) = source {
                    nodes.add_edge(NodeIndex::new(from.0), to, role);
                }
            }
        }
        let Draft { name, input, classes, .. } = draft;
        Graph { name, input, classes, output: LayerId(output), nodes }
    }

    /// The draft that makes this graph again, to be changed.
    pub fn draft(&self) -> Draft {
        let layer = |(_, layer): (LayerId, &Layer)| LayerDraft {
            name: layer.name.clone(),
            op: layer.op,
            input: self.source_name(layer.input).into(),
            residual: layer.residual.map(|source| self.source_name(source).into()),
            out_channels: layer.out_shape.c,
            kernel: layer.kernel,
            stride: layer.stride,
            padding: layer.padding,
            groups: layer.groups,
            clamp: layer.clamp,
            parameters: layer.parameters.clone(),
        };
        Draft {
            name: self.name.clone(),
            input: self.input.clone(),
            classes: self.classes.clone(),
            layers: self.layers().map(layer).collect(),
            output: Some(self.layer(self.output).name.clone()),
        }
    }

    /// All layers with their ids, in topological order.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = (LayerId, &Layer)> + DoubleEndedIterator {
        self.nodes.raw_nodes().iter().enumerate().map(|(i, node)| (LayerId(i), &node.weight))
    }

    /// How many layers there are; at least 1.
    pub fn len(&self) -> usize {
        self.nodes.node_count()
    }

    /// Never: a checked network has a layer.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The layer `id`, which must be of this graph.
    pub fn layer(&self, id: LayerId) -> &Layer {
        &self.nodes[NodeIndex::new(id.0)]
    }

    /// The layer called `name`.
    pub fn find(&self, name: &str) -> Option<LayerId> {
        self.nodes.node_weights().position(|layer| layer.name == name).map(LayerId)
    }

    /// The shape of what `source` provides.
    pub fn shape(&self, source: Source) -> Shape {
        match source {
            Source::Input => self.input.shape,
            Source::Layer(id) => self.layer(id).out_shape,
        }
    }

    /// What network files call `source`.
    pub fn source_name(&self, source: Source) -> &str {
        match source {
            Source::Input => "input",
            Source::Layer(id) => &self.layer(id).name,
        }
    }

    /// Who reads the output of `id`, and as what, in topological order.
    pub fn consumers(&self, id: LayerId) -> Vec<(LayerId, Use)> {
        let edges = self.nodes.edges_directed(NodeIndex::new(id.0), Outgoing);
        let mut all: Vec<_> = edges.map(|edge| (LayerId(edge.target().index()), *edge.weight())).collect();
        all.sort_by_key(|(id, _)| *id);
        all
    }

    /// Shape of the network's output.
    pub fn out_shape(&self) -> Shape {
        self.layer(self.output).out_shape
    }

    /// Terms of one image, all layers together.
    pub fn macs(&self) -> u64 {
        self.nodes.node_weights().map(Layer::macs).sum()
    }
}
