//! `Constant`: a tensor of an ONNX file whose numbers are known. Nothing in the file is trusted: there must be
//! as many numbers as the shape says, of a type that an import has a use for.

use super::proto::TensorProto;
use spec::error::grouped;
use std::collections::BTreeMap;

/// What files beside the model hold, by name.
pub type Beside = BTreeMap<String, Vec<u8>>;

/// The types of elements that are read, with their numbers in ONNX and their bytes.
const TYPES: &[(i32, &str, usize)] = &[
    (1, "float32", 4),
    (2, "uint8", 1),
    (3, "int8", 1),
    (6, "int32", 4),
    (7, "int64", 8),
    (9, "bool", 1),
    (11, "float64", 8),
];

/// The types of elements that are known by name only.
const OTHERS: &[(i32, &str)] = &[
    (4, "uint16"),
    (5, "int16"),
    (8, "string"),
    (10, "float16"),
    (12, "uint32"),
    (13, "uint64"),
    (16, "bfloat16"),
    (17, "float8e4m3fn"),
    (21, "uint4"),
    (22, "int4"),
];

/// The name of a type of elements.
pub fn type_name(data_type: i32) -> String {
    let known = TYPES.iter().map(|(number, name, _)| (number, name));
    let mut all = known.chain(OTHERS.iter().map(|(number, name)| (number, name)));
    all.find(|(number, _)| **number == data_type)
        .map_or(format!("type {data_type}"), |(_, name)| name.to_string())
}

/// The elements of a constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Of a floating type.
    Real(Vec<f32>),
    /// Of a whole type.
    Whole(Vec<i64>),
}

/// Integers that a constant was dequantised from.
#[derive(Clone, Debug, PartialEq)]
pub struct Fixed {
    /// One an element, from which the zero point has been subtracted.
    pub codes: Vec<i64>,
    /// Real value of one step: one, or one for each index of `axis`.
    pub steps: Vec<f64>,
    /// The dimension to which the steps belong.
    pub axis: usize,
}

/// A tensor whose numbers are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Its shape.
    pub dims: Vec<usize>,
    /// Type of the elements, as ONNX numbers it.
    pub data_type: i32,
    /// The elements, the last dimension contiguous.
    pub numbers: Numbers,
    /// Where it comes out of a `DequantizeLinear`.
    pub fixed: Option<Fixed>,
}

impl Constant {
    /// The constant of `tensor`; what is wrong with it, and what to do.
    pub fn new(tensor: &TensorProto, beside: &Beside) -> Result<Constant, (String, String)> {
        let dims: Option<Vec<usize>> = tensor.dims.iter().map(|dim| usize::try_from(*dim).ok()).collect();
        let elements =
            dims.as_ref().and_then(|dims| dims.iter().try_fold(1usize, |all, dim| all.checked_mul(*dim)));
        let (Some(dims), Some(elements)) = (dims, elements) else {
            let what = format!("its shape is {:?}", tensor.dims);
            return Err((what, "export the model again".into()));
        };
        let Some((_, name, size)) = TYPES.iter().find(|(number, ..)| *number == tensor.data_type) else {
            let what = format!("its elements are {}", type_name(tensor.data_type));
            let help = match tensor.data_type {
                10 | 16..=20 => "convert the model to float32",
                _ => "quantize to 8 bits: activation_type=QuantType.QInt8, weight_type=QuantType.QInt8",
            };
            return Err((what, help.into()));
        };
        let raw = if tensor.data_location == 1 { external(tensor, beside)? } else { &tensor.raw_data };
        let numbers = if raw.is_empty() { typed(tensor) } else { from_raw(tensor.data_type, raw) };
        let found = if raw.is_empty() { numbers.len() } else { raw.len() / size };
        if found != elements || (!raw.is_empty() && raw.len() % size != 0) {
            let what = format!(
                "{} elements of {name} for the shape {dims:?}, which needs {}",
                grouped(found),
                grouped(elements)
            );
            return Err((what, "the file is damaged: export the model again".into()));
        }
        Ok(Constant { dims, data_type: tensor.data_type, numbers, fixed: None })
    }

    /// One number for all.
    pub fn reals(dims: Vec<usize>, data: Vec<f32>) -> Constant {
        Constant { dims, data_type: 1, numbers: Numbers::Real(data), fixed: None }
    }

    /// The elements as real numbers.
    pub fn as_reals(&self) -> Vec<f32> {
        match &self.numbers {
            Numbers::Real(numbers) => numbers.clone(),
            Numbers::Whole(numbers) => numbers.iter().map(|number| *number as f32).collect(),
        }
    }

    /// The elements, where they are whole numbers.
    pub fn as_whole(&self) -> Option<&[i64]> {
        match &self.numbers {
            Numbers::Real(_) => None,
            Numbers::Whole(numbers) => Some(numbers),
        }
    }

    /// How many elements it has.
    pub fn count(&self) -> usize {
        self.numbers.len()
    }
}

impl Numbers {
    fn len(&self) -> usize {
        match self {
            Numbers::Real(numbers) => numbers.len(),
            Numbers::Whole(numbers) => numbers.len(),
        }
    }
}

