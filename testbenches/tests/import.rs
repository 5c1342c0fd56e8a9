//! Models of other programs against onnxruntime: the network of real numbers that an import makes computes what
//! onnxruntime does, the integers are near it within bounds that stand here, and hardware computes the integers.

use cosim::executor;
use import::calibrate::{Images, Pixels};
use import::float::{FloatNet, Shifts, Weights};
use import::onnx::{self, Beside};
use import::{checkpoint, execute, Imported};
use model::npy::{self, Elements};
use spec::op::Op;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use testbenches::oracle;
use testbenches::rtl::config;

/// The folder of the models, built once.
fn models() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("onnx");
        oracle::python("onnx_models.py", &[folder.as_os_str()]);
        folder
    })
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(models().join(name)).expect("a file")
}

fn lowered(name: &str) -> FloatNet {
    let file = format!("{name}.onnx");
    let model = bytes(&file);
    let beside = onnx::files_beside(&model).into_iter().map(|name| (name.clone(), bytes(&name)));
    onnx::network(&file, &model, &beside.collect::<Beside>()).unwrap_or_else(|report| panic!("{report}"))
}

fn images(name: &str, net: &FloatNet) -> Images {
    let pixels = Pixels::default().of(net.input.shape.c).expect("no numbers");
    Images::read(net, "x.npy", &bytes(&format!("{name}.x.npy")), &pixels).expect("images")
}

/// What onnxruntime gave.
fn expected(name: &str) -> Vec<f32> {
    match npy::read_array("y.npy", &bytes(&format!("{name}.y.npy"))).expect("an array").elements {
        Elements::Real(numbers) => numbers,
        Elements::Bytes(_) => panic!("outputs are real"),
    }
}

/// The greatest difference of two lists of numbers of the same length.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |most, (a, b)| most.max((a - b).abs()))
}

/// What our executor of real numbers gives for all images.
fn real(net: &FloatNet, images: &Images) -> Vec<f32> {
    (0..images.n).flat_map(|i| execute::run(net, images.image(i)).swap_remove(net.output)).collect()
}

#[test]
fn real_numbers_equal_onnxruntime() {
    // "outside" has its weights in another file.
    for (name, layers, of) in [
        ("blocks", 7, "blocks"),
        ("outside", 7, "blocks"),
        ("residuals", 7, "residuals"),
        ("averages", 9, "averages"),
        ("classes", 2, "classes"),
        ("hybrid", 3, "hybrid"),
    ] {
        let net = lowered(name);
        let names: Vec<&str> = net.layers.iter().map(|layer| layer.name.as_str()).collect();
        assert_eq!(names.len(), layers, "{name}: {names:?}");
        let (images, expected) = (images(of, &net), expected(of));
        let found = difference(&real(&net, &images), &expected);
        println!("{name}: {found:e} from onnxruntime in {} numbers", expected.len());
        assert!(found < 1e-4, "{name}: {found}");
        // The comparison can fail.
        let mut wrong = net.clone();
        wrong.layers[0].offset[0] += 0.1;
        assert!(
            difference(&real(&wrong, &images), &expected) > 1e-4,
            "{name}: a wrong offset was not noticed"
        );
    }
}

/// The network of `hybrid.yaml`, a checkpoint of PyTorch.
fn checkpoint() -> FloatNet {
    let text = String::from_utf8(bytes("hybrid.yaml")).expect("text");
    let tensors = checkpoint::tensors_file("hybrid.yaml", &text).expect("named");
    checkpoint::network("hybrid.yaml", &text, &tensors, &bytes(&tensors))
        .unwrap_or_else(|report| panic!("{report}"))
}

#[test]
fn a_checkpoint_of_pytorch_is_the_model_that_it_was_saved_from() {
    let net = checkpoint();
    let found = difference(&real(&net, &images("hybrid", &net)), &expected("hybrid"));
    println!("hybrid.yaml: {found:e} from NumPy");
    assert!(found < 1e-4, "{found}");
    let graph = |net: &FloatNet| imported("hybrid", net, Some(&images("hybrid", net))).graph;
    let (ours, of_onnx) = (graph(&net), graph(&lowered("hybrid")));
    for ((_, a), (_, b)) in ours.layers().zip(of_onnx.layers()) {
        assert_eq!((a.op, &a.parameters.weight), (b.op, &b.parameters.weight), "{}", a.name);
    }
}

fn imported(name: &str, net: &FloatNet, images: Option<&Images>) -> Imported {
    let pixels = Pixels::default().of(net.input.shape.c).expect("no numbers");
    import::import(name, net, images, &pixels).unwrap_or_else(|report| panic!("{report}"))
}

/// Signal to noise of the integers, in decibels, and images whose class they change, of 24.
const BOUNDS: &[(&str, Shifts, f64, usize)] = &[
    ("blocks", Shifts::None, 30.0, 1),
    ("residuals", Shifts::None, 30.0, 1),
    ("averages", Shifts::None, 30.0, 1),
    ("classes", Shifts::None, 30.0, 1),
    ("hybrid", Shifts::None, 28.0, 3),
    // Random weights lose a fifth each; those of a network that was trained for it lose nothing.
    ("blocks", Shifts::All, 2.0, 12),
];

