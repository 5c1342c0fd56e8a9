//! Labelled images, from the forms in which data sets come.
//!
//! A reader is one file here and one line in [`load`]. Pixels stay 8-bit; [`batch`] makes them a network's
//! input. Missing or damaged files are errors that name the file and what would help.

pub mod augment;
pub mod batch;
mod cifar;
mod folder;
mod idx;

use crate::config::{Data, Format};
use spec::error::{Diagnostic, Report};
use std::path::Path;

/// Labelled images of one size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    /// Height, width, channels.
    pub shape: [usize; 3],
    /// Image after image, channels adjacent.
    pub pixels: Vec<u8>,
    /// Class of each image.
    pub labels: Vec<u8>,
}

impl Images {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// `count` of them, spread evenly, as many data sets have a class after the other.
    fn spread(&self, count: usize) -> Images {
        let chosen = || (0..count).map(|i| i * self.len() / count);
        let pixels = chosen().flat_map(|i| self.image(i)).copied().collect();
        Images { shape: self.shape, pixels, labels: chosen().map(|i| self.labels[i]).collect() }
    }

    /// Pixels of image `i`.
    pub fn image(&self, i: usize) -> &[u8] {
        let size = self.shape.iter().product::<usize>();
        &self.pixels[i * size..][..size]
    }
}

/// A data set: what is learnt from, and what is only measured on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// To learn from.
    pub train: Images,
    /// To measure on.
    pub test: Images,
    /// Names of the classes, or empty.
    pub classes: Vec<String>,
}

/// Reads a data set.
///
/// # Errors
/// A file that is missing or damaged, by name; a set with a split that is empty; a label without a class.
pub fn load(data: &Data) -> Result<Dataset, Report> {
    let dataset = match data.format {
        Format::Idx => idx::load(&data.path)?,
        Format::Folder => folder::load(&data.path, data.size, &data.classes)?,
        Format::Cifar10 => cifar::load(&data.path)?,
    };
    let classes = if dataset.classes.is_empty() { data.classes.clone() } else { dataset.classes };
    let dataset = Dataset { classes, ..dataset };
    for (split, images) in [("train", &dataset.train), ("test", &dataset.test)] {
        if images.is_empty() {
            return Err(fault(&data.path, format!("the {split} split has no images")).into());
        }
        let most = images.labels.iter().max().map_or(0, |label| usize::from(*label) + 1);
        if !dataset.classes.is_empty() && most > dataset.classes.len() {
            let what = format!("the {split} split has {most} classes, {} are named", dataset.classes.len());
            return Err(fault(&data.path, what).help("complete data.classes, or leave it out").into());
        }
    }
    if dataset.train.shape != dataset.test.shape {
        let what = format!("images of {:?} and {:?}", dataset.train.shape, dataset.test.shape);
        return Err(fault(&data.path, what).help("both splits need one size").into());
    }
    match data.images {
        None => Ok(dataset),
        Some(count) if (1..=dataset.train.len()).contains(&count) => {
            Ok(Dataset { train: dataset.train.spread(count), ..dataset })
        }
        Some(count) => {
            let what = format!("the train split has {} images, not {count}", dataset.train.len());
            Err(fault(&data.path, what).help("set data.images from 1 to as many, or leave it out").into())
        }
    }
}

fn fault(path: &Path, what: impl Into<String>) -> Diagnostic {
    Diagnostic::new("data", what).in_file(&path.display().to_string())
}

/// The bytes of `path`.
fn read(path: &Path, help: &str) -> Result<Vec<u8>, Report> {
    std::fs::read(path).map_err(|error| fault(path, format!("it cannot be read: {error}")).help(help).into())
}
