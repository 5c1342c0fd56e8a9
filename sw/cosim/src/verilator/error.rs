//! What can go wrong between a module and a running model, told with the command and what it said.

use std::fmt;
use std::path::PathBuf;

/// Why there is no model.
#[derive(Debug)]
pub enum BuildError {
    /// A program is not installed.
    MissingTool {
        /// Its name.
        tool: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// A program failed.
    Failed {
        /// The command line.
        command: String,
        /// The end of what it wrote.
        output: String,
    },
    /// A file or folder could not be used.
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::MissingTool { tool, package } => {
                write!(f, "error[cosim]: `{tool}` is not installed\n  = help: apt-get install {package}")
            }
            BuildError::Failed { command, output } => {
                write!(f, "error[cosim]: a tool failed\n  --> {command}\n{output}")
            }
            BuildError::File { path, reason } => {
                write!(f, "error[cosim]: {reason}\n  --> {}", path.display())
            }
        }
    }
}

impl std::error::Error for BuildError {}

/// Names the file in an error of the file system.
pub(super) fn at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> BuildError {
    let path = path.into();
    move |reason| BuildError::File { path, reason: reason.to_string() }
}