/// The names of the files beside `tensor`'s that hold elements of it; none where they are in place.
pub fn file_of(tensor: &TensorProto) -> Option<&str> {
    (tensor.data_location == 1).then(|| entry(tensor, "location")).flatten()
}

fn entry<'t>(tensor: &'t TensorProto, key: &str) -> Option<&'t str> {
    tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
}

/// The bytes that another file holds for `tensor`.
fn external<'b>(tensor: &TensorProto, beside: &'b Beside) -> Result<&'b [u8], (String, String)> {
    let name = entry(tensor, "location").unwrap_or_default();
    let help = || "keep the file beside the model, or save the model with its tensors inside".to_string();
    let Some(bytes) = beside.get(name) else {
        return Err((format!("its elements are in `{name}`, which was not read"), help()));
    };
    let number =
        |key: &str| entry(tensor, key).map_or(Some(None), |text| text.parse::<usize>().ok().map(Some));
    let place = number("offset").zip(number("length")).and_then(|(offset, length)| {
        let offset = offset.unwrap_or(0);
        let end = length.map_or(Some(bytes.len()), |length| offset.checked_add(length))?;
        bytes.get(offset..end)
    });
    place.ok_or_else(|| {
        (format!("`{name}` ends before its elements; it has {} bytes", grouped(bytes.len())), help())
    })
}

fn from_raw(data_type: i32, raw: &[u8]) -> Numbers {
    fn words<const N: usize, T>(raw: &[u8], from: impl Fn([u8; N]) -> T) -> Vec<T> {
        raw.chunks_exact(N).filter_map(|word| word.try_into().ok().map(&from)).collect()
    }
    match data_type {
        1 => Numbers::Real(words(raw, f32::from_le_bytes)),
        11 => Numbers::Real(words(raw, |word| f64::from_le_bytes(word) as f32)),
        3 => Numbers::Whole(words(raw, |word| i8::from_le_bytes(word).into())),
        6 => Numbers::Whole(words(raw, |word| i32::from_le_bytes(word).into())),
        7 => Numbers::Whole(words(raw, i64::from_le_bytes)),
        _ => Numbers::Whole(raw.iter().map(|byte| i64::from(*byte)).collect()),
    }
}

fn typed(tensor: &TensorProto) -> Numbers {
    match tensor.data_type {
        1 => Numbers::Real(tensor.float_data.clone()),
        11 => Numbers::Real(tensor.double_data.iter().map(|number| *number as f32).collect()),
        7 => Numbers::Whole(tensor.int64_data.clone()),
        _ => Numbers::Whole(tensor.int32_data.iter().map(|number| i64::from(*number)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(data_type: i32, dims: &[i64], raw: &[u8]) -> TensorProto {
        TensorProto { dims: dims.to_vec(), data_type, raw_data: raw.to_vec(), ..Default::default() }
    }

    fn fault(tensor: &TensorProto, beside: &Beside) -> String {
        Constant::new(tensor, beside).expect_err("refused").0
    }

    #[test]
    fn elements_are_read_in_both_forms() {
        let raw = Constant::new(&tensor(3, &[2], &[255, 2]), &Beside::new()).expect("read");
        assert_eq!(raw.numbers, Numbers::Whole(vec![-1, 2]));
        let typed =
            TensorProto { dims: vec![2], data_type: 1, float_data: vec![0.5, 2.0], ..Default::default() };
        let typed = Constant::new(&typed, &Beside::new()).expect("read");
        assert_eq!(typed.numbers, Numbers::Real(vec![0.5, 2.0]));
    }

    #[test]
    fn what_lies_beside_the_model_is_found_by_offset_and_length() {
        let entry = |key: &str, value: &str| super::super::proto::StringStringEntryProto {
            key: key.into(),
            value: value.into(),
        };
        let mut outside = tensor(2, &[2], &[]);
        outside.data_location = 1;
        outside.external_data = vec![entry("location", "w"), entry("offset", "1"), entry("length", "2")];
        assert_eq!(fault(&outside, &Beside::new()), "its elements are in `w`, which was not read");
        let beside = |bytes: &[u8]| Beside::from([("w".to_string(), bytes.to_vec())]);
        let found = Constant::new(&outside, &beside(&[7, 8, 9])).expect("read");
        assert_eq!(found.numbers, Numbers::Whole(vec![8, 9]));
        assert_eq!(fault(&outside, &beside(&[7])), "`w` ends before its elements; it has 1 bytes");
    }

    #[test]
    fn shapes_and_types_are_checked() {
        let none = Beside::new();
        assert_eq!(fault(&tensor(1, &[-1], &[]), &none), "its shape is [-1]");
        assert_eq!(fault(&tensor(1, &[i64::MAX, 9], &[]), &none), "its shape is [9223372036854775807, 9]");
        assert_eq!(fault(&tensor(10, &[1], &[0, 0]), &none), "its elements are float16");
        let short = "1 elements of float32 for the shape [2], which needs 2";
        assert_eq!(fault(&tensor(1, &[2], &[0; 4]), &none), short);
    }
}
