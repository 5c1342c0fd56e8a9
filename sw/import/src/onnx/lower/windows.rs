//! Ops that slide a window over a map: convolutions, those of nasa's own domain, and averages, which are sums with a
//! slope.

use super::super::constant::{Constant, Numbers};
use super::super::node::{extent, Node, Unfit};
use super::{Lowering, Map, Value};
use crate::float::{FloatLayer, Weights, UNCLIPPED};
use model::draft::MAX_EXTENT;
use model::graph::Padding;
use model::Shape;
use spec::op::Op;

pub fn conv(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    window(lowering, node, Op::Conv)
}

pub fn shift(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    window(lowering, node, Op::Shift)
}

pub fn adder(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    window(lowering, node, Op::Adder)
}

pub fn global_average(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    let map = lowering.map(node, 0)?;
    mean_of_map(lowering, node, map, false)
}

/// A mean over rows and columns; over anything else there is none.
pub fn mean(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    let map = lowering.map(node, 0)?;
    let mut axes = lowering.axes(node, 1)?;
    axes.sort_unstable();
    if map.is_flat || axes != [2, 3] {
        let what = format!("a mean over axes {axes:?}");
        return Err(Unfit::new(what, "the mean over rows and columns together, axes 2 and 3, is imported"));
    }
    mean_of_map(lowering, node, map, node.int("keepdims", 1) == 0)
}

fn mean_of_map(lowering: &mut Lowering<'_>, node: &Node, map: Map, is_flat: bool) -> Result<Value, Unfit> {
    if map.is_flat {
        return Err(Unfit::new("its input has no rows and columns", "export the model again"));
    }
    let Shape { c, h, w } = map.shape;
    let layer = averages(&map, [h, w], [1, 1]);
    Ok(Value::Map(lowering.push(node, FloatLayer { out_shape: Shape::new(c, 1, 1), ..layer }, is_flat)))
}

pub fn average(lowering: &mut Lowering<'_>, node: &Node) -> Result<Value, Unfit> {
    let map = lowering.padded_map(node, 0)?;
    let kernel = node.pair("kernel_shape", [0, 0], 1)?;
    let stride = node.pair("strides", [1, 1], 1)?;
    let own = padding(node, &map, kernel, stride)?;
    if own != Padding::default() && node.int("count_include_pad", 0) == 0 {
        let help = "export with count_include_pad=True, which divides by the whole kernel everywhere";
        return Err(Unfit::new("it divides by fewer elements where it is padded", help));
    }
    if node.int("ceil_mode", 0) != 0 {
        return Err(Unfit::new("it rounds the size of its output up", "export with ceil_mode=False"));
    }
    check_dilation(node)?;
    finish(lowering, node, FloatLayer { padding: sum(map.pads, own), ..averages(&map, kernel, stride) })
}

/// The mean of every window of `map`.
fn averages(map: &Map, kernel: [usize; 2], stride: [usize; 2]) -> FloatLayer {
    let channels = map.shape.c;
    FloatLayer {
        slope: vec![1.0 / (kernel[0] * kernel[1]) as f64; channels],
        groups: channels,
        kernel,
        stride,
        ..blank(map, channels)
    }
}

/// A layer of `channels` outputs that reads `map`.
pub fn blank(map: &Map, channels: usize) -> FloatLayer {
    FloatLayer {
        name: String::new(),
        op: Op::Conv,
        input: map.value,
        residual: None,
        in_shape: map.shape,
        out_shape: Shape::new(channels, 1, 1),
        kernel: [1, 1],
        stride: [1, 1],
        padding: Padding::default(),
        groups: 1,
        weights: Weights::Ones,
        slope: vec![1.0; channels],
        offset: vec![0.0; channels],
        clip: UNCLIPPED,
        step: None,
    }
}

fn window(lowering: &mut Lowering<'_>, node: &Node, op: Op) -> Result<Value, Unfit> {
    let map = lowering.padded_map(node, 0)?;
    let weight = lowering.constant(node, 1, "weight")?;
    let [outputs, inputs, rows, columns] = sizes(weight)[..] else {
        let what = format!("its weight has the shape {:?}", weight.dims);
        let help = "layers have two dimensions: a weight is [out, in / groups, rows, columns]";
        return Err(Unfit::new(what, help));
    };
    let groups = extent(node.int("group", 1)).unwrap_or(0);
    if map.is_flat || groups == 0 || inputs * groups != map.shape.c || !outputs.is_multiple_of(groups) {
        let what =
            format!("a weight of {:?} in {groups} groups does not fit a map of {}", weight.dims, map.shape);
        return Err(Unfit::new(what, "export the model again"));
    }
    let kernel = [rows, columns];
    if node.pair("kernel_shape", kernel, 1)? != kernel {
        return Err(Unfit::new(
            format!("its kernel is not that of its weight, {kernel:?}"),
            "export the model again",
        ));
    }
    check_dilation(node)?;
    let stride = node.pair("strides", [1, 1], 1)?;
    let padding = sum(map.pads, padding(node, &map, kernel, stride)?);
    let weights = weights(weight, 0)?;
    let offset = bias(lowering.optional(node, 2, "bias")?, outputs)?;
    finish(
        lowering,
        node,
        FloatLayer { op, kernel, stride, padding, groups, weights, offset, ..blank(&map, outputs) },
    )
}

