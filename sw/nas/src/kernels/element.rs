//! The numbers that the forward kernels run on: `f32` in training, exact `i32` in quantised evaluation.

/// A number with the two taps.
pub trait Element: Copy + Send + Sync + Default + PartialEq {
    /// `self + x * w`, rounded twice where it rounds at all.
    fn add_product(self, x: Self, w: Self) -> Self;

    /// `self - |x - w|`
    fn sub_distance(self, x: Self, w: Self) -> Self;
}

impl Element for f32 {
    #[inline(always)]
    fn add_product(self, x: f32, w: f32) -> f32 {
        self + x * w
    }

    #[inline(always)]
    fn sub_distance(self, x: f32, w: f32) -> f32 {
        self - (x - w).abs()
    }
}

/// No sum may leave 32 bits; folding shows that none does. Wrapping only keeps overflow checks out of the loops.
impl Element for i32 {
    #[inline(always)]
    fn add_product(self, x: i32, w: i32) -> i32 {
        self.wrapping_add(x.wrapping_mul(w))
    }

    #[inline(always)]
    fn sub_distance(self, x: i32, w: i32) -> i32 {
        self.wrapping_sub(x.wrapping_sub(w).wrapping_abs())
    }
}
