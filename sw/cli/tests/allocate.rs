//! Areas divided by search, and networks compared on machines of equal area: what is written keeps the area by the table, is
//! what was scored, and no machine that is given by hand is better by much.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Two layers that follow one another.
const TABLE: &str = "\
- {name: a, op: conv, n: 1, g: 1, k: 16, c: 8, oy: 8, ox: 8, fy: 3, fx: 3, py: 1, px: 1}
- {name: b, op: adder, n: 1, g: 1, k: 16, c: 16, oy: 8, ox: 8, fy: 1, fx: 1}
";

/// Exit status of `nasa` in the repository's root, and what it writes to stdout and stderr.
fn nasa(arguments: &str) -> (Option<i32>, [String; 2]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nasa"));
    let output = command.args(arguments.split_whitespace()).current_dir(ROOT).output().expect("nasa starts");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.code(), said)
}

fn json(arguments: &str) -> Value {
    let (status, [stdout, stderr]) = nasa(&format!("{arguments} --json - --quiet"));
    assert_eq!(status, Some(0), "nasa {arguments}\n{stderr}");
    serde_json::from_str(&stdout).expect("JSON")
}

fn file(name: &str, text: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, text).expect("written");
    file
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is a number"))
}

#[test]
fn a_search_keeps_the_area_and_beats_the_equation() {
    let table = file("allocate-table.yaml", TABLE);
    let [searched, equal] = ["searched", "equal"].map(|name| file(&format!("{name}.yaml"), ""));
    let area = 24.0;
    let of =
        |rest: &str| format!("--layers {} -c hw/configs/edge.yaml --area {area} {rest}", table.display());
    let found = json(&of(&format!("-o {}", searched.display())).replacen(
        "--layers",
        "allocate --method search --layers",
        1,
    ));
    let used = number(&found["used"]);
    assert!(used <= area && used > 0.5 * area, "{used}");
    assert_eq!(
        (&found["unit"], &found["objective"], &found["config"]),
        (&"um2".into(), &"edp".into(), &"searched".into())
    );

    // The area of what was written, by the table itself.
    let text = std::fs::read_to_string(&searched).expect("written");
    let accelerator = spec::config::parse("searched.yaml", &text).expect("a correct description");
    assert_eq!(accelerator.chunks.len(), 2, "no layer needs the slp");
    let areas = std::fs::read_to_string(Path::new(ROOT).join("hw/areas.yaml")).expect("committed");
    let um2 = |op: &str| -> f64 {
        let line = areas.lines().find(|line| {
            line.contains(&format!("op: {op}, ")) && line.contains("input_rf: 64, weight_rf: 64, psum_rf: 16")
        });
        let number = line.and_then(|line| line.split(" um2: ").nth(1)?.split(',').next()?.parse().ok());
        number.expect("the table has it")
    };
    let sum: f64 = accelerator.chunks.iter().map(|chunk| f64::from(chunk.pes()) * um2(chunk.op.name())).sum();
    assert!((sum / um2("conv") - used).abs() < 1e-9);

    // What the equation makes of the same area takes no less.
    json(&of(&format!("-o {}", equal.display())).replacen("--layers", "allocate --ratio 1 --layers", 1));
    let edp = |config: &Path| {
        let found = json(&format!("compare -c {} net={} --as-given", config.display(), table.display()));
        number(&found["lines"][0]["edp"])
    };
    assert!(
        (edp(&searched) - number(&found["edp"])).abs() < 1e-6 * edp(&searched),
        "what is written is what was scored"
    );
    assert!(edp(&searched) <= edp(&equal));
}

#[test]
fn chunks_without_layers_take_none_of_the_buffer() {
    let tiny = std::fs::read_to_string(Path::new(ROOT).join("hw/configs/tiny.yaml")).expect("committed");
    let is_left = |line: &&str| !line.contains("slp:") && !line.contains("alp:");
    let alone = file("allocate-alone.yaml", &tiny.lines().filter(is_left).collect::<Vec<_>>().join("\n"));
    let table = "\
- {name: a, op: conv, n: 1, g: 1, k: 32, c: 32, oy: 16, ox: 16, fy: 3, fx: 3, py: 1, px: 1}
- {name: b, op: conv, n: 1, g: 1, k: 32, c: 32, oy: 16, ox: 16, fy: 1, fx: 1}
";
    let table = file("allocate-buffer.yaml", table);
    let lines =
        |config: &str| json(&format!("compare -c {config} --area 48 n={}", table.display()))["lines"].clone();
    assert_eq!(lines("hw/configs/tiny.yaml"), lines(&alone.display().to_string()));
}

