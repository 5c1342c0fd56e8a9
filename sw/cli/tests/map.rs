//! Mappings through the command line: found, written, read, scored, changed, and run on the hardware.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const NETWORK: &str = "-c hw/configs/tiny.yaml -n testbenches/small/network.yaml";
const IMAGES: &str = "-i testbenches/small/images.npy";

/// Runs `nasa` in the repository's root, which must exit with `status`; what it says, stdout first.
fn nasa(status: i32, arguments: &str) -> [String; 2] {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
    command.args(arguments.split(' ')).current_dir(ROOT);
    let output =
        command.env("NASA_CACHE", Path::new(ROOT).join("target/models")).output().expect("nasa starts");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert_eq!(output.status.code(), Some(status), "nasa {arguments}\n{}\n{}", said[0], said[1]);
    said
}

fn json(arguments: &str) -> Value {
    serde_json::from_str(&nasa(0, &format!("{arguments} --json -"))[0]).expect("JSON")
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn a_mapping_that_is_written_is_the_one_that_was_found() {
    let out = folder("map");
    let [mapping, found, given] =
        ["m.map", "found", "given"].map(|name| out.join(name).display().to_string());
    let searched = json(&format!("map {NETWORK} -o {mapping}"));
    assert_eq!(searched["objective"], "latency");
    assert!(searched["evaluations"].as_u64() > Some(100) && searched["seconds"].as_f64() > Some(0.0));
    for key in [
        "name",
        "chunk",
        "macs",
        "spatial",
        "temporal",
        "cycles",
        "energy_pj",
        "edp",
        "utilization",
        "accesses",
    ] {
        assert!(!searched["layers"][0][key].is_null(), "{key}");
    }
    for key in ["cycles", "energy_pj", "edp"] {
        assert!(searched["total"][key].as_f64() > Some(0.0), "{key}");
    }
    let evaluated = json(&format!("map {NETWORK} --evaluate {mapping}"));
    assert_eq!((&evaluated["layers"], &evaluated["total"]), (&searched["layers"], &searched["total"]));
    assert_eq!(evaluated["evaluations"], 0);
    nasa(0, &format!("compile {NETWORK} -o {found}"));
    nasa(0, &format!("compile {NETWORK} -m {mapping} -o {given}"));
    assert_eq!(fs::read(found).expect("written"), fs::read(given).expect("written"));
}

#[test]
fn other_mappings_run_bit_exact_and_as_predicted() {
    let out = folder("map-objectives");
    let total = |json: &Value, key: &str| json["total"][key].as_f64().expect("a number");
    let [latency, energy] = ["latency", "energy"].map(|objective| {
        let file = out.join(objective).display().to_string();
        (json(&format!("map {NETWORK} --objective {objective} -o {file}")), file)
    });
    assert!(total(&latency.0, "cycles") < total(&energy.0, "cycles"));
    assert!(total(&latency.0, "energy_pj") > total(&energy.0, "energy_pj"));
    let changed = out.join("changed").display().to_string();
    let text = fs::read_to_string(&latency.1).expect("written");
    assert!(text.contains("slots: 16"));
    fs::write(&changed, text.replace("slots: 16", "slots: 1")).expect("written");
    for file in [&energy.1, &changed] {
        let verified = json(&format!("verify {NETWORK} {IMAGES} -m {file}"));
        assert_eq!(verified["mismatches"], 0);
        assert_eq!(verified["cycles"]["predicted"], verified["cycles"]["measured"]);
    }
}

/// A layer of the network by hand: FX along the rows, sums that leave the array with FY outside them, and parts that take
/// half of the rows and half of the input channels each, in an order that is left open.
const SPILLS: &str = "\
- name: conv2
  chunk: clp
  layer: {G: 1, K: 15, C: 4, OY: 4, OX: 12, FY: 3, FX: 3, stride: [1, 1], padding: [1, 1], input: [4, 12], residual: false}
  rows: [FX3]
  cols: [K4]
  beats: {inputs: 1, weights: 3, results: 2}
  outer: ORDER
  tile: {G: 1, K: 15, C: 2, OY: 2, OX: 12, FY: 3, FX: 3}
  loops: [OX4, C2, OX3, K4, FY3, OY2]
  inputs: {level: 0, slots: 16, buffer: 0}
  weights: {level: 1, slots: 16, buffer: 0}
  sums: {level: 2, slots: 2, buffer: 0}
";

#[test]
fn a_mapping_by_hand_spills_to_the_buffer_and_to_dram() {
    let out = folder("map-spills");
    let [found, spilled] = ["found", "spilled"].map(|name| out.join(name).display().to_string());
    nasa(0, &format!("map {NETWORK} -o {found}"));
    let text = fs::read_to_string(&found).expect("written");
    let (before, rest) = text.split_once("- name: conv2\n").expect("the network has this layer");
    let after = rest.find("- name: ").map_or("", |next| &rest[next..]);
    let written = ["[OY2, C2]", "[C2, OY2]"].map(|order| {
        let by_hand = SPILLS.replace("ORDER", order);
        fs::write(&spilled, format!("{before}{by_hand}{after}")).expect("written");
        let verified = json(&format!("verify {NETWORK} {IMAGES} -m {spilled}"));
        assert_eq!(verified["mismatches"], 0);
        assert_eq!(verified["cycles"]["predicted"], verified["cycles"]["measured"]);
        verified["dram"]["written"].as_u64().expect("a number")
    });
    // With both strips of one half before those of the other, all sums of both images go to DRAM, four bytes each.
    assert_eq!(written[0] - written[1], 2 * 4 * 15 * 4 * 12);
}

#[test]
fn a_table_of_layers_is_mapped_layer_by_layer() {
    let out = folder("map-layers");
    let [table, mapping] = ["t.yaml", "t.map"].map(|name| out.join(name).display().to_string());
    let row = |name: &str, op: &str, k: u32| {
        format!("- {{name: {name}, op: {op}, n: 1, g: 1, k: {k}, c: 5, oy: 7, ox: 9, fy: 3, fx: 3, py: 1, px: 1}}\n")
    };
    fs::write(&table, row("a", "conv", 8) + &row("b", "adder", 3)).expect("written");
    let config = "-c hw/configs/tiny.yaml";
    let searched = json(&format!("map {config} --layers {table} -o {mapping}"));
    assert_eq!(
        (&searched["layers"][0]["chunk"], &searched["layers"][1]["chunk"]),
        (&"clp".into(), &"alp".into())
    );
    assert_eq!(searched["layers"][0]["macs"], 8 * 5 * 7 * 9 * 9);
    let evaluated = json(&format!("map {config} --layers {table} --evaluate {mapping}"));
    assert_eq!(evaluated["layers"], searched["layers"]);
    let [_, stderr] = nasa(2, &format!("compile {NETWORK} -m {mapping} -o {table}.program"));
    assert!(stderr.contains("the network has no layer `a`"), "{stderr}");
    assert!(stderr.contains("there is no mapping of layer `conv0`"), "{stderr}");
    nasa(2, "map -c hw/configs/tiny.yaml");
}

/// A mapping of the whole space, boundaries between register files and buffer in the middle of its loops.
const LOOPS: &str = "\
format: nasa-loops/1
layers:
- name: a
  layer: {N: 1, G: 1, K: 32, C: 5, OY: 6, OX: 14, FY: 3, FX: 3, stride: [1, 1], input: [6, 14]}
  rows: [OX14]
  cols: [K16]
  loops: [FX3, FY3, K2, C5, OY2, OY3]
  inputs: {rf: 2, buffer: 5}
  weights: {rf: 3, buffer: 6}
  sums: {rf: 4, buffer: 5}
";

#[test]
fn a_mapping_of_the_whole_space_becomes_one_of_the_hardware() {
    let out = folder("map-lowered");
    let [table, loops, mapping] =
        ["t.yaml", "t.loops", "t.map"].map(|name| out.join(name).display().to_string());
    let row = "{name: a, op: conv, n: 1, g: 1, k: 32, c: 5, oy: 6, ox: 14, fy: 3, fx: 3, py: 1, px: 1}";
    fs::write(&table, format!("- {row}\n")).expect("written");
    fs::write(&loops, LOOPS).expect("written");
    let hardware = format!("map -c hw/configs/flat16.yaml --layers {table} --evaluate");
    let lowered = json(&format!("{hardware} {loops} -o {mapping}"));
    let text = fs::read_to_string(&mapping).expect("written");
    let written = text.split_once("  outer").expect("an outer loop").1;
    // Loops, boundaries and order are those of the file; six strips are three parts of two.
    assert_eq!(
        written,
        ": [OY3]\n  tile: {G: 1, K: 32, C: 5, OY: 2, OX: 14, FY: 3, FX: 3}\n  \
         loops: [FX3, FY3, K2, C5, OY2]\n  inputs: {level: 3, slots: 3, buffer: 0}\n  \
         weights: {level: 3, slots: 7, buffer: 1}\n  sums: {level: 4, slots: 8, buffer: 0}\n"
    );
    assert_eq!(json(&format!("{hardware} {mapping}"))["layers"], lowered["layers"]);
}

#[test]
fn the_whole_space_is_searched_beside_mappings_from_elsewhere() {
    let out = folder("map-whole-space");
    let [table, mapping] = ["t.yaml", "t.loops"].map(|name| out.join(name).display().to_string());
    let space = "map -c hw/configs/flat16.yaml --whole-space";
    let zigzag = "sw/mapper/tests/zigzag/small4.yaml";
    let found = json(&format!("{space} --objective edp --beside {zigzag} -o {mapping}"));
    assert_eq!(found["layers"].as_array().map(Vec::len), Some(4));
    let number = |value: &Value, key: &str| value[key].as_f64().expect("a number");
    for layer in found["layers"].as_array().expect("layers") {
        let edp = number(layer, "edp");
        assert!(edp < number(&layer["beside"], "edp") && number(layer, "bound") <= edp, "{layer}");
        assert!(number(layer, "bound") > 0.99 * edp && number(layer, "utilization") <= 1.0, "{layer}");
    }
    let more = json(&format!("{space} --objective edp --keep 3 --beside {zigzag}"));
    assert_eq!(more["total"], found["total"], "the best of each layer count");
    let layers = more["layers"].as_array().expect("layers");
    let names: Vec<&str> = layers.iter().filter_map(|layer| layer["name"].as_str()).take(3).collect();
    assert_eq!(
        (layers.len(), names[1], names[2]),
        (12, &*format!("{}#2", names[0]), &*format!("{}#3", names[0]))
    );
    for three in layers.chunks(3) {
        assert!(three.windows(2).all(|pair| number(&pair[0], "edp") <= number(&pair[1], "edp")));
        assert!(three[0]["mapping"] != three[1]["mapping"], "{}", three[0]["name"]);
    }
    // Layers are told apart by what they are: two of a name, and the second one again.
    let twins = [(8, "a"), (6, "a"), (6, "b")].map(|(k, name)| {
        format!("- {{name: {name}, op: conv, n: 1, g: 1, k: {k}, c: 5, oy: 7, ox: 9, fy: 3, fx: 3}}\n")
    });
    fs::write(&table, twins.concat()).expect("written");
    let twins = json(&format!("{space} --layers {table} --keep 2"));
    let layers = twins["layers"].as_array().expect("layers").iter();
    let macs = [8, 8, 6, 6, 6, 6].map(|k| Value::from(k * 5 * 7 * 9 * 9));
    assert_eq!(layers.map(|layer| layer["macs"].clone()).collect::<Vec<_>>(), macs);
    let given = json(&format!("{space} --evaluate {mapping}"));
    assert_eq!((&given["objective"], &given["total"]), (&"given".into(), &found["total"]));
    let shown = &nasa(0, &format!("{space} --evaluate {mapping} --beside {zigzag}"))[0];
    assert!(shown.contains("in the geometric mean: "), "{shown}");

    fs::write(
        &table,
        "- {name: fc_512_1000, op: conv, n: 1, g: 1, k: 8, c: 5, oy: 7, ox: 9, fy: 3, fx: 3}\n",
    )
    .expect("written");
    let alone = json(&format!("{space} --layers {table}"));
    assert_eq!(alone["layers"][0]["macs"], 8 * 5 * 7 * 9 * 9);
    assert_eq!(alone["layers"][0]["left_out"], Value::Array(vec![]));
    for (arguments, message) in [
        (String::new(), "there is nothing to map"),
        (format!("--layers {table} --beside {zigzag}"), "this mapping is of another layer"),
        (format!("--layers {table} --beside sw/mapper/tests/zigzag/resnet18.yaml"), "there is no mapping of"),
        ("--evaluate sw/mapper/tests/zigzag/resnet18.yaml".to_string(), "28 sums do not fit"),
    ] {
        let [_, stderr] = nasa(2, format!("{space} {arguments}").trim());
        assert!(stderr.contains(message) && stderr.contains("help"), "{message}: {stderr}");
    }
}

#[test]
fn what_the_whole_space_was_too_large_for_is_said() {
    let out = folder("map-left-out");
    let [config, table] = ["wide.yaml", "t.yaml"].map(|name| out.join(name).display().to_string());
    let flat16 = fs::read_to_string(Path::new(ROOT).join("hw/configs/flat16.yaml")).expect("committed");
    fs::write(&config, flat16.replacen("rows: 16, cols: 16", "rows: 64, cols: 1", 1)).expect("written");
    let layer = "- {name: a, op: conv, n: 2, g: 2, k: 64, c: 64, oy: 56, ox: 56, fy: 3, fx: 3}\n";
    fs::write(&table, layer).expect("written");
    let space = format!("map -c {config} --whole-space --budget 1000 --layers {table}");
    let found = json(&space);
    assert!(found["layers"][0]["left_out"]
        .as_array()
        .is_some_and(|what| what.contains(&"unrollings".into())));
    let sentence = "a: unrollings that leave room for more PEs were not searched";
    let [_, stderr] = nasa(0, &space);
    assert!(stderr.contains(sentence), "{stderr}");
    let [stdout, _] = nasa(0, &format!("{space} -o {}", out.join("found").display()));
    assert!(stdout.contains(sentence), "{stdout}");
}

/// Layers of one name, or of names that files cannot have apart, lose no picture.
#[test]
fn every_layer_has_a_picture_of_its_own() {
    let out = folder("pictures-of-equal-names");
    let table = out.join("layers.yaml");
    let row = |name: &str| {
        format!("- {{name: {name}, op: conv, n: 1, g: 1, k: 4, c: 4, oy: 4, ox: 4, fy: 1, fx: 1}}\n")
    };
    fs::write(&table, ["conv", "conv", "conv-2", "Conv"].map(row).concat()).expect("a file");
    let drawn = out.join("drawn");
    let files = [table, drawn.clone()].map(|path| path.display().to_string());
    nasa(0, &format!("map -c hw/configs/tiny.yaml --layers {} --pictures {}", files[0], files[1]));
    let mut names: Vec<String> = fs::read_dir(&drawn)
        .expect("a folder")
        .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["Conv-3.svg", "conv-2-2.svg", "conv-2.svg", "conv.svg"]);
}
