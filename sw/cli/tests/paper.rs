//! The paper's simulator through the command line: the sample architecture on the paper's area, networks on descriptions,
//! and descriptions made for networks.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const SAMPLE: &str = "--layers sw/zoo/nasa-sample/layers.yaml";

/// What `nasa` writes to stdout when it runs in the repository's root.
fn nasa(arguments: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
    let output = command.args(arguments.split(' ')).current_dir(ROOT).output().expect("nasa starts");
    assert!(output.status.success(), "nasa {arguments}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn json(arguments: &str) -> Value {
    serde_json::from_str(&nasa(&format!("{arguments} --json - --quiet"))).expect("JSON")
}

fn file(name: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&file);
    file
}

/// The sum of a number of every layer.
fn sum(found: &Value, number: impl Fn(&Value) -> f64) -> f64 {
    found["layers"].as_array().expect("layers").iter().map(number).sum()
}

#[test]
fn the_sample_architecture_on_the_papers_area() {
    let found = json(&format!("map --cost-model nasa {SAMPLE}"));
    assert_eq!((&found["objective"], &found["cost_model"]), (&"edp".into(), &"nasa".into()));
    assert_eq!(found["combinations"].as_array().map(Vec::len), Some(64));
    for (chunk, pes) in [("clp", 81), ("slp", 107), ("alp", 57)] {
        let layers = found["layers"].as_array().expect("layers").iter();
        let mut mine = layers.filter(|layer| layer["chunk"] == chunk).peekable();
        assert!(mine.peek().is_some() && mine.all(|layer| layer["pes"] == pes), "{chunk}");
    }
    let number = |value: &Value| value.as_f64().expect("a number");
    let total = &found["total"];
    let energy = sum(&found, |layer| number(&layer["energy_pj"]));
    assert!((energy - number(&total["energy_pj"])).abs() < 1e-6 * energy);
    let cycles = |chunk: &str| {
        sum(&found, |layer| if layer["chunk"] == chunk { number(&layer["cycles"]) } else { 0.0 })
    };
    let slowest = ["clp", "slp", "alp"].map(cycles).into_iter().fold(0.0, f64::max);
    assert_eq!(slowest, number(&total["cycles"]));
    assert_eq!(number(&total["latency_ms"]), slowest / 250e3);
    let fits = |combination: &&Value| combination["fits"] == true;
    let valid: Vec<&Value> = found["combinations"].as_array().into_iter().flatten().filter(fits).collect();
    assert!(valid.iter().all(|combination| number(&combination["edp"]) >= number(&total["edp"])));
    for layer in found["layers"].as_array().expect("layers") {
        let of = |key: &str| -> f64 {
            let loops = layer[key].as_array().into_iter().flatten().map(|l| number(&l["bound"]));
            loops.chain(layer[key].as_object().into_iter().flat_map(|m| m.values()).map(number)).product()
        };
        let terms = of("spatial") * of("temporal") * number(&layer["groups"]);
        assert_eq!(terms, number(&layer["macs"]), "the loops of {} cover it", layer["name"]);
        assert!(number(&layer["utilization"]) < 1.0 && number(&layer["accesses"]["dram"]) > 0.0);
    }
}

#[test]
fn fixed_dataflows_stand_beside_the_best() {
    let shown = nasa(&format!("map --cost-model nasa {SAMPLE}"));
    let totals: Vec<&str> =
        shown.lines().skip_while(|line| !line.starts_with("clp slp alp")).skip(1).collect();
    let names: Vec<&str> = totals.iter().map(|line| line[..8].trim()).collect();
    assert_eq!(&names[..4], ["RS RS RS", "IS IS IS", "WS WS WS", "OS OS OS"]);
    assert!(totals.len() == 5 && totals[4].ends_with("best of 64"), "{shown}");
    assert!(
        totals[2].contains("no tiling fits: `b04.pw1` on the alp needs 2,048 words of buffer"),
        "{shown}"
    );
}

#[test]
fn networks_on_descriptions_and_words_of_other_widths() {
    let network = "-n testbenches/small/network.yaml -c hw/configs/tiny.yaml";
    let [wide, narrow] =
        ["", " --bits 8,6,6"].map(|bits| json(&format!("map --cost-model nasa {network}{bits}")));
    assert!(narrow["total"]["energy_pj"].as_f64() < wide["total"]["energy_pj"].as_f64());
    assert!(wide["layers"].as_array().expect("layers").iter().all(|layer| layer["pes"] == 16));
    let fast = json(&format!("map --cost-model nasa {network} --objective latency"));
    assert!(fast["total"]["cycles"].as_u64() <= wide["total"]["cycles"].as_u64());
}

#[test]
fn an_accelerator_is_made_for_a_network() {
    let out = file("allocated.yaml");
    let allocate = format!("allocate {SAMPLE} -c hw/configs/odd.yaml -o {}", out.display());
    let found = json(&format!("{allocate} --area 168"));
    let pes: Vec<&Value> = found["chunks"].as_array().expect("chunks").iter().map(|c| &c["pes"]).collect();
    assert_eq!(pes, [81, 107, 57]);
    let text = std::fs::read_to_string(&out).expect("written");
    let allocated = spec::config::parse("allocated.yaml", &text).expect("a correct description");
    let arrays: Vec<[u32; 3]> = allocated.chunks.iter().map(|c| [c.rows, c.cols, c.post_lanes]).collect();
    // odd.yaml gives its slp 5 post lanes of 11 that were possible, and its alp all 6.
    assert_eq!(arrays, [[9, 9, 3], [10, 10, 5], [7, 8, 8]]);
    assert_eq!((allocated.name.as_str(), allocated.clock_mhz), ("allocated", 333.0));

    // The description's own area: 35 PEs with multipliers, and 33 and 24 smaller ones.
    let own = json(&allocate);
    let area = own["area"].as_f64().expect("a number");
    assert!((area - (35.0 + 57.0 / 1.88)).abs() < 1e-9, "{area}");
    let square = json(&format!("{allocate} --ratio 1"));
    assert_eq!(square["area"].as_f64(), Some(92.0));

    // A network of one op needs one chunk.
    let table = file("one.yaml");
    let row = "- {name: a, op: conv, n: 1, g: 1, k: 8, c: 4, oy: 4, ox: 4, fy: 1, fx: 1}\n";
    std::fs::write(&table, row).expect("written");
    let tiny = format!("--layers {} -c hw/configs/tiny.yaml -o {}", table.display(), out.display());
    let one = json(&format!("allocate {tiny} --area 168"));
    assert_eq!(one["chunks"].as_array().map(Vec::len), Some(1));
    assert_eq!((&one["chunks"][0]["rows"], &one["chunks"][0]["cols"]), (&12.into(), &14.into()));
}
