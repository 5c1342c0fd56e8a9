//! `rtl-out/tiny` is what the generator makes today, so that a change of the generator shows as a difference of
//! Verilog in review; the pictures of `docs/mapping.md` are of what the search finds today. `make bless` rewrites them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Name and content of every file of `folder`.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("readable").path());
    entries
        .map(|path| {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("text"))
        })
        .collect()
}

#[test]
fn rtl_out_tiny_is_current() {
    let committed = Path::new(ROOT).join("rtl-out/tiny");
    let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rtl-tiny");
    let out = if std::env::var_os("BLESS").is_some() { &committed } else { &fresh };
    let mut nasa = Command::new(env!("CARGO_BIN_EXE_nasa"));
    nasa.args(["generate", "--quiet", "-c", "hw/configs/tiny.yaml", "-o"]).arg(out).current_dir(ROOT);
    assert!(nasa.status().expect("nasa starts").success());
    let (found, expected) = (files(out), files(&committed));
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected), "run `make bless`, then read `git diff`");
    for (name, text) in &found {
        assert!(
            expected[name] == *text,
            "rtl-out/tiny/{name} is not current: run `make bless`, then read `git diff`"
        );
    }
}

/// Those that the guide shows.
const PICTURES: [&str; 2] = ["b06.dw.svg", "b15.pw1.svg"];

#[test]
fn pictures_of_mappings_are_current() {
    let drawn = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    let _ = fs::remove_dir_all(&drawn);
    let mut nasa = Command::new(env!("CARGO_BIN_EXE_nasa"));
    let table = ["-c", "hw/configs/edge.yaml", "--layers", "sw/zoo/nasa-sample/layers.yaml"];
    nasa.args(["map", "--quiet"]).args(table).arg("--pictures").arg(&drawn).current_dir(ROOT);
    assert!(nasa.status().expect("nasa starts").success());
    let found = files(&drawn);
    assert_eq!(found.len(), 66, "every layer of the table has a picture");
    for name in PICTURES {
        let committed = Path::new(ROOT).join("docs/pictures").join(name);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&committed, &found[name]).expect("docs/pictures may be written to");
        }
        let expected = fs::read_to_string(&committed).unwrap_or_default();
        assert!(
            found[name] == expected,
            "docs/pictures/{name} is not current: run `make bless`, then read `git diff`"
        );
    }
}
