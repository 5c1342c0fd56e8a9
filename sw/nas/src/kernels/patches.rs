//! Maps to patches and back: one row per output pixel, holding the inputs under the window tap by tap.
//!
//! Only one image is unfolded at a time, so the patches of a 3x3 layer stay in the cache.

use super::Window;

/// Writes the patches `[pixels, terms]` of one `image`; taps in the padding are 0, a real term of every op.
pub fn unfold<T: Copy + Default>(window: &Window, image: &[T], patches: &mut Vec<T>) {
    let channels = window.input[2];
    patches.clear();
    patches.reserve(window.pixels() * window.terms());
    for_each_tap(window, |source| match source {
        Some(pixel) => patches.extend_from_slice(&image[pixel * channels..][..channels]),
        None => patches.resize(patches.len() + channels, T::default()),
    });
}

/// Adds every patch to the pixels that it came from.
pub fn fold(window: &Window, patches: &[f32], image: &mut [f32]) {
    let channels = window.input[2];
    let mut taps = patches.chunks_exact(channels);
    for_each_tap(window, |source| {
        if let (Some(pixel), Some(tap)) = (source, taps.next()) {
            let target = &mut image[pixel * channels..][..channels];
            target.iter_mut().zip(tap).for_each(|(sum, value)| *sum += value);
        }
    });
}

/// Visits the taps in the order of the patches.
fn for_each_tap(window: &Window, mut visit: impl FnMut(Option<usize>)) {
    for oy in 0..window.output[0] {
        for ox in 0..window.output[1] {
            for ky in 0..window.kernel[0] {
                for kx in 0..window.kernel[1] {
                    visit(window.source(oy, ox, ky, kx));
                }
            }
        }
    }
}
