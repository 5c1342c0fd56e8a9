//! What the user reads of models that cannot be imported: each case is a model made here, and what must be said of it
//! in `errors/CASE.txt` (`make bless` rewrites those).

use import::calibrate::{Images, Pixels};
use import::float::Shifts;
use import::onnx::proto::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use import::onnx::{self, Beside};
use prost::Message;
use spec::error::Report;
use std::path::Path;

/// A dimension that is known, or a word.
fn dimension(text: &str) -> DimensionProto {
    match text.parse() {
        Ok(size) => DimensionProto { dim_value: Some(size), dim_param: None },
        Err(_) => DimensionProto { dim_value: None, dim_param: Some(text.into()) },
    }
}

fn value(name: &str, elem_type: i32, dims: &str) -> ValueInfoProto {
    let shape = Some(TensorShapeProto { dim: dims.split(',').map(dimension).collect() });
    let tensor_type = Some(TensorTypeProto { elem_type, shape });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) }
}

/// `OUTPUT = OP(INPUT, ...)`, named NAME.
fn node(name: &str, op: &str, inputs: &str, output: &str) -> NodeProto {
    let (domain, op_type) = op.split_once("::").unwrap_or(("", op));
    NodeProto {
        name: name.into(),
        op_type: op_type.into(),
        domain: domain.into(),
        input: inputs.split(' ').map(String::from).collect(),
        output: vec![output.into()],
        attribute: Vec::new(),
    }
}

fn with(mut node: NodeProto, name: &str, ints: &[i64]) -> NodeProto {
    let (i, ints) = (ints[0], ints.to_vec());
    node.attribute.push(AttributeProto { name: name.into(), i, ints, ..AttributeProto::default() });
    node
}

fn reals(name: &str, dims: &[i64]) -> TensorProto {
    let count = dims.iter().product::<i64>() as usize;
    let float_data = (0..count).map(|i| 0.1 * (i % 7) as f32 - 0.2).collect();
    TensorProto { name: name.into(), dims: dims.to_vec(), data_type: 1, float_data, ..TensorProto::default() }
}

/// A convolution of 3 x 3 and a ReLU on maps of 2 x 6 x 6.
fn model() -> ModelProto {
    let graph = GraphProto {
        name: "model".into(),
        node: vec![node("stem", "Conv", "image w b", "x"), node("act", "Relu", "x", "y")],
        initializer: vec![reals("w", &[4, 2, 3, 3]), reals("b", &[4])],
        input: vec![value("image", 1, "N,2,6,6")],
        output: vec![value("y", 1, "N,4,4,4")],
    };
    let opset = OperatorSetIdProto { domain: String::new(), version: 17 };
    ModelProto { ir_version: 8, opset_import: vec![opset], graph: Some(graph) }
}

/// The model with a change of its graph.
fn changed(change: impl FnOnce(&mut GraphProto)) -> ModelProto {
    let mut model = model();
    change(model.graph.as_mut().expect("a graph"));
    model
}

/// The model with nodes between the ReLU and its output `y`; the first reads `y` and the last gives `z`.
fn followed(nodes: Vec<NodeProto>, constants: Vec<TensorProto>) -> ModelProto {
    changed(|graph| {
        graph.node.extend(nodes);
        graph.initializer.extend(constants);
        graph.output = vec![value("z", 1, "N,4,4,4")];
    })
}

/// What is said of `bytes`, imported whole.
fn said(bytes: &[u8]) -> String {
    let imported = onnx::network("model.onnx", bytes, &Beside::new()).and_then(|net| {
        let pixels = Pixels::default().of(net.input.shape.c)?;
        import::import("model", &net, None, &pixels)
    });
    imported.err().map_or("nothing is wrong".into(), |report| report.to_string())
}

fn check(case: &str, said: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/errors/{case}.txt"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, said).expect("written");
    }
    let expected = std::fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(said, expected, "{case}: run `make bless`, then read `git diff`");
}

fn refuses(case: &str, model: &ModelProto) {
    check(case, &said(&model.encode_to_vec()));
}

