//! What the user reads when an input is bad or a tool is missing: every case is a command line in a folder of its
//! own, with what it must say in `errors/CASE.txt` (`make bless` rewrites those). Each exits 2, leaves what was
//! under the name of its output as it was, and nothing else behind.

use std::fs;
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
    Case::new("no-verilator").without_tools().refuses("verify -c tiny.yaml -n network.yaml -i images.npy");
    Case::new("no-verilator-simulate")
        .without_tools()
        .refuses("simulate -c tiny.yaml -n network.yaml -i images.npy -o out");
}

#[test]
fn programs() {
    let case = Case::new("other-configuration").with_program();
    case.refuses("disasm program -c odd.yaml -o out");
    Case::new("truncated-program").with_program().truncated("program", 0.7).refuses("disasm program -o out");
    Case::new("empty-program").with_program().truncated("program", 0.0).refuses("disasm program -o out");
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
