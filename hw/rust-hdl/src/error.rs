//! Why a block did not come in, told with everything that is wrong at once.

use std::fmt;

use rust_hdl::core::check_error::{CheckError, PathedName};

/// Why there is no module.
#[derive(Clone, Debug)]
pub enum Error {
    /// The block is wrong by rust-hdl's own rules, or has what our modules have not.
    Block {
        /// The name that it was given.
        name: String,
        /// What is wrong, a sentence each.
        problems: Vec<String>,
    },
    /// Its names do not suit our modules.
    Declaration(hdl::Errors),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Block { name, problems } => {
                write!(f, "error[rust-hdl]: the block cannot become module {name}")?;
                problems.iter().try_for_each(|problem| write!(f, "\n  = {problem}"))
            }
            Error::Declaration(errors) => errors.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// What rust-hdl's checks found in the block `name`, which they call `uut`.
pub(crate) fn words(name: &str, error: CheckError) -> String {
    let list = |names: Vec<PathedName>| {
        let path =
            |at: PathedName| format!("{}.{}", at.path.replacen("uut", name, 1), at.name).replace('$', ".");
        let mut names: Vec<String> = names.into_iter().map(path).collect();
        names.sort();
        names.join(", ")
    };
    match error {
        CheckError::OpenSignal(open) => format!("never driven: {}", list(open.into_values().collect())),
        CheckError::LogicLoops(names) => format!("read before they are written: {}", list(names)),
        CheckError::WritesToInputs(names) => format!("inputs that are written: {}", list(names)),
    }
}