#[test]
fn files_that_are_no_models() {
    let bytes = model().encode_to_vec();
    check("truncated", &said(&bytes[..bytes.len() / 2]));
    check("empty", &said(&[]));
    check("another-kind-of-file", &said(b"\x93NUMPY is no protobuf"));
    // Every cut ends in an error, and none in a panic.
    for length in 0..bytes.len() {
        assert!(said(&bytes[..length]).starts_with("error[import]"), "cut after {length}");
    }
    refuses("no-opset", &ModelProto { opset_import: Vec::new(), ..model() });
    let opset = OperatorSetIdProto { domain: String::new(), version: 6 };
    refuses("old-opset", &ModelProto { opset_import: vec![opset], ..model() });
    let newer = OperatorSetIdProto { domain: "nasa".into(), version: 2 };
    let with_ours = ModelProto { opset_import: [&model().opset_import[..], &[newer]].concat(), ..model() };
    refuses("newer-domain", &with_ours);
    // Damaged bytes say something, whatever it is.
    for i in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[i] ^= 0x55;
        said(&damaged);
    }
}

#[test]
fn inputs_and_outputs() {
    refuses("dynamic-shape", &changed(|graph| graph.input = vec![value("image", 1, "N,2,height,width")]));
    refuses("no-images", &changed(|graph| graph.input = vec![value("image", 1, "N,2,6")]));
    refuses("wrong-type", &changed(|graph| graph.input = vec![value("image", 10, "N,2,6,6")]));
    refuses("two-inputs", &changed(|graph| graph.input.push(value("mask", 1, "N,2,6,6"))));
    refuses("two-outputs", &changed(|graph| graph.output.push(value("x", 1, "N,4,4,4"))));
    refuses(
        "nothing-but-relabelled",
        &changed(|graph| graph.node = vec![node("same", "Identity", "image", "y")]),
    );
    refuses("no-calibration", &model());
}

#[test]
fn all_ops_that_we_do_not_have() {
    let nodes = vec![
        with(node("pool1", "MaxPool", "y", "a"), "kernel_shape", &[2, 2]),
        node("wide", "Concat", "a a", "b"),
        node("pool2", "MaxPool", "b", "c"),
        node("", "FrobnicateLayer", "c", "d"),
        node("odd", "com.example::Relu", "d", "e"),
        node("typo", "nasa::Addder", "e", "f"),
        node("classes", "Softmax", "f", "z"),
    ];
    refuses("unknown-ops", &followed(nodes, Vec::new()));
}

#[test]
fn nodes_that_no_layer_computes() {
    let pads = |name: &str, numbers: &[i64]| TensorProto {
        name: name.into(),
        dims: vec![numbers.len() as i64],
        data_type: 7,
        int64_data: numbers.to_vec(),
        ..TensorProto::default()
    };
    let nodes = vec![
        with(node("dilated", "Conv", "y v", "a"), "dilations", &[2, 2]),
        with(node("grouped", "Conv", "y v", "b0"), "group", &[3]),
        with(node("outside", "Conv", "y v", "c"), "pads", &[3, 3, 3, 3]),
        node("line", "Conv", "y line", "d"),
        with(node("edges", "AveragePool", "y", "e0"), "pads", &[1, 1, 1, 1]),
        with(node("batch", "ReduceMean", "y", "f"), "axes", &[0]),
        node("turned", "Reshape", "y sizes", "g"),
        node("padded", "Pad", "y more", "h"),
        node("then", "Relu", "h", "i"),
        node("unflat", "Gemm", "y matrix", "j"),
        node("apart", "Add", "y image", "k"),
        node("odd", "Add", "y image0", "l"),
        node("short", "BatchNormalization", "y four four four two", "m"),
        node("computed", "Conv", "y y", "n"),
        // What reads a value that a fault hides raises none of its own.
        node("hidden", "Relu", "a", "o"),
        node("late", "Add", "nowhere y", "p"),
    ];
    // All are needed for the output.
    let sums = "abcdfgijklmnop".chars().chain(['e']).enumerate().map(|(i, x)| {
        let before = if i == 0 { "y".to_string() } else { format!("s{i}") };
        // `b` is the bias.
        let x = if "be".contains(x) { format!("{x}0") } else { x.to_string() };
        let after = if i == 14 { "z".to_string() } else { format!("s{}", i + 1) };
        node(&format!("sum{i}"), "Add", &format!("{before} {x}"), &after)
    });
    let nodes = nodes.into_iter().map(|node| match node.name.as_str() {
        "edges" => with(node, "kernel_shape", &[2, 2]),
        _ => node,
    });
    let constants = vec![
        reals("v", &[2, 4, 3, 3]),
        reals("line", &[2, 4, 3]),
        reals("matrix", &[4, 2]),
        reals("image0", &[4, 4]),
        reals("two", &[2]),
        reals("four", &[4]),
        pads("sizes", &[0, 2, 2, -1]),
        pads("more", &[0, 0, 1, 1, 0, 0, 1, 1]),
    ];
    refuses("unfit-nodes", &followed(nodes.chain(sums).collect(), constants));
}

