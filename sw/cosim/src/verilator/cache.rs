//! Where built models are kept: `<work folder>/verilated/<hash>/`, the hash being that of the Verilog, the shim
//! and the way they are compiled. A model appears there at once, by a rename, or not at all; several processes
//! may build the same one.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::error::{at, BuildError};

/// File name of a built model.
pub(super) const MODEL: &str = "model.so";

/// Makes `contents` the key of a folder.
pub(super) fn key(contents: &[&str]) -> String {
    // Two hashes of 64 bits: an accident is out of the question, and nobody attacks a build folder.
    let hash = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, contents).hash(&mut hasher);
        hasher.finish()
    };
    format!("{:016x}{:016x}", hash(0), hash(1))
}

/// The path of `file` in the folder of `key`, where `make` has put it if it was not there yet.
pub(super) fn get(
    root: &Path,
    key: &str,
    file: &str,
    make: impl FnOnce(&Path) -> Result<(), BuildError>,
) -> Result<PathBuf, BuildError> {
    let folder = root.join(key);
    let wanted = folder.join(file);
    if wanted.exists() {
        return Ok(wanted);
    }
    let temporary = temporary_folder(root, key)?;
    let made = make(&temporary);
    if made.is_ok() && fs::rename(&temporary, &folder).is_ok() {
        return Ok(wanted);
    }
    // Somebody else was faster, or it failed: what is here is of no use.
    if made.is_err() {
        return made.map(|()| wanted);
    }
    fs::remove_dir_all(&temporary).map_err(at(&temporary))?;
    match wanted.exists() {
        true => Ok(wanted),
        false => Err(BuildError::File { path: wanted, reason: "the built model cannot be kept".to_owned() }),
    }
}

/// A folder of our own next to the final one; a failed build stays there to be looked at.
fn temporary_folder(root: &Path, key: &str) -> Result<PathBuf, BuildError> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let unique = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = root.join(format!("{key}.{}-{}.tmp", unique.0, unique.1));
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    Ok(folder)
}
