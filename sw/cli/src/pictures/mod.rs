//! Pictures as SVG: of a run, curves over its epochs and what a search made of its choices; of a mapping, its array and nest.

#[cfg(feature = "train")]
mod curves;
#[cfg(feature = "train")]
mod heat;
mod mapping;

#[cfg(feature = "train")]
pub use curves::{curves, Curve};
#[cfg(feature = "train")]
pub use heat::heat;
use mapping::mapping;

use mapper::text::Named;
use plotters::style::RGBColor;
use spec::accelerator::Accelerator;
use spec::error::{Diagnostic, Report};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Colours that most people can tell apart (Okabe and Ito).
const COLOURS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];

/// A picture of each mapping, and the file of `folder` that it goes to, named as the layer: without what file names had
/// better not have, and numbered where that leaves nothing to tell them apart.
///
/// # Errors
/// Mappings for chunks that there are not, and what the drawing library says.
pub fn of_mappings(
    accelerator: &Accelerator,
    folder: &Path,
    mappings: &[Named],
) -> Result<Vec<(PathBuf, Vec<u8>)>, Report> {
    let mut taken: HashSet<String> = HashSet::new();
    let picture = |named: &Named| {
        let chunk = accelerator.chunks.iter().find(|chunk| chunk.name() == named.chunk);
        let chunk = chunk.ok_or_else(|| format!("there is no chunk `{}`", named.chunk))?;
        let is_plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
        let plain: String = named.layer.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
        let numbered = (2..).map(|number| format!("{plain}-{number}"));
        let mut names = [plain.clone()].into_iter().chain(numbered);
        // Some systems do not tell capitals apart.
        let name =
            names.find(|name| taken.insert(name.to_lowercase())).expect("there is always another number");
        Ok((folder.join(format!("{name}.svg")), mapping(named, chunk)?.into_bytes()))
    };
    let wrong = |error: String| Diagnostic::new("picture", error).into();
    mappings.iter().map(picture).collect::<Result<_, String>>().map_err(wrong)
}

/// What went wrong with a picture, as text.
type Wrong = String;

fn wrong(error: impl std::fmt::Display) -> Wrong {
    error.to_string()
}
