//! What the user reads about a bad search or table of costs, word for word: `tests/search_errors.txt`.
//! `BLESS=1 cargo test -p nasa-nas --test search_errors` writes the texts anew.

mod common;

use nas::cost::{macs, text};
use nas::{SearchConfig, Show};
use std::fmt::Write;
use std::path::Path;

/// A fault, and the text of the search that has it: what is written there, and what instead.
const SEARCHES: &[(&str, &[[&str; 2]])] = &[
    ("an unknown key", &[["expansions:", "expansion:"]]),
    (
        "no such numbers",
        &[
            ["stem: {channels: 6", "stem: {channels: 0"],
            ["{layers: 2, channels: 8, stride: 2}", "{layers: 2, channels: 8, stride: 0}"],
            ["header: 12", "header: 0"],
        ],
    ),
    (
        "kernels without a middle, expansions twice",
        &[["kernels: [3, 5]", "kernels: [3, 4]"], ["expansions: [1, 3]", "expansions: [3, 3]"]],
    ),
    ("no such op", &[["ops: [conv, shift, adder]", "ops: [conv, shfit, skip]"]]),
    (
        "no blocks",
        &[
            ["    - {layers: 2, channels: 6, stride: 1}\n", ""],
            ["    - {layers: 2, channels: 8, stride: 2}\n", ""],
            ["stages:\n", "stages: []\n"],
            ["adder: [1]", "adder: []"],
        ],
    ),
    (
        "no legal path",
        &[
            ["skip: true", "skip: false"],
            ["forbid: {adder: [1]}", "forbid: {adder: [1, 2], conv: [1], shift: [1, 7]}"],
        ],
    ),
    ("nothing to draw in a stage", &[["train: [adder], frozen: [conv, shift, skip]", "train: [adder]"]]),
    (
        "kinds that are none, and some twice",
        &[["train: [conv, shift, skip], widest: 1", "train: [conv, skp], frozen: [conv], widest: 2"]],
    ),
    ("a choice that is never learnt", &[["alphas: true", "alphas: false"]]),
    (
        "rates out of bounds",
        &[
            ["paths: 2, temperature: 5, cooling: 0.9", "paths: 0, temperature: 0, cooling: 1.5"],
            ["betas: [0.5, 0.999], images: 0.5", "betas: [0.5, 1], images: 1"],
            ["batch: 20, rate: 0.05, final", "batch: 0, rate: -1, final"],
        ],
    ),
    (
        "costs from nowhere",
        &[["kind: macs, lambda: 1e-6, target: [1e4, 5e4]", "kind: mapper, lambda: -1, target: [5e4, 1e4]"]],
    ),
    (
        "a retraining that would collapse",
        &[[
            "quantise_from: 1, batch: 20, rate: 0.05, weight_decay: 1e-4",
            "quantise_from: 3, batch: 20, rate: 0.05, weight_decay: 5e-4",
        ]],
    ),
    ("an accelerator that is not there", &[["kind: macs", "kind: mapper, accelerator: DATA/none.yaml"]]),
    ("not as many means as channels", &[["mean: [0.25], std: [0.3]", "mean: [0, 0], std: [1, 1]"]]),
];

/// The error of searching with `text`, with the folder's name taken out.
fn error_of(text: &str, folder: &Path) -> String {
    let text = text.replace("DATA", &folder.display().to_string());
    let searched = SearchConfig::parse("search.yaml", &text)
        .and_then(|config| nas::search(&config, &folder.join("run"), false, Show::Nothing));
    searched.expect_err("an error").to_string().replace(&folder.display().to_string(), "DATA")
}

#[test]
fn errors_read_as_they_should() {
    let mut found = String::new();
    for (what, changes) in SEARCHES {
        let folder = common::folder("search-errors");
        common::write_idx(&folder, 60, 30);
        let mut text = common::search_yaml(&folder);
        for [old, new] in *changes {
            assert!(text.contains(old), "{what}: {old}");
            text = text.replacen(old, new, 1);
        }
        writeln!(found, "## {what}\n{}", error_of(&text, &folder)).expect("text");
    }
    let config = common::search_config(Path::new("nowhere"));
    let error = config.with_ops(vec!["conv".into(), "add".into()]).expect_err("an error");
    writeln!(found, "## other ops that are none\n{error}").expect("text");
    let places = config.space.places([9, 9, 1]);
    let costs = text::print(&macs::costs(&config, &places).expect("costs"), &places);
    let spoilt =
        costs.replacen("b01,conv_k3_e1,", "b01,conv_k3_e1,-", 1).replacen("b02,skip,0\n", "b02;skip\n", 1);
    let spoilt = format!("{spoilt}b03,skip,1\n");
    let error = text::parse("costs.csv", &spoilt, &places).expect_err("an error");
    writeln!(found, "## a table of costs\n{error}").expect("text");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/search_errors.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, &found).expect("written");
    }
    assert_eq!(std::fs::read_to_string(&golden).unwrap_or_default(), found, "read it, then run with BLESS=1");
}
