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
        Case::that(name, is_ragged)
    }

    /// One with a network of which `tells` holds.
    fn that(name: &str, tells: fn(usize, &Graph) -> bool) -> Case {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("controls").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let text = fs::read_to_string(Path::new(ROOT).join(CONFIG)).expect("a description");
        let accelerator = spec::config::parse(CONFIG, &text).unwrap_or_else(|report| panic!("{report}"));
        let (seed, graph) = telling_network(&accelerator, tells);
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
    fn differs(&self, further: &[&str]) -> String {
        let (status, said) = self.verify(further);
        assert_eq!(status, Some(1), "{said}");
        let names_a_layer = self.graph.layers().any(|(id, layer)| {
            said.contains(&format!("layer {} `{}` differs from the reference at [", id.0, layer.name))
        });
        assert!(
            names_a_layer && said.contains("written by the EXEC of ") && said.contains(" at word "),
            "{said}"
        );
        said
    }

    /// Generates the Verilog, replaces right by wrong text in one file, and runs that.
    fn with_mistake(&self, file: &str, mistakes: &[(&str, &str)]) -> String {
        let rtl = self.path("rtl");
        let (status, said) = nasa(&["generate", "--quiet", "-c", CONFIG, "-o", &rtl]);
        assert_eq!(status, Some(0), "{said}");
        let path = Path::new(&rtl).join(file);
        let mut text = fs::read_to_string(&path).expect("a file of the design");
        for (right, wrong) in mistakes {
            assert!(text.contains(right), "{file} no longer holds `{right}`: mend this control\n{text}");
            text = text.replace(right, wrong);
        }
        fs::write(&path, text).expect("a file");
        self.differs(&["--rtl", &rtl])
    }
}

/// Compares what was said with a golden file of `errors`.
fn golden(name: &str, said: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors").join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&golden, said).expect("written");
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(said, expected, "{name}: run `make bless`, then read `git diff`");
}

/// Whether a network has an adder layer whose channels fill `rows` rows more than once, raggedly, so that idle lanes
/// would hear something, and whose input is padded: the case that shows idle lanes that are not silent, and padding
/// that is left out. It has one output channel, so that only those of its input can lie along the rows, and enough
/// pixels to show it.
fn is_ragged(rows: usize, graph: &Graph) -> bool {
    let ragged = |layer: &model::Layer| {
        let channels = layer.in_shape.c;
        let pixels = layer.out_shape.h * layer.out_shape.w;
        let is_padded = layer.groups == 1 && layer.out_shape.c == 1 && layer.padding.top > 0 && pixels > 8;
        // Rows are left idle where that makes all rounds alike.
        let used = channels.div_ceil(channels.div_ceil(rows));
        is_padded && channels > 2 * rows && !channels.is_multiple_of(used)
    };
    graph.layers().any(|(_, layer)| layer.op == Op::Adder && ragged(layer) && is_heard(layer))
}

/// The same, of an adder layer whose own weights are not 0.
fn has_zeros_in_idle_lanes_only(rows: usize, graph: &Graph) -> bool {
    let adders = || graph.layers().filter(|(_, layer)| layer.op == Op::Adder);
    is_ragged(rows, graph) && adders().all(|(_, layer)| !layer.parameters.weight.contains(&0))
}

/// Whether some sum makes a difference.
fn is_heard(layer: &model::Layer) -> bool {
    layer.parameters.multiplier.iter().any(|multiplier| *multiplier != 0)
}

/// A network of some layers of which `tells` holds, given the rows of the array of adders; and its seed.
fn telling_network(accelerator: &Accelerator, tells: fn(usize, &Graph) -> bool) -> (u64, Graph) {
    let rows = accelerator.chunk_of(Op::Adder).map_or(1, |(_, chunk)| chunk.rows as usize);
    let ops = accelerator.chunks.iter().map(|chunk| (chunk.op, chunk.weight_bits)).collect();
    let knobs = Knobs { ops, macs: 10_000, ..Knobs::default() };
    let graphs = (0..5_000).map(|seed| (seed, network(seed, &knobs)));
    let mut telling = graphs.filter(|(_, graph)| (2..=4).contains(&graph.len()) && tells(rows, graph));
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
    let said = Case::new("rounding").with_mistake("requantiser.v", &[(right, wrong)]);
    golden("differs.txt", &said);
}

#[test]
fn an_idle_lane_that_hears_other_channels_is_noticed() {
    let limits = ["8'd1", "8'd2", "8'd3"].map(|byte| format!("({byte} < wanted_there_2)"));
    let mistakes = limits.each_ref().map(|limit| (limit.as_str(), "(|wanted_there_2)"));
    Case::new("idle-lane").with_mistake("alp_fill_input.v", &mistakes);
}

#[test]
fn an_idle_lane_that_is_fed_zeros_but_keeps_a_weight_is_noticed() {
    // |0 - w| is not 0. No weight of the layer is 0 but those of idle lanes.
    let mistake = ("<= w_bus;", "<= (w_bus == 8'd0) ? 8'd1 : w_bus;");
    Case::that("fed-zeros", has_zeros_in_idle_lanes_only).with_mistake("alp_pe.v", &[mistake]);
}

#[test]
fn padding_that_is_masked_is_noticed() {
    let right = "row_takes_q <= row_takes_q_next";
    let wrong = "row_takes_q <= row_takes_q_next & {4{|wanted_there_2}}";
    Case::new("padding").with_mistake("alp_fill_input.v", &[(right, wrong)]);
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
    let [waves, result] = ["waves.fst", "result.json"].map(|name| case.path(name));
    let trace = ["--trace", &waves, "--trigger", "mismatch", "--around", "10", "--json", &result];
    let said = case.differs(&[&["--program", path.as_str()][..], &trace].concat());
    // The waves show the EXEC that made the first wrong element, and ten cycles on either side.
    let cycles = said.split(", cycles ").nth(1).and_then(|rest| {
        rest.split(',').collect::<Vec<_>>().join("").split(" for").next().map(str::to_owned)
    });
    let cycles = cycles.expect("cycles in the message");
    let ends: Vec<u64> = cycles.split(" to ").map(|cycle| cycle.parse().expect("a cycle")).collect();
    let result: serde_json::Value = serde_json::from_slice(&fs::read(result).expect("a file")).expect("JSON");
    assert_eq!(result["trace"]["cycles"], serde_json::json!([ends[0] - 10, ends[1] + 10]), "{said}");
    assert!(fs::metadata(waves).expect("a file").len() > 10_000);
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
