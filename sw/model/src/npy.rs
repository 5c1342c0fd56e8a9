//! NumPy's `.npy` files of int8 feature maps: `[N, C, H, W]` in, the same out, byte for byte as NumPy writes.
//!
//! Only what the contract names is read: versions 1 to 3, int8, C order, four dimensions. A header is three
//! facts in Python's notation, so it is searched for them rather than parsed.

use crate::graph::Shape;
use crate::tensor::Tensor;
use spec::error::{grouped, Diagnostic, Report};

const MAGIC: &[u8] = b"\x93NUMPY";
const HELP: &str = "save it with numpy.save(file, numpy.ascontiguousarray(x, dtype=numpy.int8))";

/// Reads `bytes`, which `file` holds.
pub fn read(file: &str, bytes: &[u8]) -> Result<Tensor, Report> {
    parse(bytes)
        .map_err(|(message, note)| Diagnostic::new("npy", message).in_file(file).note(note).help(HELP).into())
}

/// The bytes of an `.npy` file of `tensor`.
pub fn write(tensor: &Tensor) -> Vec<u8> {
    let Shape { c, h, w } = tensor.shape;
    let n = tensor.n;
    let header = format!("{{'descr': '|i1', 'fortran_order': False, 'shape': ({n}, {c}, {h}, {w}), }}");
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = [MAGIC, &[1, 0], &(length as u16).to_le_bytes()].concat();
    bytes.extend(format!("{header:<width$}\n", width = length - 1).bytes());
    bytes.extend(tensor.data.iter().map(|value| *value as u8));
    bytes
}

/// What is wrong, and the figures.
type Broken = (&'static str, String);

fn parse(bytes: &[u8]) -> Result<Tensor, Broken> {
    let (header, data) = split(bytes)?;
    let descr = value_of(header, "descr").map(|value| value.trim_matches(['\'', '"']));
    if !matches!(descr, Some("|i1" | "<i1" | ">i1" | "=i1" | "i1" | "int8")) {
        return Err(("the array is not int8", format!("its type is {}", descr.unwrap_or("not said"))));
    }
    if value_of(header, "fortran_order") != Some("False") {
        return Err(("the array is in Fortran order", "needs C order, the last dimension contiguous".into()));
    }
    let [n, c, h, w] = shape(header)?;
    let expected = [n, c, h, w].iter().try_fold(1usize, |product, extent| product.checked_mul(*extent));
    match expected {
        Some(expected) if expected == data.len() => {
            Ok(Tensor::new(n, Shape::new(c, h, w), data.iter().map(|byte| *byte as i8).collect()))
        }
        _ => {
            let what = if expected.is_none_or(|expected| expected > data.len()) {
                "the file is truncated"
            } else {
                "the file has bytes after the array"
            };
            let expected = expected.map_or("more than memory holds".into(), grouped);
            let found = grouped(data.len());
            Err((what, format!("shape ({n}, {c}, {h}, {w}) needs {expected} bytes of data, found {found}")))
        }
    }
}

/// The header's text, and the data.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), Broken> {
    let none = || ("not an .npy file", "it does not begin with NumPy's magic bytes".to_string());
    let short =
        || ("the file is truncated", format!("{} bytes do not hold the header", grouped(bytes.len())));
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(none)?;
    let (version, rest) = rest.split_at_checked(2).ok_or_else(short)?;
    let wide = match version[0] {
        1 => 2,
        2 | 3 => 4,
        other => return Err(("unknown version of .npy", format!("version {other}; 1, 2 and 3 are known"))),
    };
    let (length, rest) = rest.split_at_checked(wide).ok_or_else(short)?;
    let length = length.iter().rev().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
    let (header, data) = rest.split_at_checked(length).ok_or_else(short)?;
    let header = std::str::from_utf8(header).map_err(|error| ("the header is no text", error.to_string()))?;
    Ok((header, data))
}

/// What stands after `'key':`, up to the comma, or to the bracket that closes a tuple.
fn value_of<'h>(header: &'h str, key: &str) -> Option<&'h str> {
    let quoted = [format!("'{key}'"), format!("\"{key}\"")];
    let start = quoted.iter().find_map(|key| header.find(key.as_str()).map(|at| at + key.len()))?;
    let value = header[start..].trim_start().strip_prefix(':')?.trim_start();
    let end = if value.starts_with('(') { value.find(')')? + 1 } else { value.find([',', '}'])? };
    Some(value[..end].trim())
}

fn shape(header: &str) -> Result<[usize; 4], Broken> {
    let written = value_of(header, "shape").unwrap_or("not said");
    let inner = written.trim_start_matches('(').trim_end_matches(')').trim().trim_end_matches(',');
    let extents: Result<Vec<usize>, _> = inner.split(',').map(|extent| extent.trim().parse()).collect();
    let four = extents.ok().and_then(|extents| extents.try_into().ok());
    four.ok_or_else(|| {
        ("the array does not have four dimensions", format!("shape {written}, needs (N, C, H, W)"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Tensor {
        let shape = Shape::new(2, 3, 4);
        Tensor::new(2, shape, (0..48).map(|i| (i * 5 % 256) as u8 as i8).collect())
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = write(&sample());
        assert_eq!((bytes.len() - 48) % 64, 0, "NumPy aligns the data");
        assert_eq!(read("x.npy", &bytes), Ok(sample()));
    }

    #[test]
    fn version_2_is_read() {
        let (v1, data) = (write(&sample()), sample());
        let header = &v1[10..v1.len() - 48];
        let length = (header.len() as u32).to_le_bytes();
        let v2 = [MAGIC, &[2, 0], &length, header, &v1[v1.len() - 48..]].concat();
        assert_eq!(read("x.npy", &v2), Ok(data));
    }

    #[test]
    fn no_prefix_of_a_file_is_read() {
        let bytes = write(&sample());
        for end in 0..bytes.len() {
            assert!(read("x.npy", &bytes[..end]).is_err(), "{end} bytes");
        }
    }

    #[test]
    fn faults_are_named() {
        let broken = |from: &str, to: &str| {
            let bytes = write(&sample());
            let header: String = bytes[10..128].iter().map(|byte| char::from(*byte)).collect();
            let header = header.replacen(from, to, 1).into_bytes();
            let length = (header.len() as u16).to_le_bytes();
            let bytes = [&bytes[..8], &length, &header, &bytes[128..]].concat();
            read("x.npy", &bytes).err().map(|report| report.to_string()).unwrap_or_default()
        };
        for (from, to, message) in [
            ("|i1", "<f4", "the array is not int8\n  --> x.npy\n  its type is <f4"),
            ("False", "True", "in Fortran order"),
            ("(2, 2, 3, 4)", "(12, 4)", "four dimensions\n  --> x.npy\n  shape (12, 4), needs (N, C, H, W)"),
            (
                "(2, 2",
                "(9, 2",
                "truncated\n  --> x.npy\n  shape (9, 2, 3, 4) needs 216 bytes of data, found 48",
            ),
            ("(2, 2", "(1, 2", "bytes after the array"),
            ("(2, 2", "(18446744073709551615, 2", "truncated"),
            ("'shape'", "'shade'", "four dimensions"),
        ] {
            let text = broken(from, to);
            assert!(text.contains(message), "{text}");
        }
    }
}
