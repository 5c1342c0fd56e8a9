//! The tables of layers in `sw/zoo` are the architectures that they stand for (`make bless` rewrites them): the one that NASA's
//! authors published as a sample of their search, with the operations that they count, and those that it is compared with.
//!
//! All are built of stages of blocks on images of 32 x 32, the first block of a stage with the stage's stride. A block is a
//! pointwise layer that multiplies the channels by e, a depthwise one of k x k, and a pointwise one to the stage's width, all
//! three of one op; its input is added where it has the shape of the output. Stem, head and classifier are multiplications
//! in every network of the search space; the allocation leaves them out, and so do the tables.

use mapper::nasa::allocate::{self, AREA, RATIO};
use mapper::nasa::layer::{terms, Layer};
use model::table;
use spec::op::Op;
use std::fmt::Write;
use std::path::Path;

/// Blocks, channels and stride of a stage.
type Stage = (usize, u32, u32);

/// FBNet's stages, as NASA has them for small images.
const STAGES: &[Stage] =
    &[(1, 16, 1), (4, 24, 1), (4, 32, 2), (4, 64, 2), (4, 112, 1), (4, 184, 2), (1, 352, 1)];

/// MobileNetV2's, with the strides that are usual for small images.
const MOBILE_STAGES: &[Stage] =
    &[(1, 16, 1), (2, 24, 1), (3, 32, 2), (4, 64, 2), (3, 96, 1), (3, 160, 2), (1, 320, 1)];

/// The sample. `k5_e3` is a kernel of 5 x 5 and three times the channels; without a prefix it is a convolution.
const SAMPLE: &str = "k3_e6 k5_e3 k3_e3 add_k5_e3 add_k5_e3 k5_e3 add_k5_e3 add_k3_e3 add_k3_e3 \
                      k5_e6 add_k3_e6 add_k3_e6 shift_k3_e3 k3_e6 shift_k3_e6 shift_k3_e3 k3_e3 k5_e6 \
                      shift_k3_e3 shift_k5_e6 shift_k5_e6 shift_k5_e6";

/// FBNet-C. A block that is skipped leaves everything as it is.
const FBNET: &str = "k3_e1 k3_e6 skip k3_e1 k3_e1 k5_e6 k5_e3 k5_e6 k3_e6 k5_e6 k5_e3 k5_e6 k5_e6 \
                     k5_e6 k5_e6 k5_e6 k5_e3 k5_e6 k5_e6 k5_e6 k5_e6 k3_e6";

/// An architecture, and the folder of its table.
struct Architecture {
    folder: &'static str,
    what: &'static str,
    /// Channels of the stem.
    stem: u32,
    stages: &'static [Stage],
    /// A word a block.
    blocks: String,
}

fn architectures() -> [Architecture; 4] {
    // The first block of MobileNetV2 does not multiply its channels.
    let mobile = |op: &str| format!("{op}k3{}", format!(" {op}k3_e6").repeat(16));
    let sample = "The sample architecture of NASA's search on images of 32 x 32";
    [
        Architecture {
            folder: "nasa-sample",
            what: sample,
            stem: 16,
            stages: STAGES,
            blocks: SAMPLE.to_string(),
        },
        Architecture {
            folder: "fbnet-c",
            what: "FBNet-C on images of 32 x 32",
            stem: 16,
            stages: STAGES,
            blocks: FBNET.to_string(),
        },
        Architecture {
            folder: "mobilenet-v2-shift",
            what: "MobileNetV2 of shift layers on images of 32 x 32",
            stem: 32,
            stages: MOBILE_STAGES,
            blocks: mobile("shift_"),
        },
        Architecture {
            folder: "mobilenet-v2-adder",
            what: "MobileNetV2 of adder layers on images of 32 x 32",
            stem: 32,
            stages: MOBILE_STAGES,
            blocks: mobile("add_"),
        },
    ]
}

/// Rows and columns of the stem's output.
const EXTENT: u32 = 32;