#[test]
fn networks_are_known_by_what_is_in_their_files() {
    let small = |name: &str| Path::new(ROOT).join("testbenches/small").join(name);
    let text = std::fs::read_to_string(small("network.yaml")).expect("committed");
    let weights = Path::new(env!("CARGO_TARGET_TMPDIR")).join("network.safetensors");
    std::fs::copy(small("network.safetensors"), weights).expect("copied");
    let network = file("a=network.yaml", &text.replacen("format:", "\"format\":", 1));
    let table = file("b=table.yaml", TABLE);
    let found = json(&format!(
        "compare -c hw/configs/tiny.yaml --as-given {} {} c={}",
        network.display(),
        table.display(),
        table.display()
    ));
    let lines = found["lines"].as_array().expect("lines").iter().filter(|line| line["mapper"] == "auto");
    let names: Vec<&str> = lines.filter_map(|line| line["network"].as_str()).collect();
    assert_eq!(names, ["random-6185", "b=table", "c"]);
}

#[test]
fn machines_of_equal_area_are_compared() {
    let table = file("compare-table.yaml", TABLE);
    let conv = file("compare-conv.yaml", &TABLE.replace("adder", "conv"));
    let (status, [stdout, stderr]) = nasa(&format!(
        "compare -c hw/configs/edge.yaml --area 24 conv={} mixed={} --fixed",
        conv.display(),
        table.display()
    ));
    assert_eq!(status, Some(0), "{stderr}");
    let rows: Vec<Vec<&str>> = stdout
        .lines()
        .filter(|line| line.starts_with("| conv") || line.starts_with("| mixed"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    // Four fixed dataflows and the free search; of the network on two chunks also the pipeline as a whole.
    assert_eq!(rows.len(), 5 + 6, "{stdout}");
    let value =
        |row: &[&str], column: usize| -> f64 { row[column].replace(',', "").parse().expect("a number") };
    for row in &rows {
        assert!(value(row, 3) <= 24.0, "{row:?}");
        let levels: f64 = (7..12).map(|column| value(row, column)).sum();
        assert!((levels - value(row, 6)).abs() <= 3.0, "the levels are the energy: {row:?}");
    }
    for network in [&rows[..5], &rows[5..]] {
        let auto = &network[4];
        assert!(auto[4] == "auto" && network.iter().all(|row| row[2] == auto[2]), "{network:?}");
        assert!(network[..4].iter().all(|row| value(row, 12) >= 0.98 * value(auto, 12)), "{network:?}");
    }
    assert_eq!(rows[4][12], "1.000");
    assert!(rows[10][4] == "pipeline" && value(&rows[10], 12) <= value(&rows[9], 12));
}

#[test]
fn the_searched_hybrid_takes_less_than_the_convolutions_of_its_space_on_as_much_area() {
    let file = |name: &str| format!("sw/zoo/fashion-searched/{name}/fashion-searched.yaml");
    let found = json(&format!(
        "compare -c hw/configs/edge.yaml hybrid={} conv={}",
        file("searched"),
        file("baseline")
    ));
    let best = |name: &str| {
        let lines = found["lines"].as_array().expect("lines").iter().filter(|line| line["network"] == name);
        assert!(lines.clone().all(|line| number(&line["area"]) <= number(&found["area"])), "{found}");
        lines.map(|line| number(&line["edp"])).min_by(f64::total_cmp).expect("a line")
    };
    let ratio = best("hybrid") / best("conv");
    println!("EDP of the hybrid: {ratio:.3} of that of the convolutions");
    assert!(ratio < 0.9, "{ratio}");
}

#[test]
fn mappings_for_the_pipeline_are_written_and_no_worse() {
    let network = "-c hw/configs/tiny.yaml -n testbenches/small/network.yaml";
    let mapping = file("pipeline.map", "");
    let found = json(&format!("map {network} --pipeline -o {}", mapping.display()));
    assert_eq!(found["objective"], "pipeline");
    let given = json(&format!("map {network} --evaluate {}", mapping.display()));
    assert_eq!(given["layers"], found["layers"]);
    let lines =
        json("compare -c hw/configs/tiny.yaml --as-given testbenches/small/network.yaml")["lines"].clone();
    assert_eq!((&lines[0]["mapper"], &lines[1]["mapper"]), (&"auto".into(), &"pipeline".into()));
    assert!(number(&lines[1]["edp"]) <= number(&lines[0]["edp"]));
}

#[test]
fn mapping_for_the_pipeline_pays_where_chunks_have_time_to_spare() {
    let network = "sw/zoo/fashion-hybrid/fashion-hybrid.yaml";
    let lines = json(&format!("compare -c hw/configs/large.yaml --as-given {network}"))["lines"].clone();
    let [auto, pipeline] = [0, 1].map(|i| number(&lines[i]["edp"]));
    assert!(pipeline < 0.99 * auto, "{pipeline} against {auto}");
}

#[test]
fn what_no_comparison_can_be_made_of_is_said() {
    let table = file("compare-errors.yaml", TABLE);
    let adders = file("compare-adders.yaml", &TABLE.replace("conv", "adder"));
    let many = file("compare-many.yaml", &TABLE.replacen("n: 1", "n: 4", 1));
    let [table, adders, many] = [table, adders, many].map(|path| path.display().to_string());
    for (arguments, messages) in [
        (
            format!("clp-only.yaml --as-given {adders}"),
            ["error[mapping]: layer `a` is of op `adder`", "`clp-only` has no alp"],
        ),
        (
            format!("clp-only.yaml --area 9 {adders}"),
            ["error[mapping]: layer `a` is of op `adder`", "`clp-only` has no alp"],
        ),
        (
            format!("edge.yaml --as-given a={table} a={adders}"),
            ["error[compare]: two networks are called `a`", "help: give each a name of its own"],
        ),
        (
            format!("edge.yaml --as-given {many}"),
            ["error[layers]: layer `a` is of 4 images", "help: set n: 1"],
        ),
        (
            format!("edge.yaml --area 0.5 {table}"),
            ["error[arrays]: no arrays of 0.5 PEs", "help: give a larger --area"],
        ),
    ] {
        let (status, [_, stderr]) = nasa(&format!("compare -c hw/configs/{arguments}"));
        assert_eq!((status, stderr.matches("error[").count()), (Some(2), 1), "{arguments}: {stderr}");
        assert!(messages.iter().all(|message| stderr.contains(message)), "{messages:?}: {stderr}");
    }
}

#[test]
fn an_area_is_refused_with_what_each_chunk_lacks() {
    let tiny = std::fs::read_to_string(Path::new(ROOT).join("hw/configs/tiny.yaml")).expect("committed");
    let narrow = file("allocate-narrow.yaml", &tiny.replacen("bank_kib: 2", "bank_bytes: 16", 1));
    let table = file("allocate-lacking.yaml", TABLE);
    for (config, area, said) in [
        (
            narrow.display().to_string(),
            16.0,
            [
                "on no array of the clp that was tried all its layers have a mapping",
                "= help: `nasa map` says",
            ],
        ),
        (
            "hw/configs/tiny.yaml".to_string(),
            1.5,
            ["the smallest array of the alp that serves takes 0.9", "= help: give a larger --area"],
        ),
    ] {
        let (status, [_, stderr]) = nasa(&format!("compare -c {config} --area {area} n={}", table.display()));
        assert_eq!((status, stderr.matches("error[").count()), (Some(2), 1), "{stderr}");
        assert!(said.iter().all(|line| stderr.contains(line)), "{said:?}: {stderr}");
    }
}

#[test]
fn what_does_not_go_together_is_said() {
    let table = file("allocate-errors.yaml", TABLE);
    let apart = file("allocate-apart.yaml", &TABLE.replace("c: 16, oy: 8", "c: 16, oy: 7"));
    let no_pes = file("allocate-no-pes.yaml", "format: nasa-areas/1\npes: []\n");
    for (arguments, message) in [
        (
            format!("allocate --layers {} --unit lut", table.display()),
            "--unit does not go with the method `equation`",
        ),
        (
            format!("allocate --layers {} --method search --ratio 2", table.display()),
            "--ratio does not go with",
        ),
        (
            format!("allocate --layers {} --method search --areas {}", table.display(), no_pes.display()),
            "the table of areas has no such PE of the clp",
        ),
        (
            format!("allocate --layers {} --method search", apart.display()),
            "layer `b` does not follow the one before it",
        ),
        (format!("allocate --layers {} --method search --area 0.5", table.display()), "no arrays of 0.5 PEs"),
    ] {
        let (status, [_, stderr]) =
            nasa(&format!("{arguments} -c hw/configs/edge.yaml -o {}", file("none.yaml", "").display()));
        assert!(
            status == Some(2) && stderr.contains(message) && stderr.contains("= help: "),
            "{message}: {stderr}"
        );
    }
}
