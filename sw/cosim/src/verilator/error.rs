//! What can go wrong between a module and a running model, told with the command and what it said.

use spec::error::Diagnostic;
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

impl BuildError {
    /// As the user reads it.
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            BuildError::MissingTool { tool, package } => {
                Diagnostic::new("cosim", format!("`{tool}` is not installed"))
                    .note(format!("it is in the Debian package `{package}`"))
                    .help("run `make setup`, or use --engine native, which needs no tool")
            }
            BuildError::Failed { command, output } => {
                let error = Diagnostic::new("cosim", "the simulator cannot be built: a tool failed");
                let error = error.note(command.as_str());
                let error = output.lines().fold(error, |error, line| error.note(line));
                error.help("run `make setup`, or use --engine native, which needs no tool")
            }
            BuildError::File { path, reason } => {
                Diagnostic::new("cosim", format!("the simulator cannot be built: {reason}"))
                    .in_file(&path.display().to_string())
                    .help("set NASA_CACHE to a folder that may be written to")
            }
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic().fmt(f)
    }
}

impl std::error::Error for BuildError {}

/// Names the file in an error of the file system.
pub(super) fn at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> BuildError {
    let path = path.into();
    move |reason| BuildError::File { path, reason: reason.to_string() }
}
