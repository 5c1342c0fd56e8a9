//! NumPy's `.npy` files of int8 feature maps: `[N, C, H, W]` in, the same out, byte for byte as NumPy writes.
//!
//! Only what the contract names is read: versions 1 to 3, int8, C order, four dimensions. What an importer
//! calibrates with may also be of real numbers or of pixels ([`read_array`]). A header is three facts in Python's
//! notation, so it is searched for them rather than parsed.

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

/// An array of another type and any number of dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// In C order.
    pub elements: Elements,
}

/// The elements of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// float32, or float64 rounded to it.
    Real(Vec<f32>),
    /// uint8.
    Bytes(Vec<u8>),
}

/// Reads `bytes`, which `file` holds, as an array of float32, float64 or uint8.
pub fn read_array(file: &str, bytes: &[u8]) -> Result<Array, Report> {
    parse_array(bytes).map_err(|(message, note)| {
        let help = "save it with numpy.save(file, numpy.ascontiguousarray(x, dtype=numpy.float32))";
        Diagnostic::new("npy", message).in_file(file).note(note).help(help).into()
    })
}

/// What is wrong, and the figures.
type Broken = (&'static str, String);

fn parse(bytes: &[u8]) -> Result<Tensor, Broken> {
    let (header, data) = split(bytes)?;
    let descr = descr(header);
    if !matches!(descr, Some("|i1" | "<i1" | ">i1" | "=i1" | "i1" | "int8")) {
        return Err(("the array is not int8", format!("its type is {}", descr.unwrap_or("not said"))));
    }
    check_order(header)?;
    let [n, c, h, w] = four(header)?;
    check_length(&[n, c, h, w], 1, data)?;
    Ok(Tensor::new(n, Shape::new(c, h, w), data.iter().map(|byte| *byte as i8).collect()))
}

fn parse_array(bytes: &[u8]) -> Result<Array, Broken> {
    let (header, data) = split(bytes)?;
    let descr = descr(header);
    let (size, is_real) = match descr {
        Some("<f4") => (4, true),
        Some("<f8") => (8, true),
        Some("|u1" | "<u1" | "u1") => (1, false),
        other => {
            let note = format!("its type is {}", other.unwrap_or("not said"));
            return Err(("the array is neither float32 nor uint8", note));
        }
    };
    check_order(header)?;
    let none =
        || ("the array has no dimensions", format!("shape {}", value_of(header, "shape").unwrap_or("?")));
    let shape = shape(header).ok_or_else(none)?;
    check_length(&shape, size, data)?;
    let elements = match (size, is_real) {
        (_, false) => Elements::Bytes(data.to_vec()),
        (4, _) => Elements::Real(words(data, f32::from_le_bytes)),
        _ => Elements::Real(words(data, |word| f64::from_le_bytes(word) as f32)),
    };
    Ok(Array { shape, elements })
}

fn words<const N: usize, T>(data: &[u8], from: impl Fn([u8; N]) -> T) -> Vec<T> {
    data.chunks_exact(N).filter_map(|word| word.try_into().ok().map(&from)).collect()
}

fn descr(header: &str) -> Option<&str> {
    value_of(header, "descr").map(|value| value.trim_matches(['\'', '"']))
}

fn check_order(header: &str) -> Result<(), Broken> {
    match value_of(header, "fortran_order") {
        Some("False") => Ok(()),
        _ => Err(("the array is in Fortran order", "needs C order, the last dimension contiguous".into())),
    }
}

/// Whether `data` is elements of `size` bytes for all of `shape`.
fn check_length(shape: &[usize], size: usize, data: &[u8]) -> Result<(), Broken> {
    let expected = shape.iter().try_fold(size, |product, extent| product.checked_mul(*extent));
    if expected == Some(data.len()) {
        return Ok(());
    }
    let what = if expected.is_none_or(|expected| expected > data.len()) {
        "the file is truncated"
    } else {
        "the file has bytes after the array"
    };
    let shape = shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let expected = expected.map_or("more than memory holds".into(), grouped);
    Err((what, format!("shape ({shape}) needs {expected} bytes of data, found {}", grouped(data.len()))))
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

/// The dimensions of an array that has some.
fn shape(header: &str) -> Option<Vec<usize>> {
    let inner = value_of(header, "shape")?.trim_start_matches('(').trim_end_matches(')').trim();
    inner.trim_end_matches(',').split(',').map(|extent| extent.trim().parse().ok()).collect()
}

fn four(header: &str) -> Result<[usize; 4], Broken> {
    let four = shape(header).and_then(|extents| extents.try_into().ok());
    four.ok_or_else(|| {
        let written = value_of(header, "shape").unwrap_or("not said");
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
    fn arrays_of_real_numbers_and_of_pixels_are_read() {
        let of = |descr: &str, shape: &str, data: &[u8]| {
            let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
            let bytes =
                [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat();
            read_array("x.npy", &bytes)
        };
        let real = Array { shape: vec![2], elements: Elements::Real(vec![0.5, -2.0]) };
        assert_eq!(of("<f4", "(2,)", &[0, 0, 0, 63, 0, 0, 0, 192]), Ok(real));
        let one = Array { shape: vec![1, 1], elements: Elements::Real(vec![1.0]) };
        assert_eq!(of("<f8", "(1, 1)", &[0, 0, 0, 0, 0, 0, 240, 63]), Ok(one));
        let pixels = Array { shape: vec![1, 2], elements: Elements::Bytes(vec![7, 255]) };
        assert_eq!(of("|u1", "(1, 2)", &[7, 255]), Ok(pixels));
        let said =
            |array: Result<Array, Report>| array.err().map(|report| report.to_string()).unwrap_or_default();
        assert!(said(of("<i2", "(1,)", &[0, 0]))
            .contains("neither float32 nor uint8\n  --> x.npy\n  its type is <i2"));
        assert!(said(of("<f4", "(2,)", &[0; 4])).contains("shape (2) needs 8 bytes of data, found 4"));
        assert!(said(of("<f4", "()", &[0; 4])).contains("no dimensions"));
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
