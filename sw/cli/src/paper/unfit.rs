//! Layers without a tiling: what is short, in a line of the table, and as the error where no combination of dataflows serves.

use mapper::nasa::schedule::Schedule;
use mapper::nasa::space::{Combination, Space, Unfit};
use mapper::nasa::DATAFLOWS;
use spec::error::{Diagnostic, Report};

/// The dataflows of a combination, by chunk.
pub fn names(combination: &[usize]) -> Vec<&'static str> {
    combination.iter().map(|dataflow| DATAFLOWS[*dataflow].name).collect()
}

/// A layer that finds no tiling, and why.
pub fn text(space: &Space<'_>, unfit: &Unfit) -> String {
    let (layer, chunk) = (&space.layers()[unfit.layer].name, space.array_of(unfit.layer).op.chunk());
    format!("`{layer}` on the {chunk} {}", space.why(unfit))
}

/// The errors where no combination is valid.
pub fn report(space: &Space<'_>, tried: &[(Combination, Result<Schedule, Unfit>)]) -> Report {
    let mut report = Report::default();
    for lacking in space.impossible() {
        let layer = lacking[0].layer;
        let (chunk, loops) = (space.array_of(layer).op.chunk(), space.layers()[layer].group.size);
        let message = format!("layer `{}` has no tiling on the {chunk}", space.layers()[layer].name);
        let mut error = Diagnostic::new("mapping", message).note(format!("the loops of a group are {loops}"));
        for unfit in &lacking {
            error = error.note(format!("{}: {}", DATAFLOWS[unfit.dataflow].name, space.why(unfit)));
        }
        report.push(error.help(
            "give its chunk more PEs in a description (-c), or leave it out: register files and buffer are the paper's",
        ));
    }
    if report.0.is_empty() {
        let message = "no combination of dataflows has a tiling for every layer";
        let mut error = Diagnostic::new("mapping", message);
        for dataflow in 0..DATAFLOWS.len() {
            let fixed = tried.iter().find(|(combination, _)| *combination == space.fixed(dataflow));
            if let Some((combination, Err(unfit))) = fixed {
                error = error.note(format!("{}: {}", names(combination).join(" "), text(space, unfit)));
            }
        }
        report.push(
            error.help("leave layers out, or give the chunks other numbers of PEs in a description (-c)"),
        );
    }
    report
}
