//! `nasa import`: a model of another program becomes a network of ours.

use super::Done;
use crate::console::Console;
use crate::files;
use clap::Args;
use import::calibrate::{Images, Pixels};
use import::checkpoint;
use import::float::{FloatNet, Shifts};
use import::onnx::{self, Beside};
use import::{Agreement, Imported};
use model::{npy, save};
use serde_json::{json, Value};
use spec::error::{grouped, Diagnostic, Report};
use std::path::{Component, Path, PathBuf};

/// Imports an ONNX model, float or quantized, or a checkpoint of PyTorch.
#[derive(Args)]
#[command(after_help = "Example: nasa import model.onnx -o net.yaml --calibration images.npy\n\n\
    Two files are written: NETWORK, and its tensors beside it as .safetensors. Of a float model, --calibration has\n\
    some tens of images that are fed to it, float32 [N, C, H, W]; or pixels, uint8, which --mean and --std make\n\
    numbers as (pixel / 255 - mean) / std. A model with QuantizeLinear and DequantizeLinear needs none.\n\
    docs/import.md has the ops, and what becomes of them.")]
pub struct Import {
    /// The model: .onnx, or .yaml that describes a checkpoint.
    model: PathBuf,
    /// Where the network goes: NETWORK, and its tensors beside it.
    #[arg(short, long, value_name = "NETWORK")]
    out: PathBuf,
    /// Images to find ranges with: .npy, float32 or uint8, [N, C, H, W].
    #[arg(long, value_name = "X.npy")]
    calibration: Option<PathBuf>,
    /// Means of the channels, of pixels from 0 to 1.
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true, value_name = "A,B")]
    mean: Vec<f64>,
    /// Standard deviations of the channels.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    std: Vec<f64>,
    /// Convolutions whose weights are rounded to powers of two: names of layers, or all.
    #[arg(long, value_delimiter = ',', value_name = "LAYERS")]
    shift: Vec<String>,
    /// Writes the calibration images as the network's int8 input.
    #[arg(long, value_name = "Y.npy", requires = "calibration")]
    images: Option<PathBuf>,
}

impl Import {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let weights = self.weights()?;
        let mut net = model(&self.model)?;
        net.shift(&self.shifts())?;
        let pixels = Pixels { mean: self.mean.clone(), std: self.std.clone() }.of(net.input.shape.c)?;
        let images = self
            .calibration
            .as_deref()
            .map(|path| Images::read(&net, &files::name(path), &files::read(path)?, &pixels));
        let images = images.transpose()?;
        let name = self.out.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let work = || import::import(&name, &net, images.as_ref(), &pixels);
        let imported = console.busy("calibrating and quantizing", work)?;
        let products = self.write(&imported, &weights)?;
        console.say(self.said(&imported));
        Ok(Done::well(result(&imported)).with_products(products))
    }

    /// The file of the tensors.
    fn weights(&self) -> Result<PathBuf, Report> {
        let weights = self.out.with_extension("safetensors");
        if weights == self.out {
            let fault = Diagnostic::new("import", "the network is a YAML file, its tensors stand beside it");
            return Err(fault.in_file(&files::name(&self.out)).help("name it NETWORK.yaml").into());
        }
        Ok(weights)
    }

    fn shifts(&self) -> Shifts {
        match &self.shift[..] {
            [] => Shifts::None,
            [all] if all == "all" => Shifts::All,
            names => Shifts::Named(names.to_vec()),
        }
    }

    /// Writes all files, or none.
    fn write(&self, imported: &Imported, weights: &Path) -> Result<Vec<PathBuf>, Report> {
        let graph = &imported.graph;
        let tensors = save::safetensors(graph).map_err(|error| {
            let fault = Diagnostic::new("import", format!("the tensors cannot be written: {error}"));
            fault.help("this is a mistake in nasa, please report it with the model")
        })?;
        let file = weights.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let mut contents =
            vec![(weights.to_owned(), tensors), (self.out.clone(), save::yaml(graph, &file).into_bytes())];
        if let (Some(path), Some(images)) = (&self.images, &imported.images) {
            contents.push((path.clone(), npy::write(images)));
        }
        files::write_all(&contents)?;
        Ok(contents.into_iter().map(|(path, _)| path).collect())
    }

    fn said(&self, imported: &Imported) -> String {
        let graph = &imported.graph;
        let start = format!("{}: {} layers, {} MACs", self.out.display(), graph.len(), grouped(graph.macs()));
        match imported.agreement {
            Some(Agreement { images, top1, decibels }) => format!(
                "{start}; the class of {top1} of {images} images is as before, the output {decibels:.1} dB above its error"
            ),
            None => start,
        }
    }
}

/// A model becomes a network of real numbers.
fn model(path: &Path) -> Result<FloatNet, Report> {
    let file = files::name(path);
    let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if is_yaml {
        let text = files::read_text(path)?;
        let tensors = path.with_file_name(checkpoint::tensors_file(&file, &text)?);
        return checkpoint::network(&file, &text, &files::name(&tensors), &files::read(&tensors)?);
    }
    let bytes = files::read(path)?;
    let mut beside = Beside::new();
    for name in onnx::files_beside(&bytes) {
        beside.insert(name.clone(), files::read(&path.with_file_name(inside(path, &name)?))?);
    }
    onnx::network(&file, &bytes, &beside)
}

/// A file that a model names, which must lie in the model's folder or below.
fn inside<'n>(model: &Path, name: &'n str) -> Result<&'n str, Report> {
    let is_plain =
        Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if is_plain && !name.is_empty() {
        return Ok(name);
    }
    let fault = Diagnostic::new("import", format!("the model keeps tensors in `{name}`, outside its folder"));
    Err(fault.in_file(&files::name(model)).help("move the file beside the model, and export it again").into())
}

/// The machine-readable result.
fn result(imported: &Imported) -> Value {
    let graph = &imported.graph;
    let layers = graph
        .layers()
        .map(|(_, layer)| json!({"name": layer.name, "op": layer.op.name(), "macs": layer.macs()}));
    let calibration = imported.agreement.map(|Agreement { images, top1, decibels }| {
        json!({"images": images, "same_class": top1, "decibels": decibels})
    });
    json!({"network": graph.name, "macs": graph.macs(), "input_scale": graph.input.scale,
        "layers": layers.collect::<Vec<_>>(), "calibration": calibration})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_lie_in_the_folder_of_the_model_or_below() {
        let model = Path::new("models/net.onnx");
        for name in ["net.onnx.data", "./weights/net.data"] {
            assert_eq!(inside(model, name).ok(), Some(name));
        }
        for name in ["/etc/passwd", "../net.data", "weights/../../net.data", ""] {
            assert!(inside(model, name).is_err(), "{name}");
        }
    }
}
