//! The state of a learner as a safetensors file, written beside its place and renamed into it, so that a
//! reader finds the old state or the new one and never half of either.

use safetensors::tensor::{Dtype, TensorView};
use safetensors::SafeTensors;
use spec::error::{Diagnostic, Report};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// What learns in a run, and can be stopped and taken up again.
pub trait State {
    /// Everything that a checkpoint holds, by name.
    fn state(&mut self) -> Vec<(String, &mut [f32])>;
}

/// Key of the metadata that says how many epochs are done.
const EPOCHS: &str = "epochs";

/// Writes the state of `learner` after `epochs` whole epochs.
///
/// # Errors
/// A file that cannot be written.
pub fn save(path: &Path, learner: &mut dyn State, epochs: usize) -> Result<(), Report> {
    let tensors: Vec<(String, Vec<u8>)> = learner
        .state()
        .into_iter()
        .map(|(name, values)| (name, values.iter().flat_map(|value| value.to_le_bytes()).collect()))
        .collect();
    let broken = |error: String| fault(path, format!("cannot be written: {error}"));
    let mut views = Vec::new();
    for (name, bytes) in &tensors {
        let view = TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes);
        views.push((name.as_str(), view.map_err(|error| broken(error.to_string()))?));
    }
    let metadata = HashMap::from([(EPOCHS.to_string(), epochs.to_string())]);
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(|error| broken(error.to_string()))?;
    write_atomically(path, &bytes)
}

/// Restores the state of `learner`; returns how many epochs it has seen.
///
/// # Errors
/// A file that is missing, damaged, or of another learner.
pub fn restore(path: &Path, learner: &mut dyn State) -> Result<usize, Report> {
    let help = "start again without resuming, in a new folder";
    let bytes = std::fs::read(path).map_err(|error| fault(path, format!("cannot be read: {error}")))?;
    let damaged = |what: String| fault(path, format!("is no checkpoint of this run: {what}")).help(help);
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| damaged(error.to_string()))?;
    let epochs = header.metadata().as_ref().and_then(|metadata| metadata.get(EPOCHS)?.parse().ok());
    let epochs = epochs.ok_or_else(|| damaged("it does not say how many epochs are done".into()))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| damaged(error.to_string()))?;
    for (name, values) in learner.state() {
        let tensor = tensors.tensor(&name).map_err(|error| damaged(format!("{name}: {error}")))?;
        if tensor.dtype() != Dtype::F32 || tensor.data().len() != 4 * values.len() {
            return Err(damaged(format!("{name} is {:?}, not {}", tensor.shape(), values.len())).into());
        }
        for (value, bytes) in values.iter_mut().zip(tensor.data().chunks_exact(4)) {
            *value = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
    }
    Ok(epochs)
}

/// Writes `bytes` to `path`, all or nothing.
///
/// # Errors
/// A file that cannot be written.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Report> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".tmp");
    let beside = path.with_file_name(name);
    let write = || {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    write().map_err(|error| fault(path, format!("cannot be written: {error}")).into())
}

fn fault(path: &Path, what: impl Into<String>) -> Diagnostic {
    Diagnostic::new("run", what).in_file(&path.display().to_string())
}
