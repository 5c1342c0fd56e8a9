//! `setup.sh` on machines that lack tools: where it may install it does, through sudo where it is not root, else it names
//! what to install. Tools are what lies in a folder that the test makes.

use std::fs;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A machine on which we are not root: its programs.
struct Machine {
    programs: PathBuf,
}

impl Machine {
    fn new(name: &str) -> Machine {
        let programs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("setup").join(name);
        let _ = fs::remove_dir_all(&programs);
        fs::create_dir_all(&programs).expect("a folder");
        symlink(Machine::real("dirname"), programs.join("dirname")).expect("a link");
        Machine { programs }.with("id", "echo 1000")
    }

    /// Where a program of this machine lies.
    fn real(program: &str) -> PathBuf {
        let path = std::env::var_os("PATH").expect("a path");
        let found =
            std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.exists());
        found.unwrap_or_else(|| panic!("{program} is installed"))
    }

    /// With a program that does `what`.
    fn with(self, program: &str, what: &str) -> Machine {
        let file = self.programs.join(program);
        fs::write(&file, format!("#!/bin/sh\n{what}\n")).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("executable");
        self
    }

    /// What `setup.sh` says as it ends with `status`.
    fn setup(&self, status: i32, arguments: &[&str]) -> String {
        let mut setup = Command::new(Machine::real("bash"));
        setup.arg("testbenches/setup.sh").args(arguments).current_dir(ROOT).env("PATH", &self.programs);
        // Of this machine nothing is to be seen.
        setup.env_remove("DEBIAN_FRONTEND");
        let output = setup.output().expect("bash starts");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(status), "{said}");
        said
    }
}

#[test]
fn rust_is_asked_for_first() {
    let said = Machine::new("nothing").setup(2, &[]);
    assert_eq!(said, "error[setup]: cargo is not installed\n  = help: install Rust from https://rustup.rs\n");
}

#[test]
fn what_is_missing_is_named_for_another_system() {
    let machine = Machine::new("another-system").with("cargo", "").with("iverilog", "");
    let said = machine.setup(2, &[]);
    assert!(said.starts_with("error[setup]: missing: verilator g++ make"), "{said}");
    assert!(
        said.contains("  = help: install these Debian packages, or what your system calls them\n"),
        "{said}"
    );
}

#[test]
fn what_is_missing_is_named_where_only_root_may_install() {
    let machine = Machine::new("no-root").with("cargo", "").with("apt-get", "exit 9").with("sudo", "exit 1");
    let said = machine.setup(2, &[]);
    let all = "verilator g++ make iverilog python3-venv";
    assert!(said.starts_with(&format!("error[setup]: missing: {all}")), "{said}");
    assert!(said.contains(&format!("  = help: run: sudo apt-get install {all}")), "{said}");
}

#[test]
fn the_demo_needs_no_other_simulator() {
    let machine = Machine::new("demo").with("cargo", "").with("apt-get", "exit 9").with("sudo", "exit 1");
    let said = machine.with("verilator", "").setup(0, &["demo"]);
    let confirm = "to have Verilator confirm it, run: sudo apt-get install g++";
    assert_eq!(said, format!("note: the demo runs without g++; {confirm}\n"));
}

/// Installs on a machine where `id` says who we are, and gives what apt-get was asked to do.
fn installs(name: &str, id: &str, sudo: &str) -> String {
    let machine =
        Machine::new(name).with("id", id).with("cargo", "").with("verilator", "").with("sudo", sudo);
    symlink(Machine::real("env"), machine.programs.join("env")).expect("a link");
    let log = machine.programs.join("apt.log");
    let note = format!("echo \"$DEBIAN_FRONTEND: $*\" >>{}", log.display());
    let said = machine.with("apt-get", &note).setup(0, &["demo"]);
    assert_eq!(said, "installing g++\n");
    fs::read_to_string(log).expect("apt-get was run")
}

#[test]
fn what_is_missing_is_installed_as_root_and_through_sudo() {
    let asked = ": update -qq\nnoninteractive: install -qq -y --no-install-recommends g++\n";
    assert_eq!(installs("root", "echo 0", "exit 1"), asked);
    // Like sudo, it asks for no password and hands no variables on.
    let sudo =
        "[ \"$1\" = -n ] && shift && [ \"$1\" != true ] && env -i PATH=\"$PATH\" \"$@\" || [ \"$1\" = true ]";
    assert_eq!(installs("sudo", "echo 1000", sudo), asked);
}
