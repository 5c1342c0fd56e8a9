//! What may be done to a picture, to the bit as Pillow does it, whose effects AutoAugment was found with.

use super::{colours, geometry, Picture};

/// One change, with its size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// Columns move by so many pixels for each column.
    ShearY(f64),
    /// Everything moves by so many pixels: down, and to the right.
    Translate(i32, i32),
    /// Everything turns around the middle, by so many degrees against the clock.
    Rotate(f64),
    /// Colours are this far from grey; 1 leaves them.
    Color(f32),
    /// Values are this far from the mean grey; 1 leaves them.
    Contrast(f32),
    /// Values are this far from black; 1 leaves them.
    Brightness(f32),
    /// Values are this far from those of neighbours; 1 leaves them.
    Sharpness(f32),
    /// So many bits of each value are kept.
    Posterize(u32),
    /// Values from this one on are turned around.
    Solarize(u8),
    /// All values are turned around.
    Invert,
    /// The values of each channel are spread from 0 to 255.
    AutoContrast,
    /// The values of each channel become equally frequent.
    Equalize,
}

impl Effect {
    /// `picture` with it.
    pub fn applied(self, picture: &Picture) -> Picture {
        match self {
            Effect::ShearY(by) => geometry::moved(picture, [1.0, 0.0, 0.0, by, 1.0, 0.0]),
            Effect::Translate(down, right) => {
                geometry::moved(picture, [1.0, 0.0, f64::from(-right), 0.0, 1.0, f64::from(-down)])
            }
            Effect::Rotate(degrees) => geometry::rotated(picture, degrees),
            Effect::Color(factor) => colours::between(picture, &colours::grey(picture), factor),
            Effect::Contrast(factor) => colours::between(picture, &colours::mean_grey(picture), factor),
            Effect::Brightness(factor) => colours::between(picture, &colours::black(picture), factor),
            Effect::Sharpness(factor) => colours::between(picture, &colours::smooth(picture), factor),
            Effect::Posterize(bits) => colours::by_value(picture, |value| value & !(0xff_u32 >> bits) as u8),
            Effect::Solarize(from) => {
                colours::by_value(picture, |value| if value < from { value } else { !value })
            }
            Effect::Invert => colours::by_value(picture, |value| !value),
            Effect::AutoContrast => colours::by_channel(picture, colours::spread),
            Effect::Equalize => colours::by_channel(picture, colours::equally_frequent),
        }
    }
}
