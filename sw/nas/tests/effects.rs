//! The effects of AutoAugment, held to what Pillow makes of the same pictures (`effects/pillow.py`).

use nas::data::augment::effects::Effect;
use nas::data::augment::Picture;

/// A line of `effects/pillow.txt`: effect, size, picture.
fn parsed(line: &str) -> (&str, f64, Picture) {
    let words: Vec<&str> = line.split(' ').collect();
    let shape = [0, 1, 2].map(|i| words[i].parse().expect("a shape"));
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("hexadecimal");
        u8::from_str_radix(pair, 16).expect("hexadecimal")
    };
    let pixels = words[5..].iter().flat_map(|row| row.as_bytes().chunks(2).map(byte)).collect();
    (words[3], words[4].parse().expect("a size"), Picture { shape, pixels })
}

fn effect(name: &str, size: f64) -> Option<Effect> {
    Some(match name {
        "ShearY" => Effect::ShearY(size),
        "TranslateX" => Effect::Translate(0, size as i32),
        "TranslateY" => Effect::Translate(size as i32, 0),
        "Rotate" => Effect::Rotate(size),
        "Color" => Effect::Color(size as f32),
        "Contrast" => Effect::Contrast(size as f32),
        "Brightness" => Effect::Brightness(size as f32),
        "Sharpness" => Effect::Sharpness(size as f32),
        "Posterize" => Effect::Posterize(size as u32),
        "Solarize" => Effect::Solarize(size as u8),
        "Invert" => Effect::Invert,
        "AutoContrast" => Effect::AutoContrast,
        "Equalize" => Effect::Equalize,
        "same" => return None,
        other => panic!("no effect {other}"),
    })
}

#[test]
fn effects_are_those_of_pillow_to_the_bit() {
    let lines: Vec<_> = include_str!("effects/pillow.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(parsed)
        .collect();
    let mut seen = 0;
    for (name, size, expected) in &lines {
        let Some(effect) = effect(name, *size) else { continue };
        let original = lines.iter().find(|(name, _, old)| *name == "same" && old.shape == expected.shape);
        let (_, _, original) = original.expect("the picture itself");
        let found = effect.applied(original);
        let differ: Vec<_> = (found.pixels.iter().zip(&expected.pixels).enumerate())
            .filter(|(_, (found, expected))| found != expected)
            .collect();
        assert!(
            differ.is_empty(),
            "{effect:?} of {:?}: (place, (found, expected)) {differ:?}",
            expected.shape
        );
        seen += 1;
    }
    assert_eq!(seen, 2 * (10 * 2 + 3) + 1, "ten effects of two sizes and three of one, and a histogram");
}
