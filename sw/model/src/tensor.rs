//! `Tensor`: int8 feature maps of a batch, `[N, C, H, W]`, the last dimension contiguous.

use crate::graph::Shape;

/// int8 activations of a batch of images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Images.
    pub n: usize,
    /// Of each image.
    pub shape: Shape,
    /// `n * shape.elements()` values.
    pub data: Vec<i8>,
}

impl Tensor {
    /// The first `count` images of it; all where there are fewer.
    pub fn first(&self, count: usize) -> Tensor {
        let n = count.min(self.n);
        Tensor { n, shape: self.shape, data: self.data[..n * self.shape.elements()].to_vec() }
    }

    /// All zeros.
    pub fn zeros(n: usize, shape: Shape) -> Tensor {
        Tensor { n, shape, data: vec![0; n * shape.elements()] }
    }

    /// From values in the order of the shape; there must be as many as it says.
    pub fn new(n: usize, shape: Shape, data: Vec<i8>) -> Tensor {
        assert_eq!(data.len(), n * shape.elements(), "values of {n} images of {shape}");
        Tensor { n, shape, data }
    }

    /// Image `i`, `[C, H, W]`.
    pub fn image(&self, i: usize) -> &[i8] {
        let size = self.shape.elements();
        &self.data[i * size..(i + 1) * size]
    }

    /// The value at `[n, c, y, x]`.
    pub fn at(&self, [n, c, y, x]: [usize; 4]) -> i8 {
        self.image(n)[(c * self.shape.h + y) * self.shape.w + x]
    }

    /// Where flat index `flat` lies: `[n, c, y, x]`.
    pub fn index_of(&self, flat: usize) -> [usize; 4] {
        let Shape { c, h, w } = self.shape;
        [flat / (c * h * w), flat / (h * w) % c, flat / w % h, flat % w]
    }
}
