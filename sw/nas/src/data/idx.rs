//! The IDX files of MNIST and its relatives, plain or compressed.
//!
//! A file is `0, 0, type, dimensions`, each dimension as 32 bits big-endian, then the bytes.

use super::{fault, read, Dataset, Images};
use flate2::read::GzDecoder;
use spec::error::Report;
use std::io::Read;
use std::path::{Path, PathBuf};

const HELP: &str = "Fashion-MNIST is Debian's package dataset-fashion-mnist, under \
                    /usr/share/datasets/fashion-mnist; or set data.path";

/// Type of unsigned bytes.
const UNSIGNED_BYTES: u8 = 8;

/// Reads both splits from `folder`.
pub fn load(folder: &Path) -> Result<Dataset, Report> {
    let mut report = Report::default();
    let mut split = |prefix: &str| match images(folder, prefix) {
        Ok(images) => images,
        Err(error) => {
            report.0.extend(error.0);
            Images::default()
        }
    };
    let (train, test) = (split("train"), split("t10k"));
    report.or(Dataset { train, test, classes: Vec::new() })
}

fn images(folder: &Path, prefix: &str) -> Result<Images, Report> {
    let (path, dims, pixels) = array::<3>(folder, &format!("{prefix}-images-idx3-ubyte"))?;
    let (label_path, [labels_len], labels) = array::<1>(folder, &format!("{prefix}-labels-idx1-ubyte"))?;
    let [count, height, width] = dims;
    if count != labels_len {
        let what = format!("{labels_len} labels for the {count} images of {}", path.display());
        return Err(fault(&label_path, what).help(HELP).into());
    }
    Ok(Images { shape: [height, width, 1], pixels, labels })
}

/// Path, dimensions and bytes of `name`, or of `name.gz`.
fn array<const N: usize>(folder: &Path, name: &str) -> Result<(PathBuf, [usize; N], Vec<u8>), Report> {
    let (path, bytes) = contents(folder, name)?;
    let damaged = |what: String| fault(&path, format!("the file is damaged: {what}")).help(HELP);
    let header = bytes.get(..4 + 4 * N).ok_or_else(|| damaged("it ends within its header".into()))?;
    if header[..4] != [0, 0, UNSIGNED_BYTES, N as u8] {
        return Err(damaged(format!("it starts with {:?}, not [0, 0, 8, {N}]", &header[..4])).into());
    }
    let word =
        |i: usize| header[4 + 4 * i..8 + 4 * i].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    let dims: [usize; N] = std::array::from_fn(word);
    let body = &bytes[header.len()..];
    let expected = dims.iter().try_fold(1usize, |product, dim| product.checked_mul(*dim));
    if expected != Some(body.len()) {
        return Err(damaged(format!("it holds {} bytes of data for {dims:?}", body.len())).into());
    }
    let body = body.to_vec();
    Ok((path, dims, body))
}

fn contents(folder: &Path, name: &str) -> Result<(PathBuf, Vec<u8>), Report> {
    let plain = folder.join(name);
    if plain.exists() {
        return read(&plain, HELP).map(|bytes| (plain, bytes));
    }
    let path = folder.join(format!("{name}.gz"));
    let compressed = read(&path, HELP)?;
    let mut bytes = Vec::new();
    match GzDecoder::new(&compressed[..]).read_to_end(&mut bytes) {
        Ok(_) => Ok((path, bytes)),
        Err(error) => Err(fault(&path, format!("the file is damaged: {error}")).help(HELP).into()),
    }
}
