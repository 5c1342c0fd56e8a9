//! What the user reads about a bad configuration or data set, word for word: `tests/errors.txt`.
//! `BLESS=1 cargo test -p nasa-nas --test errors` writes the texts anew.

mod common;

use nas::TrainConfig;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A fault, and the text of the run that has it: what is written there, and what instead.
const CONFIGURATIONS: &[(&str, [&str; 2])] = &[
    ("an unknown key", ["seed: 4", "seeds: 4"]),
    ("a value of another type", ["seed: 4", "seed: four"]),
    ("several bad values", ["batch: 20, rate: 0.05", "batch: 0, rate: -1"]),
    ("too much decay for adders", ["weight_decay: 1e-4", "weight_decay: 5e-4"]),
    ("no such op", ["stem, op: conv", "stem, op: cnov"]),
    ("an adder without norm", ["expand: 12,", "expand: 12, norm: false,"]),
    (
        "a residual that does not fit",
        ["shift, op: shift, out_channels: 7", "shift, op: shift, out_channels: 6"],
    ),
    ("no output a class", ["fc, op: conv, out_channels: 3", "fc, op: conv, out_channels: 4"]),
    (
        "a rate that falls where there is no epoch",
        ["rate: 0.05", "rate: 0.05, multistep: {milestones: [1, 9], gamma: 2}, ema: 1"],
    ),
    ("no such policy", ["flip: true}", "flip: true, policy: cifar}"]),
    ("not as many means as channels", ["mean: [0.25], std: [0.3]", "mean: [0, 0], std: [1, 1]"]),
];

type Spoil = fn(&Path);

/// A fault of a data set, its format, and how it comes about.
const DATA_SETS: &[(&str, &str, Spoil)] = &[
    ("a missing file", "idx", |folder| std::fs::remove_file(images(folder)).expect("gone")),
    ("a file cut short", "idx", |folder| {
        let bytes = std::fs::read(images(folder)).expect("bytes");
        std::fs::write(images(folder), &bytes[..1000]).expect("a file");
    }),
    ("a compressed file cut short", "idx", |folder| {
        std::fs::remove_file(images(folder)).expect("gone");
        std::fs::write(images(folder).with_extension("gz"), [0x1f, 0x8b, 8, 0, 1, 2]).expect("a file");
    }),
    ("another kind of file", "idx", |folder| std::fs::write(images(folder), [1; 20]).expect("a file")),
    ("no labels for some images", "idx", |folder| {
        let labels = [&[0, 0, 8, 1, 0, 0, 0, 2][..], &[0, 1]].concat();
        std::fs::write(folder.join("train-labels-idx1-ubyte"), labels).expect("a file");
    }),
    ("no folders of images", "folder", |_| {}),
    ("what is no image", "folder", |folder| {
        for split in ["train", "test"] {
            let class = folder.join(split).join("cat");
            std::fs::create_dir_all(&class).expect("a folder");
            std::fs::write(class.join("a.png"), "not a picture").expect("a file");
        }
    }),
    ("records that are none", "cifar10", |folder| {
        for name in ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"] {
            std::fs::write(folder.join(format!("{name}.bin")), [0; 3073]).expect("a file");
        }
        std::fs::write(folder.join("test_batch.bin"), [0; 3000]).expect("a file");
    }),
];

fn images(folder: &Path) -> PathBuf {
    folder.join("train-images-idx3-ubyte")
}

/// The error of training with `text`, with the folder's name taken out.
fn error_of(text: &str, folder: &Path) -> String {
    let trained = TrainConfig::parse("train.yaml", text)
        .and_then(|config| nas::train(&config, &folder.join("run"), false));
    trained.expect_err("an error").to_string().replace(&folder.display().to_string(), "DATA")
}

#[test]
fn errors_read_as_they_should() {
    let mut found = String::new();
    for (what, [old, new]) in CONFIGURATIONS {
        let folder = common::folder("errors");
        common::write_idx(&folder, 60, 30);
        let text = common::yaml(&folder, 2, 1);
        assert!(text.contains(old), "{what}");
        let error = error_of(&text.replace(old, new), &folder);
        writeln!(found, "## {what}\n{error}").expect("text");
    }
    for (what, format, spoil) in DATA_SETS {
        let folder = common::folder("errors");
        common::write_idx(&folder, 60, 30);
        spoil(&folder);
        let text = common::yaml(&folder, 2, 1).replace("format: idx", &format!("format: {format}"));
        writeln!(found, "## {what}\n{}", error_of(&text, &folder)).expect("text");
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, &found).expect("written");
    }
    assert_eq!(std::fs::read_to_string(&golden).unwrap_or_default(), found, "read it, then run with BLESS=1");
}
