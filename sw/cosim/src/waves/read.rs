//! Reads recordings back, of whichever engine: to look for a value, and to compare two.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use fst_reader::{FstFilter, FstHierarchyEntry, FstReader, FstSignalHandle, FstSignalValue};
use num::Bits;
use spec::error::{Diagnostic, Report};

use super::cycle;

/// Times and values, in order; a value is a character a bit, the highest first.
pub type Changes = Vec<(u64, String)>;

/// By path, the changes of every signal of a recording of which `is_wanted` holds.
///
/// # Errors
/// Where the recording cannot be read.
pub fn read(file: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<BTreeMap<String, Changes>, Report> {
    let wrong = |error: &dyn std::fmt::Display| {
        let error = Diagnostic::new("trace", format!("the trace cannot be read: {error}"));
        Report::from(error.in_file(&file.display().to_string()).help("check that the folder has room"))
    };
    let opened = File::open(file).map_err(|error| wrong(&error))?;
    let mut reader = FstReader::open(BufReader::new(opened)).map_err(|error| wrong(&error))?;
    let mut signals = signals(&mut reader).map_err(|error| wrong(&error))?;
    signals.retain(|path, _| is_wanted(path));
    let mut changes: BTreeMap<usize, Changes> = BTreeMap::new();
    let filter = FstFilter::filter_signals(
        signals.values().map(|index| FstSignalHandle::from_index(*index)).collect(),
    );
    let read = reader.read_signals(&filter, |time, handle, value| {
        if let FstSignalValue::String(text) = value {
            let text = String::from_utf8_lossy(text).into_owned();
            changes.entry(handle.get_index()).or_default().push((time, text));
        }
        Ok::<(), Infallible>(())
    });
    read.map_err(|error| wrong(&format!("{error:?}")))?;
    let of = |handle| changes.get(&handle).cloned().unwrap_or_default();
    Ok(signals.into_iter().map(|(path, handle)| (path, of(handle))).collect())
}

/// The first cycle of a recording in which the signal at `path` is `value`.
///
/// # Errors
/// Where the recording cannot be read, or has no such signal.
pub fn first(file: &Path, path: &str, value: &Bits) -> Result<Option<u64>, Report> {
    let found = read(file, |known| known == path)?;
    let Some(changes) = found.get(path) else {
        let error = Diagnostic::new("trace", format!("the simulator does not show `{path}`"));
        return Err(error.note("Verilator has optimised it away").help("use --engine native").into());
    };
    let wanted: String = (0..value.width()).rev().map(|bit| if value.bit(bit) { '1' } else { '0' }).collect();
    Ok(changes.iter().find(|(_, text)| *text == wanted).map(|(time, _)| cycle(*time)))
}

/// By path, the number of every signal.
fn signals(
    reader: &mut FstReader<BufReader<File>>,
) -> Result<BTreeMap<String, usize>, fst_reader::ReaderError> {
    let (mut scopes, mut found) = (Vec::new(), BTreeMap::new());
    reader.read_hierarchy(|entry| match entry {
        FstHierarchyEntry::Scope { name, .. } => scopes.push(name),
        FstHierarchyEntry::UpScope => drop(scopes.pop()),
        FstHierarchyEntry::Var { name, handle, .. } => {
            // Behind a blank there is the range.
            let name = name.split(' ').next().unwrap_or_default();
            found.insert(format!("{}.{name}", scopes.join(".")), handle.get_index());
        }
        _ => {}
    })?;
    Ok(found)
}
