//! What no field or register of the instruction set can hold is refused by its name, never cut off.

use compiler::{compile, Options};
use model::draft::{Draft, LayerDraft};
use model::graph::{Input, Parameters};
use model::{Graph, Shape};
use spec::accelerator::Accelerator;
use spec::op::Op;

fn accelerator() -> Accelerator {
    let text = "format: nasa-accelerator/1\nname: wide\nbuffer: {banks: 8, bank_kib: 64, line_bytes: 8}\n\
        chunks:\n  clp: {rows: 4, cols: 4, input_rf: 16, weight_rf: 16, psum_rf: 8}\n";
    spec::config::parse("wide.yaml", text).unwrap_or_else(|report| panic!("{report}"))
}

/// A convolution of one output channel.
fn layer(shape: Shape, kernel: [usize; 2]) -> Graph {
    let parameters = Parameters {
        weight: vec![1; shape.c * kernel[0] * kernel[1]],
        bias: vec![0],
        multiplier: vec![1],
        shift: vec![4],
        ..Parameters::default()
    };
    let layer = LayerDraft {
        name: "wide".into(),
        op: Op::Conv,
        input: "input".into(),
        residual: None,
        out_channels: 1,
        kernel,
        stride: [1, 4],
        padding: [0; 4].into(),
        groups: 1,
        clamp: (-128, 127),
        parameters,
    };
    let input = Input { shape, scale: 1.0, mean: vec![0.0; shape.c], std: vec![1.0; shape.c] };
    let draft = Draft { name: "wide".into(), input, classes: vec![], layers: vec![layer], output: None };
    Graph::new(draft).unwrap_or_else(|report| panic!("{report}"))
}

/// What the compiler says of a layer; nothing where it takes it.
fn refusal(shape: Shape, kernel: [usize; 2]) -> String {
    let compiled = compile(&accelerator(), &layer(shape, kernel), &Options::default());
    compiled.err().map(|report| report.to_string()).unwrap_or_default()
}

#[test]
fn extents_beyond_their_registers_are_refused_by_name() {
    let most = i16::MAX as usize;
    assert_eq!(refusal(Shape::new(1, 1, most), [1, 7]), "");
    assert_eq!(refusal(Shape::new(most, 1, 1), [1, 1]), "");
    for (shape, kernel, register) in [
        (Shape::new(1, 1, most + 1), [1, 7], "x_width"),
        (Shape::new(1, 1, 1 << 16), [1, 7], "x_width"),
        (Shape::new(1, most + 1, 1), [7, 1], "x_height"),
        (Shape::new(most + 1, 1, 1), [1, 1], "x_channels"),
    ] {
        let text = refusal(shape, kernel);
        let said = format!("layer `wide`: register {register} holds -32768..=32767, not");
        assert!(text.contains(&said), "{shape}: {text}");
    }
}
