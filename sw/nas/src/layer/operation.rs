//! Who computes a layer's sums and their gradients: the processor's kernels, or a GPU that was chosen.

use super::Layer;
use crate::gpu;
use crate::kernels::batch::Kernel;
use crate::kernels::Tap;
use spec::op::Op;

impl Layer {
    /// The tap of its op.
    fn tap(&self) -> Tap {
        match self.plan.op {
            Op::Conv | Op::Shift => Tap::Product,
            Op::Adder => Tap::Distance,
        }
    }

    /// `op(x, weights)` of all images.
    pub(super) fn sums(&self, x: &[f32], weights: &[f32]) -> Vec<f32> {
        let found = self.gpu().and_then(|gpu| gpu.forward(&self.plan.window, x, weights));
        found.unwrap_or_else(|| self.kernel().forward(x, weights))
    }

    /// The gradient by `x`, from the gradient `g` by the sums.
    pub(super) fn slopes_by_input(&self, x: &[f32], g: &[f32], weights: &[f32]) -> Vec<f32> {
        let found = self.gpu().and_then(|gpu| gpu.backward_input(&self.plan.window, x, g, weights));
        found.unwrap_or_else(|| self.kernel().backward_input(x, g, weights))
    }

    /// The gradient by the weights, from the gradient `g` by the sums.
    pub(super) fn slopes_by_weights(&self, x: &[f32], g: &[f32], weights: &[f32]) -> Vec<f32> {
        let found = self.gpu().and_then(|gpu| gpu.backward_weights(&self.plan.window, x, g, weights));
        found.unwrap_or_else(|| self.kernel().backward_weights(x, g, weights))
    }

    fn kernel(&self) -> Kernel {
        Kernel::new(self.tap(), self.plan.window)
    }

    /// The GPU, for layers that it takes.
    fn gpu(&self) -> Option<&'static gpu::Gpu> {
        gpu::chosen().filter(|_| self.plan.op == Op::Adder && !self.plan.window.depthwise)
    }
}