/// Op, kernel and expansion of a block by its name; without an expansion it has no first pointwise layer.
fn block(name: &str) -> (Op, u32, Option<u32>) {
    let words: Vec<&str> = name.split('_').collect();
    let op = match words[0] {
        "shift" => Op::Shift,
        "add" => Op::Adder,
        _ => Op::Conv,
    };
    let number = |prefix: char| words.iter().find_map(|word| word.strip_prefix(prefix)?.parse().ok());
    (op, number('k').expect("a kernel"), number('e'))
}

impl Architecture {
    fn table(&self) -> String {
        let (what, count) = (self.what, self.blocks.split_whitespace().count());
        let mut text = format!(
            "# {what}: {count} blocks, without stem, head and classifier.\n# Written by sw/mapper/tests/architectures.rs \
             from the names of the blocks; do not edit (`make bless` rewrites it).\n"
        );
        let stages = self.stages.iter().flat_map(|(blocks, channels, stride)| {
            (0..*blocks).map(move |i| (*channels, if i == 0 { *stride } else { 1 }))
        });
        let (mut channels, mut extent, mut before) = (self.stem, EXTENT, "input".to_string());
        for (i, (name, (out, stride))) in self.blocks.split_whitespace().zip(stages).enumerate() {
            if name == "skip" {
                assert!(channels == out && stride == 1, "only what leaves the shape can be skipped");
                continue;
            }
            let (op, kernel, expansion) = block(name);
            let (op, wide, pad) = (op.name(), channels * expansion.unwrap_or(1), kernel / 2);
            let mut line = |layer: &str, loops: &str, extent: u32, rest: &str| {
                let map = format!("oy: {extent}, ox: {extent}");
                let _ = writeln!(
                    text,
                    "- {{name: b{:02}.{layer}, op: {op}, n: 1, {loops}, {map}, {rest}}}",
                    i + 1
                );
            };
            let point = "fy: 1, fx: 1";
            if expansion.is_some() {
                line("pw1", &format!("g: 1, k: {wide}, c: {channels}"), extent, point);
            }
            extent /= stride;
            let window =
                format!("fy: {kernel}, fx: {kernel}, sy: {stride}, sx: {stride}, py: {pad}, px: {pad}");
            line("dw", &format!("g: {wide}, k: 1, c: 1"), extent, &window);
            let residual =
                if channels == out && stride == 1 { format!(", residual: {before}") } else { String::new() };
            line("pw2", &format!("g: 1, k: {out}, c: {wide}"), extent, &format!("{point}{residual}"));
            (channels, before) = (out, format!("b{:02}.pw2", i + 1));
        }
        text
    }
}

#[test]
fn the_committed_tables_are_the_architectures() {
    for architecture in architectures() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../zoo").join(architecture.folder);
        let (file, table) = (folder.join("layers.yaml"), architecture.table());
        if std::env::var_os("BLESS").is_some() {
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(&file, &table).expect("written");
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(committed == table, "{}: run `make bless`, then read `git diff`", architecture.folder);
    }
}

#[test]
fn each_is_one_network() {
    for (architecture, layers, macs, residuals) in [
        ("nasa-sample", 66, 100_646_784, 16),
        ("fbnet-c", 63, 105_376_256, 15),
        ("mobilenet-v2-shift", 50, 80_525_312, 10),
        ("mobilenet-v2-adder", 50, 80_525_312, 10),
    ] {
        let found =
            architectures().into_iter().find(|found| found.folder == architecture).expect("one of them");
        let rows = table::parse(architecture, &found.table()).expect("a table");
        let graph = table::network(architecture, &rows).unwrap_or_else(|report| panic!("{report}"));
        let added = graph.layers().filter(|(_, layer)| layer.residual.is_some()).count();
        assert_eq!((graph.len(), graph.macs(), added), (layers, macs, residuals), "{architecture}");
    }
}

#[test]
fn the_samples_operations_and_its_allocation_are_the_papers() {
    let rows = table::parse("layers.yaml", &architectures()[0].table()).expect("a table");
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
