//! Pixels become the network's int8 input: `q = clamp(round(((pixel / 255 - mean) / std) / scale), -128, 127)`.
//!
//! Computed in 64-bit floats; ties round to even, as NumPy and PyTorch round.

use crate::graph::Input;

/// Quantises one image of 8-bit pixels, `[C, H, W]` like the input itself.
///
/// # Panics
/// Where there are not as many pixels as the input's shape says.
pub fn quantise(input: &Input, pixels: &[u8]) -> Vec<i8> {
    assert_eq!(pixels.len(), input.shape.elements(), "pixels of an image of {}", input.shape);
    let plane = input.shape.h * input.shape.w;
    let quantise = |(i, pixel): (usize, &u8)| {
        let (mean, std) = (input.mean[i / plane], input.std[i / plane]);
        let real = (f64::from(*pixel) / 255.0 - mean) / std;
        (real / input.scale).round_ties_even().clamp(-128.0, 127.0) as i8
    };
    pixels.iter().enumerate().map(quantise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Shape;

    #[test]
    fn hand_worked_pixels() {
        let shape = Shape::new(2, 1, 3);
        let input = Input { shape, scale: 1.0 / 64.0, mean: vec![0.0, 0.5], std: vec![1.0, 0.25] };
        // Channel 0: pixel / 255 * 64. Channel 1: (pixel / 255 - 0.5) * 4 * 64.
        assert_eq!(quantise(&input, &[0, 51, 255, 0, 51, 255]), [0, 13, 64, -128, -77, 127]);
    }
}
