//! Costs as a file: comma-separated `block,candidate,cost` lines under that heading, such as `b03,shift_k5_e3,0.71`;
//! what begins with `#` is for people.

use super::CostTable;
use crate::space::Place;
use spec::error::{nearest, Diagnostic, Report};
use std::collections::HashMap;
use std::fmt::Write;

const HEADING: &str = "block,candidate,cost";

/// The table of `places` as text.
pub fn print(costs: &CostTable, places: &[Place]) -> String {
    let mut text = format!("{HEADING}\n");
    for (place, costs) in places.iter().zip(&costs.0) {
        for (candidate, cost) in place.candidates.iter().zip(costs) {
            let _ = writeln!(text, "{},{candidate},{cost}", place.name()); // Writing to a String cannot fail.
        }
    }
    text
}

/// Reads the costs of `places` from `text`, which `file` holds. Lines of other candidates are let be, so that one
/// table serves searches with fewer ops.
///
/// # Errors
/// Lines that are none, costs that are no numbers of 0 or more, what comes twice, candidates that have no cost.
pub fn parse(file: &str, text: &str, places: &[Place]) -> Result<CostTable, Report> {
    let mut report = Report::default();
    let mut found = HashMap::new();
    let is_cost = |line: &str| !line.trim().is_empty() && line != HEADING && !line.starts_with('#');
    for (i, line) in text.lines().enumerate().filter(|(_, line)| is_cost(line)) {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let wrong =
            |message: String, note: &str| Diagnostic::new("costs", message).at(file, text, i + 1, 1, note);
        let [block, candidate, cost] = cells[..] else {
            report.push(wrong("this is no cost".into(), "").help(format!("write {HEADING}")));
            continue;
        };
        match cost.parse::<f64>() {
            Ok(cost) if cost >= 0.0 && cost.is_finite() => {
                if found.insert((block, candidate), cost).is_some() {
                    let message = format!("{candidate} of {block} has two costs");
                    report.push(wrong(message, "the second").help("keep one of them"));
                }
            }
            _ => report.push(wrong(format!("`{cost}` is no cost"), "").help("give a number of 0 or more")),
        }
    }
    let mut cost = |place: &Place, candidate: String| {
        let block = place.name();
        let cost = found.get(&(block.as_str(), candidate.as_str())).copied();
        if cost.is_none() {
            let known = found.keys().filter(|(of, _)| *of == block).map(|(_, name)| *name);
            let near = nearest(&candidate, known).map(|near| format!("; there is one of {near}"));
            let message = format!("{candidate} of {block} has no cost");
            let help = format!("add a line {block},{candidate},...{}", near.unwrap_or_default());
            report.push(Diagnostic::new("costs", message).in_file(file).help(help));
        }
        cost.unwrap_or_default()
    };
    let table = places.iter().map(|place| {
        place.candidates.iter().map(|candidate| cost(place, candidate.to_string())).collect::<Vec<f64>>()
    });
    let table = CostTable(table.collect());
    report.or(table)
}
