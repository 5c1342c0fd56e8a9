//! What is done to every number of a map: batch norms, sums and clips, which go into the layer before where they may.

use super::super::constant::Constant;
use super::super::node::{Node, Unfit};
use super::{Lowering, Map, Value};
use crate::float::{FloatLayer, UNCLIPPED};

pub fn norm(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    let map = lowering.map(node, 0)?;
    let channels = channels(&map)?;
    if node.int("training_mode", 0) != 0 || node.proto.output.iter().skip(1).any(|name| !name.is_empty()) {
        return Err(Unfit::new(
            "it is in training mode",
            "export the model in evaluation mode: model.eval()",
        ));
    }
    let epsilon = f64::from(node.float("epsilon", 1e-5));
    let mut of = [(); 4].map(|()| Vec::new());
    for (i, what) in ["scale", "bias", "mean", "variance"].into_iter().enumerate() {
        let constant = lowering.constant(node, i + 1, what)?;
        if constant.count() != channels {
            let what = format!("its {what} has {} numbers for {channels} channels", constant.count());
            return Err(Unfit::new(what, "export the model again"));
        }
        of[i] = constant.as_reals();
    }
    let [scale, bias, mean, variance] =
        of.map(|numbers| numbers.into_iter().map(f64::from).collect::<Vec<f64>>());
    let may = |layer: &FloatLayer| layer.residual.is_none() && layer.clip == UNCLIPPED;
    let (map, layer) = changeable(lowering, node, map, may);
    for k in 0..channels {
        let slope = scale[k] / (variance[k] + epsilon).sqrt();
        layer.slope[k] *= slope;
        layer.offset[k] = layer.offset[k] * slope + bias[k] - mean[k] * slope;
    }
    layer.step = None;
    Ok(Value::Map(map))
}

/// The channels of a map, each number of a flat one being a channel of its own only where it has no rows.
fn channels(map: &Map) -> Result<usize, Unfit> {
    match map.is_flat && map.shape.h * map.shape.w != 1 {
        false => Ok(map.shape.c),
        true => Err(Unfit::new(
            format!("a flat map of {} has a number for each pixel", map.shape),
            "could be lowered: put it before the map is flattened, or fold it into the fully connected layer",
        )),
    }
}

/// The map that `node` gives, and the layer that makes it: the one before, where it is `fit` and nobody else sees it.
fn changeable<'l>(
    lowering: &'l mut Lowering<'_>,
    node: &Node,
    map: Map,
    fit: impl Fn(&FloatLayer) -> bool,
) -> (Map, &'l mut FloatLayer) {
    let map = match lowering.open(&map).is_some_and(|layer| fit(layer)) {
        true => Map { is_exclusive: lowering.is_read_once(node), ..map },
        false => lowering.identity(node, &map),
    };
    (map, &mut lowering.layers[map.value - 1])
}

pub fn add(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    let constant = [0, 1].into_iter().find(|i| lowering.constant(node, *i, "addend").is_ok());
    match constant {
        Some(i) => add_constant(lowering, node, i),
        None => add_maps(lowering, node),
    }
}

fn add_constant(lowering: &mut Lowering<'_>, node: &Node, i: usize) -> Result<Value, Unfit> {
    let map = lowering.map(node, 1 - i)?;
    let offsets = by_channel(lowering.constant(node, i, "addend")?, &map)?;
    let (map, layer) = changeable(lowering, node, map, |layer| layer.clip == UNCLIPPED);
    layer.offset.iter_mut().zip(offsets).for_each(|(offset, more)| *offset += more);
    layer.step = None;
    Ok(Value::Map(map))
}

/// One number a channel, however the constant is broadcast.
fn by_channel(constant: &Constant, map: &Map) -> Result<Vec<f64>, Unfit> {
    let numbers: Vec<f64> = constant.as_reals().into_iter().map(f64::from).collect();
    if let [number] = numbers[..] {
        return Ok(vec![number; map.shape.c]);
    }
    // From the last dimension on: columns, rows, channels; of a flat map channels.
    let trailing = if map.is_flat { 0 } else { 2 };
    let dims: Vec<usize> = constant.dims.iter().rev().copied().collect();
    let is_one = |dim: &usize| *dim == 1;
    let fits = dims.get(trailing) == Some(&map.shape.c)
        && dims[..trailing].iter().all(is_one)
        && dims[trailing + 1..].iter().all(is_one);
    match fits && channels(map).is_ok() {
        true => Ok(numbers),
        false => Err(Unfit::new(
            format!("a constant of {:?} is added to a map of {}", constant.dims, map.shape),
            "one number a channel can be added: [C, 1, 1], or [C] to a flat map",
        )),
    }
}

/// Goes into the later of the two layers, which then reads the other one; the earlier one may not.
fn add_maps(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    let (a, b) = (lowering.map(node, 0)?, lowering.map(node, 1)?);
    if a.shape != b.shape || a.is_flat != b.is_flat {
        let what = format!("it adds maps of {} and {}", a.shape, b.shape);
        return Err(Unfit::new(what, "only maps of the same shape can be added"));
    }
    let (late, early) = if a.value >= b.value { (a, b) } else { (b, a) };
    let may = |layer: &FloatLayer| layer.residual.is_none() && layer.clip == UNCLIPPED;
    let is_other = late.value != early.value;
    let (map, layer) = changeable(lowering, node, late, |layer| is_other && may(layer));
    layer.residual = Some(early.value);
    layer.step = None;
    Ok(Value::Map(map))
}

pub fn relu(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    clipped(lowering, node, 0.0, f32::INFINITY)
}

/// ReLU6 among others; the bounds are attributes before opset 11.
pub fn clip(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    let mut bounds = [node.float("min", UNCLIPPED.0), node.float("max", UNCLIPPED.1)];
    for (i, what) in ["minimum", "maximum"].into_iter().enumerate() {
        if let Some(constant) = lowering.optional(node, i + 1, what)? {
            bounds[i] = constant.as_reals().first().copied().unwrap_or(bounds[i]);
        }
    }
    // Exporters write the least and the greatest number of their type where there is no bound.
    let [low, high] = bounds;
    clipped(
        lowering,
        node,
        if low <= f32::MIN { UNCLIPPED.0 } else { low },
        if high >= f32::MAX { UNCLIPPED.1 } else { high },
    )
}

fn clipped(lowering: &mut Lowering<'_>, node: &Node, low: f32, high: f32) -> Result<Value, Unfit> {
    if low.is_nan() || high.is_nan() || low > high {
        return Err(Unfit::new(format!("it clips to {low}..{high}"), "write the lower bound first"));
    }
    let map = lowering.map(node, 0)?;
    let (map, layer) = changeable(lowering, node, map, |_| true);
    let held = |x: f32| x.max(low).min(high);
    layer.clip = (held(layer.clip.0), held(layer.clip.1));
    Ok(Value::Map(map))
}
