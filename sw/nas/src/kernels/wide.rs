//! The widest vectors that the machine has, chosen at run time.

pub use pulp::Arch;
use pulp::{Simd, WithSimd};

/// Runs `body` compiled for the machine's vectors. Everything that it calls must be `#[inline(always)]`, the
/// closure itself too, and it must change something it captures: otherwise the compiler puts a function of
/// its own in between, which is compiled for the narrowest vectors.
#[inline(always)]
pub fn wide(body: impl FnMut()) {
    Arch::new().dispatch(Wide(body));
}

struct Wide<F>(F);

impl<F: FnMut()> WithSimd for Wide<F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        (self.0)();
    }
}
