//! How often each operand is moved at each level, in words, as products of a tiling's factors. One set of formulas
//! serves all four dataflows, because a factor at a level that a dataflow does not use is 1; only the
//! inputs on the NoC and in register files are the dataflow's own.

use super::dataflow::{inputs, Dataflow};
use super::tiling::Tiling;
use crate::work::{Dim, Work};

/// Words at one level.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Words {
    /// Inputs.
    pub inputs: f64,
    /// Weights.
    pub weights: f64,
    /// Results and partial sums.
    pub outputs: f64,
}

impl Words {
    /// All operands together.
    pub fn total(&self) -> f64 {
        self.inputs + self.weights + self.outputs
    }
}

/// Words at every level.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Accesses {
    /// Between DRAM and the buffer.
    pub dram: Words,
    /// Of the global buffer; weights go from DRAM straight to the array.
    pub gb: Words,
    /// On the NoC.
    pub noc: Words,
    /// Of register files.
    pub rf: Words,
}

/// What does not depend on the tiling, computed once a layer.
pub struct Volumes<'a> {
    dataflow: &'a Dataflow,
    work: &'a Work,
    inputs: f64,
    weights: f64,
    outputs: f64,
    rf_inputs: f64,
    kernel: [f64; 2],
}

impl<'a> Volumes<'a> {
    /// Of `work`, a layer of one group.
    pub fn new(dataflow: &'a Dataflow, work: &'a Work) -> Volumes<'a> {
        let product = |dims: &[Dim]| dims.iter().map(|dim| f64::from(work.size[*dim])).product();
        Volumes {
            dataflow,
            work,
            inputs: inputs(work),
            weights: product(&[Dim::K, Dim::C, Dim::FY, Dim::FX]),
            outputs: product(&[Dim::K, Dim::OY, Dim::OX]),
            rf_inputs: (dataflow.rf_inputs)(work),
            kernel: dataflow.kernel(work).map(f64::from),
        }
    }

    /// The accesses of a tiling.
    pub fn accesses(&self, tiling: &Tiling) -> Accesses {
        let [k0, k1, k2, k3] = tiling.k.map(f64::from);
        let [c0, c1, c2, _] = tiling.c.map(f64::from);
        let [oy0, oy1, _, oy3] = tiling.oy.map(f64::from);
        let [ox0, ox1, _, ox3] = tiling.ox.map(f64::from);
        let [on_array, in_pe] = self.kernel;
        // A sum of n terms is written n - 1 times and read as often; but what is never summed is written once.
        let once = |accesses: f64| accesses.max(1.0) * self.outputs;
        Accesses {
            dram: Words {
                inputs: k3 * self.inputs,
                weights: oy3 * ox3 * self.weights,
                outputs: self.outputs,
            },
            gb: Words { inputs: k3 * k2 * self.inputs, weights: 0.0, outputs: once(2.0 * (c2 - 1.0)) },
            noc: Words {
                inputs: k3 * k2 * k1 * (self.dataflow.noc_inputs)(self.work, tiling),
                weights: oy3 * ox3 * oy1 * ox1 * self.weights,
                outputs: once(c2 * (c1 * on_array - 1.0)),
            },
            rf: Words {
                inputs: k3 * k2 * k1 * k0 * self.rf_inputs,
                weights: oy3 * ox3 * oy1 * ox1 * oy0 * ox0 * self.weights,
                outputs: once(2.0 * c2 * c1 * on_array * (c0 * in_pe - 1.0)),
            },
        }
    }
}
