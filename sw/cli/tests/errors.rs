//! What the user reads when an input is bad or a tool is missing: every case is a command line in a folder of its
//! own, with what it must say in `errors/CASE.txt` (`make bless` rewrites those). Each exits 2, leaves what was
//! under the name of its output as it was, and nothing else behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What stands under the name of every output before the command runs.
const BEFORE: &str = "what was here before";

/// A case: its folder, in which the good inputs lie under short names.
struct Case {
    name: &'static str,
    folder: PathBuf,
    path: Option<PathBuf>,
}

impl Case {
    fn new(name: &'static str) -> Case {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("errors").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("cache")).expect("a folder");
        for (from, to) in [
            ("hw/configs/tiny.yaml", "tiny.yaml"),
            ("hw/configs/odd.yaml", "odd.yaml"),
            ("hw/configs/flat16.yaml", "flat16.yaml"),
            ("sw/mapper/tests/zigzag/small4.yaml", "loops.yaml"),
            ("testbenches/small/network.yaml", "network.yaml"),
            ("testbenches/small/network.safetensors", "network.safetensors"),
            ("testbenches/small/images.npy", "images.npy"),
        ] {
            fs::copy(Path::new(ROOT).join(from), folder.join(to)).expect("copied");
        }
        fs::write(folder.join("out"), BEFORE).expect("written");
        Case { name, folder, path: None }
    }

    /// Keeps only the first `part` of a file.
    fn truncated(self, file: &str, part: f64) -> Case {
        let bytes = fs::read(self.folder.join(file)).expect("readable");
        let length = (bytes.len() as f64 * part) as usize;
        fs::write(self.folder.join(file), &bytes[..length]).expect("written");
        self
    }

    /// Replaces a text in a file.
    fn with(self, file: &str, right: &str, wrong: &str) -> Case {
        let text = fs::read_to_string(self.folder.join(file)).expect("readable");
        assert!(text.contains(right), "{}: {file} has no `{right}`:\n{text}", self.name);
        fs::write(self.folder.join(file), text.replacen(right, wrong, 1)).expect("written");
        self
    }

    /// Adds a space of networks, as `fashion.yaml`, and a file that may name it.
    fn with_space_and(self, file: &str, text: &str) -> Case {
        let space = Path::new(ROOT).join("sw/nas/spaces/fashion.yaml");
        fs::copy(space, self.folder.join("fashion.yaml")).expect("copied");
        fs::write(self.folder.join(file), text).expect("written");
        self
    }

    /// Adds a table of one layer, as `table.yaml`.
    fn with_layer(self, layer: &str) -> Case {
        fs::write(self.folder.join("table.yaml"), format!("- {{name: wide, {layer}}}\n")).expect("written");
        self
    }

    /// Makes the mappings of the good inputs, as `mapping`.
    fn with_mapping(self) -> Case {
        let (status, text) = self.nasa("map -c tiny.yaml -n network.yaml -o mapping --quiet");
        assert_eq!((status, text.as_str()), (Some(0), ""), "{}", self.name);
        self
    }

    /// Makes the program of the good inputs, as `program`.
    fn with_program(self) -> Case {
        let (status, text) = self.nasa("compile -c tiny.yaml -n network.yaml -o program --quiet");
        assert_eq!((status, text.as_str()), (Some(0), ""), "{}", self.name);
        self
    }

    /// Without any tool.
    fn without_tools(mut self) -> Case {
        self.path = Some(self.folder.join("cache"));
        self
    }

    /// With a program that says something, whatever it is asked.
    fn with_tool(self, name: &str) -> Case {
        self.with_script(name, "echo 5.0")
    }

    /// With a program of our own.
    fn with_script(self, name: &str, script: &str) -> Case {
        let file = self.folder.join("cache").join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("executable");
        self
    }

    fn nasa(&self, arguments: &str) -> (Option<i32>, String) {
        let mut nasa = Command::new(env!("CARGO_BIN_EXE_nasa"));
        nasa.args(arguments.split(' ')).current_dir(&self.folder).env("NASA_CACHE", "cache");
        if let Some(path) = &self.path {
            nasa.env("PATH", path);
        }
        let output = nasa.output().expect("nasa starts");
        assert!(output.stdout.is_empty() || output.status.success(), "results only of commands that succeed");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    }

