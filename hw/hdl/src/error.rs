//! What a wrong description is answered with: every mistake at once, each with the module, the signals and the
//! line of Rust that made it.

use std::fmt;
use std::panic::Location;

/// A place in the Rust source of a description.
pub(crate) type Place = &'static Location<'static>;

/// One mistake in a description.
#[derive(Clone, Debug)]
pub struct Error {
    /// The module under construction.
    pub module: String,
    /// What is wrong, naming the signals.
    pub message: String,
    /// The line of the description that is to be looked at.
    pub place: Place,
    /// What would put it right, where that is known.
    pub help: Option<String>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[hdl]: {}\n  --> {}\n  = module: {}", self.message, self.place, self.module)?;
        match &self.help {
            Some(help) => write!(f, "\n  = help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// All mistakes of one module, in the order in which they were made.
#[derive(Clone, Debug)]
pub struct Errors(pub Vec<Error>);

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            let gap = if i > 0 { "\n\n" } else { "" };
            write!(f, "{gap}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Errors {}
