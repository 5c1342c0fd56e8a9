//! Fully connected layers: convolutions whose kernel is the map, which is how its numbers lie in a flat one.

use super::super::constant::{Constant, Fixed, Numbers};
use super::super::node::{Node, Unfit};
use super::windows::{bias, blank, sizes, weights};
use super::{Lowering, Map, Value};
use crate::float::{FloatLayer, Weights};

pub fn gemm(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    if node.int("transA", 0) != 0 {
        return Err(Unfit::new("it transposes its input", "export the model again"));
    }
    let (alpha, beta) = (f64::from(node.float("alpha", 1.0)), f64::from(node.float("beta", 1.0)));
    let (map, weights, outputs) = product(lowering, node, node.int("transB", 0) != 0)?;
    let offset = bias(lowering.optional(node, 2, "bias")?, outputs)?;
    let offset = offset.iter().map(|number| number * beta).collect();
    let layer = FloatLayer { slope: vec![alpha; outputs], offset, ..whole(&map, weights, outputs) };
    Ok(Value::Map(lowering.push(node, layer, true)))
}

pub fn matmul(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    let (map, weights, outputs) = product(lowering, node, false)?;
    Ok(Value::Map(lowering.push(node, whole(&map, weights, outputs), true)))
}

/// A layer whose kernel is all of `map`.
fn whole(map: &Map, weights: Weights, outputs: usize) -> FloatLayer {
    FloatLayer { kernel: [map.shape.h, map.shape.w], weights, ..blank(map, outputs) }
}

/// The map that is multiplied, the weights, outputs first, and how many outputs there are.
fn product(
    lowering: &Lowering<'_>,
    node: &Node,
    outputs_first: bool,
) -> Result<(Map, Weights, usize), Unfit> {
    let map = lowering.map(node, 0)?;
    let weight = lowering.constant(node, 1, "weight")?;
    let (outputs, inputs) = match (sizes(weight), outputs_first) {
        ([outputs, inputs], true) | ([inputs, outputs], false) => (*outputs, *inputs),
        _ => {
            let help = "a fully connected layer has a weight of two dimensions";
            return Err(Unfit::new(format!("its weight has the shape {:?}", weight.dims), help));
        }
    };
    if !map.is_flat || inputs != map.shape.elements() {
        let what = format!("a weight of {inputs} inputs does not fit a map of {}", map.shape);
        return Err(Unfit::new(what, "flatten the map before a fully connected layer"));
    }
    let weights = match outputs_first {
        true => weights(weight, 0)?,
        false => weights(&transposed(weight, inputs, outputs), 0)?,
    };
    Ok((map, weights, outputs))
}

/// A constant of `[rows, columns]` as `[columns, rows]`.
fn transposed(constant: &Constant, rows: usize, columns: usize) -> Constant {
    fn turned<T: Copy>(data: &[T], rows: usize, columns: usize) -> Vec<T> {
        (0..data.len()).map(|i| data[i % rows * columns + i / rows]).collect()
    }
    let numbers = match &constant.numbers {
        Numbers::Real(data) => Numbers::Real(turned(data, rows, columns)),
        Numbers::Whole(data) => Numbers::Whole(turned(data, rows, columns)),
    };
    let fixed = constant.fixed.as_ref().map(|fixed| Fixed {
        codes: turned(&fixed.codes, rows, columns),
        steps: fixed.steps.clone(),
        axis: 1 - fixed.axis.min(1),
    });
    Constant { dims: vec![columns, rows], data_type: constant.data_type, numbers, fixed }
}
