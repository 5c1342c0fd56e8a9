//! AutoAugment (Cubuk et al., CVPR 2019): pairs of effects that a search found, of which every image gets one; each effect with
//! a probability and one of ten strengths, whose sizes are torchvision's.

use super::effects::Effect;
use super::Picture;
use crate::rng::Rng;

/// An effect, its probability in tenths, and its strength from 0 to 9.
pub type Chance = (Kind, usize, usize);

/// Effects without their sizes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    ShearY,
    TranslateX,
    TranslateY,
    Rotate,
    Color,
    Posterize,
    Solarize,
    Contrast,
    Sharpness,
    Brightness,
    AutoContrast,
    Equalize,
    Invert,
}

use Kind::*;

/// The policy that was found for CIFAR-10.
pub const CIFAR10: &[[Chance; 2]] = &[
    [(Invert, 1, 0), (Contrast, 2, 6)],
    [(Rotate, 7, 2), (TranslateX, 3, 9)],
    [(Sharpness, 8, 1), (Sharpness, 9, 3)],
    [(ShearY, 5, 8), (TranslateY, 7, 9)],
    [(AutoContrast, 5, 0), (Equalize, 9, 0)],
    [(ShearY, 2, 7), (Posterize, 3, 7)],
    [(Color, 4, 3), (Brightness, 6, 7)],
    [(Sharpness, 3, 9), (Brightness, 7, 9)],
    [(Equalize, 6, 0), (Equalize, 5, 0)],
    [(Contrast, 6, 7), (Sharpness, 6, 5)],
    [(Color, 7, 7), (TranslateX, 5, 8)],
    [(Equalize, 3, 0), (AutoContrast, 4, 0)],
    [(TranslateY, 4, 3), (Sharpness, 2, 6)],
    [(Brightness, 9, 6), (Color, 2, 8)],
    [(Solarize, 5, 2), (Invert, 0, 0)],
    [(Equalize, 2, 0), (AutoContrast, 6, 0)],
    [(Equalize, 2, 0), (Equalize, 6, 0)],
    [(Color, 9, 9), (Equalize, 6, 0)],
    [(AutoContrast, 8, 0), (Solarize, 2, 8)],
    [(Brightness, 1, 3), (Color, 7, 0)],
    [(Solarize, 4, 5), (AutoContrast, 9, 0)],
    [(TranslateY, 9, 9), (TranslateY, 7, 9)],
    [(AutoContrast, 9, 0), (Solarize, 8, 3)],
    [(Equalize, 8, 0), (Invert, 1, 0)],
    [(TranslateY, 7, 9), (AutoContrast, 9, 0)],
];

/// `picture` with one pair of a policy applied.
pub fn applied(policy: &[[Chance; 2]], picture: Picture, rng: &mut Rng) -> Picture {
    policy[rng.below(policy.len())].iter().fold(picture, |picture, (kind, tenths, strength)| {
        let (is_applied, sign) = (rng.below(10) < *tenths, if rng.below(2) == 1 { -1.0 } else { 1.0 });
        match is_applied {
            true => kind.of_strength(*strength, sign, picture.shape).applied(&picture),
            false => picture,
        }
    })
}

impl Kind {
    /// The effect of a strength from 0 to 9 on images of a shape; where it has a direction, that of `sign`.
    fn of_strength(self, strength: usize, sign: f64, [height, width, _]: [usize; 3]) -> Effect {
        let share = strength as f64 / 9.0;
        // Of ImageNet's 331 pixels these were 150.
        let distance = |pixels: usize| (sign * share * 150.0 / 331.0 * pixels as f64) as i32;
        let factor = (1.0 + sign * 0.9 * share) as f32;
        match self {
            ShearY => Effect::ShearY(sign * 0.3 * share),
            TranslateX => Effect::Translate(0, distance(width)),
            TranslateY => Effect::Translate(distance(height), 0),
            Rotate => Effect::Rotate(sign * 30.0 * share),
            Color => Effect::Color(factor),
            Posterize => Effect::Posterize(8 - (4.0 * share).round_ties_even() as u32),
            Solarize => Effect::Solarize((255 * (9 - strength)).div_ceil(9) as u8),
            Contrast => Effect::Contrast(factor),
            Sharpness => Effect::Sharpness(factor),
            Brightness => Effect::Brightness(factor),
            AutoContrast => Effect::AutoContrast,
            Equalize => Effect::Equalize,
            Invert => Effect::Invert,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `../../../tests/effects/strengths.txt`: pairs of the policy, or sizes of every strength on images of 32 x 32.
    fn lines(first: &str) -> Vec<Vec<&'static str>> {
        let text = include_str!("../../../tests/effects/strengths.txt");
        let words = text.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        words.filter(|words| words[0] == first).map(|words| words[1..].to_vec()).collect()
    }

    #[test]
    fn the_pairs_are_those_of_torchvision() {
        let theirs = lines("pair");
        assert_eq!(theirs.len(), CIFAR10.len());
        for (pair, theirs) in CIFAR10.iter().zip(theirs) {
            let ours = pair.iter().flat_map(|(kind, tenths, strength)| {
                [format!("{kind:?}"), format!("{:.1}", *tenths as f64 / 10.0), strength.to_string()]
            });
            assert_eq!(ours.collect::<Vec<_>>(), theirs);
        }
    }

    /// Whether `found` is of `size`, as torchvision says it of this effect.
    fn is_of_size(found: Effect, size: f64) -> bool {
        let near = |found: f64, expected: f64| (found - expected).abs() < 1e-4;
        match found {
            Effect::ShearY(found) | Effect::Rotate(found) => near(found, size),
            // Parts of pixels are cut off.
            Effect::Translate(0, found) | Effect::Translate(found, 0) => found == size as i32,
            Effect::Color(factor)
            | Effect::Contrast(factor)
            | Effect::Brightness(factor)
            | Effect::Sharpness(factor) => near(f64::from(factor), 1.0 + size),
            Effect::Posterize(bits) => near(f64::from(bits), size),
            // Values below a threshold stay, which need not be a whole number.
            Effect::Solarize(from) => near(f64::from(from), (size - 1e-3).ceil()),
            _ => false,
        }
    }

    #[test]
    fn the_sizes_are_those_of_torchvision() {
        let kinds = || CIFAR10.iter().flatten().map(|(kind, ..)| *kind);
        let mut seen = 0;
        for words in lines("sizes") {
            let Some(kind) = kinds().find(|kind| format!("{kind:?}") == words[0]) else { continue };
            let is_signed = !matches!(kind, Posterize | Solarize);
            for (strength, size) in words[1..].iter().enumerate() {
                let size: f64 = size.parse().expect("a number");
                for sign in [1.0, -1.0] {
                    let found = kind.of_strength(strength, sign, [32, 32, 3]);
                    let expected = if is_signed { sign * size } else { size };
                    assert!(
                        is_of_size(found, expected),
                        "{kind:?} {strength}: {found:?}, expected {expected}"
                    );
                    seen += 1;
                }
            }
        }
        assert_eq!(seen, 10 * 10 * 2, "ten effects of ten strengths and two directions");
    }
}
