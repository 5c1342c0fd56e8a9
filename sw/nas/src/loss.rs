//! Cross entropy of a softmax, its gradient, and how many images were right.

use crate::maps::Maps;

/// What a batch gave.
#[derive(Clone, Debug)]
pub struct Loss {
    /// Sum over the images of `-log p(label)`.
    pub sum: f64,
    /// Images whose label has the highest output.
    pub right: usize,
    /// Gradient of the mean loss by the output.
    pub gradient: Maps,
}

/// The loss of `output` `[N, 1, 1, classes]` against one label an image.
pub fn cross_entropy(output: &Maps, labels: &[u8]) -> Loss {
    let mut loss = Loss { sum: 0.0, right: 0, gradient: output.clone() };
    let classes = output.image_len();
    let share = 1.0 / labels.len() as f32;
    for (row, label) in loss.gradient.data.chunks_exact_mut(classes).zip(labels) {
        let label = usize::from(*label);
        loss.right += usize::from(best(row) == label);
        let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let logit = row[label];
        row.iter_mut().for_each(|y| *y = (*y - most).exp());
        let total: f32 = row.iter().sum();
        loss.sum += f64::from(total.ln() + most - logit);
        row.iter_mut().for_each(|y| *y *= share / total);
        row[label] -= share;
    }
    loss
}

/// Index of the greatest number; the first of several.
pub fn best<T: PartialOrd>(row: &[T]) -> usize {
    (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let output = Maps { shape: [1, 1, 3], data: vec![0.5, -1.0, 2.0, 1.0, 1.0, 0.0] };
        let labels = [2, 1];
        let loss = cross_entropy(&output, &labels);
        assert_eq!(loss.right, 1);
        for i in 0..6 {
            let mut moved = output.clone();
            moved.data[i] += 1e-2;
            let slope = (cross_entropy(&moved, &labels).sum - loss.sum) / 1e-2 / 2.0;
            assert!((slope - f64::from(loss.gradient.data[i])).abs() < 2e-3, "{i}: {slope}");
        }
    }
}
