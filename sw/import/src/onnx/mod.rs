//! From an ONNX file to a network of real numbers, as a pipeline of files:
//!
//! * [`proto`], [`constant`], [`node`]: what stands in a file.
//! * [`read`](mod@read): its graph; [`check`](mod@check): all its ops that we do not have, at once.
//! * [`lower`](mod@lower): nodes become layers, or parts of layers.

pub mod check;
pub mod constant;
pub mod lower;
pub mod node;
pub mod proto;
pub mod read;

pub use constant::Beside;
pub use read::files_beside;

use crate::float::FloatNet;
use spec::error::Report;

/// The network of an ONNX file: `bytes`, which `file` holds, with what the files [beside](files_beside) it hold.
///
/// # Errors
/// Everything about the model that an import cannot do.
pub fn network(file: &str, bytes: &[u8], beside: &Beside) -> Result<FloatNet, Report> {
    let graph = read::read(file, bytes, beside)?;
    check::check(&graph)?;
    lower::lower(&graph)
}
