//! Random changes to a training image: a crop, a reflection, and a policy of effects.

mod colours;
pub mod effects;
mod geometry;
mod policy;

use crate::config::{Augment, Policy};
use crate::rng::Rng;
use policy::CIFAR10;

/// An image, channels adjacent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Height, width, channels.
    pub shape: [usize; 3],
    /// Row by row.
    pub pixels: Vec<u8>,
}

/// `image` of `shape` as training sees it this time.
pub fn augmented(image: &[u8], shape: [usize; 3], augment: &Augment, rng: &mut Rng) -> Vec<u8> {
    let picture = cropped(image, shape, augment, rng);
    match augment.policy {
        None => picture.pixels,
        Some(Policy::Cifar10) => policy::applied(CIFAR10, picture, rng).pixels,
    }
}

/// A part of its old size out of `image` within black, perhaps mirrored.
fn cropped(image: &[u8], shape: [usize; 3], augment: &Augment, rng: &mut Rng) -> Picture {
    let [height, width, channels] = shape;
    let pad = augment.pad;
    let (down, right) = (rng.below(2 * pad + 1), rng.below(2 * pad + 1));
    let flip = augment.flip && rng.below(2) == 1;
    let mut pixels = Vec::with_capacity(image.len());
    for y in 0..height {
        for x in 0..width {
            let x = if flip { width - 1 - x } else { x };
            let (y, x) = ((y + down).wrapping_sub(pad), (x + right).wrapping_sub(pad));
            if y < height && x < width {
                pixels.extend_from_slice(&image[(y * width + x) * channels..][..channels]);
            } else {
                pixels.resize(pixels.len() + channels, 0);
            }
        }
    }
    Picture { shape, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn crops_move_flips_mirror_and_new_pixels_are_black() {
        let image: Vec<u8> = (1..=9).collect();
        let augment = Augment { pad: 1, flip: true, policy: None };
        let draw = |i| augmented(&image, [3, 3, 1], &augment, &mut Rng::new(1, &[i]));
        let seen: BTreeSet<Vec<u8>> = (0..400).map(draw).collect();
        assert_eq!(seen.len(), 18, "nine places, mirrored or not");
        assert!(seen.contains(&image) && seen.contains(&vec![3, 2, 1, 6, 5, 4, 9, 8, 7]));
        assert!(seen.contains(&vec![0, 0, 0, 0, 1, 2, 0, 4, 5]));
    }

    #[test]
    fn a_policy_changes_most_images_and_depends_on_the_random_numbers_alone() {
        let mut rng = Rng::new(3, &[]);
        // Enough pixels for a histogram, and room for contrast.
        let image: Vec<u8> = (0..24 * 24 * 3).map(|_| 30 + rng.below(160) as u8).collect();
        let augment = Augment { pad: 0, flip: false, policy: Some(Policy::Cifar10) };
        let draw = |i| augmented(&image, [24, 24, 3], &augment, &mut Rng::new(1, &[i]));
        let draws: Vec<Vec<u8>> = (0..400).map(draw).collect();
        assert_eq!(draws, (0..400).map(draw).collect::<Vec<_>>());
        let same = draws.iter().filter(|pixels| **pixels == image).count();
        assert!((10..200).contains(&same), "{same} of 400 are as they were");
        let differ = draws.into_iter().collect::<BTreeSet<_>>().len();
        assert!(differ > 60, "{differ} of 400 differ");
    }
}
