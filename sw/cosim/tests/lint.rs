//! The printed Verilog passes `verilator --lint-only -Wall` without a word and without a pragma: on every committed
//! configuration and on 20 random ones.

use spec::accelerator::Accelerator;
use std::path::Path;
use std::process::Command;

#[test]
fn committed_configurations_are_lint_clean() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hw/configs");
    for entry in std::fs::read_dir(folder).expect("hw/configs") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a readable configuration");
        let name = path.display().to_string();
        lint(&spec::config::parse(&name, &text).unwrap_or_else(|report| panic!("{report}")), &name);
    }
}

#[test]
fn random_configurations_are_lint_clean() {
    for seed in 0..20 {
        let mut rng = spec::random::Rng::new(seed);
        lint(&spec::random::accelerator(&mut rng, 8), &format!("seed {seed}"));
    }
}

fn lint(accelerator: &Accelerator, what: &str) {
    let top = accel::generate(accelerator).unwrap_or_else(|errors| panic!("{what}: {errors}"));
    let folder = std::env::temp_dir().join(format!("nasa-lint-{}-{}", std::process::id(), accelerator.name));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let files = hdl::verilog::print(&top);
    for file in &files {
        assert!(!file.text.contains("lint_off"), "{what}: {} silences the linter", file.name);
        std::fs::write(folder.join(&file.name), &file.text).expect("a writable folder");
    }
    let names = files.iter().map(|file| file.name.as_str());
    let mut verilator = Command::new("verilator");
    verilator.current_dir(&folder).args(["--lint-only", "-Wall", "--top-module", top.name()]).args(names);
    let output = verilator.output().expect("verilator is installed (make setup)");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && words.is_empty(), "{what}:\n{words}");
    std::fs::remove_dir_all(&folder).expect("our own folder");
}
