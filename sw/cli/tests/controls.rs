//! Negative controls: `nasa verify` must exit 1 and name the place where the hardware, the program or the memory has
//! one mistake; and it must not be content with having compared nothing. Without these, "equal" proves nothing.

use model::random::{images, network, Knobs};
use model::{npy, save, Graph};
use spec::accelerator::Accelerator;
use spec::op::Op;
use spec::program::Program;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const CONFIG: &str = "hw/configs/tiny.yaml";

/// Runs `nasa` on `arguments`; its exit status and what it says.
fn nasa(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
    command.args(arguments).current_dir(ROOT).env("NASA_CACHE", Path::new(ROOT).join("target/models"));
    let output = command.output().expect("nasa starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A case for `tiny`: a network, two images, and the Verilog as `nasa generate` writes it.
struct Case {
    folder: PathBuf,
    graph: Graph,
}

impl Case {
    fn new(name: &str) -> Case {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("controls").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let text = fs::read_to_string(Path::new(ROOT).join(CONFIG)).expect("a description");
        let accelerator = spec::config::parse(CONFIG, &text).unwrap_or_else(|report| panic!("{report}"));
        let (seed, graph) = telling_network(&accelerator);
        let files = [
            ("network.yaml", save::yaml(&graph, "network.safetensors").into_bytes()),
            ("network.safetensors", save::safetensors(&graph).expect("tensors")),
            ("images.npy", npy::write(&images(seed, &graph, 2))),
        ];
        files.iter().for_each(|(name, bytes)| fs::write(folder.join(name), bytes).expect("a file"));
        Case { folder, graph }
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// What `nasa verify` says with further arguments.
    fn verify(&self, further: &[&str]) -> (Option<i32>, String) {
        let (network, images) = (self.path("network.yaml"), self.path("images.npy"));
        let verify = ["verify", "--quiet", "-c", CONFIG, "-n", &network, "-i", &images];
        nasa(&[&verify, further].concat())
    }

    /// The mistake must be noticed, as a difference in a layer's values.
    fn differs(&self, further: &[&str]) {
        let (status, said) = self.verify(further);
        assert_eq!(status, Some(1), "{said}");
        let names_a_layer = self.graph.layers().any(|(id, layer)| {
            said.contains(&format!("layer {} `{}` differs from the reference at [", id.0, layer.name))
        });
        assert!(names_a_layer && said.contains("computed by ") && said.contains(" from word "), "{said}");
    }

    /// Generates the Verilog, replaces `right` by `wrong` in one file, and runs that.
    fn with_mistake(&self, file: &str, right: &str, wrong: &str) {
        let rtl = self.path("rtl");
        let (status, said) = nasa(&["generate", "--quiet", "-c", CONFIG, "-o", &rtl]);
        assert_eq!(status, Some(0), "{said}");
        let path = Path::new(&rtl).join(file);
        let text = fs::read_to_string(&path).expect("a file of the design");
        assert!(text.contains(right), "{file} no longer holds `{right}`: mend this control\n{text}");
        fs::write(&path, text.replace(right, wrong)).expect("a file");
        self.differs(&["--rtl", &rtl]);
    }
}

/// A network of some layers with an adder layer whose channels fill the array more than once, raggedly, so that idle
/// lanes hold something, and whose input is padded: the case that tells masking from feeding zeros.
fn telling_network(accelerator: &Accelerator) -> (u64, Graph) {
    let rows = accelerator.chunk_of(Op::Adder).map_or(1, |(_, chunk)| chunk.rows as usize);
    let tells = |layer: &model::Layer| {
        let ragged =
            layer.groups == 1 && layer.in_shape.c > 2 * rows && !layer.in_shape.c.is_multiple_of(rows);
        let heard = layer.parameters.multiplier.iter().any(|multiplier| *multiplier != 0);
        layer.op == Op::Adder && ragged && layer.padding.top > 0 && heard
    };
    let ops = accelerator.chunks.iter().map(|chunk| (chunk.op, chunk.weight_bits)).collect();
    let knobs = Knobs { ops, macs: 10_000, ..Knobs::default() };
    let graphs = (0..5_000).map(|seed| (seed, network(seed, &knobs)));
    let mut telling = graphs
        .into_iter()
        .filter(|(_, graph)| (2..=4).contains(&graph.len()) && graph.layers().any(|(_, layer)| tells(layer)));
    telling.next().expect("some seed makes such a network")
}

#[test]
fn without_a_mistake_nothing_is_found() {
    let case = Case::new("right");
    assert_eq!(case.verify(&[]), (Some(0), String::new()));
}

#[test]
fn wrong_rounding_is_noticed() {
    let (right, wrong) = ("sum <= affine + shortcut + {", "sum <= affine + shortcut + 49'd0 * {");
    Case::new("rounding").with_mistake("requantiser.v", right, wrong);
}

#[test]
fn an_idle_lane_that_is_not_masked_is_noticed() {
    Case::new("idle-lane").with_mistake("alp_pe.v", "(row_active & column_active) ?", "1'b1 ?");
}

#[test]
fn padding_that_is_masked_is_noticed() {
    let right = "row_takes_q <= row_takes_q_next";
    let wrong = "row_takes_q <= row_takes_q_next & {4{in_image_there_2}}";
    Case::new("padding").with_mistake("alp_fill_input.v", right, wrong);
}

#[test]
fn one_flipped_weight_is_noticed() {
    let case = Case::new("weight");
    let (network, path) = (case.path("network.yaml"), case.path("program"));
    let compile =
        ["compile", "--quiet", "-c", CONFIG, "-n", &network, "-o", &path, "--images", "2", "--dump"];
    assert_eq!(nasa(&compile), (Some(0), String::new()));
    assert_eq!(
        case.verify(&["--program", &path]),
        (Some(0), String::new()),
        "the program as it was compiled"
    );
    // A channel whose multiplier is 0, or that is clamped everywhere, does not show its weights: take one that does.
    let right = Program::from_bytes("program", &fs::read(&path).expect("a program")).expect("a program");
    let shows = (0..64.min(right.constants[0].bytes.len())).find(|byte| {
        let mut program = right.clone();
        program.constants[0].bytes[*byte] ^= 0x40;
        fs::write(&path, program.to_bytes()).expect("a file");
        case.verify(&["--program", &path]).0 != Some(0)
    });
    assert!(shows.is_some(), "no weight of the first 64 shows");
    case.differs(&["--program", &path]);
}

#[test]
fn one_extra_stall_is_noticed() {
    let (status, said) = Case::new("stall").verify(&["--delay-beat", "100"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("error[verify]: layer `") && said.contains("is not timed as predicted"), "{said}");
    assert!(said.contains("predicted from cycle ") && said.contains("measured from cycle "), "{said}");
}

#[test]
fn a_run_in_which_nothing_was_compared_is_no_success() {
    let case = Case::new("nothing");
    let (network, path) = (case.path("network.yaml"), case.path("program"));
    let compile = ["compile", "--quiet", "-c", CONFIG, "-n", &network, "-o", &path, "--images", "2"];
    assert_eq!(nasa(&compile), (Some(0), String::new()));
    // Without --dump only the network's output is stored, and another layer is asked for.
    let inner = case.graph.layers().find(|(id, _)| *id != case.graph.output).expect("two layers").1;
    let (status, said) = case.verify(&["--program", &path, "--layers", &inner.name]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("error[verify]: nothing was compared"), "{said}");
}
