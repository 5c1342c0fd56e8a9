//! The layers of ARCHITECTURE.md hold: no crate imports another one that its row of the table does not name,
//! in dev-dependencies neither; and only the crates named there open files or start processes.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// For each crate, the crates that it may import.
type Table = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn architecture() -> String {
    std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md")
}

/// The rows ``| `crate` | `a`, `b` |`` of the table.
fn allowed() -> Table {
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_string).collect::<BTreeSet<_>>();
    let text = architecture();
    let section =
        text.split("## Layers").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("the section");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        Some((words(cells[1]).pop_first()?, words(cells[2])))
    })
    .collect()
}

/// What each crate of the workspace imports from the workspace, by `cargo metadata`.
fn imports() -> Table {
    let mut cargo = Command::new(env!("CARGO"));
    let output =
        cargo.args(["metadata", "--format-version=1", "--no-deps", "--offline"]).current_dir(root()).output();
    let metadata: Value = serde_json::from_slice(&output.expect("cargo runs").stdout).expect("JSON");
    let short = |package: &Value| {
        package["name"].as_str().and_then(|name| name.strip_prefix("nasa-")).map(String::from)
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages = list(&metadata["packages"]);
    packages
        .iter()
        .filter_map(|package| {
            Some((short(package)?, list(&package["dependencies"]).iter().filter_map(short).collect()))
        })
        .collect()
}

/// Each import that the table does not allow.
fn violations(allowed: &Table, imports: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for (name, imported) in imports {
        match allowed.get(name) {
            None => found.push(format!("`{name}` has no row in ARCHITECTURE.md")),
            Some(row) => found
                .extend(imported.difference(row).map(|other| format!("`{name}` must not import `{other}`"))),
        }
    }
    found
}

#[test]
fn crates_import_only_what_the_table_allows() {
    let imports = imports();
    assert!(imports.len() >= 12, "{imports:?}");
    assert_eq!(violations(&allowed(), &imports), Vec::<String>::new());
}

#[test]
fn a_forbidden_import_and_an_unknown_crate_are_found() {
    let allowed = allowed();
    let mut imports = imports();
    imports.get_mut("hdl").expect("a crate").insert("spec".into());
    imports.insert("extra".into(), BTreeSet::new());
    assert_eq!(
        violations(&allowed, &imports),
        ["`extra` has no row in ARCHITECTURE.md", "`hdl` must not import `spec`"]
    );
}

/// The Rust files below `folder`.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The sources below `crates` that say `word`.
fn users(crates: &[&str], word: &str) -> Vec<PathBuf> {
    let files = crates.iter().flat_map(|name| sources(&root().join(name).join("src")));
    files.filter(|file| std::fs::read_to_string(file).expect("text").contains(word)).collect()
}

#[test]
fn only_cosim_starts_processes_and_parsers_open_no_files() {
    let pure =
        ["hw/num", "hw/hdl", "hw/rust-hdl", "hw/spec", "hw/accel", "sw/model", "sw/mapper", "sw/compiler"];
    assert_eq!(users(&pure, "std::fs"), Vec::<PathBuf>::new());
    let silent = [&pure[..], &["hw/sim", "sw/nas", "sw/cli"]].concat();
    assert_eq!(users(&silent, "std::process::Command"), Vec::<PathBuf>::new());
    assert!(!users(&["hw/spec"], "crate::").is_empty(), "the search finds what is there");
}