    /// Names of everything in the folder.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).expect("readable").map(|entry| entry.expect("readable"));
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Runs `nasa`, which must refuse with the golden message and change nothing.
    fn refuses(self, arguments: &str) {
        let before = self.files();
        let (status, text) = self.nasa(arguments);
        assert_eq!(status, Some(2), "{}: {text}", self.name);
        assert_eq!(self.files(), before, "{}: nothing is left behind", self.name);
        let out = fs::read_to_string(self.folder.join("out")).expect("still there");
        assert_eq!(out, BEFORE, "{}: the output of an earlier run stays", self.name);
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/errors/{}.txt", self.name));
        let said = format!("$ nasa {arguments}\n{text}");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&golden, &said).expect("written");
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(said, expected, "{}: run `make bless`, then read `git diff`", self.name);
    }
}

#[test]
fn a_missing_tool_is_named() {
    Case::new("no-verilator")
        .without_tools()
        .refuses("verify -c tiny.yaml -n network.yaml -i images.npy --engine verilator");
    Case::new("no-compiler")
        .without_tools()
        .with_tool("verilator")
        .refuses("verify -c tiny.yaml -n network.yaml -i images.npy --engine verilator");
    Case::new("no-verilator-simulate")
        .without_tools()
        .refuses("simulate -c tiny.yaml -n network.yaml -i images.npy -o out --engine verilator");
}

#[test]
fn a_missing_library_is_named() {
    Case::new("no-zlib")
        .without_tools()
        .with_tool("verilator")
        .with_script("g++", "case \"$*\" in *zlib.h*) exit 1;; esac")
        .refuses(
            "simulate -c tiny.yaml -n network.yaml -i images.npy -o out --engine verilator --trace w.fst",
        );
}

#[test]
fn waves() {
    let simulate = "simulate -c tiny.yaml -n network.yaml -i images.npy -o out --quiet --trace";
    for (name, flags) in [
        ("waves-not-fst", "w.json"),
        ("waves-into-file", "out/w.fst"),
        ("waves-onto-folder", "cache.fst --scope nasa_top"),
        ("window-empty", "w.fst --window 48100:48100"),
        ("window-reversed", "w.fst --window 48300:48100"),
        ("window-of-words", "w.fst --window all"),
        ("window-too-late", "w.fst --window 1000000:1000001"),
        // All that is wrong is said at once.
        ("scope-unknown", "w.vcd --window 7:7 --scope nasa_top.core.clq --scope nasa_top --scope tiny"),
        ("trigger-unknown-layer", "w.fst --trigger ex:conv3"),
        ("trigger-unknown-queue", "w.fst --trigger clp.exe:3"),
        ("trigger-unknown-word", "w.fst --trigger clp.ex:99999"),
        ("trigger-unknown-signal", "w.fst --trigger nasa_top.core.dma_bussy=1"),
        ("trigger-too-large", "w.fst --trigger nasa_top.irq=0b10"),
        ("trigger-no-number", "w.fst --trigger nasa_top.irq=on"),
    ] {
        let case = Case::new(name);
        if name == "waves-onto-folder" {
            fs::create_dir(case.folder.join("cache.fst")).expect("a folder");
        }
        case.refuses(&format!("{simulate} {flags}"));
    }
}

#[test]
fn programs() {
    let case = Case::new("other-configuration").with_program();
    case.refuses("disasm program -c odd.yaml -o out");
    Case::new("truncated-program").with_program().truncated("program", 0.7).refuses("disasm program -o out");
    Case::new("empty-program").with_program().truncated("program", 0.0).refuses("disasm program -o out");
}

#[test]
fn flows() {
    let flow = |name: &'static str, keys: &str| {
        // Its clp takes weights of seven bits.
        let text = format!("format: nasa-flow/1\nconfig: odd.yaml\nout: run\n{keys}");
        Case::new(name).with_space_and("flow.yaml", &text).refuses("run flow.yaml");
    };
    flow("flow-of-nothing", "count: 4\n");
    flow("flow-of-two", "search: space.yaml\nnetwork: network.yaml\nimages: images.npy\n");
    flow("flow-without-search", "network: network.yaml\nimages: images.npy\nbaseline: [conv]\n");
    flow("flow-malformed", "search: space.yaml\nbaseline: conv\ncounts: 4\n");
    flow("flow-of-unknown-ops", "search: space.yaml\nbaseline: [cnov, conv, conv]\n");
    flow("flow-that-does-not-fit", "search: fashion.yaml\ncount: 65\n");
    flow("flow-without-space", "search: space.yaml\n");
}

/// The program that is tested has no kernels for a GPU.
#[cfg(not(feature = "gpu"))]
#[test]
fn gpus() {
    Case::new("no-gpu").with_space_and("note", "").refuses("search fashion.yaml -o out --gpu");
    let flow =
        "format: nasa-flow/1\nconfig: tiny.yaml\nnetwork: network.yaml\nimages: images.npy\nout: run\n";
    Case::new("gpu-for-nothing").with_space_and("flow.yaml", flow).refuses("run flow.yaml --gpu");
}

