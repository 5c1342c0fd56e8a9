//! Checkpoints whose numbers can be worked by hand, and what the user reads of those that are wrong, in
//! `errors/CASE.txt` (`make bless` rewrites those).

use import::checkpoint::{network, tensors_file, FORMAT};
use import::execute;
use import::float::FloatNet;
use safetensors::tensor::{serialize, TensorView};
use safetensors::Dtype;
use spec::error::Report;
use std::path::Path;

/// A checkpoint of these tensors.
fn tensors(all: &[(&str, &[usize], &[f32])]) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> =
        all.iter().map(|(_, _, data)| data.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let views = all.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).expect("fits"))
    });
    serialize(views, None).expect("tensors")
}

/// Two pixels of one channel: a linear layer, a shift layer, an adder layer, a mean.
fn good() -> Vec<u8> {
    tensors(&[
        ("shift.shift", &[2, 1, 1, 1], &[-0.6, -20.0]),
        ("shift.sign", &[2, 1, 1, 1], &[-0.9, 0.4]),
        ("bn.weight", &[2], &[2.0, 1.0]),
        ("bn.bias", &[2], &[1.0, 3.0]),
        ("bn.running_mean", &[2], &[-1.0, 0.0]),
        ("bn.running_var", &[2], &[0.25, 1.0]),
        ("adder.adder", &[1, 2, 1, 1], &[1.0, -1.0]),
        ("fc.weight", &[1, 2], &[10.0, 1.0]),
        ("fc.bias", &[1], &[0.5]),
    ])
}

const LAYERS: &str = "\
layers:
  - {name: shift, op: shift, input: input, norm: bn, epsilon: 0, activation: relu6}
  - {name: adder, op: adder, input: shift}
  - {name: fc, op: conv, input: adder}
  - {name: pool, op: average, input: adder, residual: fc}
";

fn description(layers: &str) -> String {
    format!("format: {FORMAT}\ntensors: x.safetensors\ninput: {{shape: [1, 1, 2]}}\n{layers}")
}

fn read(text: &str, bytes: &[u8]) -> Result<FloatNet, Report> {
    assert_eq!(tensors_file("x.yaml", text)?, "x.safetensors");
    network("x.yaml", text, "x.safetensors", bytes)
}

#[test]
fn hand_worked() {
    let net = read(&description(LAYERS), &good()).unwrap_or_else(|report| panic!("{report}"));
    let values = execute::run(&net, &[1.0, -4.0]);
    // -2^-1 x, then (z + 1) * 4 + 1, clipped; the second channel has a sign of 0, so its bias.
    assert_eq!(values[1], [3.0, 6.0, 3.0, 3.0]);
    // -|3 - 1| - |3 + 1| and -|6 - 1| - |3 + 1|.
    assert_eq!(values[2], [-6.0, -9.0]);
    assert_eq!(values[3], [-68.5]);
    assert_eq!(values[4], [-76.0]);
    let bold = description(&LAYERS.replace("epsilon: 0", "epsilon: 0, threshold: 0.3"));
    let values = execute::run(&read(&bold, &good()).expect("fits"), &[1.0, -4.0]);
    // Held to 2^-14.
    assert_eq!(values[1][2..], [3.0 + (2f32).powi(-14), 3.0 - (2f32).powi(-12)]);
}

#[test]
fn what_is_wrong_is_said() {
    let refuses = |case: &str, text: &str, bytes: &[u8]| {
        let said = read(text, bytes).expect_err("refused").to_string();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/errors/{case}.txt"));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&golden, &said).expect("written");
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(said, expected, "{case}: run `make bless`, then read `git diff`");
    };
    let (text, bytes) = (description(LAYERS), good());
    refuses("checkpoint-truncated", &text, &bytes[..bytes.len() - 3]);
    for (case, right, wrong) in [
        ("checkpoint-format", "nasa-checkpoint/1", "nasa-checkpoint/7"),
        ("checkpoint-words", "op: shift, input: input", "op: shfit, inputs: input"),
        ("checkpoint-source", "op: adder, input: shift", "op: adder, input: shfit"),
        ("checkpoint-tensor", "norm: bn,", "norm: bn1,"),
        ("checkpoint-groups", "op: adder, input: shift", "op: adder, input: shift, groups: 2"),
        ("checkpoint-residual", "residual: fc", "residual: shift"),
        ("checkpoint-linear", "op: conv, input: adder", "op: conv, input: shift"),
        ("checkpoint-kernel", "op: adder, input: shift", "op: adder, input: shift, kernel: [1, 1]"),
        ("checkpoint-window", "input: adder, residual: fc", "input: adder, kernel: [2, 2]"),
    ] {
        assert!(text.contains(right), "{case}");
        refuses(case, &text.replace(right, wrong), &bytes);
    }
}
