//! Tensors for a network file that has none: drawn from a seed, and calibrated as those of random networks are.

use super::parameters;
use crate::format::Written;
use crate::graph::{Graph, Source};
use crate::reference::run_layer;
use spec::error::Report;
use spec::op::Op;
use spec::random::Rng;

/// The network of `written` with tensors of `seed`, weights at the ops' default widths. Layers whose names begin
/// with `pool` are average pools: their weights are 1.
///
/// # Errors
/// Where what is drawn breaks a rule of network files.
pub fn with_tensors(written: Written, seed: u64) -> Result<Graph, Report> {
    let mut rng = Rng::new(seed);
    let layers = written.layers().to_vec();
    let mut draft = written.into_draft();
    let image: Vec<i8> = (0..draft.input.shape.elements()).map(|_| rng.range(-128, 127) as i8).collect();
    let mut outputs: Vec<Vec<i8>> = Vec::new();
    for (i, mut layer) in layers.into_iter().enumerate() {
        let value = |source: Source| match source {
            Source::Input => image.clone(),
            Source::Layer(id) => outputs[id.0].clone(),
        };
        let (input, residual) = (value(layer.input), layer.residual.map(value));
        let bits = Op::default_weight_bits(layer.op);
        layer.parameters = parameters::draw(&mut rng, &layer, bits, layer.name.starts_with("pool"), &input);
        outputs.push(run_layer(&layer, &input, residual.as_deref()));
        draft.layers[i].parameters = layer.parameters;
    }
    Graph::new(draft)
}
