//! CIFAR-10's binary form: records of a label and 32x32 pixels, channel by channel.

use super::{fault, read, Dataset, Images};
use spec::error::Report;
use std::path::Path;

const SIDE: usize = 32;
const CHANNELS: usize = 3;
const RECORD: usize = 1 + CHANNELS * SIDE * SIDE;
const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
const HELP: &str = "unpack cifar-10-binary.tar.gz and set data.path to its folder cifar-10-batches-bin";

/// Reads both splits from `folder`.
pub fn load(folder: &Path) -> Result<Dataset, Report> {
    let mut report = Report::default();
    let mut split = |files: &[&str]| {
        let mut images = Images { shape: [SIDE, SIDE, CHANNELS], ..Images::default() };
        for file in files {
            if let Err(error) = append(&folder.join(file), &mut images) {
                report.0.extend(error.0);
            }
        }
        images
    };
    let train = split(&[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ]);
    let test = split(&["test_batch.bin"]);
    report.or(Dataset { train, test, classes: CLASSES.map(String::from).to_vec() })
}

fn append(path: &Path, images: &mut Images) -> Result<(), Report> {
    let bytes = read(path, HELP)?;
    if bytes.is_empty() || bytes.len() % RECORD != 0 {
        let what = format!(
            "the file is damaged: {} bytes are no whole number of {RECORD}-byte records",
            bytes.len()
        );
        return Err(fault(path, what).help(HELP).into());
    }
    for (i, record) in bytes.chunks_exact(RECORD).enumerate() {
        let (label, planes) = (record[0], &record[1..]);
        if usize::from(label) >= CLASSES.len() {
            return Err(fault(path, format!("the file is damaged: label {label} at record {i}"))
                .help(HELP)
                .into());
        }
        images.labels.push(label);
        let plane = SIDE * SIDE;
        images
            .pixels
            .extend((0..plane).flat_map(|pixel| (0..CHANNELS).map(move |c| planes[c * plane + pixel])));
    }
    Ok(())
}
