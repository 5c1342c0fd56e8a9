//! `sw/zoo/nasa-sample/layers.yaml`, the architecture that NASA's authors published as a sample of their search, is what its
//! 22 blocks stand for (`make bless` rewrites it), and has the operations that they count.
//!
//! The macro-architecture is FBNet's on images of 32 x 32: after a stem with 16 channels, stages of blocks with a width and
//! a stride each; the first block of a stage has the stride. A block is a pointwise layer that multiplies the channels by e, a
//! depthwise one of k x k, and a pointwise one to the stage's width, all three of one op. Stem, head and classifier are
//! multiplications in every network of the search space; the allocation leaves them out, and so does the table.

use mapper::nasa::allocate::{self, AREA, RATIO};
use mapper::nasa::layer::{terms, Layer};
use model::table;
use spec::op::Op;
use std::fmt::Write;
use std::path::Path;

const BLOCKS: [&str; 22] = [
    "k3_e6",
    "k5_e3",
    "k3_e3",
    "add_k5_e3",
    "add_k5_e3",
    "k5_e3",
    "add_k5_e3",
    "add_k3_e3",
    "add_k3_e3",
    "k5_e6",
    "add_k3_e6",
    "add_k3_e6",
    "shift_k3_e3",
    "k3_e6",
    "shift_k3_e6",
    "shift_k3_e3",
    "k3_e3",
    "k5_e6",
    "shift_k3_e3",
    "shift_k5_e6",
    "shift_k5_e6",
    "shift_k5_e6",
];

/// Blocks, channels and stride of each stage.
const STAGES: [(usize, u32, u32); 7] =
    [(1, 16, 1), (4, 24, 1), (4, 32, 2), (4, 64, 2), (4, 112, 1), (4, 184, 2), (1, 352, 1)];

/// Channels of the stem, and rows and columns of its output.
const STEM: (u32, u32) = (16, 32);

const HEADER: &str = "\
# The sample architecture of NASA's search on images of 32 x 32: 22 blocks of three layers each, without stem, head and
# classifier. Written by sw/mapper/tests/sample.rs from the names of the blocks; do not edit (`make bless` rewrites it).
";

/// Op, kernel and expansion of a block by its name; the one without a prefix is a convolution.
fn block(name: &str) -> (Op, u32, u32) {
    let words: Vec<&str> = name.split('_').collect();
    let op = match words[0] {
        "shift" => Op::Shift,
        "add" => Op::Adder,
        _ => Op::Conv,
    };
    let number = |prefix: char| words.iter().find_map(|word| word.strip_prefix(prefix)?.parse().ok());
    (op, number('k').expect("a kernel"), number('e').expect("an expansion"))
}

fn table() -> String {
    let mut text = HEADER.to_string();
    let stages = STAGES.iter().flat_map(|(blocks, channels, stride)| {
        (0..*blocks).map(move |i| (*channels, if i == 0 { *stride } else { 1 }))
    });
    let (mut channels, mut extent) = STEM;
    for (i, (name, (out, stride))) in BLOCKS.iter().zip(stages).enumerate() {
        let (op, kernel, expansion) = block(name);
        let (op, wide, pad) = (op.name(), channels * expansion, kernel / 2);
        let mut line = |layer: &str, loops: &str, extent: u32, rest: &str| {
            let map = format!("oy: {extent}, ox: {extent}");
            let _ =
                writeln!(text, "- {{name: b{:02}.{layer}, op: {op}, n: 1, {loops}, {map}, {rest}}}", i + 1);
        };
        let point = "fy: 1, fx: 1";
        line("pw1", &format!("g: 1, k: {wide}, c: {channels}"), extent, point);
        extent /= stride;
        let window = format!("fy: {kernel}, fx: {kernel}, sy: {stride}, sx: {stride}, py: {pad}, px: {pad}");
        line("dw", &format!("g: {wide}, k: 1, c: 1"), extent, &window);
        line("pw2", &format!("g: 1, k: {out}, c: {wide}"), extent, point);
        channels = out;
    }
    text
}

#[test]
fn the_committed_table_is_the_architecture() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../zoo/nasa-sample/layers.yaml");
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, table()).expect("written");
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == table(), "run `make bless`, then read `git diff`");
}

#[test]
fn its_operations_and_its_allocation_are_the_papers() {
    let rows = table::parse("layers.yaml", &table()).expect("a table");
    let layers: Vec<Layer> = rows.iter().map(|row| Layer::of_row(row).expect("a layer")).collect();
    assert_eq!(layers.len(), 66);
    let terms = terms(&layers);
    let millions: Vec<String> =
        terms.iter().map(|(_, terms)| format!("{:.3}", *terms as f64 / 1e6)).collect();
    assert_eq!(millions, ["33.535", "43.838", "23.273"]);
    assert_eq!(allocate::pes(&terms, AREA, RATIO), [81, 107, 57]);
    let narrowing = layers.iter().find(|layer| layer.name == "b06.dw").expect("a layer of stride 2");
    assert_eq!(narrowing.group.input, [32, 32], "the first of a stage reads the map of the stage before");
}
