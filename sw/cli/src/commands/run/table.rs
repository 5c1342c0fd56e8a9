//! The table at the end of a flow that searches: a line a network, out of what its steps left as JSON. A number that is not
//! there is a mistake of ours, and said: none is shown in its place.

use super::searched::Proven;
use serde_json::Value;
use spec::error::{grouped, Diagnostic, Report};
use spec::op::Op;
use std::path::{Path, PathBuf};

/// What the table is of.
pub struct About<'a> {
    pub config: &'a Path,
    pub space: &'a Path,
    /// Images of the proof; nothing is all that a network comes with.
    pub count: Option<u32>,
}

/// The table, as Markdown. `compared` is what `nasa compare` gave for the same networks.
///
/// # Errors
/// Where a result lacks a number.
pub fn text(about: &About, all: &[Proven], compared: &Value) -> Result<String, Report> {
    let mut rows: Vec<Vec<(String, String)>> = Vec::new();
    let mut first = None;
    for proven in all {
        let line = best_line(compared, proven.name)?;
        let edp = number(line, "edp")?;
        rows.push(cells(proven, line, edp / *first.get_or_insert(edp))?);
    }
    let headings: Vec<&str> = rows.iter().take(1).flatten().map(|(heading, _)| heading.as_str()).collect();
    let mut table =
        format!("| {} |\n|---|{}\n", headings.join(" | "), "--:|".repeat(headings.len().max(1) - 1));
    for row in &rows {
        let cells: Vec<&str> = row.iter().map(|(_, cell)| cell.as_str()).collect();
        table += &format!("| {} |\n", cells.join(" | "));
    }
    let (config, space) = (about.config.display(), about.space.display());
    let images = about.count.map_or("all its images".to_string(), |count| format!("{count} images"));
    Ok(format!(
        "# Networks of `{space}` on `{config}`\n\n{table}\n\
        Top-1 of all test images: as floats, by the pass that learns, which rounds in floats, as integers. Cycles of the proof: {images}\n\
        under way at once on the configuration as it is, every layer's results stored and compared. The rest is of the machine that suits a network best, with at most the area of\n\
        the configuration, in its steady state: cycles and energy of an image, their product over that of the first network.\n"
    ))
}

/// A network's cells, each with its heading.
fn cells(proven: &Proven, line: &Value, edp: f64) -> Result<Vec<(String, String)>, Report> {
    let json = proven.json();
    let percent = |key: &str| Ok::<String, Report>(format!("{:.2}", 100.0 * number(&json["quantize"], key)?));
    let minutes = |step: &str| Ok::<String, Report>(format!("{:.0}", number(&json[step], "seconds")? / 60.0));
    let verify = &json["proof"]["verify"];
    let cycles = |key: &str| Ok::<String, Report>(grouped(number(&verify["cycles"], key)?));
    let mut cells = vec![
        ("network".to_string(), proven.name.to_string()),
        ("top-1 %".into(), percent("float_accuracy")?),
        ("rounded %".into(), percent("rounded_accuracy")?),
        ("integers %".into(), percent("integer_accuracy")?),
    ];
    for op in Op::ALL {
        cells.push((format!("MACs {}", op.name()), grouped(macs(verify, *op)?)));
    }
    let word = |key: &str| line[key].as_str().ok_or_else(|| lacks(key).into()).map(str::to_string);
    let machine: Result<String, Report> = word("machine");
    let mapper: Result<String, Report> = word("mapper");
    cells.extend([
        ("cycles of the proof, predicted".into(), cycles("predicted")?),
        ("measured".into(), cycles("measured")?),
        ("machine".into(), machine?),
        ("area".into(), format!("{:.1}", number(line, "area")?)),
        ("mapper".into(), mapper?),
        ("cycles an image".into(), grouped(number(line, "cycles")?.round())),
        ("nJ".into(), grouped((number(line, "energy_pj")? / 1e3).round())),
        ("EDP, relative".into(), format!("{edp:.3}")),
        ("search min".into(), minutes("search")?),
        ("training min".into(), minutes("train")?),
    ]);
    Ok(cells)
}

/// The line of a network that serves its machine best: layers mapped one by one, or for the pipeline as a whole.
fn best_line<'a>(compared: &'a Value, name: &str) -> Result<&'a Value, Report> {
    let lines = compared["lines"].as_array().into_iter().flatten();
    let of_network = lines.filter(|line| line["network"] == name);
    let edp = |line: &&Value| line["edp"].as_f64().unwrap_or(f64::INFINITY);
    let best = of_network.min_by(|a, b| edp(a).total_cmp(&edp(b)));
    best.ok_or_else(|| lacks(&format!("line of {name}")).into())
}

/// Multiply-accumulates of an image in the layers of an op.
fn macs(verify: &Value, op: Op) -> Result<u64, Report> {
    let layers = verify["layers"].as_array().ok_or_else(|| lacks("layers"))?;
    let of_op = layers.iter().filter(|layer| layer["chunk"] == op.chunk());
    of_op.map(|layer| layer["macs"].as_u64().ok_or_else(|| lacks("macs").into())).sum()
}

/// A file that a result names.
///
/// # Errors
/// Where it does not.
pub fn file_of(result: &Value, key: &str) -> Result<PathBuf, Report> {
    result[key].as_str().map(PathBuf::from).ok_or_else(|| lacks(key).into())
}

fn number(result: &Value, key: &str) -> Result<f64, Report> {
    result[key].as_f64().ok_or_else(|| lacks(key).into())
}

fn lacks(key: &str) -> Diagnostic {
    let error = Diagnostic::new("run", format!("a result has no `{key}`"));
    error.help("this is a mistake in nasa, please report it with the flow and its folder")
}
