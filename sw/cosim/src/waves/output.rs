//! The file of a recording: written under another name first, so that what is there under its own name is whole.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use spec::error::{Diagnostic, Report};

/// A file that is not finished. Dropped as such, it leaves nothing behind.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    unfinished: PathBuf,
}

impl Output {
    /// Opens the file; its folder is created where it is missing.
    ///
    /// # Errors
    /// Where that cannot be.
    pub fn create(path: &Path) -> Result<(Output, File), Report> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let made = fs::create_dir_all(folder);
            made.map_err(|error| failed(path, &format!("its folder cannot be made: {error}")))?;
        }
        if path.is_dir() {
            return Err(failed(path, &io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(format!(".{}.tmp", std::process::id()));
        let unfinished = PathBuf::from(unfinished);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true).open(&unfinished);
        let file = file.map_err(|error| failed(path, &error))?;
        Ok((Output { path: path.to_owned(), unfinished }, file))
    }

    /// Where it is written meanwhile.
    pub fn unfinished(&self) -> &Path {
        &self.unfinished
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// Where that cannot be.
    pub fn finish(self) -> Result<(), Report> {
        fs::rename(&self.unfinished, &self.path).map_err(|error| self.failed(&error))
    }

    /// The error of something that went wrong with it.
    pub fn failed(&self, error: &dyn std::fmt::Display) -> Report {
        failed(&self.path, error)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // Finished, it is no longer there.
        let _ = fs::remove_file(&self.unfinished);
    }
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> Report {
    let diagnostic = Diagnostic::new("trace", format!("the trace cannot be written: {error}"));
    diagnostic
        .in_file(&path.display().to_string())
        .help("check that the folder may be written to, and has room")
        .into()
}
