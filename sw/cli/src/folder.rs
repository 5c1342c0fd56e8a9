//! A folder that is written whole: next to it under another name first, then put in its place, so that whoever kills
//! the program finds what was there before or what is there now. Files in it that are not ours stay.
//!
//! ```text
//! .DIR.PID.tmp   what will be DIR, being written
//! .DIR.before    what was DIR, while files that are not ours move over
//! ```
//! Where the program is killed while they move, the next run finishes that. The folder that a shell stands in is not
//! exchanged under its feet: its files are replaced one by one.

use crate::{files, package};
use spec::error::Report;
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// Makes `contents`, names and texts, what this program wrote to `folder`. Files that an earlier run listed and this
/// one does not are removed.
///
/// # Errors
/// Where files cannot be written; then `folder` is as it was.
pub fn replace(folder: &Path, contents: &[(String, String)]) -> Result<(), Report> {
    let fault =
        |error: Error| files::failed("write", folder, &error, "check that the folder may be written to");
    let target = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    if target.exists() && !target.is_dir() {
        return Err(fault(Error::from(ErrorKind::NotADirectory)));
    }
    let before = sibling(&target, "before");
    finish_earlier(&target, &before, contents).map_err(fault)?;
    let unfinished = sibling(&target, &format!("{}.tmp", std::process::id()));
    let whole =
        contents.iter().try_for_each(|(name, text)| files::write(&unfinished.join(name), text.as_bytes()));
    let placed = whole.and_then(|()| place(&target, &unfinished, &before, contents).map_err(fault));
    if placed.is_err() {
        // It may not even exist; the error that matters is the first one.
        let _ = fs::remove_dir_all(&unfinished);
    }
    placed
}

/// `.NAME.suffix` beside a folder.
fn sibling(folder: &Path, suffix: &str) -> PathBuf {
    let name = folder.file_name().map_or_else(|| "folder".into(), |name| name.to_string_lossy().into_owned());
    folder.with_file_name(format!(".{name}.{suffix}"))
}

/// Puts the finished folder in the place of the old one.
fn place(
    target: &Path,
    unfinished: &Path,
    before: &Path,
    contents: &[(String, String)],
) -> Result<(), Error> {
    if !target.exists() {
        return fs::rename(unfinished, target);
    }
    let occupied = std::env::current_dir().is_ok_and(|here| here.starts_with(target));
    if occupied || fs::rename(target, before).is_err() {
        return one_by_one(target, unfinished, contents);
    }
    fs::rename(unfinished, target)?;
    finish_earlier(target, before, contents)
}

/// Moves what is not ours from the old folder to the new one, and removes the old one.
fn finish_earlier(target: &Path, before: &Path, contents: &[(String, String)]) -> Result<(), Error> {
    if !before.exists() {
        return Ok(());
    }
    if !target.exists() {
        return fs::rename(before, target);
    }
    let stale = listed(before);
    for entry in fs::read_dir(before)? {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        let is_ours = stale.iter().any(|old| *old == text) || contents.iter().any(|(new, _)| *new == text);
        if !is_ours && !target.join(&name).exists() {
            fs::rename(before.join(&name), target.join(&name))?;
        }
    }
    fs::remove_dir_all(before)
}

/// Moves files over those of a folder that has to stay.
fn one_by_one(target: &Path, unfinished: &Path, contents: &[(String, String)]) -> Result<(), Error> {
    for stale in listed(target).iter().filter(|old| !contents.iter().any(|(new, _)| new == *old)) {
        match fs::remove_file(target.join(stale)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    for (name, _) in contents {
        fs::rename(unfinished.join(name), target.join(name))?;
    }
    fs::remove_dir_all(unfinished)
}

/// The Verilog files that an earlier run listed.
fn listed(folder: &Path) -> Vec<String> {
    let list = fs::read_to_string(folder.join(package::FILE_LIST)).unwrap_or_default();
    list.lines().filter(|name| name.ends_with(".v") && !name.contains('/')).map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents() -> Vec<(String, String)> {
        vec![("new.v".into(), "new".into()), (package::FILE_LIST.into(), "new.v\n".into())]
    }

    /// A folder with a file that an earlier run listed and two that a user put there.
    fn used(name: &str) -> PathBuf {
        let root = std::env::temp_dir().join(format!("nasa-folder-{}-{name}", std::process::id()));
        let folder = root.join("rtl");
        fs::create_dir_all(folder.join("mine")).expect("a folder");
        for (name, text) in
            [(package::FILE_LIST, "old.v\n"), ("old.v", ""), ("mine.v", "mine"), ("mine/x", "")]
        {
            fs::write(folder.join(name), text).expect("a file");
        }
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries =
            fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn is_new(folder: &Path) {
        assert_eq!(names(folder), [package::FILE_LIST, "mine", "mine.v", "new.v"]);
        assert!(folder.join("mine/x").exists());
        let root = folder.parent().expect("a parent");
        assert_eq!(names(root), ["rtl"], "nothing is left beside it");
        fs::remove_dir_all(root).expect("our own folder");
    }

    #[test]
    fn what_is_not_ours_stays() {
        let folder = used("stays");
        replace(&folder, &contents()).expect("written");
        is_new(&folder);
    }

    #[test]
    fn a_run_that_was_killed_between_the_renames_is_finished() {
        // Killed before the new folder was in place, and after.
        for is_placed in [false, true] {
            let folder = used(&format!("killed-{is_placed}"));
            fs::rename(&folder, sibling(&folder, "before")).expect("renamed");
            if is_placed {
                fs::create_dir(&folder).expect("a folder");
                fs::write(folder.join("new.v"), "new").expect("a file");
            }
            replace(&folder, &contents()).expect("written");
            is_new(&folder);
        }
    }

    #[test]
    fn a_folder_that_must_stay_gets_its_files_one_by_one() {
        let folder = used("one-by-one");
        let unfinished = sibling(&folder, "tmp");
        for (name, text) in contents() {
            files::write(&unfinished.join(name), text.as_bytes()).expect("written");
        }
        one_by_one(&folder, &unfinished, &contents()).expect("moved");
        is_new(&folder);
    }
}
