//! The tensors of a checkpoint, as PyTorch names them, and what a layer is by them.
//!
//! ```text
//! conv, shift   P.weight                  [out, in / groups, kh, kw], or [out, in] of a linear layer
//! shift         P.shift and P.sign        weight = 2^round(shift) * sign, 0 where |sign| is at most the threshold
//! adder         P.adder or P.weight
//! any           P.bias                    [out], where the layer has one
//! norm          N.weight, N.bias, N.running_mean, N.running_var     [out]
//! ```

use crate::float::Weights;
use model::draft::MAX_EXTENT;
use model::Shape;
use safetensors::{Dtype, SafeTensors};
use spec::error::{grouped, nearest, Diagnostic, Report};
use spec::op::Op;

/// The least exponent of a shift weight that was trained as one.
const LEAST_EXPONENT: f32 = -14.0;

/// A safetensors file whose header is sound.
pub struct Tensors<'a> {
    tensors: SafeTensors<'a>,
}

/// What tensors say of a layer.
pub struct Trained {
    /// Of every tap.
    pub weights: Weights,
    /// Rows and columns.
    pub kernel: [usize; 2],
    /// Input channels of a group.
    pub inputs: usize,
    /// Of the sum, one an output channel.
    pub slope: Vec<f64>,
    /// Added, one an output channel.
    pub offset: Vec<f64>,
}

/// What is wrong with a tensor.
pub struct Missing {
    /// In one line.
    pub message: String,
    /// Figures.
    pub note: String,
    /// What to do.
    pub help: String,
}

/// A tensor of real numbers.
struct Real {
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl<'a> Tensors<'a> {
    /// Reads the header of `bytes`, which `file` holds.
    ///
    /// # Errors
    /// A file that is not safetensors.
    pub fn parse(file: &str, bytes: &'a [u8]) -> Result<Tensors<'a>, Report> {
        SafeTensors::deserialize(bytes).map(|tensors| Tensors { tensors }).map_err(|error| {
            let message = "not readable as safetensors; truncated, or another kind of file";
            let fault = Diagnostic::new("import", message).in_file(file).note(error.to_string());
            let fault = fault.note(format!("the file has {} bytes", grouped(bytes.len())));
            fault
                .help("save the checkpoint again: safetensors.torch.save_file(model.state_dict(), FILE)")
                .into()
        })
    }

    /// The weights of `prefix` as those of a layer of `op` on a map of `shape`, with its bias.
    ///
    /// # Errors
    /// A tensor that is not there, or has another type or shape.
    pub fn trained(&self, op: Op, prefix: &str, shape: Shape, threshold: f64) -> Result<Trained, Missing> {
        let weight = self.weight(op, prefix, threshold)?;
        let is_sane = weight.shape.iter().all(|size| (1..=MAX_EXTENT).contains(size));
        let (outputs, inputs, kernel) =
            match weight.shape[..] {
                [outputs, inputs, rows, columns] if is_sane => (outputs, inputs, [rows, columns]),
                // A linear layer reads the whole map.
                [outputs, inputs] if is_sane && inputs == shape.elements() => {
                    (outputs, shape.c, [shape.h, shape.w])
                }
                _ => return Err(Missing {
                    message: format!("the weight of `{prefix}` has the shape {:?}", weight.shape),
                    note: format!("the layer's input is {shape}"),
                    help:
                        "a weight is [out, in / groups, kh, kw], or [out, in] where `in` is the whole input"
                            .into(),
                }),
            };
        let offset = match self.has(&format!("{prefix}.bias")) {
            true => self.vector(&format!("{prefix}.bias"), outputs)?,
            false => vec![0.0; outputs],
        };
        let weights = Weights::Real(weight.data);
        Ok(Trained { weights, kernel, inputs, slope: vec![1.0; outputs], offset })
    }

    /// `trained` with the batch norm `norm` after it.
    ///
    /// # Errors
    /// A tensor that is not there, or has another type or shape.
    pub fn normed(&self, trained: Trained, norm: &str, epsilon: f64) -> Result<Trained, Missing> {
        let of = |part: &str| self.vector(&format!("{norm}.{part}"), trained.slope.len());
        let (scale, bias, mean, variance) =
            (of("weight")?, of("bias")?, of("running_mean")?, of("running_var")?);
        let slope: Vec<f64> =
            scale.iter().zip(&variance).map(|(scale, v)| scale / (v + epsilon).sqrt()).collect();
        let offset = |k: usize| (trained.offset[k] - mean[k]) * slope[k] + bias[k];
        Ok(Trained { offset: (0..slope.len()).map(offset).collect(), slope, ..trained })
    }

    fn weight(&self, op: Op, prefix: &str, threshold: f64) -> Result<Real, Missing> {
        let name = |part: &str| format!("{prefix}.{part}");
        match op {
            Op::Shift if self.has(&name("shift")) => {
                let (shift, sign) = (self.real(&name("shift"))?, self.real(&name("sign"))?);
                if sign.shape != shift.shape {
                    return Err(Missing {
                        message: format!("`{prefix}.sign` does not have the shape of `{prefix}.shift`"),
                        note: format!("it is {:?}, not {:?}", sign.shape, shift.shape),
                        help: "save the checkpoint again".into(),
                    });
                }
                let power = |(shift, sign): (&f32, &f32)| match f64::from(sign.abs()) > threshold {
                    true => sign.signum() * shift.clamp(LEAST_EXPONENT, 0.0).round_ties_even().exp2(),
                    false => 0.0,
                };
                let data = shift.data.iter().zip(&sign.data).map(power).collect();
                Ok(Real { shape: shift.shape, data })
            }
            Op::Adder if self.has(&name("adder")) => self.real(&name("adder")),
            _ => self.real(&name("weight")),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.tensors.tensor(name).is_ok()
    }

    /// A tensor of one number an output channel.
    fn vector(&self, name: &str, count: usize) -> Result<Vec<f64>, Missing> {
        let found = self.real(name)?;
        if found.shape != [count] {
            return Err(Missing {
                message: format!("tensor `{name}` has the wrong shape"),
                note: format!("it is {:?}, needs [{count}]", found.shape),
                help: "name the tensors of the right layer".into(),
            });
        }
        Ok(found.data.into_iter().map(f64::from).collect())
    }

    fn real(&self, name: &str) -> Result<Real, Missing> {
        let Ok(tensor) = self.tensors.tensor(name) else {
            let near = nearest(name, self.tensors.names()).map(|near| format!("the file has `{near}`"));
            return Err(Missing {
                message: format!("there is no tensor `{name}`"),
                note: format!("the file has {} tensors", grouped(self.tensors.len())),
                help: near.unwrap_or("give `tensors` or `norm` as the `state_dict` names them".into()),
            });
        };
        let words = tensor.data().chunks_exact(4).filter_map(|word| word.try_into().ok());
        match tensor.dtype() {
            Dtype::F32 => {
                Ok(Real { shape: tensor.shape().to_vec(), data: words.map(f32::from_le_bytes).collect() })
            }
            other => Err(Missing {
                message: format!("tensor `{name}` has the wrong type"),
                note: format!("it is {other}, needs F32"),
                help: "save the checkpoint with .float()".into(),
            }),
        }
    }
}