#[test]
fn costs() {
    let case = |name: &'static str| Case::new(name).with_space_and("note", "");
    let kind = "kind: mapper, accelerator: hw/configs/edge.yaml";
    case("costs-no-accelerator")
        .with("fashion.yaml", kind, "kind: macs")
        .refuses("costs fashion.yaml -o out");
    // It has a chunk for convolutions alone.
    case("costs-that-do-not-fit").refuses("costs fashion.yaml -c flat16.yaml -o out");
    // Its clp takes weights of seven bits.
    case("costs-of-wide-weights").refuses("costs fashion.yaml -c odd.yaml -o out");
}

#[test]
fn ablations() {
    let ablation = |name: &'static str, keys: &str| {
        let text = format!("format: nasa-ablation/1\nsearch: fashion.yaml\nout: run\n{keys}");
        Case::new(name).with_space_and("ablation.yaml", &text).refuses("ablate ablation.yaml");
    };
    ablation("ablation-malformed", "seeds: [1]\nvariant: [{name: whole}]\n");
    ablation("ablation-of-nothing", "seeds: [3, 3]\nvariants: [{name: a/b}, {name: c}, {name: c}]\n");
    let variants = [
        "{name: one, set: {weights.zero_gama: false, curriculum.7.epochs: 1}}",
        "{name: two, set: {weights.batch: many}}",
        "{name: three, set: {space.ops: [cnov], alphas.images: 2}}",
        "{name: four, set: {weights: {batch: 8}}}",
    ];
    ablation("ablation-of-seeds", "seeds: [1]\nvariants: [{name: one, set: {seed: 7}}]\n");
    ablation("ablation-of-wrong-values", &format!("seeds: [1, 2]\nvariants: [{}]\n", variants.join(", ")));
}

#[test]
fn layers_that_do_not_fit() {
    let map = "map -c tiny.yaml --layers table.yaml -o out";
    // Parts are as small as they have to be, but parameters come for all lanes at once.
    Case::new("buffer-too-small")
        .with("tiny.yaml", "bank_kib: 2, line_bytes: 8", "bank_bytes: 16, line_bytes: 8")
        .refuses("map -c tiny.yaml -n network.yaml -o out");
    let deep = "op: conv, n: 1, g: 3, k: 11, c: 11, oy: 5, ox: 7, fy: 5, fx: 5, py: 2, px: 2";
    Case::new("nest-too-shallow")
        .with("tiny.yaml", "clock_mhz", "nest_depth: 6\nclock_mhz")
        .with("tiny.yaml", "input_rf: 16, weight_rf: 16, psum_rf: 8", "input_rf: 1, weight_rf: 1, psum_rf: 1")
        .with_layer(deep)
        .refuses(map);
}

#[test]
fn the_papers_simulator() {
    let map = "map --cost-model nasa --layers table.yaml";
    let small = "op: shift, n: 1, g: 1, k: 8, c: 4, oy: 4, ox: 4, fy: 1, fx: 1";
    let large = "op: conv, n: 1, g: 1, k: 8, c: 4, oy: 7, ox: 7, fy: 7, fx: 7";
    Case::new("nasa-no-tiling").with_layer(large).refuses(&format!("{map} -c tiny.yaml"));
    let no_slp = |case: Case| {
        let slp = "  slp: {rows: 4, cols: 4, input_rf: 16, weight_rf: 16, psum_rf: 8}\n";
        case.with_layer(small).with("tiny.yaml", slp, "")
    };
    no_slp(Case::new("nasa-no-chunk")).refuses(&format!("{map} -c tiny.yaml"));
    let empty = Case::new("nasa-no-layers");
    fs::write(empty.folder.join("table.yaml"), "[]\n").expect("written");
    empty.refuses(map);
    let huge = "op: conv, n: 1, g: 1, k: 60000, c: 60000, oy: 1, ox: 1, fy: 7, fx: 7";
    Case::new("table-too-large").with_layer(huge).refuses(map);
    // Both flags are named at once.
    Case::new("nasa-flags")
        .with_layer(small)
        .refuses(&format!("{map} -o out --evaluate network.yaml --pictures drawn"));
    Case::new("nasa-bits").with_layer(small).refuses(&format!("{map} --bits 8,7,5"));
    Case::new("nasa-bits-of-two").with_layer(small).refuses(&format!("{map} --bits 8,8"));
    Case::new("nasa-bits-alone").with_layer(small).refuses("map -c tiny.yaml --layers table.yaml --bits 8");

    Case::new("map-no-config").with_layer(small).refuses("map --layers table.yaml --cost-model hardware");

    let allocate = "allocate -c tiny.yaml --layers table.yaml";
    no_slp(Case::new("allocate-no-chunk")).refuses(&format!("{allocate} -o out"));
    Case::new("allocate-too-large").with_layer(small).refuses(&format!("{allocate} -o out --area 5000"));
    Case::new("allocate-name").with_layer(small).refuses(&format!("{allocate} -o my+own.yaml"));
    Case::new("allocate-nothing").with_layer(small).refuses(&format!("{allocate} -o out --area 0"));
}

