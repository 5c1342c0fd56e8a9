//! `Layer`: an operation, its norm, residual and clamp, with hand-written gradients.
//!
//! ```text
//! z = op(x, weights)      u = z * slope + offset + residual      y = clamp(u)
//! ```
//!
//! In training slope and offset come from the batch's statistics, in evaluation from the running ones. Once
//! rounding is on, weights and `y` are held to the grid of the integers that [`crate::fold`] will export, and
//! gradients pass straight through the rounding. A layer knows nothing of its neighbours: a supernet can hold
//! several for one place and mix their outputs.

mod backward;
mod cut;
mod forward;
mod norm;
mod operation;
pub mod weights;

pub use backward::Gradients;
pub use forward::{follow, Phase, Tape};

use crate::plan::{Planned, Tail};
use crate::rng::Rng;
use spec::op::Op;

/// Added to a variance before its root is taken.
pub const EPSILON: f32 = 1e-5;

/// Numbers that are trained.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Param {
    /// The numbers.
    pub value: Vec<f32>,
    /// Gradient of the loss by each; set by the backward pass.
    pub gradient: Vec<f32>,
    /// The optimiser's running sum.
    pub velocity: Vec<f32>,
}

impl Param {
    fn new(value: Vec<f32>) -> Param {
        let zeros = vec![0.0; value.len()];
        Param { value, gradient: zeros.clone(), velocity: zeros }
    }
}

/// A layer and its state.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Shapes and kind.
    pub plan: Planned,
    /// `[row, column, input channel, output channel]`; depthwise `[row, column, channel]`; empty for a mean.
    pub weight: Param,
    /// Scale of the norm; empty without one.
    pub gamma: Param,
    /// Offset of the norm, or the bias; empty for a mean.
    pub beta: Param,
    /// Running mean of `z`; empty without a norm.
    pub mean: Vec<f32>,
    /// Running variance of `z`; empty without a norm.
    pub variance: Vec<f32>,
    /// Running maximum of `|y|` over a batch; 0 before the first. What 127 stands for.
    pub range: f32,
    /// Whether its weights stay as they are: then a backward pass leaves their gradient alone.
    pub frozen: bool,
}

impl Layer {
    /// A layer with random weights.
    pub fn new(plan: Planned, rng: &mut Rng) -> Layer {
        let channels = plan.window.output[2];
        let trained = if plan.tail == Tail::Mean { 0 } else { plan.window.weights() };
        let deviation = match plan.op {
            Op::Adder => 1.0,
            Op::Conv | Op::Shift => (2.0 / plan.window.terms() as f64).sqrt(),
        };
        let weight = (0..trained).map(|_| (rng.normal() * deviation) as f32).collect();
        let norm = if plan.tail == Tail::Norm { channels } else { 0 };
        let beta = if plan.tail == Tail::Mean { 0 } else { channels };
        Layer {
            weight: Param::new(weight),
            gamma: Param::new(vec![1.0; norm]),
            beta: Param::new(vec![0.0; beta]),
            mean: vec![0.0; norm],
            variance: vec![1.0; norm],
            range: 0.0,
            frozen: false,
            plan,
        }
    }

    /// Real value of one step of its int8 output.
    pub fn scale(&self) -> f32 {
        self.range.max(1e-6) / 127.0
    }

    /// The least and greatest int8 output.
    pub fn clamp(&self) -> (f32, f32) {
        (if self.plan.relu { 0.0 } else { -128.0 }, 127.0)
    }

    /// Its trained numbers, with whether weight decay applies.
    pub fn params(&mut self) -> [(&mut Param, bool); 3] {
        [(&mut self.weight, true), (&mut self.gamma, false), (&mut self.beta, false)]
    }

    /// Everything that a checkpoint holds, by name.
    pub fn state(&mut self) -> Vec<(String, &mut [f32])> {
        self.numbers().into_iter().flatten().collect()
    }

    /// What of it evaluation reads.
    pub fn evaluated(&mut self) -> Vec<(String, &mut [f32])> {
        let [evaluated, _] = self.numbers();
        evaluated
    }

    /// What evaluation reads, and the optimiser's running sums.
    fn numbers(&mut self) -> [Vec<(String, &mut [f32])>; 2] {
        let name = &self.plan.name;
        let (mut evaluated, mut sums) = (Vec::new(), Vec::new());
        for (part, param) in
            [("weight", &mut self.weight), ("gamma", &mut self.gamma), ("beta", &mut self.beta)]
        {
            evaluated.push((format!("{name}.{part}"), &mut param.value[..]));
            sums.push((format!("{name}.{part}.velocity"), &mut param.velocity[..]));
        }
        evaluated.push((format!("{name}.mean"), &mut self.mean[..]));
        evaluated.push((format!("{name}.variance"), &mut self.variance[..]));
        evaluated.push((format!("{name}.range"), std::slice::from_mut(&mut self.range)));
        [evaluated, sums].map(|state| state.into_iter().filter(|(_, values)| !values.is_empty()).collect())
    }
}
