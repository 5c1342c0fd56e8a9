//! When each layer runs. A run is a loop; iteration t runs layer l on image t - stage(l), so chunks work on
//! different images at once. Between chunks a tensor is made in one iteration and read in a later one; inside
//! a chunk it may be read in the same iteration, since layers of a chunk run in topological order.

use model::{Graph, Source};
use spec::accelerator::Accelerator;
use spec::error::{grouped, Diagnostic, Report};

/// Every layer's chunk and stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stages {
    /// Chunk of each layer.
    pub chunk: Vec<usize>,
    /// Stage of each layer.
    pub stage: Vec<u32>,
    /// Images of the run.
    pub images: u32,
    /// Iterations of the loop: one for every image, and one for every stage but the first.
    pub iterations: u32,
}

impl Stages {
    /// The layers of a chunk in the order in which an iteration runs them.
    pub fn layers_of(&self, chunk: usize) -> Vec<usize> {
        (0..self.chunk.len()).filter(|layer| self.chunk[*layer] == chunk).collect()
    }

    /// Iterations between those in which `producer` makes and `consumer` reads the same image.
    pub fn distance(&self, producer: usize, consumer: usize) -> u32 {
        self.stage[consumer] - self.stage[producer]
    }
}

/// The layers that `layer` reads, each with its role.
pub fn producers(graph: &Graph, layer: usize) -> Vec<usize> {
    let layer = graph.layer(model::LayerId(layer));
    let sources = [Some(layer.input), layer.residual];
    let id = |source: Source| match source {
        Source::Input => None,
        Source::Layer(id) => Some(id.0),
    };
    sources.into_iter().flatten().filter_map(id).collect()
}

/// The earliest stage of every layer.
pub fn assign(accelerator: &Accelerator, graph: &Graph, images: u32) -> Result<Stages, Report> {
    let mut report = Report::default();
    let chunk = chunks(accelerator, graph, &mut report);
    let mut stage: Vec<u32> = Vec::with_capacity(graph.len());
    for layer in 0..graph.len() {
        let after = |producer: usize| stage[producer] + u32::from(chunk[producer] != chunk[layer]);
        let earliest = producers(graph, layer).into_iter().map(after).max();
        stage.push(earliest.unwrap_or(0));
    }
    let last = stage.iter().copied().max().unwrap_or(0);
    let most = u32::from(u16::MAX) - last;
    if images == 0 || images > most {
        let message =
            format!("a run takes 1 to {} images of this network, not {}", grouped(most), grouped(images));
        report.push(Diagnostic::new("compile", message));
    }
    report.or(Stages { chunk, stage, images, iterations: images + last })
}

fn chunks(accelerator: &Accelerator, graph: &Graph, report: &mut Report) -> Vec<usize> {
    let mut chunk_of = |layer: &model::Layer| match accelerator.chunk_of(layer.op) {
        Some((index, chunk)) => {
            if let Some(error) = too_wide(layer, chunk.weight_bits) {
                report.push(error);
            }
            index
        }
        None => {
            let message = format!("layer `{}` is a {} layer", layer.name, layer.op.name());
            let missing = format!("accelerator `{}` has no {}", accelerator.name, layer.op.chunk());
            let help = format!(
                "add chunks.{} to the accelerator, or train without {} layers",
                layer.op.chunk(),
                layer.op.name()
            );
            report.push(Diagnostic::new("compile", message).note(missing).help(help));
            0
        }
    };
    graph.layers().map(|(_, layer)| chunk_of(layer)).collect()
}

/// What is wrong with the weights of `layer` for a chunk of so many bits.
fn too_wide(layer: &model::Layer, bits: u32) -> Option<Diagnostic> {
    let weights = &layer.parameters.weight;
    let illegal = |weight: &&i8| !layer.op.is_legal_weight(i64::from(**weight), bits);
    let first = weights.iter().find(illegal)?;
    let count = weights.iter().filter(illegal).count();
    let message = format!("layer `{}` has weights that do not fit {}", layer.name, layer.op.chunk());
    let note = format!(
        "{} of {} weights need more than {bits} bits; the first is {first}",
        grouped(count),
        grouped(weights.len())
    );
    let help = format!("set chunks.{}.weight_bits, or quantise to {bits} bits", layer.op.chunk());
    Some(Diagnostic::new("compile", message).note(note).help(help))
}
