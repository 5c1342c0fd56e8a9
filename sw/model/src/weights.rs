//! The tensors of a network in a safetensors file: found, typed, shaped, and copied out.
//!
//! Nothing in the file is trusted. The header is validated by the safetensors crate against the length of the
//! file before anything is allocated, and a tensor is only copied when its type and shape are the expected ones.

use crate::draft::Fault;
use crate::graph::{Layer, Parameters};
use safetensors::{Dtype, SafeTensors};
use spec::error::{grouped, nearest, Diagnostic, Report};

/// A safetensors file whose header is sound.
pub struct Weights<'a> {
    tensors: SafeTensors<'a>,
}

impl<'a> Weights<'a> {
    /// Reads the header of `bytes`, which `file` holds.
    pub fn parse(file: &str, bytes: &'a [u8]) -> Result<Weights<'a>, Report> {
        match SafeTensors::deserialize(bytes) {
            Ok(tensors) => Ok(Weights { tensors }),
            Err(error) => {
                let message = "not readable as safetensors; truncated, or another kind of file";
                let length = format!("the file has {} bytes", grouped(bytes.len()));
                let fault = Diagnostic::new("network", message).in_file(file).note(error.to_string());
                Err(fault.note(length).help("export the network again").into())
            }
        }
    }

    /// The tensors of the `i`-th layer into `layer.parameters`; what is missing, mistyped or misshapen.
    pub fn fill(&self, i: usize, layer: &mut Layer) -> Vec<Fault> {
        let channels = vec![layer.out_shape.c];
        let mut faults = Vec::new();
        let mut get = |tensor: &str, dtype: Dtype, shape: &[usize]| {
            self.tensor(&format!("{}.{tensor}", layer.name), dtype, shape)
                .map_err(|(message, note, help)| faults.push(Fault::new(i, "name", message, note).help(help)))
                .unwrap_or_default()
        };
        let mut parameters = Parameters {
            weight: numbers(get("weight", Dtype::I8, &layer.weight_shape()), i8::from_le_bytes),
            bias: numbers(get("bias", Dtype::I64, &channels), i64::from_le_bytes),
            multiplier: numbers(get("multiplier", Dtype::I16, &channels), i16::from_le_bytes),
            shift: get("shift", Dtype::U8, &channels).to_vec(),
            ..Parameters::default()
        };
        if layer.residual.is_some() {
            let multiplier = get("residual_multiplier", Dtype::I16, &channels);
            parameters.residual_multiplier = numbers(multiplier, i16::from_le_bytes);
            parameters.residual_shift = get("residual_shift", Dtype::U8, &channels).to_vec();
        }
        layer.parameters = parameters;
        faults
    }

    /// The bytes of one tensor, or message, note and help.
    fn tensor(
        &self,
        name: &str,
        dtype: Dtype,
        shape: &[usize],
    ) -> Result<&'a [u8], (String, String, String)> {
        let Ok(tensor) = self.tensors.tensor(name) else {
            let near = nearest(name, self.tensors.names());
            let help =
                near.map_or("export it with the others".into(), |best| format!("the file has `{best}`"));
            return Err((format!("there is no tensor `{name}`"), format!("needs {dtype} {shape:?}"), help));
        };
        if tensor.dtype() != dtype || tensor.shape() != shape {
            let found = format!("is {} {:?}, needs {dtype} {shape:?}", tensor.dtype(), tensor.shape());
            let (what, help) = match tensor.dtype() == dtype {
                true => ("shape", format!("save it as {shape:?}, or change the layer that it belongs to")),
                false => ("type", format!("save it as {dtype}, numbers rounded and in range")),
            };
            return Err((format!("tensor `{name}` has the wrong {what}"), found, help));
        }
        Ok(tensor.data())
    }
}

fn numbers<const N: usize, T>(bytes: &[u8], from: fn([u8; N]) -> T) -> Vec<T> {
    let word = |chunk: &[u8]| chunk.try_into().ok().map(from);
    bytes.chunks_exact(N).filter_map(word).collect()
}
