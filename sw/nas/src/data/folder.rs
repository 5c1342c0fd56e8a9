//! Image files in one folder a class: `{train,test}/<class>/*.{png,jpg,jpeg}`. Files and classes are taken in
//! the order of their names, so that a run does not depend on the file system.

use super::{fault, Dataset, Images};
use spec::error::Report;
use std::path::{Path, PathBuf};

const HELP: &str = "data.path needs train/<class>/*.png (or jpg) and test/<class>/*.png";
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

/// Reads both splits; `size` is height and width, taken from the first image where left out.
pub fn load(folder: &Path, size: Option<[usize; 2]>) -> Result<Dataset, Report> {
    let train_folder = folder.join("train");
    let classes: Vec<String> = entries(&train_folder)?
        .iter()
        .filter(|path| path.is_dir())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_string()))
        .collect();
    if classes.is_empty() || classes.len() > 256 {
        let what = format!("there are {} folders of classes, not 1 to 256", classes.len());
        return Err(fault(&train_folder, what).help(HELP).into());
    }
    let mut report = Report::default();
    let mut size = size;
    let train = split(&train_folder, &classes, &mut size, &mut report);
    let test = split(&folder.join("test"), &classes, &mut size, &mut report);
    report.or(Dataset { train, test, classes })
}

fn split(folder: &Path, classes: &[String], size: &mut Option<[usize; 2]>, report: &mut Report) -> Images {
    let mut images = Images::default();
    for (label, class) in classes.iter().enumerate() {
        let files = match entries(&folder.join(class)) {
            Ok(files) => files,
            Err(error) => {
                report.0.extend(error.0);
                continue;
            }
        };
        for file in files.iter().filter(|file| is_image(file)) {
            match append(file, size, &mut images) {
                Ok(()) => images.labels.push(label as u8),
                Err(error) => report.0.extend(error.0),
            }
        }
    }
    images
}

fn append(path: &Path, size: &mut Option<[usize; 2]>, images: &mut Images) -> Result<(), Report> {
    let image = image::open(path).map_err(|error| fault(path, format!("the file is no image: {error}")))?;
    let image = image.to_rgb8();
    let found = [image.height() as usize, image.width() as usize];
    let expected = *size.get_or_insert(found);
    if found != expected {
        let what = format!(
            "the image has {} by {} pixels, not {} by {}",
            found[0], found[1], expected[0], expected[1]
        );
        return Err(fault(path, what).help("scale all images to one size; data.size says which").into());
    }
    images.shape = [expected[0], expected[1], 3];
    images.pixels.extend_from_slice(image.as_raw());
    Ok(())
}

fn is_image(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("").to_ascii_lowercase();
    ENDINGS.contains(&ending.as_str())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Report> {
    let unreadable = |error: std::io::Error| fault(folder, format!("it cannot be read: {error}")).help(HELP);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.sort();
    Ok(paths)
}