#[test]
fn resources_that_a_program_or_mapping_exceeds() {
    let compile = "compile -c tiny.yaml -n network.yaml -o out";
    Case::new("too-few-tokens").with("tiny.yaml", "clock_mhz", "tokens: 16\nclock_mhz").refuses(compile);
    let given = format!("{compile} -m mapping");
    Case::new("mapping-overflows-register-file")
        .with_mapping()
        .with("mapping", "slots: 16", "slots: 17")
        .refuses(&given);
    Case::new("mapping-exceeds-post-rows")
        .with_mapping()
        .with("tiny.yaml", "psum_rf: 8}", "psum_rf: 8, post_rows: 1}")
        .refuses(&given);
}

#[test]
fn mappings_of_the_whole_space() {
    let evaluate = "map -c flat16.yaml --whole-space --evaluate loops.yaml -o out";
    Case::new("loops-exceed-memories")
        .with("loops.yaml", "sums: {rf: 5, buffer: 5}", "sums: {rf: 6, buffer: 6}")
        .refuses(evaluate);
    Case::new("loops-of-another-layer")
        .with_layer("op: conv, n: 1, g: 1, k: 64, c: 32, oy: 56, ox: 56, fy: 3, fx: 3, py: 1, px: 1")
        .with("loops.yaml", "conv3x3_56x56_64_64", "wide")
        .refuses("map -c flat16.yaml --layers table.yaml --evaluate loops.yaml -o out");
    // All eight dimensions outside, and nothing to hold.
    Case::new("loops-of-too-many-parts")
        .with_layer("op: conv, n: 1, g: 1, k: 64, c: 64, oy: 56, ox: 56, fy: 3, fx: 3, py: 1, px: 1")
        .with("loops.yaml", "conv3x3_56x56_64_64", "wide")
        .with("loops.yaml", "inputs: {rf: 4, buffer: 5}", "inputs: {rf: 0, buffer: 0}")
        .with("loops.yaml", "weights: {rf: 4, buffer: 6}", "weights: {rf: 0, buffer: 0}")
        .with("loops.yaml", "sums: {rf: 5, buffer: 5}", "sums: {rf: 0, buffer: 0}")
        .refuses("map -c flat16.yaml --layers table.yaml --evaluate loops.yaml -o out");
    Case::new("loops-of-another-network")
        .refuses("compile -c flat16.yaml -n network.yaml -m loops.yaml -o out");
    Case::new("loops-malformed").with("loops.yaml", "[OX4, FX3", "[OX1, FX3").refuses(evaluate);
    Case::new("nothing-to-map").refuses("map -c flat16.yaml --whole-space -o out");
}

#[test]
fn truncated_files() {
    let compile = "compile -c tiny.yaml -n network.yaml -o out";
    let reference = "reference -n network.yaml -i images.npy -o out";
    Case::new("truncated-npy").truncated("images.npy", 0.8).refuses(reference);
    Case::new("empty-npy").truncated("images.npy", 0.0).refuses(reference);
    Case::new("truncated-safetensors").truncated("network.safetensors", 0.6).refuses(compile);
    Case::new("truncated-safetensors-header").truncated("network.safetensors", 0.001).refuses(compile);
    Case::new("truncated-network").truncated("network.yaml", 0.56).refuses(compile);
    Case::new("truncated-config").truncated("tiny.yaml", 0.5).refuses(compile);
}

#[test]
fn outputs_that_cannot_be_written() {
    // A file where a folder must be, and a folder where a file must be, stop every user, root included.
    let compile = "compile -c tiny.yaml -n network.yaml -o";
    Case::new("file-for-folder").refuses(&format!("{compile} out/network.program"));
    Case::new("folder-for-file").refuses(&format!("{compile} cache"));
    Case::new("generate-into-file").refuses("generate -c tiny.yaml -o out");
}