#[test]
fn integers_are_near_the_real_numbers() {
    for (name, shifts, decibels, changed) in BOUNDS {
        let mut net = lowered(name);
        net.shift(shifts).expect("convolutions");
        let images = images(name, &net);
        let agreement = imported(name, &net, Some(&images)).agreement.expect("images were given");
        println!("{name} {shifts:?}: {agreement:?}");
        assert!(agreement.decibels > *decibels, "{name} {shifts:?}: {agreement:?}");
        assert!(agreement.images - agreement.top1 <= *changed, "{name} {shifts:?}: {agreement:?}");
    }
}

/// Outputs of the integers of a quantised model, in real numbers, and the real value of one step of them.
fn integers(name: &str, net: &FloatNet, images: &Images) -> (Vec<f32>, f32) {
    let graph = imported(name, net, None).graph;
    let step = net.layers[net.output - 1].step.expect("a step");
    let output = model::reference::run(&graph, &images.quantised(&graph.input)).expect("runs");
    (output.data.iter().map(|code| (f64::from(*code) * step) as f32).collect(), step as f32)
}

#[test]
fn integers_of_a_quantised_model_are_those_of_onnxruntime() {
    let net = lowered("fixed");
    assert_eq!(net.layers.len(), 4);
    let (found, step) = integers("fixed", &net, &images("fixed", &net));
    let expected = expected("fixed");
    let most = difference(&found, &expected) / step;
    let other = found.iter().zip(&expected).filter(|(a, b)| (*a - *b).abs() > step / 2.0).count();
    println!("fixed: {other} of {} outputs differ, by {most} steps at most", found.len());
    // Ties, and the 15 bits of a multiplier.
    assert!(most < 1.5 && other * 20 <= found.len(), "{other} outputs by up to {most} steps");
}

/// onnxruntime's quantiser rounds before a clip and after it, we do once: we are to be about as near the real numbers.
#[test]
fn rounding_once_is_not_worse_than_rounding_before_every_clip() {
    for name in ["qdq", "qdq-channels"] {
        let net = lowered(name);
        assert!(net.layers.iter().all(|layer| layer.step.is_some()), "{name}: every scale is the file's");
        let images = images(name, &net);
        let (found, step) = integers(name, &net, &images);
        let (exact, expected) = (real(&net, &images), expected(name));
        let error = |a: &[f32]| {
            let squares = a.iter().zip(&exact).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
            (squares / exact.len() as f64).sqrt() / f64::from(step)
        };
        let (ours, theirs, apart) = (error(&found), error(&expected), difference(&found, &expected) / step);
        println!("{name}: errors of {ours:.2} steps, onnxruntime {theirs:.2}; at most {apart:.1} apart");
        assert!(ours < 1.3 * theirs && apart < 6.5, "{name}: {ours} {theirs} {apart}");
    }
}

/// Powers of two, rounded here once more, in another way.
#[test]
fn shift_layers_compute_with_powers_of_two() {
    let mut net = lowered("blocks");
    for layer in &mut net.layers {
        if let Weights::Real(weights) = &mut layer.weights {
            let most = weights.iter().fold(0.0f32, |most, w| most.max(w.abs())).log2().round();
            let power = |w: f32| {
                if w == 0.0 {
                    0.0
                } else {
                    w.signum() * w.abs().log2().round().clamp(most - 14.0, most).exp2()
                }
            };
            weights.iter_mut().for_each(|w| *w = power(*w));
        }
    }
    net.shift(&Shifts::All).expect("convolutions");
    let images = images("blocks", &net);
    let imported = imported("blocks", &net, Some(&images));
    assert_eq!(imported.graph.layers().filter(|(_, layer)| layer.op == Op::Shift).count(), 6);
    let agreement = imported.agreement.expect("images were given");
    println!("blocks of powers of two: {agreement:?}");
    assert!(agreement.decibels > 30.0, "{agreement:?}");
}

#[test]
fn zero_points_that_we_cannot_have_are_named() {
    let model = bytes("asymmetric.onnx");
    let report = onnx::network("asymmetric.onnx", &model, &Beside::new()).expect_err("refused").to_string();
    assert!(report.starts_with("error[import]: zero points that our numbers cannot have"), "{report}");
    assert!(report.contains("`image`: uint8, zero point "), "{report}");
    assert_eq!(report.matches("error[import]").count(), 1, "{report}");
}

#[test]
fn hardware_computes_what_was_imported() {
    for (name, shifts) in [("hybrid", Shifts::None), ("residuals", Shifts::Named(vec!["a.conv2".into()]))] {
        let mut net = lowered(name);
        net.shift(&shifts).expect("a convolution");
        let images = images(name, &net);
        let imported = imported(name, &net, Some(&images));
        let x = imported.images.expect("images were given").first(2);
        let accelerator = config("tiny");
        let options = compiler::Options { images: 2, dump: true, ..Default::default() };
        let compiled =
            compiler::compile(&accelerator, &imported.graph, &options).unwrap_or_else(|r| panic!("{r}"));
        let module = accel::generate(&accelerator).expect("a module");
        let mut native = sim::Native::new(&module);
        let outcome =
            executor::run(&mut native, &accelerator, &compiled.program, &x, &executor::Options::default())
                .unwrap_or_else(|report| panic!("{report}"));
        let expected = model::reference::run_all(&imported.graph, &x).expect("runs");
        assert_eq!(outcome.outputs.len(), imported.graph.len());
        for (layer, output) in &outcome.outputs {
            let id = imported.graph.find(layer).expect("a layer");
            assert_eq!(*output, expected[id.0], "{name}: {layer}");
        }
    }
}
