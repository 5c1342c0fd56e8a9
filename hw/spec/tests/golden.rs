//! Files that are compared with what the code prints now: error messages, and the pages of `docs/` that are
//! printed from tables. `BLESS=1` (`make bless`) rewrites them; read the difference before committing it.

use std::fs;
use std::path::{Path, PathBuf};

const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// Compares `found` with the file, or rewrites the file.
fn check(file: &Path, found: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(file, found).expect("the golden file can be written");
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    let differing = expected.lines().zip(found.lines()).position(|(a, b)| a != b);
    assert!(
        expected == found,
        "{} is not current (first difference in line {:?}); after reading it, run `make bless`. Found:\n{found}",
        file.display(),
        differing.map(|line| line + 1)
    );
}

/// The files of `folder` with this extension, in order.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(CRATE).join(folder)).expect("the folder exists");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

fn read(file: &Path) -> (String, String) {
    let name = file.file_name().expect("a file").to_string_lossy().into_owned();
    (name, fs::read_to_string(file).expect("text"))
}

#[test]
fn wrong_descriptions_get_the_messages_we_agreed_on() {
    for file in files("tests/errors", "yaml") {
        let (name, text) = read(&file);
        let report = spec::config::parse(&name, &text).expect_err(&name);
        check(&file.with_extension("txt"), &report.to_string());
    }
}

#[test]
fn wrong_listings_get_the_messages_we_agreed_on() {
    for file in files("tests/errors", "asm") {
        let (name, text) = read(&file);
        let report = spec::program::text::parse(&name, &text).expect_err(&name);
        check(&file.with_extension("txt"), &report.to_string());
    }
}

#[test]
fn shipped_descriptions_are_correct_named_after_their_files_and_survive_printing() {
    let configs = files("../configs", "yaml");
    assert!(configs.len() >= 5);
    for file in configs {
        let (name, text) = read(&file);
        let accelerator = spec::config::parse(&name, &text).unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(format!("{}.yaml", accelerator.name), name);
        let again = spec::config::parse(&name, &spec::config::to_yaml(&accelerator));
        assert_eq!(again, Ok(accelerator));
    }
}

#[test]
fn docs_config_is_current() {
    check(&Path::new(CRATE).join("../../docs/config.md"), &spec::config::manual::markdown());
}

#[test]
fn docs_isa_is_current() {
    check(&Path::new(CRATE).join("../../docs/isa.md"), &spec::isa::manual::markdown());
}
