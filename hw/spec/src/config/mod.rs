//! The accelerator description: from the YAML that the user writes to the checked [`Accelerator`], and back.
//!
//! ```
//! let yaml = "\
//! format: nasa-accelerator/1
//! name: small
//! buffer: {banks: 4, bank_kib: 2, line_bytes: 8}
//! chunks:
//!   clp: {rows: 4, cols: 4, input_rf: 16, weight_rf: 16, psum_rf: 4}
//! ";
//! let accelerator = spec::config::parse("small.yaml", yaml).expect("a correct description");
//! assert_eq!(accelerator.chunks[0].post_lanes, 4);
//!
//! let report = spec::config::parse("small.yaml", &yaml.replace("rows: 4", "rows: 65")).unwrap_err();
//! assert!(report.to_string().contains("`chunks.clp.rows` cannot be 65"));
//! ```
//!
//! [`keys`] is the one table of what may be written; `docs/config.md` is printed from it.

pub mod check;
pub mod hash;
pub mod keys;
pub mod manual;
mod print;
mod written;

use crate::accelerator::Accelerator;
use crate::error::Report;
use crate::yaml::Source;
use written::Written;

pub use print::to_yaml;

/// The accelerator that `text`, the content of `file`, describes.
///
/// # Errors
/// Everything that is wrong with the text, in its order.
pub fn parse(file: &str, text: &str) -> Result<Accelerator, Report> {
    let source = Source { stage: "config", file, text };
    let mut written = Written::read(source, &source.parse()?);
    let accelerator = check::accelerator(&mut written);
    let mut report = written.report;
    report.0.sort_by_key(|error| {
        error.place.as_ref().and_then(|place| place.spot.as_ref()).map(|spot| (spot.line, spot.column))
    });
    match accelerator {
        Some(accelerator) => report.or(accelerator),
        None => {
            assert!(!report.0.is_empty(), "a description that is refused has an error");
            Err(report)
        }
    }
}
