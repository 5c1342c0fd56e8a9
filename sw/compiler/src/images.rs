//! The bytes of a layer's constants: weights in the order in which the weight nest reads them, and rows of
//! requantise parameters in the order in which the drain nest counts them.

use mapper::nests::{drain, weight};
use mapper::parts::Part;
use mapper::work::Sizes;
use mapper::{Dim, Mapping};
use model::Layer;
use spec::isa::table::PARAMETER_BYTES;

/// The weights of `part`; what lies beyond it is 0.
pub fn weights(layer: &Layer, mapping: &Mapping, part: &Part) -> Vec<u8> {
    let dims = layer.dims(1);
    let at = |position: &Sizes| {
        if Dim::ALL.into_iter().any(|dim| dim.moves_weight() && position[dim] >= part.size[dim]) {
            return 0;
        }
        let [g, k, c, fy, fx] =
            [Dim::G, Dim::K, Dim::C, Dim::FY, Dim::FX].map(|dim| (part.from[dim] + position[dim]) as usize);
        let index = (((g * dims.k + k) * dims.c + c) * dims.fy + fy) * dims.fx + fx;
        layer.parameters.weight[index] as u8
    };
    weight::image(mapping, at)
}

/// The parameters of `part`'s channels: each row is `PARAMETER_BYTES` planes of `post_lanes` bytes.
pub fn parameters(layer: &Layer, mapping: &Mapping, part: &Part, post_lanes: u32) -> Vec<u8> {
    let dims = layer.dims(1);
    let lanes = post_lanes as usize;
    let mut bytes = vec![0; mapping.p_rows() as usize * PARAMETER_BYTES * lanes];
    for (row, planes) in bytes.chunks_mut(PARAMETER_BYTES * lanes).enumerate() {
        for lane in 0..lanes {
            let Some([g, k]) = drain::channel_of(mapping, row as u32, lane as u32) else { continue };
            let (g, k) = ((g + part.from[Dim::G]) as usize, (k + part.from[Dim::K]) as usize);
            if g < dims.g && k < dims.k {
                for (plane, byte) in channel(layer, g * dims.k + k).into_iter().enumerate() {
                    planes[plane * lanes + lane] = byte;
                }
            }
        }
    }
    bytes
}

/// The parameters of one output channel.
fn channel(layer: &Layer, k: usize) -> Vec<u8> {
    let parameters = &layer.parameters;
    let mut bytes = parameters.bias[k].to_le_bytes()[..6].to_vec();
    bytes.extend(parameters.multiplier[k].to_le_bytes());
    bytes.push(parameters.shift[k]);
    let residual = layer.residual.is_some();
    bytes.extend(if residual { parameters.residual_multiplier[k] } else { 0 }.to_le_bytes());
    bytes.push(if residual { parameters.residual_shift[k] } else { 0 });
    bytes
}
