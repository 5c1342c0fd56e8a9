//! Files: read with errors that name them, and written under another name first, so that what is there under
//! its own name is always whole.

use crate::console;
use serde_json::Value;
use spec::error::{Diagnostic, Report};
use std::fs;
use std::io::Error;
use std::path::{Component, Path, PathBuf};

/// The file's name for messages.
pub fn name(path: &Path) -> String {
    path.display().to_string()
}

/// The file that `name` means in `file`, without ways there and back: `runs/x` for `../runs/x` in `flows/a.yaml`. Where the
/// folder is a link the way back leads elsewhere, and stays.
pub fn beside(file: &Path, name: impl AsRef<Path>) -> PathBuf {
    let mut path = file.parent().map(Path::to_path_buf).unwrap_or_default();
    for part in name.as_ref().components() {
        let is_back = part == Component::ParentDir;
        let is_there = matches!(path.components().next_back(), Some(Component::Normal(_)));
        if is_back && is_there && !path.is_symlink() {
            path.pop();
        } else {
            path.push(part);
        }
    }
    if path.as_os_str().is_empty() {
        path.push(".");
    }
    path
}

/// The bytes of a file.
pub fn read(path: &Path) -> Result<Vec<u8>, Report> {
    fs::read(path).map_err(|error| failed("read", path, &error, "check the path and its permissions"))
}

/// The text of a file.
pub fn read_text(path: &Path) -> Result<String, Report> {
    String::from_utf8(read(path)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let diagnostic = Diagnostic::new("file", "this is not a text file").in_file(&name(path));
        diagnostic.note(format!("byte {at} is not UTF-8")).help("give a text file here").into()
    })
}

/// Writes a file; its folder is created where it is missing.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Report> {
    put(&[(path, bytes)])
}

/// Writes files that belong together: none where one cannot be written.
pub fn write_all(contents: &[(PathBuf, Vec<u8>)]) -> Result<(), Report> {
    put(&contents.iter().map(|(path, bytes)| (path.as_path(), &bytes[..])).collect::<Vec<_>>())
}

/// Writes all under other names first, then puts each in its place.
fn put(contents: &[(&Path, &[u8])]) -> Result<(), Report> {
    let unfinished = |path: &Path| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        PathBuf::from(name)
    };
    let fault =
        |path: &Path, error: Error| failed("write", path, &error, "check that the folder may be written to");
    let begin = |path: &Path, bytes: &[u8]| {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        if path.is_dir() {
            // Refused by the system, with its own words.
            return fs::write(path, bytes);
        }
        fs::write(unfinished(path), bytes)
    };
    let begun =
        contents.iter().try_for_each(|(path, bytes)| begin(path, bytes).map_err(|error| fault(path, error)));
    let placed = begun.and_then(|()| {
        let place = |path: &Path| fs::rename(unfinished(path), path).map_err(|error| fault(path, error));
        contents.iter().try_for_each(|(path, _)| place(path))
    });
    if placed.is_err() {
        // They may not even exist; the error that matters is the first one.
        contents.iter().for_each(|(path, _)| drop(fs::remove_file(unfinished(path))));
    }
    placed
}

/// Writes JSON to a file, or to stdout for `-`.
pub fn write_json(path: &Path, value: &Value) -> Result<(), Report> {
    let text = format!("{value:#}\n");
    if path == Path::new("-") {
        console::to_stdout(&text);
        return Ok(());
    }
    write(path, text.as_bytes())
}

/// The error of a file that cannot be read or written.
pub fn failed(what: &str, path: &Path, error: &Error, help: &str) -> Report {
    Diagnostic::new("file", format!("cannot {what} this file: {error}"))
        .in_file(&name(path))
        .help(help)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_there_and_back_are_left_out() {
        let of = |file: &str, name: &str| beside(Path::new(file), name).display().to_string();
        assert_eq!(of("flows/a.yaml", "../runs/x"), "runs/x");
        assert_eq!(of("a/b/c.yaml", "../../x"), "x");
        assert_eq!(of("a.yaml", "../x"), "../x");
        assert_eq!(of("../flows/a.yaml", "../../x"), "../../x");
        assert_eq!(of("flows/a.yaml", "/x"), "/x");
        assert_eq!(of("flows/a.yaml", "b/../c"), "flows/c");
        assert_eq!(of("flows/a.yaml", ".."), ".");
    }
}
