//! Runs a network of real numbers, image by image: what calibration watches, and what the integers are compared
//! with. Shift layers run with the weights that they have, not with rounded ones.
//!
//! Loops are plain: the padded map is written out once, and each tap of each channel adds a row at a time.

use crate::float::{FloatLayer, FloatNet};
use model::graph::Padding;
use rayon::prelude::*;
use spec::op::Op;

/// Every value of one image `[C, H, W]`: the input, then the output of each layer.
pub fn run(net: &FloatNet, image: &[f32]) -> Vec<Vec<f32>> {
    let mut values = vec![image.to_vec()];
    for layer in &net.layers {
        let residual = layer.residual.map(|value| &values[value][..]);
        let output = run_layer(layer, &values[layer.input], residual);
        values.push(output);
    }
    values
}

/// The output of a layer for one image.
pub fn run_layer(layer: &FloatLayer, x: &[f32], residual: Option<&[f32]>) -> Vec<f32> {
    let padded = Padded::new(layer, x);
    let weights = layer.real_weights();
    let plane = layer.out_shape.h * layer.out_shape.w;
    let mut output = vec![0.0; layer.out_shape.elements()];
    output.par_chunks_mut(plane).zip(weights.par_chunks(layer.taps())).enumerate().for_each(
        |(k, (y, weights))| {
            padded.accumulate(layer, k, weights, y);
            let (slope, offset) = (layer.slope[k] as f32, layer.offset[k] as f32);
            for (i, y) in y.iter_mut().enumerate() {
                let residual = residual.map_or(0.0, |residual| residual[k * plane + i]);
                *y = (*y * slope + offset + residual).max(layer.clip.0).min(layer.clip.1);
            }
        },
    );
    output
}

/// A map with its padding written out.
struct Padded {
    data: Vec<f32>,
    rows: usize,
    columns: usize,
}

impl Padded {
    fn new(layer: &FloatLayer, x: &[f32]) -> Padded {
        let Padding { top, left, bottom, right } = layer.padding;
        let shape = layer.in_shape;
        let (rows, columns) = (shape.h + top + bottom, shape.w + left + right);
        let mut data = vec![0.0; shape.c * rows * columns];
        for (i, row) in x.chunks_exact(shape.w).enumerate() {
            let at = (i / shape.h * rows + i % shape.h + top) * columns + left;
            data[at..at + shape.w].copy_from_slice(row);
        }
        Padded { data, rows, columns }
    }

    /// Adds all terms of output channel `k` to `sums`, `[OY, OX]`.
    fn accumulate(&self, layer: &FloatLayer, k: usize, weights: &[f32], sums: &mut [f32]) {
        let inputs = layer.in_shape.c / layer.groups;
        let first = k / (layer.out_shape.c / layer.groups) * inputs;
        let ([rows, columns], [down, across]) = (layer.kernel, layer.stride);
        for (tap, weight) in weights.iter().enumerate() {
            let (c, fy, fx) = (first + tap / (rows * columns), tap / columns % rows, tap % columns);
            for (oy, sums) in sums.chunks_exact_mut(layer.out_shape.w).enumerate() {
                let at = (c * self.rows + oy * down + fy) * self.columns + fx;
                let x = self.data[at..].iter().step_by(across);
                match (layer.op, across) {
                    (Op::Adder, _) => sums.iter_mut().zip(x).for_each(|(sum, x)| *sum -= (x - weight).abs()),
                    // A slice of its own lets the compiler see that it lies in one piece.
                    (_, 1) => sums.iter_mut().zip(&self.data[at..]).for_each(|(sum, x)| *sum += x * weight),
                    _ => sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += x * weight),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::float::{Weights, UNCLIPPED};
    use model::Shape;

    fn layer(op: Op, weights: Vec<f32>) -> FloatLayer {
        FloatLayer {
            name: "l".into(),
            op,
            input: 0,
            residual: None,
            in_shape: Shape::new(1, 2, 3),
            out_shape: Shape::new(1, 2, 2),
            kernel: [2, 1],
            stride: [1, 2],
            padding: Padding { top: 0, left: 0, bottom: 1, right: 0 },
            groups: 1,
            weights: Weights::Real(weights),
            slope: vec![2.0],
            offset: vec![1.0],
            clip: UNCLIPPED,
            step: None,
        }
    }

    /// Map 1 2 3 / 4 5 6 over a row of zeros, weights 1 above 10, columns 0 and 2.
    #[test]
    fn hand_worked_sums() {
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let y = run_layer(&layer(Op::Conv, vec![1.0, 10.0]), &x, None);
        assert_eq!(y, [83.0, 127.0, 9.0, 13.0]);
        let clipped = FloatLayer { clip: (10.0, 100.0), ..layer(Op::Conv, vec![1.0, 10.0]) };
        assert_eq!(run_layer(&clipped, &x, Some(&[0.0, -127.0, 3.0, 0.0])), [83.0, 10.0, 12.0, 13.0]);
        // -|1 - 1| - |4 - 10| = -6, and below it the padding: -|4 - 1| - |0 - 10| = -13.
        let y = run_layer(&layer(Op::Adder, vec![1.0, 10.0]), &x, None);
        assert_eq!(y, [-11.0, -11.0, -25.0, -29.0]);
    }
}
