//! Image files in one folder a class: `{train,test}/<class>/*.{png,jpg,jpeg}`. Files and classes are taken in
//! the order of their names, so that a run does not depend on the file system. Both splits have the same
//! classes, those that `data.classes` names where it names any, each with images; nothing that looks like one is left out without a word.

use super::{fault, Dataset, Images};
use spec::error::Report;
use std::path::{Path, PathBuf};

const HELP: &str = "data.path needs train/<class>/*.png (or jpg) and test/<class>/*.png";
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

/// The most faulty files that are named.
const NAMED: usize = 8;

/// Reads both splits; `size` is height and width, taken from the first image where left out, `named` the classes that there
/// should be, or none.
pub fn load(folder: &Path, size: Option<[usize; 2]>, named: &[String]) -> Result<Dataset, Report> {
    let folders = ["train", "test"].map(|split| folder.join(split));
    let [classes, of_test] = [classes(&folders[0])?, classes(&folders[1])?];
    let mut wanted = named.to_vec();
    wanted.sort();
    if !named.is_empty() && wanted != classes {
        let what = format!("its folders of classes are {}, not {}", classes.join(", "), wanted.join(", "));
        let help = "make folders and data.classes the same, or leave data.classes out";
        return Err(fault(&folders[0], what).help(help).into());
    }
    if of_test != classes {
        let what = format!(
            "its folders of classes are {}, those of train {}",
            of_test.join(", "),
            classes.join(", ")
        );
        return Err(fault(&folders[1], what).help("give both splits the same classes").into());
    }
    let mut report = Report::default();
    let mut size = size;
    let [train, test] = folders.map(|folder| split(&folder, &classes, &mut size, &mut report));
    let more = report.0.len().saturating_sub(NAMED);
    report.0.truncate(NAMED);
    if more > 0 {
        report.push(fault(folder, format!("{more} more things are wrong")));
    }
    report.or(Dataset { train, test, classes })
}

/// The classes of a split: its folders, but hidden ones.
fn classes(folder: &Path) -> Result<Vec<String>, Report> {
    let entries = entries(folder)?;
    let folders = entries.iter().filter(|path| path.is_dir());
    let names = folders.map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    let classes: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    let loose = entries.iter().filter(|path| is_image(path)).count();
    let what = match (classes.len(), loose) {
        (_, 1..) => format!("{loose} images lie here without a class"),
        (1..=256, _) => return Ok(classes),
        (count, _) => format!("there are {count} folders of classes, not 1 to 256"),
    };
    Err(fault(folder, what).help(HELP).into())
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
        if !files.iter().any(|file| is_image(file)) {
            report.push(fault(&folder.join(class), "the class has no images").help(HELP));
        }
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
