//! Pictures as SVG: of a run, curves over its epochs and what a search made of its choices; of a mapping, its array and nest.

mod curves;
mod heat;
mod mapping;

pub use curves::{curves, Curve};
pub use heat::heat;
pub use mapping::mapping;

use plotters::style::RGBColor;

/// Colours that most people can tell apart (Okabe and Ito).
const COLOURS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];

/// What went wrong with a picture, as text.
type Wrong = String;

fn wrong(error: impl std::fmt::Display) -> Wrong {
    error.to_string()
}
