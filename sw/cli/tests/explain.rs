//! `nasa map --explain`: the parts of every whole add up to what is predicted, hardware counts the same stalls, and what is
//! said of a layer is what somebody sees who looks at its mapping.

use mapper::work::Dim;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const SMALL: &str = "-c hw/configs/tiny.yaml -n testbenches/small/network.yaml";

/// What `nasa` writes to stdout when it runs in the repository's root.
fn nasa(arguments: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
    let output = command.args(arguments.split(' ')).current_dir(ROOT).output().expect("nasa starts");
    assert!(output.status.success(), "nasa {arguments}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn layers(arguments: &str) -> Vec<Value> {
    let json: Value = serde_json::from_str(&nasa(&format!("{arguments} --json - --quiet"))).expect("JSON");
    json["layers"].as_array().cloned().expect("layers")
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is a number"))
}

/// The sum of the numbers of an object.
fn sum(object: &Value) -> u64 {
    object.as_object().into_iter().flat_map(|object| object.values()).map(number).sum()
}

/// The sum of a number of every operand.
fn moved(explanation: &Value, level: &str) -> u64 {
    let operands = explanation["operands"].as_object().expect("operands");
    operands.values().map(|operand| operand[level].as_u64().unwrap_or(0)).sum()
}

/// What operands move is what the layer accesses.
fn adds_up(layer: &Value) {
    let (why, name, accesses) = (&layer["explanation"], &layer["name"], &layer["accesses"]);
    assert_eq!(moved(why, "dram"), number(&accesses["dram"]), "{name}");
    assert_eq!(moved(why, "buffer"), number(&accesses["gb"]), "{name}");
    let terms = number(&why["operands"]["inputs"]["terms"]);
    assert_eq!(moved(why, "rf") + 4 * terms, number(&accesses["rf"]), "{name}");
}

#[test]
fn the_parts_add_up_to_what_is_predicted() {
    let sample = "--layers sw/zoo/nasa-sample/layers.yaml";
    let fashion = "-n sw/zoo/fashion-hybrid/fashion-hybrid.yaml";
    let mut causes = std::collections::BTreeSet::new();
    let (mut outside, mut said) = (0, 0);
    for (arguments, pes) in [
        (SMALL.to_string(), 16),
        (format!("-c hw/configs/edge.yaml {fashion}"), 64),
        (format!("-c hw/configs/large.yaml {fashion} --objective energy"), 256),
        (format!("-c hw/configs/edge.yaml {sample}"), 64),
        (format!("-c hw/configs/large.yaml {sample}"), 256),
    ] {
        for layer in layers(&format!("map {arguments} --explain")) {
            let (why, name) = (&layer["explanation"], &layer["name"]);
            let cycles = number(&layer["cycles"]);
            assert_eq!(sum(&why["cycles"]), cycles, "{name}");
            assert_eq!(sum(&why["pe_cycles"]), cycles * pes, "{name}");
            assert_eq!(why["pe_cycles"]["work"], layer["macs"], "{name}");
            adds_up(&layer);
            for resource in ["compute steps", "input port", "weight port", "parameter port", "drain"] {
                assert!(number(&why["resources"][resource]) <= cycles, "{resource} of {name}");
            }
            let span = number(&why["load_to_store"]);
            for direction in ["DRAM reads", "DRAM writes"] {
                let beats = number(&why["resources"][direction]);
                assert!(cycles <= span && beats <= span, "{direction} of {name}");
                outside += u32::from(beats > cycles);
                said += why["sentences"].to_string().matches(&format!("{direction}: needed for")).count();
            }
            let spent = why["cycles"].as_object().into_iter().flatten();
            causes.extend(spent.filter(|(_, cycles)| number(cycles) > 0).map(|(cause, _)| cause.clone()));
        }
    }
    assert!(outside > 0 && said > 0, "no layer is loaded and stored for longer than it computes");
    for cause in
        ["compute", "start", "inputs", "weights", "results", "parameters", "loads", "stores", "instructions"]
    {
        assert!(causes.contains(cause), "no layer spends cycles on {cause}: {causes:?}");
    }
}

/// A layer whose sums go through DRAM: of both halves of its rows those of one channel before those of the other.
const SPILLS: &str = "\
- name: spills
  chunk: clp
  layer: {G: 1, K: 4, C: 2, OY: 4, OX: 3, FY: 1, FX: 1, stride: [1, 1], padding: [0, 0], input: [4, 3], residual: false}
  rows: []
  cols: [K4]
  beats: {inputs: 1, weights: 1, results: 2}
  outer: [OY2, C2]
  tile: {G: 1, K: 4, C: 1, OY: 2, OX: 3, FY: 1, FX: 1}
  loops: [OX3, OY2]
  inputs: {level: 0, slots: 2, buffer: 0}
  weights: {level: 0, slots: 2, buffer: 0}
  sums: {level: 0, slots: 2, buffer: 0}
";

#[test]
fn stored_sums_are_results_that_are_moved_more_often() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let [table, mapping] = ["spills.yaml", "spills.map"].map(|name| folder.join(name).display().to_string());
    let row = "- {name: spills, op: conv, n: 1, g: 1, k: 4, c: 2, oy: 4, ox: 3, fy: 1, fx: 1}\n";
    let files = [(&table, row.to_string()), (&mapping, format!("format: nasa-mapping/3\nlayers:\n{SPILLS}"))];
    files.iter().for_each(|(file, text)| std::fs::write(file, text).expect("written"));
    let arguments = format!("map -c hw/configs/tiny.yaml --layers {table} --evaluate {mapping} --explain");
    let layer = &layers(&arguments)[0];
    adds_up(layer);
    // 48 outputs, a byte each; and once a sum of four bytes for each of them is written, and read again.
    let operands = &layer["explanation"]["operands"];
    assert_eq!((&operands["results"]["dram"], &operands["results"]["buffer"]), (&432.into(), &432.into()));
    assert_eq!(operands["parameters"]["dram"], operands["parameters"]["buffer"]);
}

