//! Models that are quantised already: a `QuantizeLinear` gives the layer before it the step of its output, a
//! `DequantizeLinear` of a constant gives the integers of a weight. Between two layers both compute nothing.
//!
//! Our numbers have no zero points: the integer 0 is the real 0. So of 8 bits, signed ones with zero point 0 and
//! unsigned ones with 128 can be had, and no others.

use super::super::constant::{type_name, Constant, Fixed, Numbers};
use super::super::node::{Node, Unfit};
use super::{Lowering, Value};
use spec::error::Diagnostic;

const UINT8: i32 = 2;
const INT8: i32 = 3;
const INT32: i32 = 6;

/// Scale and zero point of a node.
struct Grid {
    steps: Vec<f64>,
    zeros: Vec<i64>,
    data_type: i32,
}

impl Grid {
    fn of(lowering: &Lowering<'_>, node: &Node) -> Result<Grid, Unfit> {
        let scale = lowering.constant(node, 1, "scale")?;
        let steps: Vec<f64> = scale.as_reals().into_iter().map(f64::from).collect();
        if steps.is_empty() || steps.iter().any(|step| !(*step > 0.0 && step.is_finite())) {
            return Err(Unfit::new("its scale is not positive", "quantize the model again"));
        }
        let zero = lowering.optional(node, 2, "zero point")?;
        let zeros = zero
            .and_then(Constant::as_whole)
            .filter(|zeros| !zeros.is_empty())
            .map_or(vec![0], <[i64]>::to_vec);
        let written = node.int("output_dtype", 0) as i32;
        let default = if written == 0 { UINT8 } else { written };
        let data_type = zero.map_or(default, |zero| zero.data_type);
        Ok(Grid { steps, zeros, data_type })
    }
}

/// What our integer 0 is among integers of a type.
fn centre(data_type: i32) -> i64 {
    i64::from(data_type == UINT8) * 128
}

pub fn quantise(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    let grid = Grid::of(lowering, node)?;
    if !matches!(grid.data_type, INT8 | UINT8) {
        let what = format!("it quantizes to {}", type_name(grid.data_type));
        return Err(Unfit::new(
            what,
            "quantize to 8 bits: activation_type=QuantType.QInt8, weight_type=QuantType.QInt8",
        ));
    }
    if let Some(Value::Constant(constant)) = node.input(0).and_then(|name| lowering.values.get(name)) {
        return Ok(Value::Constant(rounded(constant, &grid, node)?));
    }
    let map = lowering.padded_map(node, 0)?;
    let [step] = grid.steps[..] else {
        return Err(Unfit::new("it has several scales", "quantize activations per tensor"));
    };
    let centre = centre(grid.data_type);
    if grid.zeros.iter().any(|zero| *zero != centre) {
        let (name, zero) = (node.input(0).unwrap_or_default(), grid.zeros[0]);
        lowering.asymmetric.push(format!("`{name}`: {}, zero point {zero}", type_name(grid.data_type)));
    }
    let is_open = lowering.open(&map).is_some();
    let held = match map.value {
        0 => &mut lowering.input.step,
        value => &mut lowering.layers[value - 1].step,
    };
    match *held {
        Some(other) if !is_open && !near(other, step) => {
            // Somebody else reads it on another grid.
            let map = lowering.identity(node, &lowering.map(node, 0)?);
            lowering.layers[map.value - 1].step = Some(step);
            Ok(Value::Map(map))
        }
        _ => {
            *held = Some(step);
            Ok(lowering.passed(node, map))
        }
    }
}

/// The integers of a constant, as `QuantizeLinear` makes them.
fn rounded(constant: &Constant, grid: &Grid, node: &Node) -> Result<Constant, Unfit> {
    let place = Place::new(constant, grid, node)?;
    let (least, most) = if grid.data_type == UINT8 { (0, 255) } else { (-128, 127) };
    let code = |(i, number): (usize, &f32)| {
        let code = (f64::from(*number) / grid.steps[place.of(i, grid.steps.len())]).round_ties_even() as i64;
        code.saturating_add(grid.zeros[place.of(i, grid.zeros.len())]).clamp(least, most)
    };
    let codes = constant.as_reals().iter().enumerate().map(code).collect();
    Ok(Constant {
        dims: constant.dims.clone(),
        data_type: grid.data_type,
        numbers: Numbers::Whole(codes),
        fixed: None,
    })
}

