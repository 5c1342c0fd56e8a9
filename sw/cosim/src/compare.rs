//! Compares what the hardware left in DRAM with what the reference computed.

use model::Tensor;

/// How two tensors of one shape compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Elements of each.
    pub elements: usize,
    /// Elements that differ.
    pub mismatches: usize,
    /// The first of them, in the order of `[n, c, y, x]`.
    pub first: Option<Mismatch>,
}

/// An element that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// `[n, c, y, x]`.
    pub index: [usize; 4],
    /// By the reference.
    pub expected: i8,
    /// By the hardware.
    pub found: i8,
}

/// Compares; both tensors have the same shape.
pub fn compare(expected: &Tensor, found: &Tensor) -> Comparison {
    assert_eq!((expected.n, expected.shape), (found.n, found.shape), "tensors of one layer have one shape");
    let pairs = || expected.data.iter().zip(&found.data).enumerate();
    let differing = || pairs().filter(|(_, (expected, found))| expected != found);
    let first = differing().next().map(|(flat, (&expected_value, &found))| Mismatch {
        index: expected.index_of(flat),
        expected: expected_value,
        found,
    });
    Comparison { elements: expected.data.len(), mismatches: differing().count(), first }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Shape;

    #[test]
    fn the_first_difference_is_named_by_its_place() {
        let expected = Tensor::new(2, Shape::new(2, 2, 3), (0..24).collect());
        let mut found = expected.clone();
        assert_eq!(compare(&expected, &found), Comparison { elements: 24, mismatches: 0, first: None });
        found.data[23] = 0;
        found.data[16] = -1;
        let first = Some(Mismatch { index: [1, 0, 1, 1], expected: 16, found: -1 });
        assert_eq!(compare(&expected, &found), Comparison { elements: 24, mismatches: 2, first });
    }
}