/// Entries of a tile that are brought to one PE of every column: all, or those that are no padding where that is cleared.
fn of_columns(mapping: &mapper::Mapping) -> u32 {
    let cols = mapping.unroll.cols.pes();
    if !mapping.clears {
        return mapping.x_tile() * cols;
    }
    let window = mapping.x_window();
    let apart = mapping.layer.stride[1] * mapping.unroll.block;
    let there = mapping.layer.padding[1]..mapping.layer.padding[1] + mapping.layer.input[1];
    let brought = (0..cols).flat_map(|column| (0..window).map(move |tap| column * apart + tap));
    mapping.x_tile() / window * brought.filter(|position| there.contains(position)).count() as u32
}

/// What PEs take, from the mapping alone: each fills its register files with the entries of a tile, tile after tile. PEs that
/// the mapping leaves out take what comes by: other columns, and rows that a beat serves as well.
#[test]
fn pes_take_the_entries_of_their_tiles() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("explained.map");
    let mut checked = [0, 0];
    for machine in ["edge", "odd"] {
        let config = format!("hw/configs/{machine}.yaml");
        let sample = "--layers sw/zoo/nasa-sample/layers.yaml";
        let found = layers(&format!("map -c {config} {sample} --explain -o {}", file.display()));
        let read = |path: &Path| std::fs::read_to_string(path).expect("there");
        let mappings = mapper::text::parse("explained.map", &read(&file)).expect("correct mappings");
        let machine = spec::config::parse(&config, &read(&Path::new(ROOT).join(&config))).expect("committed");
        for (layer, named) in found.iter().zip(&mappings) {
            let mapping = &named.mapping;
            let (rows, cols) = (mapping.unroll.rows.pes(), mapping.unroll.cols.pes());
            let chunk = machine.chunks.iter().find(|chunk| chunk.name() == named.chunk).expect("its chunk");
            let ragged = Dim::ALL.iter().any(|dim| mapping.is_ragged(*dim));
            let beats = mapping.unroll.beats;
            let parts = number(&layer["parts"]);
            let w_tiles = parts * mapping.steps() / mapping.steps_below(mapping.w.level);
            let operands = [
                ("inputs", beats.inputs, parts * mapping.x_tiles(), of_columns(mapping)),
                ("weights", beats.weights, w_tiles, mapping.w_tile() * cols),
            ];
            for (i, (name, served, tiles, entries)) in operands.into_iter().enumerate() {
                if rows % served == 0 && cols == chunk.cols && !ragged {
                    let words = number(&layer["explanation"]["operands"][name]["rf"]);
                    assert_eq!(words, tiles * u64::from(entries * rows), "{name} of {}", layer["name"]);
                    checked[i] += 1;
                }
            }
        }
    }
    assert!(checked.iter().all(|layers| *layers > 40), "{checked:?}");
}

#[test]
fn the_hardware_counts_the_same_stalls() {
    let explained = layers(&format!("map {SMALL} --explain"));
    let measured = layers(&format!("verify {SMALL} -i testbenches/small/images.npy --count 1"));
    assert_eq!(explained.len(), measured.len());
    for (explained, measured) in explained.iter().zip(&measured) {
        let (cycles, counters) = (&explained["explanation"]["cycles"], &measured["counters"]);
        for (cause, counter) in [("compute", "steps"), ("inputs", "stall_x"), ("weights", "stall_w")] {
            assert_eq!(cycles[cause], counters[counter], "{cause} of {}", explained["name"]);
        }
        let array: u64 = ["compute", "start", "inputs", "weights", "results", "parameters"]
            .iter()
            .map(|cause| number(&cycles[*cause]))
            .sum();
        // The launch itself is the cycle before the array is busy.
        assert_eq!(array, number(&counters["busy"]) + number(&explained["parts"]), "{}", explained["name"]);
    }
}

#[test]
fn what_is_shown_is_committed() {
    let shown = nasa(&format!("map {SMALL} --explain"));
    let file = Path::new(ROOT).join("sw/cli/tests/explained.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, &shown).expect("written");
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(shown == committed, "run `make bless`, then read `git diff`\n{shown}");
}