pub fn dequantise(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    let grid = Grid::of(lowering, node)?;
    if let Some(Value::Constant(constant)) = node.input(0).and_then(|name| lowering.values.get(name)) {
        let constant = constant.clone();
        return real(lowering, &constant, &grid, node).map(Value::Constant);
    }
    let map = lowering.padded_map(node, 0)?;
    let held = match map.value {
        0 => &mut lowering.input.step,
        value => &mut lowering.layers[value - 1].step,
    };
    let [step] = grid.steps[..] else {
        return Err(Unfit::new("it has several scales", "quantize activations per tensor"));
    };
    // An input of integers is quantised before it is fed.
    let before = *held.get_or_insert(step);
    match near(before, step) {
        true => Ok(lowering.passed(node, map)),
        false => Err(Unfit::new(
            format!("its scale is {step:?}, the integers that it reads have {before:?}"),
            "quantize the model again",
        )),
    }
}

/// The real numbers of integers, beside which they are kept.
fn real(
    lowering: &mut Lowering<'_>,
    constant: &Constant,
    grid: &Grid,
    node: &Node,
) -> Result<Constant, Unfit> {
    let Some(whole) = constant.as_whole().filter(|_| matches!(constant.data_type, INT8 | UINT8 | INT32))
    else {
        let what = format!("it reads {}", type_name(constant.data_type));
        return Err(Unfit::new(what, "quantize weights to 8 bits, signed, symmetric"));
    };
    let place = Place::new(constant, grid, node)?;
    let centre = centre(constant.data_type);
    if let Some(zero) = grid.zeros.iter().find(|zero| **zero != centre) {
        let name = node.input(0).unwrap_or_default();
        lowering.asymmetric.push(format!("`{name}`: {}, zero point {zero}", type_name(constant.data_type)));
    }
    let code = |(i, code): (usize, &i64)| code.saturating_sub(grid.zeros[place.of(i, grid.zeros.len())]);
    let codes: Vec<i64> = whole.iter().enumerate().map(code).collect();
    let number = |(i, code): (usize, &i64)| (*code as f64 * grid.steps[place.of(i, grid.steps.len())]) as f32;
    let numbers = codes.iter().enumerate().map(number).collect();
    let fixed = Fixed { codes, steps: grid.steps.clone(), axis: place.axis };
    Ok(Constant { fixed: Some(fixed), ..Constant::reals(constant.dims.clone(), numbers) })
}

/// Which index of its axis an element has.
struct Place {
    axis: usize,
    extent: usize,
    inner: usize,
}

impl Place {
    fn new(constant: &Constant, grid: &Grid, node: &Node) -> Result<Place, Unfit> {
        let rank = constant.dims.len() as i64;
        let written = node.int("axis", 1);
        let axis = usize::try_from(if written < 0 { written + rank } else { written }).unwrap_or(usize::MAX);
        let extent = constant.dims.get(axis).copied().unwrap_or(1);
        let inner = constant.dims.get(axis + 1..).map_or(1, |dims| dims.iter().product());
        let fits = |count: usize| count == 1 || count == extent;
        match fits(grid.steps.len()) && fits(grid.zeros.len()) && node.int("block_size", 0) == 0 {
            true => Ok(Place { axis, extent, inner }),
            false => Err(Unfit::new(
                format!("{} scales along axis {written} of {:?}", grid.steps.len(), constant.dims),
                "quantize weights per tensor, or per output channel",
            )),
        }
    }

    /// The index among `count` scales of the `i`-th element.
    fn of(&self, i: usize, count: usize) -> usize {
        if count == 1 {
            0
        } else {
            i / self.inner % self.extent
        }
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs())
}

impl Lowering<'_> {
    /// All values whose zero point our numbers cannot have, as one fault.
    pub fn zero_points(&self) -> Option<Diagnostic> {
        if self.asymmetric.is_empty() {
            return None;
        }
        let message =
            "zero points that our numbers cannot have: the integer 0 is the real 0, of uint8 it is 128";
        let fault = Diagnostic::new("import", message).in_file(&self.graph.file);
        let fault = self.asymmetric.iter().fold(fault, |fault, value| fault.note(value));
        Some(fault.help(
            "quantize symmetrically to signed integers: quantize_static(..., activation_type=QuantType.QInt8, \
             weight_type=QuantType.QInt8, extra_options={\"ActivationSymmetric\": True, \"WeightSymmetric\": True})",
        ))
    }
}
