//! A narrower layer out of a wider one. Candidates of a supernet that differ only in how far they expand share the
//! weights of the widest: each runs on a copy of the first channels, and hands back what it found there.

use super::{Layer, Param};
use crate::kernels::Window;
use crate::plan::Planned;

impl Layer {
    /// The layer with the first `inputs` of its input channels and the first `outputs` of its outputs: weights, norm
    /// and running statistics are copied, the optimiser's sums stay behind.
    pub fn cut(&self, inputs: usize, outputs: usize) -> Layer {
        let wide = &self.plan.window;
        let narrow = Window {
            input: [wide.input[0], wide.input[1], inputs],
            output: [wide.output[0], wide.output[1], outputs],
            ..*wide
        };
        let mut weight = vec![0.0; if self.weight.value.is_empty() { 0 } else { narrow.weights() }];
        for (from, to) in rows(wide, &narrow) {
            weight[to..][..outputs].copy_from_slice(&self.weight.value[from..][..outputs]);
        }
        let first = |numbers: &[f32]| numbers[..outputs.min(numbers.len())].to_vec();
        Layer {
            plan: Planned { window: narrow, ..self.plan.clone() },
            weight: Param::new(weight),
            gamma: Param::new(first(&self.gamma.value)),
            beta: Param::new(first(&self.beta.value)),
            mean: first(&self.mean),
            variance: first(&self.variance),
            ..*self
        }
    }

    /// Sets all gradients to 0, for [`Layer::add_gradients`] to add to.
    pub fn clear_gradients(&mut self) {
        for (param, _) in self.params() {
            param.gradient.fill(0.0);
        }
    }

    /// Adds the gradients of `part`, which was cut out of this layer.
    pub fn add_gradients(&mut self, part: &Layer) {
        let outputs = part.plan.window.output[2];
        if !self.frozen {
            for (to, from) in rows(&self.plan.window, &part.plan.window) {
                add(&mut self.weight.gradient[to..][..outputs], &part.weight.gradient[from..][..outputs]);
            }
        }
        add(&mut self.gamma.gradient, &part.gamma.gradient);
        add(&mut self.beta.gradient, &part.beta.gradient);
    }

    /// Takes over the running statistics of `part`, which was cut out of this layer.
    pub fn take_statistics(&mut self, part: &Layer) {
        self.mean[..part.mean.len()].copy_from_slice(&part.mean);
        self.variance[..part.variance.len()].copy_from_slice(&part.variance);
        self.range = part.range;
    }
}

/// Where each row of outputs begins in the weights of the wide layer, and where in those of the narrow one.
fn rows(wide: &Window, narrow: &Window) -> impl Iterator<Item = (usize, usize)> {
    let taps = wide.kernel[0] * wide.kernel[1];
    let [above, below] = [wide, narrow].map(|window| window.terms() / taps);
    let [far, near] = [wide, narrow].map(|window| window.output[2]);
    (0..taps).flat_map(move |tap| {
        (0..below).map(move |input| ((tap * above + input) * far, (tap * below + input) * near))
    })
}

/// Adds as many numbers as `terms` has.
fn add(sums: &mut [f32], terms: &[f32]) {
    sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
}
