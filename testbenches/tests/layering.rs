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

/// Whether a source uses something of `module` of the standard library: by its path, or in the braces of a `use`.
fn uses(text: &str, module: &str, item: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code: String = code.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    let path = if item.is_empty() { format!("std::{module}") } else { format!("std::{module}::{item}") };
    let named = code.match_indices(&path).any(|(at, _)| !code[at + path.len()..].starts_with(is_word));
    // `use std::{a, b::{c, d}};` and `use std::b::{c, d};`, whose parts are looked at word by word.
    let grouped = code.split("use std::").skip(1).filter_map(|rest| rest.split(';').next()).any(|tree| {
        let words: Vec<&str> = tree.split(|c: char| !is_word(c)).collect();
        tree.contains('{') && words.contains(&module) && (item.is_empty() || words.contains(&item))
    });
    // `use std::process;` and then `process::Command`.
    let imported = !item.is_empty() && uses(text, module, "") && code.contains(&format!("{module}::{item}"));
    named || grouped || imported
}

/// The sources below `crates` that use something of the standard library.
fn users(crates: &[&str], module: &str, item: &str) -> Vec<PathBuf> {
    let files = crates.iter().flat_map(|name| sources(&root().join(name).join("src")));
    files.filter(|file| uses(&std::fs::read_to_string(file).expect("text"), module, item)).collect()
}

#[test]
fn every_way_to_import_is_found() {
    for text in [
        "use std::fs;",
        "use std::{fs, io};",
        "use std::{\n    collections::HashMap,\n    fs::{self, File},\n};",
        "use std::fs::File;",
        "fn f() { std::fs::read(\"x\"); }",
        "use std as s; use std::{fs as files};",
    ] {
        assert!(uses(text, "fs", ""), "{text}");
    }
    for text in [
        "use std::process::Command;",
        "use std::process::{Command, Stdio};",
        "use std::{io, process::Command};",
        "use std::process;\nfn f() { process::Command::new(\"x\"); }",
    ] {
        assert!(uses(text, "process", "Command"), "{text}");
    }
    for text in
        ["// std::fs", "use std::fmt::{self, Write};", "use std::fsx;", "use std::{fmt, io}; let fs = 1;"]
    {
        assert!(!uses(text, "fs", ""), "{text}");
    }
    assert!(!uses("use std::process::{self, ExitCode};", "process", "Command"));
}

#[test]
fn only_cosim_starts_processes_and_parsers_open_no_files() {
    let pure = [
        "hw/num",
        "hw/hdl",
        "hw/rust-hdl",
        "hw/spec",
        "hw/accel",
        "sw/model",
        "sw/mapper",
        "sw/compiler",
        "sw/import",
    ];
    assert_eq!(users(&pure, "fs", ""), Vec::<PathBuf>::new());
    let silent = [&pure[..], &["hw/sim", "sw/nas", "sw/cli"]].concat();
    assert_eq!(users(&silent, "process", "Command"), Vec::<PathBuf>::new());
    assert!(!users(&["sw/cosim"], "process", "Command").is_empty(), "the search finds what is there");
}