#[test]
fn constants_that_cannot_be_read() {
    refuses(
        "constants",
        &changed(|graph| {
            graph.initializer[0].float_data.pop();
            let bias = &mut graph.initializer[1];
            (bias.data_location, bias.float_data) = (1, Vec::new());
            let location = StringStringEntryProto { key: "location".into(), value: "model.onnx.data".into() };
            bias.external_data = vec![location];
        }),
    );
}

/// Constants of one number each: scale, and a zero point of a type.
fn grid(name: &str, data_type: i32, zero: i32) -> [TensorProto; 2] {
    let scale = TensorProto { float_data: vec![0.1], ..reals(&format!("{name}.scale"), &[1]) };
    let zero = TensorProto {
        name: format!("{name}.zero"),
        dims: vec![1],
        data_type,
        int32_data: vec![zero],
        ..TensorProto::default()
    };
    [scale, zero]
}

#[test]
fn scales_and_zero_points() {
    let nodes = vec![
        node("q", "QuantizeLinear", "y q.scale q.zero", "a"),
        node("dq", "DequantizeLinear", "a q.scale q.zero", "b"),
        node("q2", "QuantizeLinear", "b r.scale r.zero", "c"),
        node("dq2", "DequantizeLinear", "c r.scale r.zero", "z"),
    ];
    let constants = |zero, other| [grid("q", 3, zero), grid("r", 2, other)].concat();
    refuses("zero-points", &followed(nodes.clone(), constants(-128, 0)));
    // With those that we can have, what is missing is the scales of the other values.
    refuses("some-scales", &followed(nodes.clone(), constants(0, 128)));
    refuses("sixteen-bits", &followed(nodes, [grid("q", 5, 0), grid("r", 2, 128)].concat()));
}

#[test]
fn names_and_images() {
    let mut net = onnx::network("model.onnx", &model().encode_to_vec(), &Beside::new()).expect("fits");
    let shift = |names: &[&str]| Shifts::Named(names.iter().map(|name| name.to_string()).collect());
    check("shift-unknown", &net.shift(&shift(&["stem", "sten", "zebra"])).expect_err("refused").to_string());
    let pixels = Pixels { mean: vec![0.5], std: vec![0.0, 1.0] }.of(2).expect_err("refused");
    check("pixels", &pixels.to_string());
    let pixels = Pixels::default().of(2).expect("none");
    let read = |descr: &str, shape: &str, data: &[u8]| {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
        let length = (header.len() as u16).to_le_bytes();
        let bytes = [b"\x93NUMPY", &[1, 0][..], &length, header.as_bytes(), data].concat();
        Images::read(&net, "x.npy", &bytes, &pixels)
    };
    let fault = |images: Result<Images, Report>| images.expect_err("refused").to_string();
    check("calibration-shape", &fault(read("|u1", "(1, 2, 3)", &[0; 6])));
    check("calibration-empty", &fault(read("|u1", "(0, 2, 6, 6)", &[])));
    check("calibration-truncated", &fault(read("|u1", "(1, 2, 6, 6)", &[0; 60])));
    check("calibration-type", &fault(read("<i8", "(1, 2, 6, 6)", &[0; 576])));
    check("calibration-not-finite", &fault(read("<f4", "(1, 2, 6, 6)", &[255; 288])));
    let images = read("|u1", "(1, 2, 6, 6)", &[51; 72]).expect("pixels");
    assert_eq!(images.data[71], 0.2);
}