/// The shape of a weight, empty where there is nothing in it or too much for one of our layers.
pub fn sizes(weight: &Constant) -> &[usize] {
    let is_sane = weight.dims.iter().all(|size| (1..=MAX_EXTENT).contains(size));
    if is_sane {
        &weight.dims
    } else {
        &[]
    }
}

/// Adds a layer whose window is known.
fn finish(lowering: &mut Lowering<'_>, node: &Node, layer: FloatLayer) -> Result<Value, Unfit> {
    let [h, w] = layer.extent().map_err(|what| {
        Unfit::new(what, "padding must be less than the kernel, and the kernel fit the padded map")
    })?;
    let out_shape = Shape::new(layer.out_shape.c, h, w);
    Ok(Value::Map(lowering.push(node, FloatLayer { out_shape, ..layer }, false)))
}

/// The weights that a constant holds, whose outputs lie along `axis`.
pub fn weights(constant: &Constant, axis: usize) -> Result<Weights, Unfit> {
    let Some(fixed) = &constant.fixed else {
        return Ok(Weights::Real(constant.as_reals()));
    };
    let outputs = constant.dims[axis];
    let steps = match fixed.steps.len() {
        1 => vec![fixed.steps[0]; outputs],
        n if n == outputs && fixed.axis == axis => fixed.steps.clone(),
        n => {
            let what = format!("its weight has {n} scales along axis {}", fixed.axis);
            return Err(Unfit::new(what, "quantize weights per tensor, or per output channel"));
        }
    };
    let codes: Option<Vec<i8>> = fixed.codes.iter().map(|code| i8::try_from(*code).ok()).collect();
    codes.map(|codes| Weights::Fixed { codes, steps }).ok_or_else(|| {
        Unfit::new("its weight is no integer of 8 bits", "quantize weights to 8 bits, signed, symmetric")
    })
}

/// One number an output channel, 0 where there is no bias.
pub fn bias(constant: Option<&Constant>, outputs: usize) -> Result<Vec<f64>, Unfit> {
    let Some(constant) = constant else {
        return Ok(vec![0.0; outputs]);
    };
    let numbers: Vec<f64> = match (&constant.numbers, constant.count()) {
        (Numbers::Real(numbers), 1) => vec![f64::from(numbers[0]); outputs],
        (Numbers::Real(numbers), n) if n == outputs => {
            numbers.iter().map(|number| f64::from(*number)).collect()
        }
        (_, n) => {
            let what = format!("its bias has {n} numbers for {outputs} channels");
            return Err(Unfit::new(what, "export the model again"));
        }
    };
    Ok(numbers)
}

fn check_dilation(node: &Node) -> Result<(), Unfit> {
    match node.pair("dilations", [1, 1], 1)? {
        [1, 1] => Ok(()),
        dilations => Err(Unfit::new(
            format!("dilations {dilations:?}"),
            "could be lowered: write the kernel out, with zeros between its taps",
        )),
    }
}

fn sum(a: Padding, b: Padding) -> Padding {
    Padding {
        top: a.top + b.top,
        left: a.left + b.left,
        bottom: a.bottom + b.bottom,
        right: a.right + b.right,
    }
}

/// The zeros that a window adds itself, by `pads` or by `auto_pad`.
fn padding(node: &Node, map: &Map, kernel: [usize; 2], stride: [usize; 2]) -> Result<Padding, Unfit> {
    let upper = match node.text("auto_pad").as_str() {
        "" | "NOTSET" => return written_padding(node),
        "VALID" => return Ok(Padding::default()),
        "SAME_UPPER" => true,
        "SAME_LOWER" => false,
        other => return Err(Unfit::new(format!("auto_pad is `{other}`"), "export with explicit padding")),
    };
    let sides = |size: usize, i: usize| {
        let all = ((size.div_ceil(stride[i]) - 1) * stride[i] + kernel[i]).saturating_sub(size);
        let (less, more) = (all / 2, all - all / 2);
        if upper {
            (less, more)
        } else {
            (more, less)
        }
    };
    let ((top, bottom), (left, right)) = (sides(map.shape.h, 0), sides(map.shape.w, 1));
    Ok(Padding { top, left, bottom, right })
}

fn written_padding(node: &Node) -> Result<Padding, Unfit> {
    let Some(pads) = node.ints("pads") else {
        return Ok(Padding::default());
    };
    let sizes: Option<Vec<usize>> = pads.iter().map(|pad| extent(*pad)).collect();
    match sizes.as_deref() {
        Some([top, left, bottom, right]) => Ok(Padding::from([*top, *left, *bottom, *right])),
        _ => Err(Unfit::new(format!("pads are {pads:?}"), "pads are four numbers of at least 0")),
    }
}
